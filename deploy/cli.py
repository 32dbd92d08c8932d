"""`madoguchi`: the command line."""

from __future__ import annotations

import typer

from deploy.commands import (
    audit,
    backup,
    bounces,
    clients,
    deadletters,
    doctor,
    health,
    keys,
    letters,
    lookups,
    messages,
    migrate,
    people,
    procedure,
    retention,
    settings,
    status,
    switches,
    up,
)

app = typer.Typer(
    name="madoguchi",
    help="Madoguchi (窓口): a ministry's paper procedures, online.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they would show passwords and what applicants wrote
    add_completion=False,
)
app.command("up")(up.up)
app.command("status")(status.status)
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
app.command("health")(health.health)
app.command("settings")(settings.settings)
app.command("restore")(backup.restore)
app.add_typer(procedure.app, name="procedure")
app.add_typer(lookups.app, name="lookups")
app.add_typer(people.app, name="people")
app.add_typer(deadletters.app, name="deadletters")
app.add_typer(backup.app, name="backup")
app.add_typer(audit.app, name="audit")
app.add_typer(switches.app, name="switches")
app.add_typer(clients.app, name="clients")
app.add_typer(messages.app, name="messages")
app.add_typer(bounces.app, name="bounces")
app.add_typer(letters.app, name="letters")
app.add_typer(retention.app, name="retention")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """The console command."""
    app()


if __name__ == "__main__":
    main()
