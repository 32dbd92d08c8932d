"""OpenID Connect providers, as settings name them, and what is made of their claims."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from shared.identity.callers import Role
from shared.identity.duties import EVERY_PROCEDURE, EXAMINER
from shared.japanese import is_corporate_number

Standing = Literal["entry", "prime", "member"]
_STANDINGS: dict[str, Standing] = {"1": "entry", "2": "prime", "3": "member"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LONGEST = 300  # characters of a claim
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_KEPT = (
    "prefecture_name",
    "address1",
    "address2",
    "rep_last_nm",
    "rep_first_nm",
    "rep_last_nm_kana",
    "rep_first_nm_kana",
    "user_post_code",
    "user_department",
    "user_tel_no_contact",
)


class UnusableClaims(Exception):
    """The provider's claims lack what an account needs, or contradict themselves."""


class StaffGroup(BaseModel):
    """What a group at the provider means here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["reviewer", "operator"]
    group: str | None = None
    duties: list[Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]] = Field(
        default=[EXAMINER], description="what its members may do in the group; `NAME/DUTY` and `NAME/DUTY/PROCEDURE` add to that"
    )


class Provider(BaseModel):
    """A provider. `rules` say how its claims are read: GビズID's for applicants, or group claims for staff."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$", description="stands in addresses")
    title: str = Field(max_length=60, description="on the button, such as GビズID")
    issuer: str
    client_id: str
    secret_file: Path
    rules: Literal["gbizid", "staff"]
    scopes: str = "openid profile email"
    groups_claim: str = "groups"
    groups: dict[str, StaffGroup] = Field(default_factory=dict, description="the provider's group → what it means here")

    @field_validator("issuer")
    @classmethod
    def _encrypted(cls, issuer: str) -> str:
        address = urlsplit(issuer)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise ValueError("the issuer must be an https address")
        return issuer

    @field_validator("secret_file")
    @classmethod
    def _readable(cls, path: Path) -> Path:
        if not path.is_file():
            raise ValueError("the secret_file is not there")
        return path

    def secret(self) -> SecretStr:
        """The client's secret. Read anew each time, so that it can be changed while the service runs."""
        return SecretStr(self.secret_file.read_text(encoding="utf-8").strip())


class ClaimedDuty(BaseModel):
    """What somebody may do in a group, as the provider says."""

    model_config = ConfigDict(frozen=True)

    group: str
    procedure: str = EVERY_PROCEDURE
    role: str


class Claimed(BaseModel):
    """Who a provider says is there, in this house's terms."""

    sub: str
    email: str
    name: str
    role: Role
    standing: Standing | None = None
    organisation_name: str | None = None
    organisation_kind: str | None = None
    organisation_key: str | None = Field(default=None, description="names the organisation where no verified number does")
    corporate_number: str | None = Field(default=None, description="only as verified by the provider")
    claimed_number: str | None = None
    verified: bool = True
    groups: list[str] = Field(default_factory=list)
    duties: list[ClaimedDuty] = Field(default_factory=list)
    profile: dict[str, str] = Field(default_factory=dict)


def read_claims(provider: Provider, claims: dict[str, Any]) -> Claimed:
    """The claims of userinfo by the provider's rules. Raises UnusableClaims."""
    return _gbizid(provider, claims) if provider.rules == "gbizid" else _staff(provider, claims)


def _gbizid(provider: Provider, claims: dict[str, Any]) -> Claimed:
    """GビズID: only a prime's or member's corporate number was verified; an entry account says what it likes."""
    standing = _STANDINGS.get(_said(claims, "account_type"))
    kind = {"1": "corporation", "2": "sole-proprietor"}.get(_said(claims, "corp_type"))
    sub, parent, number = _said(claims, "sub"), _said(claims, "parent_id"), _said(claims, "corporate_number")
    name, email = _said(claims, "name"), _email(claims)
    if standing is None or kind is None or not name or (standing == "member" and not parent):
        raise UnusableClaims("account_type, corp_type, name or parent_id")
    is_number = kind == "corporation"  # a sole proprietor's number is no 法人番号
    if is_number and not is_corporate_number(number):
        raise UnusableClaims("corporate_number")
    verified = standing != "entry"
    named = is_number and verified
    person = f"{_said(claims, 'user_last_nm')} {_said(claims, 'user_first_nm')}".strip()
    return Claimed(
        sub=sub,
        email=email,
        name=person or name,
        role="applicant",
        standing=standing,
        organisation_name=name,
        organisation_kind=kind,
        organisation_key=f"number {number}" if named else f"{provider.issuer} {parent if standing == 'member' else sub}",
        corporate_number=number if named else None,
        claimed_number=number if is_number and not verified else None,
        verified=verified,
        profile={claim: said for claim in _KEPT if (said := _said(claims, claim))},
    )


def _staff(provider: Provider, claims: dict[str, Any]) -> Claimed:
    """Staff: the groups at the provider say role, groups and duties here. Nobody without one gets in.

    A claim is a group's name as the settings have it, or such a name with a duty, and with a procedure that the duty is for:
    `kinki`, `kinki/approver`, `kinki/approver/koen-meigi`.
    """
    said = claims.get(provider.groups_claim)
    names = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    meant = [found for name in names if (found := _meant(provider, name))]
    if not meant:
        raise UnusableClaims(provider.groups_claim)
    role: Role = "operator" if any(one.role == "operator" for one, _ in meant) else "reviewer"
    email = _email(claims)
    given = {
        ClaimedDuty(group=one.group, role=duty, procedure=procedure)
        for one, duties in meant
        if one.group and one.role == role
        for duty, procedure in duties
    }
    return Claimed(
        sub=_said(claims, "sub"),
        email=email,
        name=_said(claims, "name") or email,
        role=role,
        groups=sorted({duty.group for duty in given}),
        duties=sorted(given, key=lambda one: (one.group, one.procedure, one.role)),
    )


def _meant(provider: Provider, claim: str) -> tuple[StaffGroup, list[tuple[str, str]]] | None:
    """What one claim means here: a group, and duties with their procedure."""
    if claim in provider.groups:
        group = provider.groups[claim]
        return group, [(duty, EVERY_PROCEDURE) for duty in group.duties]
    for parts in (1, 2):
        name, *rest = claim.rsplit("/", parts)
        if len(rest) == parts and name in provider.groups and all(_NAME.fullmatch(one) for one in rest):
            return provider.groups[name], [(rest[0], rest[1] if parts == 2 else EVERY_PROCEDURE)]  # noqa: PLR2004 - duty, procedure
    return None


def _email(claims: dict[str, Any]) -> str:
    email = _said(claims, "email").lower()
    if "@" not in email or claims.get("email_verified") is False:
        raise UnusableClaims("email")
    return email


def _said(claims: dict[str, Any], name: str) -> str:
    """A claim as text; nothing for what is no text, is too long, or PostgreSQL could not keep."""
    value = claims.get(name)
    return value.strip() if isinstance(value, str) and len(value) <= _LONGEST and "\0" not in value else ""
