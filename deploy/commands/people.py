"""`madoguchi people`: accounts and their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from deploy.commands import duties
from deploy.commands.access import noted, session_as
from deploy.commands.options import HomeOption, ReasonOption, WhyOption

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.identity.tables import Account

app = typer.Typer(help="Accounts and API keys.", no_args_is_help=True)
app.add_typer(duties.app, name="duty")
app.add_typer(duties.groups, name="group")

EmailArgument = Annotated[str, typer.Argument(help="The account's e-mail address.")]


@app.command()
def add(
    email: EmailArgument,
    name: Annotated[str, typer.Argument(help="The name people read.")],
    role: Annotated[str, typer.Argument(help="applicant, reviewer, operator or service.")],
    *,
    group: Annotated[list[str] | None, typer.Option(help="A reviewer's office; may be given several times.")] = None,
    duty: Annotated[list[str] | None, typer.Option(help="His duties there, such as approver; examiner if none is named.")] = None,
    organisation: Annotated[str | None, typer.Option(help="An applicant's organisation: its name.")] = None,
    kind: Annotated[str, typer.Option(help="corporation, sole-proprietor, association or ministry.")] = "corporation",
    corporate_number: Annotated[str | None, typer.Option(help="The organisation's 法人番号, 13 digits.")] = None,
    rights: Annotated[str, typer.Option(help="An applicant's: owner, file or read. Else the first owns, the others file.")] = "",
    language: Annotated[str, typer.Option(help="ja or en.")] = "ja",
    reason: WhyOption = "",
    home: HomeOption = None,
) -> None:
    """Add an account. An organisation with the same corporate number is taken over, not added again."""
    from shared.identity import adding
    from shared.identity.duties import EXAMINER
    from shared.operation.acts import Operator

    entered = adding.Entered(
        email=email,
        name=name,
        role=role,
        groups=group or (),
        duties=duty or (EXAMINER,),
        organisation=organisation or "",
        kind=kind,
        corporate_number=corporate_number or "",
        rights=rights,
        language=language,
    )
    with session_as("operator", home) as session:
        account = adding.add(session, Operator.at_the_command_line(), entered, reason)
        typer.echo(f"{account.email} ({account.role}) may sign in.")


@app.command("list")
def list_all(
    words: Annotated[str, typer.Argument(help="A piece of a name, an e-mail address or an organisation's name.")] = "",
    *,
    role: Annotated[str, typer.Option(help="applicant, reviewer, operator or service.")] = "",
    disabled: Annotated[bool, typer.Option("--disabled", help="Only closed accounts.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    home: HomeOption = None,
) -> None:
    """List accounts, newest first."""
    from shared.identity import finding

    with session_as("operator", home) as session:
        wanted = finding.Wanted.of(words, role, "disabled" if disabled else "")
        for account, organisation in finding.accounts(session, wanted, most=limit):
            used = f"signed in {account.signed_in_at:%Y-%m-%d %H:%M} UTC" if account.signed_in_at else "no sign-in known"
            state = f", disabled {account.disabled_at:%Y-%m-%d}" if account.disabled_at else ""
            typer.echo(f"{account.email}  {account.name}  {account.role}  {organisation or '-'}  {used}{state}")


@app.command()
def rights(
    email: EmailArgument,
    rights: Annotated[str, typer.Argument(help="owner, file or read.")],
    reason: WhyOption = "",
    home: HomeOption = None,
) -> None:
    """Change what an applicant may do for his organisation, such as when it has no owner left."""
    from shared.identity import operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        account = operating.set_rights(session, Operator.at_the_command_line(), email, rights, reason)
        typer.echo(f"{account.email} has the rights: {account.rights}")


@app.command()
def verify(
    email: EmailArgument,
    corporate_number: Annotated[str | None, typer.Option(help="The 法人番号 that you looked at, 13 digits.")] = None,
    reason: WhyOption = "",
    home: HomeOption = None,
) -> None:
    """Say that an applicant's organisation is who it says: it may file what needs a verified organisation.

    Also for who had a GビズIDエントリー and has a プライム now: afterwards he signs in with it.
    """
    from shared.identity import operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        account, moved = operating.verify(session, Operator.at_the_command_line(), email, corporate_number, reason)
        if moved:
            typer.echo(f"{account.email} belongs to the organisation {corporate_number} now, with the rights: {account.rights}.")
            typer.echo("What was filed before stays with the organisation it was filed for.")
        else:
            typer.echo(f"The organisation of {account.email} is verified.")


@app.command("issue-key")
def issue_key(
    email: EmailArgument,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
    reason: WhyOption = "",
    home: HomeOption = None,
) -> None:
    """Issue an API key. It is shown this once; only its hash is kept."""
    from shared.identity import operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        account = _account(session, email)
        typer.echo(operating.add_key(session, Operator.at_the_command_line(), account.id, label, reason))


@app.command("revoke-key")
def revoke_key(
    key: Annotated[UUID, typer.Argument(help="The key's id, as `madoguchi people keys` shows it.")],
    reason: WhyOption = "",
    home: HomeOption = None,
) -> None:
    """End a key. It works for at most five seconds more."""
    from shared.identity import operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        operating.end_key(session, Operator.at_the_command_line(), key, reason)
        typer.echo("The key is revoked.")


@app.command()
def disable(email: EmailArgument, reason: ReasonOption, home: HomeOption = None) -> None:
    """Close an account: nobody signs in with it, and its sessions and keys end within five seconds."""
    from shared.identity import operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        operating.disable(session, Operator.at_the_command_line(), _account(session, email).id, reason)
    typer.echo(f"{email} is disabled.")


@app.command()
def enable(email: EmailArgument, reason: ReasonOption, home: HomeOption = None) -> None:
    """Open a closed account again."""
    from shared.identity import operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        operating.enable(session, Operator.at_the_command_line(), _account(session, email).id, reason)
    typer.echo(f"{email} may sign in again.")


@app.command("end-sessions")
def end_sessions(email: EmailArgument, reason: ReasonOption, home: HomeOption = None) -> None:
    """Sign somebody out of all browsers."""
    from shared.identity import operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        ended = operating.end_sessions(session, Operator.at_the_command_line(), _account(session, email).id, reason)
    typer.echo(f"{email} is signed out of {ended} browsers.")


@app.command()
def role(
    email: EmailArgument,
    role: Annotated[str, typer.Argument(help="reviewer, operator or service.")],
    reason: ReasonOption,
    home: HomeOption = None,
) -> None:
    """Give a member of the staff another role; his sessions, keys and groups end."""
    from shared.identity import operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        operating.set_role(session, Operator.at_the_command_line(), _account(session, email).id, role, reason)
    typer.echo(f"{email} has the role {role} now.")


@app.command()
def keys(email: EmailArgument, home: HomeOption = None) -> None:
    """List an account's keys."""
    from shared.identity import accounts

    with session_as("operator", home) as session:
        for key in accounts.keys_of(session, email):
            state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in use"
            typer.echo(f"{key.id}  {key.scope}  {key.label or '-'}  issued {key.created_at:%Y-%m-%d}, {state}")


@app.command()
def leave(
    email: EmailArgument,
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only say who would get his cases.")] = False,
    reason: WhyOption = "",
    home: HomeOption = None,
) -> None:
    """Close an official's account, and give all his unfinished cases to others by the rules."""
    from services.review.staffing import plans
    from services.review.wall import HOUSE, acts
    from shared.identity import accounts

    with session_as("operator", home) as session:
        account = accounts.official(session, email) if preview else accounts.close(session, email)
        official, name = account.id, account.name
        if not preview:
            noted(session, "account.left", official, reason=reason)
    with session_as("review", home) as session:
        acts(session, HOUSE)
        given = plans.leave(session, official, name, do=not preview)
        for one in given:
            typer.echo(f"{one.case.arrival_number}  {one.chosen.official.name if one.chosen.official else 'nobody: unassigned'}")
    typer.echo(f"{len(given)} cases would go to others." if preview else f"{email} left; {len(given)} cases went to others.")


def _account(session: Session, email: str) -> Account:
    from shared.identity import accounts
    from shared.problems import NotFound

    account = accounts.account_by_email(session, email)
    if account is None:
        raise NotFound("No account has this e-mail address; add it with: madoguchi people add")
    return account
