"""`madoguchi migrate`."""

from __future__ import annotations

import traceback

import typer

from deploy.paths import SERVICES
from shared.environment import setting

ADMIN = "MADOGUCHI_ADMIN_DATABASE_URL"


def migrate() -> None:
    """Bring the database to what this version needs. Can be run again, and while an older version works.

    With MADOGUCHI_ADMIN_DATABASE_URL (an administrator's, of the database `postgres`) it first makes database, roles and schemas,
    and gives the roles the passwords of their own URLs, MADOGUCHI_<ROLE>_DATABASE_URL. Without it they have to be there.
    """
    # Here, since other commands need neither SQLAlchemy nor Alembic.
    from sqlalchemy import make_url

    from deploy.database import bootstrap
    from deploy.database import migrate as bring_up

    variables = [f"MADOGUCHI_{role.upper()}_DATABASE_URL" for role in ("owner", "operator", "backup", *SERVICES)]
    urls = {variable: setting(variable) for variable in variables}
    admin = setting(ADMIN)
    if missing := [variable for variable, url in urls.items() if not url and (admin or variable == variables[0])]:
        typer.echo(f"Not set, neither in the environment nor as secrets: {', '.join(missing)}", err=True)
        raise typer.Exit(1)
    passwords: dict[str, str] = {}
    try:
        if admin:
            logins = [make_url(url) for url in urls.values()]
            passwords = {str(login.username): str(login.password) for login in logins}
            bootstrap(admin, passwords, database=logins[0].database or "")
        bring_up(urls[variables[0]])
    except Exception:  # noqa: BLE001 - whatever failed, an error may quote a statement that sets a password
        says = traceback.format_exc()
        for secret in (admin, *urls.values(), *passwords.values()):
            says = says.replace(secret, "********") if secret else says
        typer.echo(says, err=True)
        raise typer.Exit(1) from None
    typer.echo("The database is as this version needs it.")
