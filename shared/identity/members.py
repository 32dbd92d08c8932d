"""The members of an organisation, and who is invited to become one. Only an owner sees and changes them.

Everything but the acceptance asks for the owner's `proof` (shared.web.callers.proof_of), which the database checks itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from shared.bus.publish import publish
from shared.database import new_id
from shared.events import Contact, InvitationSent
from shared.identity.callers import SESSION_LIFE, Caller, Rights, hashed, link_is, must_own, new_secret
from shared.identity.owning import answered
from shared.identity.personal import EMAIL, NAME, looked_for, spelt, written
from shared.problems import Conflict, Gone

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlmodel import Session

    from shared.i18n import Language

INVITATION_LIFE = timedelta(days=7)
INVITATION_PATH = "/register/invitation"
_MEMBERS = text("select * from identity.members(:proof)").columns(name=NAME, email=EMAIL)
_INVITATIONS = text("select * from identity.invitations(:proof)").columns(email=EMAIL)
_INVITED = text("select * from identity.invitation(:id)").columns(email=EMAIL)


@dataclass(frozen=True)
class Member:
    """A member of an organisation. `standing` is GビズID's: entry, prime, member, or nothing."""

    id: UUID
    name: str
    email: str
    rights: Rights
    standing: str
    created_at: datetime


@dataclass(frozen=True)
class Invitation:
    """An invitation that can still be accepted."""

    id: UUID
    email: str
    rights: Rights
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Invited:
    """What the person invited sees. `known`: there is an account with his address."""

    organisation_name: str
    email: str
    rights: Rights
    known: bool


def members(session: Session, caller: Caller, proof: bytes) -> list[Member]:
    """The members of the caller's organisation, the oldest first. Raises Forbidden."""
    must_own(caller)
    rows = session.execute(_MEMBERS, {"proof": proof}).mappings()
    return [Member(**row) for row in rows]


def invitations(session: Session, caller: Caller, proof: bytes) -> list[Invitation]:
    """The invitations that can still be accepted. Raises Forbidden."""
    must_own(caller)
    rows = session.execute(_INVITATIONS, {"proof": proof}).mappings()
    return [Invitation(**row) for row in rows]


def change_rights(session: Session, proof: bytes, member: UUID, rights: Rights) -> None:
    """Change a member's rights. Raises Forbidden, NotFound, Conflict for the last owner's."""
    answered(session, "change_rights(:proof, :member, :rights)", proof=proof, member=member, rights=rights)


def remove_member(session: Session, proof: bytes, member: UUID) -> None:
    """Close a member's account: his sessions, keys and open invitations end. Raises Forbidden, NotFound, Conflict."""
    answered(session, "remove_member(:proof, :member)", proof=proof, member=member)


def invite(session: Session, caller: Caller, proof: bytes, *, email: str, rights: Rights, language: Language) -> Invitation:
    """Mail somebody a link by which he becomes a member, once, within a week. An earlier one to his address ends.

    Raises Forbidden, Conflict for a member, TooMany over the limits of members and invitations.
    """
    now = datetime.now(UTC)
    made = Invitation(new_id(), spelt(email), rights, now, now + INVITATION_LIFE)
    values: dict[str, Any] = {"proof": proof, "id": made.id, "rights": rights, "expires": made.expires_at}
    answered(session, "invite(:proof, :id, :hash, :address, :sealed, :rights, :expires)", **values, **written(made.email))
    publish(
        session,
        InvitationSent(
            subject=str(made.id),
            sequence=1,
            link_id=made.id,
            path=INVITATION_PATH,
            contact=Contact(name=made.email, email=made.email, language=language),
            organisation=caller.organisation_name,
            invited_by=caller.name,
            expires_at=made.expires_at,
        ),
    )
    return made


def revoke_invitation(session: Session, proof: bytes, invitation: UUID) -> None:
    """End an invitation. Raises Forbidden, NotFound."""
    answered(session, "revoke_invitation(:proof, :id)", proof=proof, id=invitation)


def invited(session: Session, secret_key: SecretStr, link_id: UUID, secret: str) -> Invited | None:
    """What a link invites to; None for a wrong, used or expired one. Looking uses nothing up."""
    if not link_is(secret_key, link_id, secret):
        return None
    row = session.execute(_INVITED, {"id": link_id}).mappings().first()
    return Invited(**row) if row else None


def accept(session: Session, secret_key: SecretStr, link_id: UUID, secret: str, *, name: str, language: Language) -> str:
    """Become a member: the secret of a new browser session. Raises Gone for a link that does not work, Conflict."""
    wanted = invited(session, secret_key, link_id, secret)
    if wanted is None:
        raise Gone("This link does not work: it was used, it is too old, or it is incomplete")
    cookie = new_secret()
    answer = session.execute(
        text("select identity.accept_invitation(:id, :hash, :address, :account, :name, :language, :cookie, :expires)"),
        looked_for(wanted.email)
        | {
            "id": link_id,
            "account": new_id(),
            "name": NAME.sealed_text(name),
            "language": language,
            "cookie": hashed(cookie),
            "expires": datetime.now(UTC) + SESSION_LIFE,
        },
    ).scalar()
    if answer == "elsewhere":
        raise Conflict("Your address belongs to an account elsewhere already; ask to be invited under another address")
    if answer != "ok":
        raise Gone("This link does not work: it was used, it is too old, or it is incomplete")
    return cookie
