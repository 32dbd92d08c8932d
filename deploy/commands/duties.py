"""`madoguchi people duty` and `madoguchi people group`: what officials may do where."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.access import noted, session_as
from deploy.commands.options import HomeOption

app = typer.Typer(help="What officials may do for a group: their duties.", no_args_is_help=True)
groups = typer.Typer(help="Which groups officials belong to.", no_args_is_help=True)

EmailArgument = Annotated[str, typer.Argument(help="The official's e-mail address.")]
GroupArgument = Annotated[str, typer.Argument(help="The group: an office's key.")]
DutyArgument = Annotated[str, typer.Argument(help="examiner, approver, manager, or what a procedure's stages name.")]
ProcedureOption = Annotated[str, typer.Option("--procedure", help="In this procedure alone; * is all.")]


@app.command()
def add(
    email: EmailArgument, group: GroupArgument, duty: DutyArgument, *, procedure: ProcedureOption = "*", home: HomeOption = None
) -> None:
    """Give an official a duty in a group he belongs to."""
    from shared.identity import accounts, duties, operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        official = accounts.official(session, email)
        duties.must_be_member(session, official.id, group)
        operating.give_duty(session, Operator.at_the_command_line(), official.id, group, [duty], procedure=procedure)
        typer.echo(f"{email} is {duty} in {group}, procedure {procedure}.")


@app.command()
def remove(
    email: EmailArgument, group: GroupArgument, duty: DutyArgument, *, procedure: ProcedureOption = "*", home: HomeOption = None
) -> None:
    """Take a duty from an official. At his next request, or five seconds later, he sees and does no more of it."""
    from shared.identity import accounts, operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        official = accounts.official(session, email)
        operating.take_duty(session, Operator.at_the_command_line(), official.id, group, duty, procedure=procedure)
        typer.echo(f"{email} is not {duty} in {group} any more, procedure {procedure}.")


@app.command("list")
def show(email: EmailArgument, home: HomeOption = None) -> None:
    """List an official's groups, with his duties and skills, and whether he is given new cases."""
    from shared.identity import accounts, duties

    with session_as("operator", home) as session:
        for member, given in duties.of_account(session, accounts.official(session, email).id):
            said = ", ".join(one.role + ("" if one.procedure == "*" else f" ({one.procedure})") for one in given) or "-"
            cases = "takes cases" if member.takes_cases else "takes no cases"
            typer.echo(f"{member.group}: {said}; skills: {', '.join(member.skills) or '-'}; {cases}")


@groups.command()
def join(
    email: EmailArgument,
    group: GroupArgument,
    *,
    duty: Annotated[list[str] | None, typer.Option(help="His duties there; examiner if none is named.")] = None,
    home: HomeOption = None,
) -> None:
    """Make an official a member of a group."""
    from shared.identity import accounts, duties, operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        official = accounts.official(session, email)
        operating.give_duty(session, Operator.at_the_command_line(), official.id, group, duty or [duties.EXAMINER])
        typer.echo(f"{email} is in {group}.")


@groups.command()
def leave(email: EmailArgument, group: GroupArgument, home: HomeOption = None) -> None:
    """End an official's membership and his duties there."""
    from shared.identity import accounts, operating
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        operating.leave_group(session, Operator.at_the_command_line(), accounts.official(session, email).id, group)
        typer.echo(f"{email} is not in {group}.")


@groups.command("set")
def set_up(
    email: EmailArgument,
    group: GroupArgument,
    *,
    skill: Annotated[list[str] | None, typer.Option(help="What he is skilled in; replaces all. '' for nothing.")] = None,
    takes_cases: Annotated[bool | None, typer.Option(help="Whether new cases are given to him.")] = None,
    home: HomeOption = None,
) -> None:
    """Say what a member of a group is skilled in, and whether new cases are given to him."""
    from shared.identity import accounts, duties

    skills = [one for one in skill if one.strip()] if skill is not None else None
    with session_as("operator", home) as session:
        member = duties.set_up(session, accounts.official(session, email).id, group, skills=skills, takes_cases=takes_cases)
        noted(session, "group.changed", member.account_id, group=group, skills=member.skills, takes_cases=member.takes_cases)
        cases = "takes cases" if member.takes_cases else "takes no cases"
        typer.echo(f"{email} in {group}: skills: {', '.join(member.skills) or '-'}; {cases}")
