"""`madoguchi health`: what the console's first page says."""

from __future__ import annotations

import typer

from deploy.commands.access import base_url, session_as, setting
from deploy.commands.options import HomeOption
from shared.environment import setting as from_outside


def health(home: HomeOption = None) -> None:
    """Show how each part is, and for what is not well its runbook. Ends with 1 if something is to be done."""
    from pydantic import SecretStr

    from deploy.console.signs.every import everything
    from deploy.console.signs.sign import said

    broker = SecretStr(setting("MADOGUCHI_BROKER_URL", home))
    addresses = (from_outside("MADOGUCHI_OPERATOR_HEALTH_URL") or f"{base_url(home)}/health/ready").split()
    with session_as("operator", home) as session:
        signs = everything(session, broker, addresses)
    marks = {"good": "ok", "mend": "NOTE", "bad": "PROBLEM"}
    for one in signs:
        typer.echo(f"{marks[one.kind]:<8}{one.part}: {said(one, 'en')}")
        if one.kind != "good" and one.runbook:
            typer.echo(f"        see docs/runbooks/{one.runbook}.md")
    bad = sum(one.kind == "bad" for one in signs)
    typer.echo(f"{bad} to be done." if bad else "All well.")
    if bad:
        raise typer.Exit(1)
