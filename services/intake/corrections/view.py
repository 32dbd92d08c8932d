"""The fields of a correction as the templates draw them: what is open as inputs, what stands around it as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.intake.corrections.correcting import Mending
from services.intake.forms.reading import Posted, read_page
from services.intake.forms.shown import Shown
from services.intake.forms.view import shown_page
from shared.i18n import Language
from shared.procedure.changes import Opened, written
from shared.procedure.fields import GroupField, SimpleField
from shared.procedure.form_errors import Wrong
from shared.procedure.model import Page


def shown_fields(
    work: Mending,
    answers: Mapping[str, Any],
    open_: Opened,
    language: Language,
    *,
    wrong: Sequence[Wrong] = (),
    states: Mapping[str, str],
) -> list[Shown]:
    """The open fields of all pages, with what is `wrong`, and the `states` of the files that are named."""
    mends = [{"pointer": item["pointer"], "ja": item["says"], "en": item["says"]} for item in work.correction.items]
    found: list[Shown] = []
    for number, page in enumerate(work.published.procedure.form, 1):
        fields = shown_page(work.published, number, answers, language, wrong=wrong, mends=mends, states=states, on=work.filed_on)
        found += [field for field in fields if field.name and _keeps(field, open_, answers, page, language)]
    return found


def _keeps(field: Shown, open_: Opened, answers: Mapping[str, Any], page: Page, language: Language) -> bool:
    pointer = f"/{field.name}"
    if open_.has(pointer) or pointer in open_.computed:
        return True
    group = next((one for one in page.fields if isinstance(one, GroupField) and one.key == field.name), None)
    if group is None or not any(one.startswith(f"{pointer}/") for one in open_.places):
        return False
    field.fixed = True
    parts = {part.key: part for part in group.fields}
    for row, given in zip(field.rows, answers.get(group.key) or [], strict=False):
        for part in row:
            key = part.name.rpartition(".")[2]
            if not open_.has("/" + part.name.replace(".", "/")):
                _shut(part, parts[key], given.get(key), language)
    return True


def _shut(part: Shown, field: SimpleField, answer: Any, language: Language) -> None:
    part.widget, part.value, part.required, part.help = "fixed", written(field, answer, language), False, ""


def read_fields(work: Mending, posted: Posted) -> dict[str, Any]:
    """What the form sent, of all pages."""
    found: dict[str, Any] = {}
    for page in work.published.procedure.form:
        found |= read_page(page, posted)
    return found
