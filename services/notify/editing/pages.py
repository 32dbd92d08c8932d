"""Pages where officials edit the texts of messages, see what they would say, and go back to older versions."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session, select

from services.notify.editing import letterheads, texts
from services.notify.editing.kinds import CHANNEL_NAMES, CHANNELS, grouped, names_of, title_of
from services.notify.editing.previewing import preview, recent
from services.notify.editing.rights import Editor, editor
from services.notify.editing.routes import Group, Procedure, a_place
from services.notify.editing.texts import LANGUAGE_NAMES, Place
from services.notify.models import Letterhead, Message, TemplateVersion
from services.notify.models import Procedure as OneProcedure
from services.notify.wording.compiling import Text
from services.notify.wording.language import MOST_BODY, MOST_SUBJECT
from services.notify.wording.rendering import shipped
from shared.i18n import LANGUAGES, Language, message
from shared.identity.callers import Caller
from shared.problems import Conflict, Forbidden, Invalid, NotFound, Problem
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import a_person

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()
# A mail has its styles in its tags. Nothing else may be in it, and it may do nothing.
_AS_MAIL = {
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "cache-control": "no-store",
}
_ACTS = {
    "written": message("Written"),
    "restored": message("An older version restored"),
    "put-back": message("Put back to the shipped text"),
}


def an_editor(session: Transaction, caller: Annotated[Caller, Depends(a_person("operator", "reviewer"))]) -> Editor:
    """A dependency: what the visitor may edit. Raises SignInFirst, Forbidden."""
    return editor(session, caller)


By = Annotated[Editor, Depends(an_editor)]
At = Annotated[Place, Depends(a_place)]
Line = Annotated[str, Form(max_length=MOST_SUBJECT * 2)]
Words = Annotated[str, Form(max_length=MOST_BODY * 2)]
Number = Annotated[int, Form(ge=0)]


@router.get("/notify/templates")
def list_texts(request: Request, session: Transaction, by: By, procedure: Procedure = "") -> Response:
    language, there = language_of(request), texts.edited(session, procedure)
    kinds = {title: [(key, title_of(key, language)) for key in keys] for title, keys in grouped().items()}
    own = {
        key: [(channel, one) for channel in CHANNELS for one in LANGUAGES if (key, channel, one) in there]
        for keys in grouped().values()
        for key in keys
    }
    return _pages.show(
        request,
        "texts.html",
        kinds=kinds,
        own=own,
        procedure=procedure,
        procedures=_procedures(session, by, language),
        channels=CHANNEL_NAMES,
        language_names=LANGUAGE_NAMES,
    )


@router.get("/notify/templates/{key}")
def show_text(request: Request, session: Transaction, by: By, place: At) -> Response:
    found = texts.in_use(session, place)
    return _text(request, session, by, place, subject=found.subject, body=found.body)


@router.post("/notify/templates/{key}")
def write_text(
    request: Request,
    session: Transaction,
    by: By,
    place: At,
    *,
    subject: Line = "",
    body: Words = "",
    version: Number = 0,
    act: Annotated[str, Form(pattern="^(save|preview|mail)$")] = "save",
    of: Annotated[UUID | str, Form(max_length=36)] = "",
) -> Response:
    body = body.replace("\r\n", "\n")
    entered: dict[str, Any] = {"subject": subject, "body": body, "version": version, "of": of}
    try:
        if act == "save":
            texts.save(session, by, place, subject=subject, body=body, version=version)
            return _to(place, saved="1")
        text = preview(
            session,
            by,
            place,
            subject=subject,
            body=body,
            settings=request.app.state.settings,
            message_id=of if isinstance(of, UUID) else None,
        )
    except (Invalid, Conflict, NotFound, Forbidden) as problem:
        session.rollback()
        return _text(request, session, by, place, problem=problem, **entered)
    if act == "mail":
        return HTMLResponse(text.html or f"<pre>{escape(text.body)}</pre>", headers=_AS_MAIL)
    return _text(request, session, by, place, shown=text, **entered)


@router.post("/notify/templates/{key}/shipped")
def put_back(request: Request, session: Transaction, by: By, place: At, version: Number = 0) -> Response:
    try:
        texts.put_back(session, by, place, version=version)
    except (Conflict, NotFound, Forbidden) as problem:
        session.rollback()
        return _versions(request, session, by, place, problem=problem)
    return _to(place, saved="1")


@router.get("/notify/templates/{key}/versions")
def list_versions(request: Request, session: Transaction, by: By, place: At) -> Response:
    return _versions(request, session, by, place)


@router.post("/notify/templates/{key}/versions/{number}")
def restore(request: Request, session: Transaction, by: By, place: At, number: int, *, version: Number = 0) -> Response:
    try:
        texts.restore(session, by, place, number, version=version)
    except (Invalid, Conflict, NotFound, Forbidden) as problem:
        session.rollback()
        return _versions(request, session, by, place, problem=problem)
    return _to(place, saved="1")


@router.get("/notify/letterheads")
def list_letterheads(request: Request, session: Transaction, by: By) -> Response:
    heads = {(one.group, one.language): one for one in letterheads.all_of(session, by)}
    groups = letterheads.groups(session, by, language_of(request))
    return _pages.show(request, "letterheads.html", groups=groups, heads=heads, language_names=LANGUAGE_NAMES)


@router.get("/notify/letterheads/edit")
def show_letterhead(request: Request, session: Transaction, by: By, group: Group = "", language: Language = "ja") -> Response:
    by.must_head(group)
    return _letterhead(request, session, by, letterheads.of_group(session, group, language))


@router.post("/notify/letterheads/edit")
def write_letterhead(
    request: Request,
    session: Transaction,
    by: By,
    *,
    group: Group = "",
    language: Language = "ja",
    header: Words = "",
    footer: Words = "",
) -> Response:
    try:
        letterheads.save(session, by, group, language, header=header, footer=footer)
    except Invalid as problem:
        session.rollback()
        entered = Letterhead(group=group, language=language, header=header, footer=footer, updated_by="")
        return _letterhead(request, session, by, entered, problem=problem)
    return RedirectResponse("/notify/letterheads", 303, {"cache-control": "no-store"})


def _letterhead(request: Request, session: Session, by: Editor, head: Letterhead, *, problem: Problem | None = None) -> Response:
    return _pages.show(
        request,
        "letterhead.html",
        status=problem.status if problem else 200,
        problem=problem,
        head=head,
        title=letterheads.groups(session, by, language_of(request)).get(head.group, head.group),
        language_names=LANGUAGE_NAMES,
        most=letterheads.MOST_LINES,
    )


def _to(place: Place, **more: str) -> Response:
    return RedirectResponse(f"/notify/templates/{place.key}?{_query(place, **more)}", 303, {"cache-control": "no-store"})


def _query(place: Place, **more: str) -> str:
    return urlencode({**{name: value for name, value in place._asdict().items() if name != "key" and value}, **more})


def _text(
    request: Request,
    session: Session,
    by: Editor,
    place: Place,
    *,
    subject: str,
    body: str,
    version: int | None = None,
    of: UUID | str = "",
    shown: Text | None = None,
    problem: Problem | None = None,
) -> Response:
    language, found = language_of(request), texts.in_use(session, place)
    return _pages.show(
        request,
        "text.html",
        status=problem.status if problem else 200,
        problem=problem,
        place=place,
        query=_query(place),
        queries={
            (channel, one): _query(place._replace(channel=channel, language=one)) for channel in CHANNELS for one in LANGUAGES
        },
        title=title_of(place.key, language),
        channels=CHANNEL_NAMES,
        language_names=LANGUAGE_NAMES,
        procedures=_procedures(session, by, language),
        in_use=found,
        version=found.version if version is None else version,
        subject=subject,
        body=body,
        of=str(of),
        recent=[(str(one.id), _called(one), one.created_at) for one in recent(session, by, place)],
        names=names_of(place.key),
        may_edit=by.may_edit(place.procedure),
        findings=texts.findings(session, place, subject, body) if shown else [],
        shown=shown,
        saved="saved" in request.query_params,
        most_subject=MOST_SUBJECT,
        most_body=MOST_BODY,
    )


def _versions(request: Request, session: Session, by: Editor, place: Place, *, problem: Problem | None = None) -> Response:
    history = list(texts.history(session, place))
    before = [one if one.act != "put-back" else None for one in history[1:]] + [None]
    standard = "\n\n".join(shipped(place.key, place.language, place.channel))
    return _pages.show(
        request,
        "text_versions.html",
        status=problem.status if problem else 200,
        problem=problem,
        place=place,
        query=_query(place),
        title=title_of(place.key, language_of(request)),
        acts=_ACTS,
        channels=CHANNEL_NAMES,
        language_names=LANGUAGE_NAMES,
        may_edit=by.may_edit(place.procedure),
        own=texts.in_use(session, place).own,
        newest=history[0].version if history else 0,
        versions=[
            (one, texts.differences(_whole(old) if old else standard, _whole(one)) if one.act != "put-back" else [])
            for one, old in zip(history, before, strict=True)
        ],
    )


def _whole(version: TemplateVersion) -> str:
    return f"{version.subject}\n\n{version.body}"


def _called(one: Message) -> str:
    """What tells messages apart: a number, and nobody's name."""
    return str(one.filling.get("arrival_number") or one.filling.get("receipt_number") or one.subject[:40])


def _procedures(session: Session, by: Editor, language: Language) -> dict[str, str]:
    """The procedures whose texts the editor may write, with their titles."""
    found = {
        one.id: one.title.get(language) or one.title["ja"] for one in session.exec(select(OneProcedure)) if by.may_edit(one.id)
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))
