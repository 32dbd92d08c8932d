"""`madoguchi backup` and `madoguchi restore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.access import environment
from deploy.commands.options import HomeOption

if TYPE_CHECKING:
    from deploy.backup.running import House

app = typer.Typer(help="Make backups, see what they can restore, rehearse it.", no_args_is_help=True)

_IDENTITY_HELP = "The file with the identity (AGE-SECRET-KEY-1…); - for standard input."
IdentityOption = Annotated[Path, typer.Option("--identity", allow_dash=True, help=_IDENTITY_HELP)]
FROM = typer.Option("--from", envvar="MADOGUCHI_BACKUP_STORE", help="The store: a folder, or s3://bucket/prefix?endpoint=…")


@app.command()
def key(
    file: Annotated[Path, typer.Option("--out", help="Where to write the identity.")] = Path("madoguchi-identity.txt"),
) -> None:
    """Make a key pair. The public key is a setting of the machine; the identity must not stay on it."""
    from deploy.backup import keys

    with _told():
        public = keys.make(file)
    typer.echo(f"The identity is in {file}. Without it no backup can be read, by nobody.")
    typer.echo("Keep it off this machine, in two places (a safe, a password store), and delete it here.")
    typer.echo("Setting of the machine:")
    typer.echo(f"MADOGUCHI_BACKUP_RECIPIENTS={public}")


@app.command()
def run(home: HomeOption = None) -> None:
    """Make backups until told to end: the log of the database and new files all the time, the whole database once a day."""
    from deploy.backup.running import Keeper
    from shared.telemetry import log_to_stderr

    log_to_stderr()
    with _house(home) as house:
        Keeper(house).run()


@app.command()
def now(home: HomeOption = None) -> None:
    """Make a backup of everything now."""
    from deploy.backup.running import now as make

    with _house(home) as house:
        made = make(house)
        typer.echo(f"{made.id}: {made.size / 1e6:,.1f} MB in {house.settings.store.partition('?')[0]}")


@app.command()
def files(home: HomeOption = None) -> None:
    """Put new files, secrets and heads into the store, and nothing else: where PostgreSQL is backed up by others."""
    from deploy.backup.files import Files
    from deploy.backup.secrets import Precious

    with _house(home) as house:
        saved = Files(house.vault, house.storage).save()
        Precious(house.vault, house.settings.secrets, house.settings.heads).save()
        house.vault.announce()
        typer.echo(f"{saved:,} files put into the store.")


@app.command("list")
def show(store: Annotated[str | None, FROM] = None, home: HomeOption = None) -> None:
    """Show what can be restored: from when to when."""
    from deploy.backup.offers import everything
    from shared.storage import storage_at

    with _told():
        address = store or environment(home).get("MADOGUCHI_BACKUP_STORE", "")
        if not address:
            typer.echo("Name the store: --from, or MADOGUCHI_BACKUP_STORE.", err=True)
            raise typer.Exit(2)
        offers = list(everything(storage_at(address)))
    for one in offers:
        gap = "" if one.whole else "   THE LOG AFTER IT HAS A GAP"
        until = f"{_utc(one.base.ended)} to {_utc(one.end)}"
        typer.echo(f"{one.vault.house}  base {one.base.id}  {one.base.size / 1e6:>10,.1f} MB  restores {until}{gap}")
    if not offers:
        typer.echo("There is nothing to restore.")
        raise typer.Exit(1)


@app.command()
def rehearse(
    identity: Annotated[
        Path | None, typer.Option("--identity", envvar="MADOGUCHI_BACKUP_IDENTITY", allow_dash=True, help=_IDENTITY_HELP)
    ] = None,
    home: HomeOption = None,
) -> None:
    """Restore the newest backup into a throw-away folder and compare everything. Ends with 1 and says what is wrong."""
    from deploy.backup import keys
    from deploy.backup.errors import Broken
    from deploy.backup.rehearsing import rehearse as look
    from shared.operation.measuring import REHEARSAL

    if identity is None:
        typer.echo("Name the file of the identity: --identity, or MADOGUCHI_BACKUP_IDENTITY.", err=True)
        raise typer.Exit(2)
    with _house(home) as house, house.noted(REHEARSAL) as report:
        found, wrong = look(house.vault, keys.identity(identity), typer.echo)
        report.update(found)
        for one in wrong:
            typer.echo(f"WRONG   {one}")
        if wrong:
            raise Broken(f"{len(wrong)} wrong.")
        typer.echo(f"All is as it was. {found['seconds']:.0f} s.")


def restore(
    identity: IdentityOption,
    store: Annotated[str, FROM],
    to: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"], help="In UTC; default: the latest."
        ),
    ] = None,
    house: Annotated[str | None, typer.Option(help="Where the store has backups of several.")] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="A folder with postgres, storage, audit-heads and secrets, all empty: the volumes of containers."),
    ] = None,
    *,
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Take it even if something is wrong with it.")] = False,
    home: HomeOption = None,
) -> None:
    """Restore a house into an empty home, or into volumes (--into). What is there is never overwritten."""
    from deploy.backup import keys, restoring
    from deploy.one.home import Home
    from shared.storage import storage_at

    with _told():
        moment = to.replace(tzinfo=UTC) if to is not None and to.tzinfo is None else to
        request = restoring.Request(storage_at(store), keys.identity(identity), moment, house, incomplete)
        if into is None:
            place = Home.at(home).path
            restoring.into_home(request, place, typer.echo)
            typer.echo(f"Restored into {place}. Start it: madoguchi up --home {place}")
        else:
            restoring.into_volumes(request, into, typer.echo)
            typer.echo(f"Restored into {into}.")


@contextmanager
def _house(home: Path | None) -> Iterator[House]:
    """The house that is backed up, by the home of one machine or by the environment."""
    import os

    from deploy.backup.running import House
    from deploy.backup.settings import Settings
    from shared.settings import load

    os.environ.update(environment(home))
    with _told():
        made = House(load(Settings))
        try:
            yield made
        finally:
            made.engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    """Say a problem in one line; then the command ends with 1."""
    import psycopg
    from sqlalchemy.exc import OperationalError

    from deploy.backup.errors import BackupError
    from shared.storage import StorageError

    try:
        yield
    except BackupError as error:
        typer.echo(f"{error}", err=True)
    except StorageError as error:
        typer.echo(f"The store does not answer as it should ({error or type(error).__name__}).", err=True)
    except (psycopg.OperationalError, OperationalError) as error:
        typer.echo(f"The database does not answer ({type(error).__name__}). See: madoguchi status", err=True)
    else:
        return
    raise typer.Exit(1) from None


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
