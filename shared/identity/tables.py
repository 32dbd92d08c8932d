"""The tables of identity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import metadata, new_id, timestamp
from shared.identity.personal import EMAIL, NAME, PROFILE

ROLES = ("applicant", "reviewer", "operator", "service")
RIGHTS = ("owner", "file", "read")
ORGANISATION_KINDS = ("corporation", "sole-proprietor", "association", "ministry")


# What an address is found by (shared.sealing.blind.whose), as it may be sealed. Rows of before have none, and are plain.
_HASH = "of the address"


def _rights() -> CheckConstraint:
    return CheckConstraint("rights in ('owner', 'file', 'read')", name="rights")


class IdentityRecord(SQLModel, registry=registry(metadata=metadata("identity"))):
    """A table of the schema `identity`."""


class Organisation(IdentityRecord, table=True):
    """Who files: a corporation, a sole proprietor, an association, or a division of the ministry."""

    __tablename__ = "organisation"
    __table_args__ = (CheckConstraint("kind in ('corporation', 'sole-proprietor', 'association', 'ministry')", name="kind"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    kind: str = "corporation"
    corporate_number: str | None = Field(default=None, unique=True)
    verified: bool = Field(default=True, sa_column_kwargs={"server_default": "true"}, description="somebody checked who it is")
    claimed_number: str | None = Field(default=None, description="what an unverified one says its corporate number is")
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class Account(IdentityRecord, table=True):
    """A person or a machine that may call. An applicant belongs to an organisation."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("role in ('applicant', 'reviewer', 'operator', 'service')", name="role"),
        CheckConstraint("(role = 'applicant') = (organisation_id is not null)", name="organisation"),
        _rights(),
        Index(None, "email_hash", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(sa_type=EMAIL, unique=True, description="lower case")
    email_hash: bytes | None = Field(default=None, sa_type=LargeBinary, description=_HASH)
    name: str = Field(sa_type=NAME)
    role: str
    language: str = Field(default="ja", sa_column_kwargs={"server_default": "ja"})
    organisation_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("identity.organisation.id"), index=True))
    rights: str = Field(
        default="file", sa_column_kwargs={"server_default": "file"}, description="an applicant's, in his organisation"
    )
    disabled_at: datetime | None = timestamp(default=None)
    signed_in_at: datetime | None = timestamp(default=None, description="last; set by the database itself")
    removed_by: UUID | None = Field(default=None, description="the owner who closed it; an invitation opens it again")
    profile: dict[str, Any] = Field(
        sa_type=PROFILE, default_factory=dict, sa_column_kwargs={"server_default": "{}"}, description="for prefilling forms"
    )
    standing: str | None = Field(default=None, description="GビズID: entry, prime or member")
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class Membership(IdentityRecord, table=True):
    """A reviewer's group: his duties there say what he sees, and `takes_cases` whether new cases are given to him."""

    __tablename__ = "membership"

    account_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("identity.account.id", ondelete="CASCADE"), primary_key=True))
    group: str = Field(primary_key=True)
    takes_cases: bool = Field(default=True, sa_column_kwargs={"server_default": "true"})
    skills: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"),
        description="as the routes of procedures name them",
    )


class Duty(IdentityRecord, table=True):
    """What a member of a group may do there: in one procedure, or in all of them (`*`). Without any he sees nothing."""

    __tablename__ = "duty"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "group"], ["identity.membership.account_id", "identity.membership.group"], ondelete="CASCADE"
        ),
        Index(None, "group"),
    )

    account_id: UUID = Field(primary_key=True)
    group: str = Field(primary_key=True)
    procedure: str = Field(default="*", primary_key=True, sa_column_kwargs={"server_default": "*"})
    role: str = Field(primary_key=True)


class ApiKey(IdentityRecord, table=True):
    """A key for machines; only its hash is kept. `scope` is the role it acts in."""

    __tablename__ = "api_key"
    __table_args__ = (_rights(),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("identity.account.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    hash: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    scope: str
    label: str = ""
    prefix: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="how its owner knows it again")
    rights: str | None = Field(default=None, description="it has the lesser of these and its account's; None: its account's")
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    last_used_at: datetime | None = timestamp(default=None, description="to the minute")
    revoked_at: datetime | None = timestamp(default=None)


class Invitation(IdentityRecord, table=True):
    """A link that was e-mailed to become a member of an organisation. Its secret is derived from its id, and is not kept."""

    __tablename__ = "invitation"
    __table_args__ = (_rights(),)

    id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("identity.organisation.id"), nullable=False, index=True))
    email: str = Field(sa_type=EMAIL, description="lower case")
    email_hash: bytes | None = Field(default=None, sa_type=LargeBinary, index=True, description=_HASH)
    rights: str
    invited_by: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("identity.account.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    expires_at: datetime = timestamp()
    ended_at: datetime | None = timestamp(default=None, description="accepted, revoked or replaced")


class SignInLink(IdentityRecord, table=True):
    """A link that was e-mailed to sign in once. Its secret is derived from its id, and is not kept."""

    __tablename__ = "sign_in_link"

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("identity.account.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    expires_at: datetime = timestamp()
    used_at: datetime | None = timestamp(default=None)


class Registration(IdentityRecord, table=True):
    """A link that was e-mailed to register an organisation. Its secret is derived from its id, and is not kept."""

    __tablename__ = "registration"

    id: UUID = Field(primary_key=True)
    email: str = Field(sa_type=EMAIL, index=True, description="lower case")
    email_hash: bytes | None = Field(default=None, sa_type=LargeBinary, index=True, description=_HASH)
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    expires_at: datetime = timestamp()
    used_at: datetime | None = timestamp(default=None)


class Mandate(IdentityRecord, table=True):
    """What an agent may do for a principal. Until it is accepted, the agent is named by number or address alone."""

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint("(agent_number is null) <> (agent_email is null)", name="agent"),
        CheckConstraint("rights <@ array['prepare', 'file', 'receive'] and cardinality(rights) > 0", name="rights"),
        CheckConstraint("ends_on >= starts_on", name="days"),
        CheckConstraint("(agent_id is null) = (accepted_at is null)", name="accepted"),
    )

    id: UUID = Field(primary_key=True)
    principal_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("identity.organisation.id"), nullable=False, index=True))
    agent_id: UUID | None = Field(default=None, sa_column=Column(Uuid, ForeignKey("identity.organisation.id"), index=True))
    agent_number: str | None = Field(default=None, index=True)
    agent_email: str | None = Field(default=None, sa_type=EMAIL, index=True, description="lower case")
    agent_email_hash: bytes | None = Field(default=None, sa_type=LargeBinary, index=True, description=_HASH)
    procedures: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)), description="None: all")
    rights: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    starts_on: date
    ends_on: date
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    accepted_at: datetime | None = timestamp(default=None)
    ended_at: datetime | None = timestamp(default=None)


class BrowserSession(IdentityRecord, table=True):
    """A signed-in browser; only the hash of its cookie is kept."""

    __tablename__ = "session"

    hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("identity.account.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    expires_at: datetime = timestamp()
    seen_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()}, description="last used, to the minute")
    provider: str | None = Field(default=None, description="the provider it came from; None: an e-mailed link")


class Federated(IdentityRecord, table=True):
    """Whom an OpenID Connect provider knows: its issuer and sub name one account for good."""

    __tablename__ = "federated"

    issuer: str = Field(primary_key=True)
    sub: str = Field(primary_key=True)
    account_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("identity.account.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class ProviderOrganisation(IdentityRecord, table=True):
    """An organisation without a verified corporate number, by what a provider names it."""

    __tablename__ = "provider_organisation"

    key: str = Field(primary_key=True)
    organisation_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("identity.organisation.id"), nullable=False, index=True))


class UsedState(IdentityRecord, table=True):
    """A sign-in at a provider that came back already; kept until it would have expired."""

    __tablename__ = "used_state"

    hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    expires_at: datetime = timestamp()
