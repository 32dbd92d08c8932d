"""How a command reaches the database: as this machine's home says, or from outside, by environment or secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from deploy.one.home import Home
from deploy.one.parts import Site
from shared.environment import setting as from_outside

if TYPE_CHECKING:
    from sqlmodel import Session

_KEYS = ("MADOGUCHI_SECRET_KEY", "MADOGUCHI_SEALING_KEYS")


def database_url(role: str, home: Path | None) -> str:
    """The database's URL for a role, such as `operator`: of the machine that runs in the home, else from outside."""
    return setting(f"MADOGUCHI_{role.upper()}_DATABASE_URL", home)


def setting(variable: str, home: Path | None) -> str:
    """A setting: of the machine that runs in the home, else from outside. Without it the command ends with 1."""
    place = Home.at(home)
    if told := place.told():
        return Site(place, place.ports(), told["port"]).settings()[variable]
    if value := from_outside(variable):
        return value
    typer.echo(
        f"No Madoguchi runs in {place.path}, and {variable} is not set. Start it (madoguchi up), or name its --home.", err=True
    )
    raise typer.Exit(1)


def environment(home: Path | None) -> dict[str, str]:
    """The settings of the machine that runs in the home; none where there is none, and the environment has to do."""
    place = Home.at(home)
    if told := place.told():
        known: dict[str, str] = told.get("backup", {})
        return known | Site(place, place.ports(), told["port"]).settings()
    return {}


def base_url(home: Path | None) -> str:
    """The address people use: of the machine that runs in the home, else from outside."""
    place = Home.at(home)
    if told := place.told():
        return Site(place, place.ports(), told["port"]).base_url
    return from_outside("MADOGUCHI_BASE_URL")


def noted(session: Session, act: str, subject: object, *, reason: str = "", **details: Any) -> None:
    """Have an act noted (shared.operation.acts) as that of whoever is logged in here, once the session's work is done."""
    session.info.setdefault("acts", []).append((act, subject, reason, details))


def _keep_notes(session: Session, role: str, home: Path | None) -> None:
    """Note what was done: in the same transaction where the role may, else in one of the operator's just before."""
    from shared.operation.acts import Operator, note

    done = session.info.pop("acts", [])
    if not done:
        return
    if role != "operator":
        session.flush()  # what fails is not noted
        with session_as("operator", home) as operator:
            operator.info["acts"] = done
        return
    for act, subject, reason, details in done:
        note(session, Operator.at_the_command_line(), act, subject, reason=reason, **details)


@contextmanager
def session_as(role: str, home: Path | None) -> Iterator[Session]:
    """A session in that role, committed at the end. A problem is said in one line, and the command ends with 1.

    What was `noted` meanwhile is in the audit before it is committed: an act that is not in there did not happen.
    """
    # Here, since `madoguchi up` need not load SQLAlchemy.
    from pydantic import SecretStr
    from sqlalchemy.exc import OperationalError
    from sqlmodel import Session

    from shared.database import connect
    from shared.problems import Problem
    from shared.sealing.blind import SecretKeyMissing

    # What is sealed is opened and found with the house's keys, wherever they are asked for.
    os.environ.update({name: value for name, value in environment(home).items() if name in _KEYS})
    engine = connect(SecretStr(database_url(role, home)), name="command", pool=1)
    try:
        with Session(engine) as session:
            yield session
            _keep_notes(session, role, home)
            session.commit()
    except Problem as problem:
        typer.echo(f"{problem}" + "".join(f"\n  {error.pointer}: {error.detail}" for error in problem.errors), err=True)
        raise typer.Exit(1) from None
    except SecretKeyMissing as missing:
        typer.echo(f"{missing}", err=True)
        raise typer.Exit(1) from None
    except OperationalError as error:
        typer.echo(f"The database does not answer ({type(error.orig).__name__}). See: madoguchi status", err=True)
        raise typer.Exit(1) from None
    finally:
        engine.dispose()
