"""What the post knows of procedures: their titles, what they say of their messages, and their own texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from services.notify.models import Procedure, Template, TemplateVersion
from shared.events import ProcedurePublished, ProcedureRef
from shared.i18n import LANGUAGES

Text = Mapping[str, Mapping[str, str]]


def keep_procedure(session: Session, events: list[ProcedurePublished]) -> None:
    """Keep the newest title of each procedure, what it says of its messages, where its cases may go, and its own texts."""
    for event in events:
        said = event.definition.get("messages", {})
        before = session.get(Procedure, event.procedure.id, with_for_update=True)
        if before is not None and before.version >= event.procedure.version:
            continue
        old = before.messages if before else {}
        kept = before or Procedure(id=event.procedure.id, version=event.procedure.version, title={})
        kept.version, kept.title = event.procedure.version, event.definition["title"]
        kept.messages, kept.groups = said, _groups(event.definition)
        kept.retention = event.definition.get("retention", {})
        session.add(kept)
        session.flush()
        for kind in {**old, **said}:
            _keep_text(session, event.procedure, kind, old.get(kind, {}).get("text"), said.get(kind, {}).get("text"))


def procedures_of(session: Session, wanted: Iterable[str]) -> dict[str, Procedure]:
    """These procedures. Raises LookupError for one that was not heard of yet: its event is tried again later."""
    ids = set(wanted)
    rows = session.exec(select(Procedure).where(col(Procedure.id).in_(ids))) if ids else ()
    found = {row.id: row for row in rows}
    if missing := ids - found.keys():
        raise LookupError(f"procedures not heard of yet: {', '.join(sorted(missing))}")
    return found


def _keep_text(session: Session, ref: ProcedureRef, kind: str, old: Text | None, new: Text | None) -> None:
    """A text that a version of a procedure brings is in use from now on; one that it does not change stays as officials have it.

    One that it does not bring any more is put back, unless officials wrote another one meanwhile.
    """
    for language in LANGUAGES:
        was, now = ((one["subject"].get(language, ""), one["body"].get(language, "")) if one else ("", "") for one in (old, new))
        if was == now:
            continue
        template = _template(session, ref, kind, language)
        if now[1]:
            template.archived_at = None
            _write(session, template, ref, *now)
        elif _newest_is(session, template, was):
            template.archived_at = datetime.now(UTC)
            _write(session, template, ref)


def _template(session: Session, ref: ProcedureRef, kind: str, language: str) -> Template:
    query = select(Template).where(
        Template.key == kind, Template.channel == "email", Template.language == language, Template.procedure_id == ref.id
    )
    found = session.exec(query.with_for_update()).first()
    return found or Template(key=kind, channel="email", language=language, procedure_id=ref.id, name=kind, version=0)


def _newest_is(session: Session, template: Template, words: tuple[str, str]) -> bool:
    newest = session.get(TemplateVersion, (template.id, template.version))
    return newest is not None and (newest.subject, newest.body) == words


def _write(session: Session, template: Template, ref: ProcedureRef, subject: str = "", body: str = "") -> None:
    act = "written" if body else "put-back"
    template.version += 1
    session.add(template)
    session.flush()
    made = TemplateVersion(template_id=template.id, version=template.version, body=body, created_by=f"{ref.id} ({ref.version})")
    made.subject, made.act = subject, act
    session.add(made)


def _groups(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The groups that a procedure's routes name, and all offices with prefectures where one goes by those; with their titles."""
    routes = definition.get("review", {}).get("route", [])
    offices = {office["key"]: office for office in definition.get("offices", [])}
    named = {route["to"] for route in routes if route.get("to")}
    if any(route.get("to-office-of") for route in routes):
        named |= {key for key, office in offices.items() if office.get("prefectures")}
    return {key: offices.get(key, {}).get("title", {}) for key in sorted(named)}
