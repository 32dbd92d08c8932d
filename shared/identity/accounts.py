"""Accounts, organisations, groups and keys, as operators manage them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnElement, Text, or_, type_coerce
from sqlmodel import Session, col, select

from shared.identity.callers import KEY_PREFIX, PREFIX_SHOWN, Rights, hashed, new_secret
from shared.identity.duties import EXAMINER, join
from shared.identity.personal import looked_for, spelt
from shared.identity.tables import RIGHTS, ROLES, Account, ApiKey, Organisation
from shared.japanese import is_corporate_number
from shared.problems import Conflict, FieldError, Invalid, NotFound
from shared.sealing.blind import whose

if TYPE_CHECKING:
    from collections.abc import Iterable


def add_organisation(
    session: Session, name: str, *, kind: str = "corporation", corporate_number: str | None = None
) -> Organisation:
    """A new organisation. Raises Invalid when the corporate number's check digit is wrong."""
    if corporate_number is not None and not is_corporate_number(corporate_number):
        wrong = FieldError("/corporate_number", "This is not a corporate number: its check digit is wrong")
        raise Invalid("The organisation cannot be added", errors=[wrong])
    organisation = Organisation(name=name, kind=kind, corporate_number=corporate_number)
    session.add(organisation)
    session.flush()
    return organisation


def add_account(
    session: Session,
    email: str,
    name: str,
    role: str,
    *,
    organisation: Organisation | None = None,
    rights: Rights | None = None,
    groups: Iterable[str] = (),
    duties: Iterable[str] = (EXAMINER,),
    takes_cases: bool = True,
    language: str = "ja",
) -> Account:
    """A new account. Without `rights`, an organisation's first owns it, and others may file; a reviewer has `duties` in `groups`.

    Raises Invalid for an unknown role, Conflict when the e-mail address is taken.
    """
    email = spelt(email)
    if role not in ROLES:
        raise Invalid("There is no role {role}; choose one of {roles}", role=role, roles=", ".join(ROLES))
    if (role == "applicant") != (organisation is not None):
        raise Invalid("An applicant needs an organisation, and nobody else has one")
    if account_by_email(session, email):
        raise Conflict("An account with this e-mail address exists already")
    account = Account(email=email, email_hash=whose(email), name=name, role=role, language=language)
    if organisation is not None:
        account.organisation_id = organisation.id
        account.rights = rights or ("file" if owners_of(session, organisation.id) else "owner")
    session.add(account)
    session.flush()
    for group in dict.fromkeys(groups):
        join(session, account, group, duties, takes_cases=takes_cases)
    return account


def account_by_email(session: Session, email: str) -> Account | None:
    """The account with this address."""
    found = looked_for(spelt(email))
    address: ColumnElement[str] = type_coerce(col(Account.email), Text)  # rows of before have no hash, and are plain
    return session.exec(select(Account).where(or_(col(Account.email_hash) == found["hash"], address == found["address"]))).first()


def official(session: Session, email: str) -> Account:
    """The official with this address. Raises NotFound."""
    account = account_by_email(session, email)
    if account is None or account.role != "reviewer":
        raise NotFound("No official has this e-mail address")
    return account


def close(session: Session, email: str) -> Account:
    """Close an official's account: he signs in no more, and his keys and sessions end. Raises NotFound."""
    account = official(session, email)
    account.disabled_at = account.disabled_at or datetime.now(UTC)
    session.flush()
    return account


def owners_of(session: Session, organisation_id: UUID) -> list[Account]:
    """Who manages an organisation."""
    query = select(Account).where(Account.organisation_id == organisation_id, Account.rights == "owner")
    return list(session.exec(query.where(col(Account.disabled_at).is_(None))))


def set_rights(session: Session, email: str, rights: str) -> Account:
    """Change a member's rights, whoever owns his organisation. Raises NotFound, Invalid."""
    account = account_by_email(session, email)
    if account is None or account.role != "applicant":
        raise NotFound("No applicant has this e-mail address")
    if rights not in RIGHTS:
        raise Invalid("There are no rights {rights}; choose one of {known}", rights=rights, known=", ".join(RIGHTS))
    account.rights = rights
    session.flush()
    return account


def verify(session: Session, email: str, corporate_number: str | None) -> tuple[Account, bool]:
    """Somebody looked at who an applicant's organisation is: it is verified now, with this number if it has one.

    Where another organisation has the number already, the account moves there, and what it filed before stays where it was: the
    answer says whether that was so. So an entry account of GビズID may become a prime. Raises NotFound, Invalid, Conflict.
    """
    account = account_by_email(session, email)
    organisation = session.get(Organisation, account.organisation_id, with_for_update=True) if account else None
    if account is None or organisation is None:
        raise NotFound("No applicant has this e-mail address")
    if corporate_number is not None and not is_corporate_number(corporate_number):
        wrong = FieldError("/corporate_number", "This is not a corporate number: its check digit is wrong")
        raise Invalid("The organisation cannot be verified", errors=[wrong])
    if organisation.corporate_number not in (None, corporate_number):
        raise Conflict("This organisation has the number {number} already", number=organisation.corporate_number)
    home = organisation_by_number(session, corporate_number)
    moved = home is not None and home.id != organisation.id
    if home is not None and moved:
        account.organisation_id = home.id
        account.rights = "file" if owners_of(session, home.id) else "owner"
    else:
        organisation.verified, organisation.corporate_number = True, corporate_number
    session.flush()
    return account, moved


def organisation_by_number(session: Session, corporate_number: str | None) -> Organisation | None:
    """The organisation with this corporate number."""
    if corporate_number is None:
        return None
    return session.exec(select(Organisation).where(Organisation.corporate_number == corporate_number)).first()


def keys_of(session: Session, email: str) -> list[ApiKey]:
    """An account's keys, the oldest first."""
    account = account_by_email(session, email)
    if account is None:
        return []
    return list(session.exec(select(ApiKey).where(ApiKey.account_id == account.id).order_by(col(ApiKey.id))))


def issue_key(session: Session, account: Account, label: str = "") -> str:
    """A new API key for an account, in the account's role. It is shown this once; only its hash is kept."""
    key = KEY_PREFIX + new_secret()
    session.add(ApiKey(account_id=account.id, hash=hashed(key), scope=account.role, label=label, prefix=key[:PREFIX_SHOWN]))
    session.flush()
    return key


def revoke_key(session: Session, key_id: UUID) -> None:
    """End a key. Raises NotFound."""
    key = session.get(ApiKey, key_id)
    if key is None or key.revoked_at is not None:
        raise NotFound("No key in use has the id {id}", id=key_id)
    key.revoked_at = datetime.now(UTC)
    session.flush()
