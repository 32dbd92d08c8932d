"""The texts that officials write in place of shipped ones: in versions, none of which ever changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import NamedTuple

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.notify.editing.kinds import CHANNELS, Channel
from services.notify.editing.linting import Finding, lint
from services.notify.editing.rights import Editor
from services.notify.messages.acts import note
from services.notify.models import Procedure, Template, TemplateVersion
from services.notify.wording.rendering import keys, shipped
from shared.database import new_id
from shared.i18n import LANGUAGES, Language, message
from shared.problems import Conflict, Invalid, NotFound

MOST_VERSIONS = 200
LANGUAGE_NAMES: dict[str, str] = {"ja": "日本語", "en": "English"}


class Place(NamedTuple):
    """Which text: of a kind, for a channel, in a language, for one procedure or ('') all."""

    key: str
    channel: Channel = "email"
    language: Language = "ja"
    procedure: str = ""


@dataclass(frozen=True)
class InUse:
    """The text of a place. version: the newest of its own, 0 without any; own: whether that, or what is before it, is in use."""

    subject: str
    body: str
    version: int
    own: bool


def known(session: Session, place: Place) -> Place:
    """The place. Raises NotFound for what is none."""
    right = place.key in keys() and place.channel in CHANNELS and place.language in LANGUAGES
    if not right or (place.procedure and session.get(Procedure, place.procedure) is None):
        raise NotFound(message("There is no such text"))
    return place


def in_use(session: Session, place: Place) -> InUse:
    """What is in use at a place: its own text, else that for all procedures, else the shipped one."""
    template = _template(session, place)
    version = template.version if template else 0
    if template and template.archived_at is None:
        own = session.get_one(TemplateVersion, (template.id, template.version))
        return InUse(own.subject, own.body, version, own=True)
    if place.procedure:
        general = in_use(session, place._replace(procedure=""))
        return InUse(general.subject, general.body, version, own=False)
    return InUse(*shipped(place.key, place.language, place.channel), version, own=False)


def edited(session: Session, procedure: str) -> set[tuple[str, str, str]]:
    """Kind, channel and language of the texts that a procedure ('': all) has of its own."""
    query = select(Template).where(
        col(Template.key).is_not(None), Template.procedure_id == procedure, col(Template.archived_at).is_(None)
    )
    return {(one.key or "", one.channel, one.language) for one in session.exec(query)}


def save(session: Session, by: Editor, place: Place, *, subject: str, body: str, version: int, act: str = "written") -> int:
    """A new version, in use at once. Returns its number.

    `version` is the newest that the writer knew: Conflict if somebody wrote another meanwhile. Raises Forbidden, and Invalid
    with what the lint found.
    """
    by.must_edit(place.procedure)
    body = body.replace("\r\n", "\n").strip("\n") + "\n"
    subject = " ".join(subject.split())
    if wrong := [found for found in lint(place.key, place.channel, place.language, subject, body) if found.level == "error"]:
        raise Invalid(wrong[0].detail, **wrong[0].values)
    template = _locked(session, place, version)
    template.archived_at = None
    return _write(session, by, place, template, act, subject, body)


def restore(session: Session, by: Editor, place: Place, number: int, *, version: int) -> int:
    """An older version as a new one. Raises NotFound, and what `save` raises."""
    old = next((one for one in history(session, place) if one.version == number and one.act != "put-back"), None)
    if old is None:
        raise NotFound(message("There is no such version"))
    return save(session, by, place, subject=old.subject, body=old.body, version=version, act="restored")


def put_back(session: Session, by: Editor, place: Place, *, version: int) -> None:
    """Let the shipped text count again (for a procedure: the text for all of them). Raises Forbidden, Conflict, NotFound."""
    by.must_edit(place.procedure)
    if not in_use(session, place).own:
        raise NotFound(message("The shipped text is in use already"))
    template = _locked(session, place, version)
    template.archived_at = datetime.now(UTC)
    _write(session, by, place, template, "put-back")


def history(session: Session, place: Place) -> Sequence[TemplateVersion]:
    """The versions of a place, newest first."""
    template = _template(session, place)
    if template is None:
        return []
    query = select(TemplateVersion).where(TemplateVersion.template_id == template.id)
    return session.exec(query.order_by(col(TemplateVersion.version).desc()).limit(MOST_VERSIONS)).all()


def findings(session: Session, place: Place, subject: str, body: str) -> list[Finding]:
    """What the lint says of a text at a place, and whether the other language has one of its own too."""
    found = lint(place.key, place.channel, place.language, subject, body)
    there = edited(session, place.procedure)
    if lacking := [one for one in LANGUAGES if one != place.language and (place.key, place.channel, one) not in there]:
        detail = message("In {language} the shipped text is in use: look whether it says the same")
        found.append(Finding("warning", detail, {"language": ", ".join(LANGUAGE_NAMES[one] for one in lacking)}))
    return found


def differences(old: str, new: str) -> list[tuple[str, str]]:
    """The lines of two texts: (same, removed or added, line)."""
    before, after = old.splitlines(), new.splitlines()
    out: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            out += [("same", line) for line in before[a:b]]
        else:
            out += [("removed", line) for line in before[a:b]] + [("added", line) for line in after[c:d]]
    return out


def _template(session: Session, place: Place, *, lock: bool = False) -> Template | None:
    query = select(Template).where(
        Template.key == place.key,
        Template.channel == place.channel,
        Template.language == place.language,
        Template.procedure_id == place.procedure,
    )
    return session.exec(query.with_for_update() if lock else query).first()


def _locked(session: Session, place: Place, version: int) -> Template:
    """The place's row, nobody else writing. Raises Conflict where another version is the newest by now."""
    values = {"key": place.key, "channel": place.channel, "language": place.language, "procedure_id": place.procedure}
    session.execute(insert(Template).values(id=new_id(), name=place.key, version=0, **values).on_conflict_do_nothing())
    template = _template(session, place, lock=True)
    if template is None or template.version != version:
        raise Conflict(message("Somebody else has changed this text meanwhile"))
    return template


def _write(session: Session, by: Editor, place: Place, template: Template, *what: str) -> int:
    """A new version: the act, subject and body."""
    act, subject, body = (*what, "", "")[:3]
    template.version += 1
    session.add(template)
    session.flush()
    made = TemplateVersion(template_id=template.id, version=template.version, body=body, created_by=by.who.name)
    made.subject, made.act = subject, act
    session.add(made)
    session.flush()
    note(session, by.who, f"text.{act}", place.key, **place._asdict(), version=template.version)
    return template.version
