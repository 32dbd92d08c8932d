"""The texts of messages over HTTP, for operators and for managers and editors of groups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.notify.editing import letterheads, texts
from services.notify.editing.kinds import CHANNELS, Channel, grouped, names_of
from services.notify.editing.previewing import preview
from services.notify.editing.rights import Editor, editor
from services.notify.editing.texts import Place, known
from services.notify.wording.language import MOST_BODY, MOST_SUBJECT
from services.notify.wording.rendering import shipped
from shared.i18n import LANGUAGES, Language, translate
from shared.identity.callers import Caller
from shared.procedure.fields import NAME
from shared.web.callers import Transaction, a_caller
from shared.web.pages import language_of
from shared.web.problems import described

router = APIRouter(tags=["templates"])
NO_NULL = r"^[^\x00]*$"
_Caller = Annotated[Caller, Depends(a_caller("operator", "reviewer"))]
Procedure = Annotated[str, Query(pattern=rf"^$|{NAME}", max_length=63, description="a procedure's id; empty: all of them")]
Group = Annotated[str, Query(pattern=rf"^$|{NAME}", max_length=63, description="a group; empty: all that have none of their own")]


def an_editor(session: Transaction, caller: _Caller) -> Editor:
    """A dependency: what the caller may edit. Raises Forbidden."""
    return editor(session, caller)


By = Annotated[Editor, Depends(an_editor)]


def a_place(
    session: Transaction, key: str, channel: Channel = "email", language: Language = "ja", procedure: Procedure = ""
) -> Place:
    """A dependency: which text. Raises NotFound."""
    return known(session, Place(key, channel, language, procedure))


At = Annotated[Place, Depends(a_place)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NameOut(BaseModel):
    """A name that a text may have between double brackets."""

    name: str
    about: str
    sample: Any


class TextOut(BaseModel):
    """The text in use."""

    subject: str
    body: str
    version: int = Field(description="the newest of its own; 0 without any. Send it with what you write")
    own: bool = Field(description="false: the text for all procedures, or the shipped one, is in use")
    shipped_subject: str
    shipped_body: str
    placeholders: list[NameOut]


class KindOut(BaseModel):
    """A kind of messages."""

    key: str
    group: str
    edited: list[str] = Field(description="channel.language of the texts of its own")


class FindingOut(BaseModel):
    """What the lint found: an error keeps the text from being saved."""

    level: str
    detail: str


class Draft(_Strict):
    """A text to look at."""

    subject: str = Field(default="", max_length=MOST_SUBJECT, pattern=NO_NULL)
    body: str = Field(max_length=MOST_BODY, pattern=NO_NULL)


class TextIn(Draft):
    """A text to be in use."""

    version: int = Field(ge=0, description="the newest that you know; another by now is a conflict")


class PreviewIn(Draft):
    """A text to try."""

    message_id: UUID | None = Field(default=None, description="whose values; else samples")


class PreviewOut(BaseModel):
    """What a text would say."""

    subject: str
    body: str
    html: str
    findings: list[FindingOut]


class VersionOut(BaseModel):
    """A version of a text."""

    version: int
    act: str
    subject: str
    body: str
    created_at: datetime
    created_by: str


class Version(_Strict):
    """The newest version that the caller knows."""

    version: int = Field(ge=0)


class LetterheadIn(_Strict):
    """What stands above and below messages, in Markdown."""

    header: str = Field(default="", max_length=letterheads.MOST_LINES, pattern=NO_NULL)
    footer: str = Field(default="", max_length=letterheads.MOST_LINES, pattern=NO_NULL)


class LetterheadOut(LetterheadIn):
    """A letterhead."""

    model_config = ConfigDict(extra="ignore")
    group: str
    language: str
    updated_at: datetime | None = None
    updated_by: str


@router.get("/v1/templates", response_model=list[KindOut], responses=described(401, 403, 422))
def list_templates(session: Transaction, _by: By, request: Request, procedure: Procedure = "") -> Any:
    """All kinds of messages."""
    there, language = texts.edited(session, procedure), language_of(request)
    own = {
        key: [f"{channel}.{one}" for channel in CHANNELS for one in LANGUAGES if (key, channel, one) in there] for key in _keys()
    }
    return [
        {"key": key, "group": translate(title, language), "edited": own[key]} for title, keys in grouped().items() for key in keys
    ]


def _keys() -> list[str]:
    return [key for keys in grouped().values() for key in keys]


@router.get("/v1/templates/{key}", response_model=TextOut, responses=described(401, 403, 404, 422))
def show_template(place: At, session: Transaction, _by: By, request: Request) -> Any:
    """The text in use, and the names that it may have."""
    return _text(session, place, language_of(request))


def _text(session: Transaction, place: Place, language: Language) -> dict[str, Any]:
    found = texts.in_use(session, place)
    subject, body = shipped(place.key, place.language, place.channel)
    names = names_of(place.key).items()
    return {
        **vars(found),
        "shipped_subject": subject,
        "shipped_body": body,
        "placeholders": [
            {"name": name, "about": translate(one.about, language), "sample": one.sample(place.language)} for name, one in names
        ],
    }


@router.put("/v1/templates/{key}", response_model=TextOut, responses=described(401, 403, 404, 409, 422))
def write_template(place: At, session: Transaction, by: By, given: TextIn, request: Request) -> Any:
    """A new version, in use at once."""
    texts.save(session, by, place, subject=given.subject, body=given.body, version=given.version)
    return _text(session, place, language_of(request))


@router.post("/v1/templates/{key}/shipped", response_model=TextOut, responses=described(401, 403, 404, 409, 422))
def put_template_back(place: At, session: Transaction, by: By, given: Version, request: Request) -> Any:
    """Let the shipped text count again."""
    texts.put_back(session, by, place, version=given.version)
    return _text(session, place, language_of(request))


@router.get("/v1/templates/{key}/versions", response_model=list[VersionOut], responses=described(401, 403, 404, 422))
def list_template_versions(place: At, session: Transaction, _by: By) -> Any:
    """The versions of a text, newest first."""
    return [one.model_dump() for one in texts.history(session, place)]


@router.post(
    "/v1/templates/{key}/versions/{number}/restore", response_model=TextOut, responses=described(401, 403, 404, 409, 422)
)
def restore_template(place: At, number: int, session: Transaction, by: By, *, given: Version, request: Request) -> Any:
    """An older version as a new one, in use at once."""
    texts.restore(session, by, place, number, version=given.version)
    return _text(session, place, language_of(request))


@router.post("/v1/templates/{key}/preview", response_model=PreviewOut, responses=described(401, 403, 404, 422))
def preview_template(place: At, session: Transaction, by: By, given: PreviewIn, request: Request) -> Any:
    """What a text would say, and what the lint finds; nothing is saved."""
    language = language_of(request)
    text = preview(
        session,
        by,
        place,
        subject=given.subject,
        body=given.body,
        settings=request.app.state.settings,
        message_id=given.message_id,
    )
    found = texts.findings(session, place, given.subject, given.body)
    said = [{"level": one.level, "detail": translate(one.detail, language, **one.values)} for one in found]
    return {"subject": text.subject, "body": text.body, "html": text.html, "findings": said}


@router.get("/v1/letterheads", response_model=list[LetterheadOut], responses=described(401, 403, 422))
def list_letterheads(session: Transaction, by: By) -> Any:
    """The letterheads of the groups that the caller may edit."""
    return [one.model_dump() for one in letterheads.all_of(session, by)]


@router.put("/v1/letterheads", response_model=LetterheadOut, responses=described(401, 403, 404, 422))
def write_letterhead(session: Transaction, by: By, given: LetterheadIn, group: Group = "", language: Language = "ja") -> Any:
    """A letterhead, in use at once."""
    return letterheads.save(session, by, group, language, header=given.header, footer=given.footer).model_dump()
