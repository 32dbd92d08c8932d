"""Finding accounts, organisations and keys, as operators look for them: page by page, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from shared.identity.accounts import account_by_email
from shared.identity.tables import Account, ApiKey, BrowserSession, Organisation
from shared.problems import NotFound

PAGE = 50
LOOKED_AT = 1000
QUERY_LIMIT = 200


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a piece of a name or an address (`words`), a role, and whether the account works."""

    words: str = ""
    role: str = ""
    state: str = ""  # in-use, disabled

    @classmethod
    def of(cls, words: str, role: str, state: str) -> Wanted:
        """As it was entered; what PostgreSQL cannot hold is looked for nowhere."""
        return cls(words.replace("\0", "").strip()[:QUERY_LIMIT], role, state)


def accounts(session: Session, wanted: Wanted, before: UUID | None = None, most: int = PAGE) -> list[tuple[Account, str]]:
    """Accounts with the name of their organisation."""
    query = select(Account, col(Organisation.name)).outerjoin(Organisation).order_by(col(Account.id).desc())
    if wanted.words:
        query = query.where(col(Account.id).in_(_named(session, wanted, before, most)))
    else:
        query = query.where(*_narrowed(wanted, before)).limit(most)
    return [(account, name or "") for account, name in session.exec(query)]


def _narrowed(wanted: Wanted, before: UUID | None) -> list[ColumnElement[bool]]:
    found = [col(Account.role) == wanted.role] if wanted.role else []
    if wanted.state:
        disabled = col(Account.disabled_at)
        found.append(disabled.is_(None) if wanted.state == "in-use" else disabled.is_not(None))
    if before:
        found.append(col(Account.id) < before)
    return found


def _named(session: Session, wanted: Wanted, before: UUID | None, most: int) -> list[UUID]:
    """The newest accounts with these words. A whole address is found by its hash; else each is opened, a page at a time."""
    whole = account_by_email(session, wanted.words)
    narrowed = [*_narrowed(wanted, before), *([col(Account.id) == whole.id] if whole else [])]
    named = (col(one) for one in (Account.id, Account.email, Account.name, Organisation.name))
    query: Any = select(*named).outerjoin(Organisation).where(*narrowed).order_by(col(Account.id).desc())
    words = wanted.words.lower()
    with session.execute(query.execution_options(yield_per=LOOKED_AT)) as rows:
        matching = (row[0] for row in rows if any(words in (said or "").lower() for said in row[1:]))
        return list(islice(matching, most))


def organisations(
    session: Session, words: str, *, unverified: bool = False, before: UUID | None = None, most: int = PAGE
) -> list[tuple[Organisation, int]]:
    """Organisations by a piece of their name, or their corporate number; each with how many accounts it has in use."""
    members = (
        select(func.count())
        .where(Account.organisation_id == Organisation.id, col(Account.disabled_at).is_(None))
        .scalar_subquery()
    )
    query = select(Organisation, members).order_by(col(Organisation.id).desc()).limit(most)
    if words := words.replace("\0", "").strip()[:QUERY_LIMIT]:
        query = query.where(
            or_(
                func.strpos(func.lower(Organisation.name), words.lower()) > 0,
                col(Organisation.corporate_number) == words,
                col(Organisation.claimed_number) == words,
            )
        )
    if unverified:
        query = query.where(col(Organisation.verified).is_(False))
    if before:
        query = query.where(col(Organisation.id) < before)
    return [(organisation, count) for organisation, count in session.exec(query)]


def keys(session: Session, *, unused_days: int = 0, before: UUID | None = None, most: int = PAGE) -> list[tuple[ApiKey, Account]]:
    """Keys in use with their holders; with `unused_days` only those that nobody used for so long."""
    query = select(ApiKey, Account).join(Account).where(col(ApiKey.revoked_at).is_(None))
    query = query.order_by(col(ApiKey.id).desc()).limit(most)
    if unused_days:
        used = func.coalesce(col(ApiKey.last_used_at), col(ApiKey.created_at))
        query = query.where(used < datetime.now(UTC) - timedelta(days=unused_days))
    if before:
        query = query.where(col(ApiKey.id) < before)
    return [(key, account) for key, account in session.exec(query)]


def account(session: Session, account_id: UUID) -> Account:
    """One account. Raises NotFound."""
    found = session.get(Account, account_id)
    if found is None:
        raise NotFound("No account has the id {id}", id=account_id)
    return found


def keys_of(session: Session, account_id: UUID, most: int = PAGE) -> Sequence[ApiKey]:
    """An account's keys, those in use first."""
    query = select(ApiKey).where(ApiKey.account_id == account_id)
    return session.exec(query.order_by(col(ApiKey.revoked_at).is_not(None), col(ApiKey.id).desc()).limit(most)).all()


def sessions_of(session: Session, account_id: UUID) -> tuple[int, datetime | None]:
    """How many browsers are signed in, and when one of them was last used."""
    query: Any = select(func.count(), func.max(col(BrowserSession.seen_at))).where(
        BrowserSession.account_id == account_id,
        col(BrowserSession.expires_at) > func.now(),
        col(BrowserSession.seen_at) > func.now() - timedelta(hours=1),
    )
    count, seen = session.exec(query).one()
    return int(count), seen
