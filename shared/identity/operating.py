"""What operators do with accounts, duties and keys: each act is noted in the transaction that does it.

Subjects are ids: the trace lives longer than names and addresses may.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, delete, select, update

from shared.identity import accounts, duties
from shared.identity.accounts import issue_key, revoke_key
from shared.identity.callers import PREFIX_SHOWN
from shared.identity.tables import Account, ApiKey, BrowserSession, Membership
from shared.operation.acts import Operator, note, reason_of
from shared.problems import Conflict, Invalid, NotFound

# Roles of those who work here; an applicant belongs to an organisation and stays what he is.
STAFF = ("reviewer", "operator", "service")


def add(session: Session, by: Operator, email: str, name: str, role: str, *, reason: str = "", **more: Any) -> Account:
    """A new account (shared.identity.accounts.add_account). Raises Invalid, Conflict."""
    made = accounts.add_account(session, email, name, role, **more)
    note(session, by, "account.added", made.id, reason=reason, role=role)
    return made


def disable(session: Session, by: Operator, account_id: UUID, reason: str) -> None:
    """Close an account: nobody signs in with it, its sessions and keys do not work any more.

    Raises NotFound, Invalid without a reason, Conflict for oneself, for the last operator, and where it is disabled already.
    """
    why = reason_of(reason)
    account = _locked(session, account_id)
    if account.disabled_at is not None:
        raise Conflict("This account is disabled already")
    _not_himself(by, account)
    _not_the_last(session, account)
    account.disabled_at = datetime.now(UTC)
    ended = _end_sessions(session, account_id)
    note(session, by, "account.disabled", account_id, reason=why, sessions=ended)


def enable(session: Session, by: Operator, account_id: UUID, reason: str) -> None:
    """Open a closed account again. Raises NotFound, Invalid without a reason, Conflict where it is not disabled."""
    why = reason_of(reason)
    account = _locked(session, account_id)
    if account.disabled_at is None:
        raise Conflict("This account is not disabled")
    account.disabled_at, account.removed_by = None, None
    session.flush()
    note(session, by, "account.enabled", account_id, reason=why)


def end_sessions(session: Session, by: Operator, account_id: UUID, reason: str) -> int:
    """Sign somebody out everywhere; returns of how many browsers. Raises NotFound, Invalid without a reason."""
    why = reason_of(reason)
    _locked(session, account_id)
    ended = _end_sessions(session, account_id)
    note(session, by, "account.sessions-ended", account_id, reason=why, sessions=ended)
    return ended


def set_role(session: Session, by: Operator, account_id: UUID, role: str, reason: str) -> None:
    """Give a member of the staff another role. His sessions and keys end, and the groups he was in.

    Raises NotFound, Invalid, Conflict for oneself and for the last operator.
    """
    why = reason_of(reason)
    account = _locked(session, account_id)
    if role not in STAFF or account.role not in STAFF:
        raise Invalid("Only officials, operators and services can change their role")
    if role == account.role:
        raise Conflict("This account has the role {role} already", role=role)
    _not_himself(by, account)
    _not_the_last(session, account)
    was, account.role = account.role, role
    session.exec(delete(Membership).where(col(Membership.account_id) == account_id))
    keys = update(ApiKey).where(col(ApiKey.account_id) == account_id, col(ApiKey.revoked_at).is_(None))
    session.execute(keys.values(revoked_at=datetime.now(UTC)))
    _end_sessions(session, account_id)
    note(session, by, "account.role-changed", account_id, reason=why, was=was, role=role)


def set_rights(session: Session, by: Operator, email: str, rights: str, reason: str = "") -> Account:
    """Change what a member may do for his organisation (shared.identity.accounts.set_rights). Raises NotFound, Invalid."""
    account = accounts.set_rights(session, email, rights)
    note(session, by, "account.rights-changed", account.id, reason=reason, rights=rights)
    return account


def verify(session: Session, by: Operator, email: str, corporate_number: str | None, reason: str = "") -> tuple[Account, bool]:
    """An organisation is who it says it is (shared.identity.accounts.verify). Raises NotFound, Invalid, Conflict."""
    account, moved = accounts.verify(session, email, corporate_number)
    note(session, by, "organisation.verified", account.organisation_id, reason=reason, account=str(account.id), moved=moved)
    return account, moved


def give_duty(
    session: Session, by: Operator, account_id: UUID, group: str, roles: Iterable[str], *, procedure: str = "*", reason: str = ""
) -> None:
    """Give an official duties in a group, in all procedures or one; he becomes a member of it if he is none.

    Raises NotFound, Invalid.
    """
    account, given = _locked(session, account_id), list(roles)
    if session.get(Membership, (account_id, group)) is None:
        duties.join(session, account, group, [])
    duties.give(session, account_id, group, given, procedure)
    note(session, by, "duty.given", account_id, reason=reason, group=group, duties=given, procedure=procedure)


def take_duty(
    session: Session, by: Operator, account_id: UUID, group: str, role: str, *, procedure: str = "*", reason: str = ""
) -> None:
    """Take a duty from an official. Raises NotFound."""
    duties.take_away(session, account_id, group, role, procedure)
    note(session, by, "duty.taken", account_id, reason=reason, group=group, duties=[role], procedure=procedure)


def leave_group(session: Session, by: Operator, account_id: UUID, group: str, *, reason: str = "") -> None:
    """End an official's membership of a group, and his duties there. Raises NotFound."""
    duties.must_be_member(session, account_id, group)
    duties.leave(session, account_id, group)
    note(session, by, "group.left", account_id, reason=reason, group=group)


def add_key(session: Session, by: Operator, account_id: UUID, label: str, reason: str = "") -> str:
    """A new key for an account, to be shown this once. Raises NotFound, Invalid without a label, Conflict if it is disabled."""
    account = _locked(session, account_id)
    if account.disabled_at is not None:
        raise Conflict("This account is disabled")
    key = issue_key(session, account, label)
    note(session, by, "key.issued", account_id, reason=reason, prefix=key[:PREFIX_SHOWN])
    return key


def end_key(session: Session, by: Operator, key_id: UUID, reason: str = "") -> None:
    """End a key. Raises NotFound."""
    revoke_key(session, key_id)
    note(session, by, "key.revoked", key_id, reason=reason)


def _locked(session: Session, account_id: UUID) -> Account:
    account = session.get(Account, account_id, with_for_update=True)
    if account is None:
        raise NotFound("No account has the id {id}", id=account_id)
    return account


def _end_sessions(session: Session, account_id: UUID) -> int:
    ended = session.execute(delete(BrowserSession).where(col(BrowserSession.account_id) == account_id))
    return int(ended.rowcount)  # type: ignore[attr-defined] # a statement that changes rows counts them


def _not_himself(by: Operator, account: Account) -> None:
    if by.account_id == account.id:
        raise Conflict("This is your own account: another operator has to do it")


def _not_the_last(session: Session, account: Account) -> None:
    """Operators who are taken away at the same time wait for each other, so one stays."""
    if account.role != "operator":
        return
    query = select(Account.id).where(Account.role == "operator", col(Account.disabled_at).is_(None)).with_for_update()
    if set(session.exec(query)) <= {account.id}:
        raise Conflict("This is the last operator: add another one first")
