"""Adding somebody, as operators do on the console and by `madoguchi people add`: one set of limits and checks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from shared.i18n import LANGUAGES
from shared.identity import accounts, operating
from shared.identity.duties import EXAMINER, NAME
from shared.identity.registration import NAME_LIMIT, fits_name
from shared.identity.tables import ORGANISATION_KINDS, RIGHTS, ROLES, Account
from shared.japanese import is_corporate_number
from shared.problems import Conflict, FieldError, Invalid
from shared.validation import EMAIL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlmodel import Session

    from shared.identity.callers import Rights
    from shared.operation.acts import Operator

ADDRESS_LIMIT = 254


@dataclass(frozen=True)
class Entered:
    """What is said of somebody new. `groups` and `duties` are an official's; from `organisation` on it is an applicant's."""

    email: str = ""
    name: str = ""
    role: str = ""
    groups: Sequence[str] = ()
    duties: Sequence[str] = (EXAMINER,)
    organisation: str = ""
    kind: str = "corporation"
    corporate_number: str = ""
    rights: str = ""
    language: str = "ja"


def add(session: Session, by: Operator, entered: Entered, reason: str = "") -> Account:
    """A new account; an organisation with the same corporate number is taken over, not added again.

    Raises Invalid with the place of each mistake, Conflict when the e-mail address is taken.
    """
    if wrong := list(_wrong(entered)):
        raise Invalid("The account cannot be added", errors=wrong)
    if accounts.account_by_email(session, entered.email):
        raise Conflict("An account with this e-mail address exists already")
    company = None
    if entered.role == "applicant":
        number = entered.corporate_number or None
        company = accounts.organisation_by_number(session, number) or accounts.add_organisation(
            session, entered.organisation, kind=entered.kind, corporate_number=number
        )
    return operating.add(
        session,
        by,
        entered.email,
        entered.name,
        entered.role,
        reason=reason,
        organisation=company,
        rights=cast("Rights", entered.rights) if entered.rights and company else None,
        groups=entered.groups,
        duties=entered.duties,
        language=entered.language,
    )


def _wrong(entered: Entered) -> Iterator[FieldError]:
    if len(entered.email) > ADDRESS_LIMIT or not re.fullmatch(EMAIL, entered.email.strip()):
        yield FieldError("/email", "Enter an e-mail address such as name@example.go.jp")
    if not fits_name(entered.name):
        yield FieldError("/name", "Enter a name, in at most {limit} characters", {"limit": NAME_LIMIT})
    if entered.language not in LANGUAGES:
        yield _choose("/language", LANGUAGES)
    if entered.role not in ROLES:
        yield _choose("/role", ROLES)
    elif entered.role == "applicant":
        yield from _wrong_with_organisation(entered)
    elif entered.organisation or entered.corporate_number:
        yield FieldError("/organisation", "Only an applicant has an organisation")
    if entered.groups and entered.role != "reviewer":
        yield FieldError("/group", "Only an official belongs to groups")
    for place, names in (("/group", entered.groups), ("/duty", entered.duties)):
        yield from (
            FieldError(place, "{name} is no name: use lower-case letters, digits and hyphens", {"name": name[:NAME_LIMIT]})
            for name in names
            if not NAME.fullmatch(name)
        )


def _wrong_with_organisation(entered: Entered) -> Iterator[FieldError]:
    if not fits_name(entered.organisation):
        yield FieldError("/organisation", "Enter the organisation's name, in at most {limit} characters", {"limit": NAME_LIMIT})
    if entered.kind not in ORGANISATION_KINDS:
        yield _choose("/kind", ORGANISATION_KINDS)
    if entered.corporate_number and not is_corporate_number(entered.corporate_number):
        yield FieldError("/corporate_number", "This is not a corporate number: its check digit is wrong")
    if entered.rights and entered.rights not in RIGHTS:
        yield _choose("/rights", RIGHTS)


def _choose(place: str, known: Sequence[str]) -> FieldError:
    return FieldError(place, "Choose one of {expected}", {"expected": ", ".join(known)})
