"""Templates of clients."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.notify.models import Client, Template, TemplateVersion
from services.notify.wording.compiling import compile_template
from shared.problems import FieldError, Invalid, NotFound
from shared.validation import text_errors

CHANNELS = ("email", "sms", "letter")
MOST_TEMPLATES = 1000
MOST_SUBJECT, MOST_BODY = 500, 20_000

Written = tuple[Template, TemplateVersion]


def add_template(session: Session, client: Client, channel: str, *, name: str, body: str, by: str, subject: str = "") -> Written:
    """A new template of a client, with its first version. Raises Invalid (TemplateError where it breaks the language)."""
    errors = [
        *text_errors("/name", name, 200, needed=True),
        *text_errors("/subject", subject, MOST_SUBJECT, needed=channel != "sms"),
        *text_errors("/body", body, MOST_BODY, needed=True),
    ]
    if channel not in CHANNELS:
        errors.append(FieldError("/channel", "Choose one of {expected}", {"expected": ", ".join(CHANNELS)}))
    if errors:
        raise Invalid("See the list of errors", errors=errors)
    compile_template(subject, body, channel)
    template = Template(client_id=client.id, channel=channel, name=name, version=1)
    session.add(template)
    session.flush()
    return template, _write(session, template, subject, body, by)


def revise(session: Session, template: Template, subject: str, body: str, by: str) -> TemplateVersion:
    """A new version of a template, in use from now on. Raises Invalid (TemplateError)."""
    errors = [*text_errors("/subject", subject, MOST_SUBJECT), *text_errors("/body", body, MOST_BODY, needed=True)]
    if errors:
        raise Invalid("See the list of errors", errors=errors)
    compile_template(subject, body, template.channel)
    session.refresh(template, with_for_update=True)
    template.version += 1
    session.add(template)
    return _write(session, template, subject, body, by)


def _write(session: Session, template: Template, subject: str, body: str, by: str) -> TemplateVersion:
    version = TemplateVersion(template_id=template.id, version=template.version, subject=subject, body=body, created_by=by)
    session.add(version)
    session.flush()
    return version


def of_client(session: Session, client_id: UUID, template_id: UUID, version: int | None = None) -> Written | None:
    """A template of this client in a version, or the one in use; None if it has no such."""
    number = Template.version if version is None else version
    query = (
        select(Template, TemplateVersion)
        .join(TemplateVersion, col(TemplateVersion.template_id) == Template.id)
        .where(Template.id == template_id, Template.client_id == client_id, TemplateVersion.version == number)
    )
    found = session.exec(query).first()
    return (found[0], found[1]) if found else None


def archive(template: Template) -> None:
    """Take no more messages with a template; those that were taken are still sent."""
    template.archived_at = template.archived_at or datetime.now(UTC)


def must_find(session: Session, client_id: UUID, which: str) -> Written:
    """A template of this client by its id, as somebody wrote it. Raises NotFound."""
    found = None
    with suppress(ValueError):
        found = of_client(session, client_id, UUID(which))
    if found is None:
        raise NotFound("The client has no template with the id {id}", id=which)
    return found


def all_of_client(session: Session, client_id: UUID, channel: str | None = None) -> Sequence[Written]:
    """A client's templates in use, by name."""
    query = (
        select(Template, TemplateVersion)
        .join(TemplateVersion, col(TemplateVersion.template_id) == Template.id)
        .where(Template.client_id == client_id, TemplateVersion.version == Template.version, col(Template.archived_at).is_(None))
    )
    if channel is not None:
        query = query.where(Template.channel == channel)
    return [(one, version) for one, version in session.exec(query.order_by(col(Template.name)).limit(MOST_TEMPLATES))]


def versions_of(session: Session, client_id: UUID, template_id: UUID) -> Sequence[Written]:
    """All versions of a template of this client, newest first."""
    query = (
        select(Template, TemplateVersion)
        .join(TemplateVersion, col(TemplateVersion.template_id) == Template.id)
        .where(Template.id == template_id, Template.client_id == client_id)
        .order_by(col(TemplateVersion.version).desc())
        .limit(MOST_TEMPLATES)
    )
    return [(one, version) for one, version in session.exec(query)]
