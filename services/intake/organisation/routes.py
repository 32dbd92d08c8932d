"""An organisation over HTTP: its members, invitations and keys, for its owners."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from shared.i18n import negotiate
from shared.identity import keys, members
from shared.identity.callers import Rights
from shared.validation import EMAIL, ONE_LINE
from shared.web.callers import Applicant, Transaction, proof_of
from shared.web.problems import described

router = APIRouter(prefix="/v1/organisation", tags=["organisation"])
_REFUSALS = described(400, 401, 403, 404, 409, 413, 422, 429, 503)


class OrganisationOut(BaseModel):
    """Your organisation, and what you may do for it."""

    id: UUID
    name: str
    kind: str
    corporate_number: str | None
    verified: bool = Field(description="somebody checked who it is")
    rights: Rights = Field(description="yours: `owner` manages it, `file` writes and files, `read` sees")


class MemberOut(BaseModel):
    """A member."""

    id: UUID
    name: str
    email: str
    rights: Rights
    standing: str = Field(description="GビズID's `entry`, `prime` or `member`; empty without GビズID")
    created_at: datetime


class RightsIn(BaseModel):
    """A member's rights from now on."""

    model_config = ConfigDict(extra="forbid")

    rights: Rights


class InvitationIn(RightsIn):
    """Whom to invite."""

    email: str = Field(max_length=254, pattern=EMAIL)


class InvitationOut(BaseModel):
    """An invitation that can still be accepted, once."""

    id: UUID
    email: str
    rights: Rights
    created_at: datetime
    expires_at: datetime


class KeyIn(BaseModel):
    """A key to make. It acts as whoever makes it, with these rights at most."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(min_length=1, max_length=100, pattern=ONE_LINE, description="what it is for")
    rights: Rights = "file"


class NewKeyOut(BaseModel):
    """A new key. It is shown this once."""

    id: UUID
    key: str


class KeyOut(BaseModel):
    """A key in use."""

    id: UUID
    prefix: str = Field(description="how it begins")
    label: str
    rights: Rights
    holder: str
    created_at: datetime
    last_used_at: datetime | None = Field(description="to the minute")


@router.get("", response_model=OrganisationOut, responses=described(401, 403))
def show_organisation(caller: Applicant) -> Any:
    """Your organisation, and your rights in it."""
    return {
        "id": caller.organisation_id,
        "name": caller.organisation_name,
        "kind": caller.organisation_kind,
        "corporate_number": caller.corporate_number,
        "verified": caller.organisation_verified,
        "rights": caller.rights,
    }


@router.get("/members", response_model=list[MemberOut], responses=described(401, 403))
def list_members(request: Request, session: Transaction, caller: Applicant) -> Any:
    """The members of your organisation. For its owners."""
    return members.members(session, caller, proof_of(request))


@router.patch("/members/{member_id}", status_code=204, responses=_REFUSALS)
def change_member(member_id: UUID, written: RightsIn, request: Request, session: Transaction, _: Applicant) -> None:
    """Change a member's rights. An organisation keeps at least one owner."""
    members.change_rights(session, proof_of(request), member_id, written.rights)
    session.commit()
    request.app.state.callers.forget_all()


@router.delete("/members/{member_id}", status_code=204, responses=_REFUSALS)
def remove_member(member_id: UUID, request: Request, session: Transaction, _: Applicant) -> None:
    """Remove a member: his sessions and keys end (elsewhere within five seconds)."""
    members.remove_member(session, proof_of(request), member_id)
    session.commit()
    request.app.state.callers.forget_all()


@router.get("/invitations", response_model=list[InvitationOut], responses=described(401, 403))
def list_invitations(request: Request, session: Transaction, caller: Applicant) -> Any:
    """The invitations that can still be accepted. For owners."""
    return members.invitations(session, caller, proof_of(request))


@router.post("/invitations", status_code=201, response_model=InvitationOut, responses=_REFUSALS)
def invite(written: InvitationIn, request: Request, session: Transaction, caller: Applicant) -> Any:
    """Mail somebody a link by which he becomes a member, once, within seven days. At most 20 at a time and 50 a day."""
    language = negotiate(request.headers.get("accept-language"))
    return members.invite(session, caller, proof_of(request), email=written.email, rights=written.rights, language=language)


@router.delete("/invitations/{invitation_id}", status_code=204, responses=_REFUSALS)
def revoke_invitation(invitation_id: UUID, request: Request, session: Transaction, _: Applicant) -> None:
    """End an invitation."""
    members.revoke_invitation(session, proof_of(request), invitation_id)


@router.get("/keys", response_model=list[KeyOut], responses=described(401, 403))
def list_keys(request: Request, session: Transaction, caller: Applicant) -> Any:
    """The keys in use of your organisation. For owners."""
    return keys.keys(session, caller, proof_of(request))


@router.post("/keys", status_code=201, response_model=NewKeyOut, responses=_REFUSALS)
def add_key(written: KeyIn, request: Request, response: Response, session: Transaction, _: Applicant) -> Any:
    """Make a key, shown this once. At most 20 are in use."""
    id_, key = keys.add_key(session, proof_of(request), written.label, written.rights)
    response.headers["cache-control"] = "no-store"
    return {"id": id_, "key": key}


@router.delete("/keys/{key_id}", status_code=204, responses=_REFUSALS)
def revoke_key(key_id: UUID, request: Request, session: Transaction, _: Applicant) -> None:
    """End a key (elsewhere within five seconds)."""
    keys.revoke_key(session, proof_of(request), key_id)
    session.commit()
    request.app.state.callers.forget_all()
