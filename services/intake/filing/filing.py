"""Filing: from a request's bytes to rows that are committed. Concurrent filings share one transaction (see Counter)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import text
from sqlmodel import Session

from services.intake.catalogue.procedures import Published, must_be_open
from services.intake.files.enclosures import enclose
from services.intake.models import Application
from services.intake.rights.entitled import must_be_entitled
from shared.bus.publish import publish
from shared.database import insert_many, new_id
from shared.events import Agent, Applicant, ApplicationFiled, Contact, NoticeWish, ProcedureRef
from shared.identity.callers import Caller
from shared.problems import FieldError, Invalid, Malformed, Problem, json_pointer
from shared.procedure.fitting import ERRORS_SHOWN, schema_errors
from shared.telemetry import current_traceparent
from shared.validation import WrittenContact, body_errors

KEY_LIMIT = 255
# What opens fewer objects and arrays is nested less deep than anything here minds.
_SHALLOW = 200
HowSaid = Literal["form", "api"]


class FilingContact(WrittenContact):
    """Whom to write to about this application, and whether notices of its disposition may be electronic."""

    electronic_notices: bool | None = Field(
        default=None,
        description="whether you want notices of dispositions, such as the decision, electronically (デジタル手続法7条1項). "
        "false: they come by post. Left out, what the account's own preferences say holds",
    )

    def kept(self, how: HowSaid) -> Contact:
        """As it is kept with the application."""
        wish = self.electronic_notices
        notices = None if wish is None else NoticeWish(electronic=wish, said_at=datetime.now(UTC), how=how)
        return Contact(name=self.name, email=self.email, language=self.language, notices=notices)


class FilingIn(BaseModel):
    """An application as it is filed."""

    model_config = ConfigDict(extra="forbid")

    procedure: str = Field(max_length=64, description="the procedure's id")
    on_behalf_of: UUID | None = Field(
        default=None, description="the organisation that you file for under its mandate: `principal.id` of GET /v1/mandates"
    )
    answers: dict[str, Any] = Field(description="fits the JSON Schema of GET /v1/procedures/{id}")
    contact: FilingContact | None = Field(default=None, description="without it, the account that files is written to")


@dataclass(frozen=True)
class Filing:
    """A filing that fits its procedure's form, ready to be recorded."""

    id: UUID
    caller: Caller
    procedure: ProcedureRef
    contact: Contact
    answers: dict[str, Any]
    digest: bytes
    idempotency_key: str | None
    traceparent: str | None
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What the applicant gets for a recorded filing; the same again for the same Idempotency-Key."""

    id: UUID
    receipt_number: str
    procedure: ProcedureRef
    filed_at: datetime


def read(body: bytes) -> FilingIn:
    """The filing in a request's body. Raises Malformed, Invalid."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(
            "The body is not JSON: look at line {line}, column {column}", line=error.lineno, column=error.colno
        ) from None
    if body.count(b"{") + body.count(b"[") > _SHALLOW:
        kept_as_json(content)
    try:
        filing = FilingIn.model_validate(content)
    except ValidationError as error:
        errors = body_errors(error.errors(include_input=False, include_url=False)[:ERRORS_SHOWN])
        raise Invalid(
            "The filing needs `procedure` and `answers`, and may have `contact` and `on_behalf_of`", errors=errors
        ) from None
    if b"\\u0000" in body and (pointer := null_character(content)) is not None:
        wrong = FieldError(pointer, "Take out the null character (U+0000)")
        raise Invalid("The answers do not fit the form of {id}", errors=[wrong], id=filing.procedure)
    return filing


def null_character(content: Any, pointer: str = "") -> str | None:
    """Where the null character stands, which PostgreSQL's JSON does not take; None where there is none."""
    if isinstance(content, str):
        return pointer if "\0" in content else None
    steps = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for step, part in steps:
        found = pointer if isinstance(step, str) and "\0" in step else null_character(part, pointer + json_pointer(step))
        if found is not None:
            return found
    return None


def must_be_for(caller: Caller, published: Published) -> None:
    """Whether the caller may file this procedure now. Raises Forbidden, Conflict."""
    must_be_entitled(caller, published.procedure)
    must_be_open(published)


def prepare(
    filing: FilingIn, body: bytes, caller: Caller, published: Published, idempotency_key: str | None, *, how: HowSaid = "api"
) -> Filing:
    """Check a filing against its procedure. Raises Invalid, Forbidden, Conflict."""
    must_be_for(caller, published)
    if idempotency_key is not None and not 1 <= len(idempotency_key) <= KEY_LIMIT:
        raise Invalid("The Idempotency-Key needs 1 to {limit} characters", limit=KEY_LIMIT)
    if not published.validator.is_valid(filing.answers):
        raise Invalid(
            "The answers do not fit the form of {id}",
            errors=schema_errors(published.validator, filing.answers, above="/answers"),
            id=published.procedure.procedure,
        )
    contact = (
        filing.contact.kept(how) if filing.contact else Contact(name=caller.name, email=caller.email, language=caller.language)
    )
    return Filing(
        new_id(),
        caller,
        published.ref,
        contact,
        filing.answers,
        hashlib.sha256(body).digest(),
        idempotency_key,
        current_traceparent(),
        tuple(one["id"] for _, one in published.attached(filing.answers)),
    )


# What the database fills in; a receipt number has seven digits, and more if it must.
_RECORDED = (
    ("filed_at", "now()"),
    (
        "receipt_number",
        """'R' || to_char(now() at time zone 'Asia/Tokyo', 'YYYYMMDD-')
               || to_char(nextval('intake.receipt_number_seq'), 'FM999999999990000000')""",
    ),
)

_EARLIER = text("""
select id, receipt_number, procedure_id, procedure_version, filed_at, digest
from intake.application where id = :id or (organisation_id = :organisation_id and idempotency_key = :key)
""")


def record(session: Session, filings: list[Filing]) -> list[Receipt | Problem]:
    """Record filings and announce them, all in the caller's transaction. One answer for each, in their order.

    A key that was used before with the same body gets its first receipt again; with another body it gets Invalid.
    """
    rows = insert_many(
        session,
        Application,
        [_row(filing) for filing in filings],
        computed=_RECORDED,
        returning=("id", "receipt_number", "filed_at"),
    )
    recorded = {row.id: row for row in rows}
    receipts = {
        filing.id: Receipt(filing.id, row.receipt_number, filing.procedure, row.filed_at)
        for filing in filings
        if (row := recorded.get(filing.id))
    }
    enclose(session, [one for filing in filings if filing.id in receipts for one in _enclosed(filing)])
    publish(session, *(_filed(filing, receipts[filing.id]) for filing in filings if filing.id in receipts))
    return [receipts.get(filing.id) or _earlier(session, filing) for filing in filings]


def _enclosed(filing: Filing) -> list[dict[str, str]]:
    whose = {"application_id": str(filing.id), "organisation_id": str(filing.caller.organisation_id)}
    return [{**whose, "attachment_id": one} for one in filing.attachments]


def _filed(filing: Filing, receipt: Receipt) -> ApplicationFiled:
    return ApplicationFiled(
        subject=str(filing.id),
        sequence=1,
        traceparent=filing.traceparent,
        receipt_number=receipt.receipt_number,
        procedure=filing.procedure,
    )


def _row(filing: Filing) -> dict[str, Any]:
    caller = filing.caller
    agent = caller.agent
    applicant = Applicant(
        organisation_id=caller.organisation_id,
        name=caller.organisation_name,
        corporate_number=caller.corporate_number,
        verified=caller.organisation_verified,
        agent=Agent.model_validate(agent, from_attributes=True) if agent else None,
        kind=caller.organisation_kind,
    )
    return {
        "id": filing.id,
        "organisation_id": caller.organisation_id,
        "agent_id": agent.organisation_id if agent else None,
        "account_id": caller.account_id,
        "procedure_id": filing.procedure.id,
        "procedure_version": filing.procedure.version,
        "applicant": applicant.model_dump(mode="json"),
        "contact": filing.contact.model_dump(mode="json", exclude_none=True),
        "answers": filing.answers,
        "state": "filed",
        "version": 1,
        "idempotency_key": filing.idempotency_key,
        "digest": f"\\x{filing.digest.hex()}",
    }


def _earlier(session: Session, filing: Filing) -> Receipt | Problem:
    row = session.execute(
        _EARLIER, {"id": filing.id, "organisation_id": filing.caller.organisation_id, "key": filing.idempotency_key}
    ).one()
    if bytes(row.digest) != filing.digest:
        return Invalid("This Idempotency-Key was used for another filing; use a new key for a new filing")
    return Receipt(row.id, row.receipt_number, ProcedureRef(id=row.procedure_id, version=row.procedure_version), row.filed_at)


def clean(answers: dict[str, Any] | None) -> None:
    """Refuse what no JSON column takes: the null character, lone surrogates, endless numbers and nestings. Raises Invalid."""
    kept_as_json(answers)
    if answers is not None and (pointer := null_character(answers, "/answers")) is not None:
        raise Invalid("See the list of errors", errors=[FieldError(pointer, "Take out the null character (U+0000)")])


def kept_as_json(content: Any) -> None:
    """Raises Invalid for what cannot be written as JSON again: among others for what is nested hundreds of levels deep."""
    try:
        orjson.dumps(content)
    except TypeError:
        raise Invalid("The answers cannot be kept: they hold a broken text, a number too large, or are nested too deep") from None
