"""Links and offers by mail: what people asked for themselves."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event
from shared.events.parts import Contact


class SignInRequested(Event):
    """Somebody asked for a link to sign in. The link's secret is derived by who sends it; it never lies in the log."""

    type: ClassVar[str] = "sign-in.requested.v1"
    source: ClassVar[str] = "identity"

    link_id: UUID
    path: str
    contact: Contact
    expires_at: datetime


class RegistrationRequested(Event):
    """Somebody without an account would register an organisation. The link's secret is derived as that of a sign-in."""

    type: ClassVar[str] = "registration.requested.v1"
    source: ClassVar[str] = "identity"

    link_id: UUID
    path: str
    contact: Contact
    expires_at: datetime


class InvitationSent(Event):
    """An owner invited somebody into his organisation. The link's secret is derived by who sends it, as that of a sign-in."""

    type: ClassVar[str] = "invitation.sent.v1"
    source: ClassVar[str] = "identity"

    link_id: UUID
    path: str
    contact: Contact
    organisation: str
    invited_by: str
    expires_at: datetime


class MandateOffered(Event):
    """An organisation would have another one act for it (委任). One event for each person to write to."""

    type: ClassVar[str] = "mandate.offered.v1"
    source: ClassVar[str] = "identity"

    contact: Contact
    principal: str
    starts_on: date
    ends_on: date
    path: str
