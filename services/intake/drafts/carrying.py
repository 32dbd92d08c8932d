"""Answers on their way into a draft: from the organisation, from an earlier application, from a version to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.identity.callers import Caller
from shared.japanese import PREFECTURES
from shared.procedure.fields import FieldOf, GroupField
from shared.procedure.model import Procedure

# Keys under which procedures ask for the applicant's own name.
OWN_NAME = {"name", "applicant_name", "organisation", "organisation_name", "corporate_name"}


def prefilled(procedure: Procedure, caller: Caller) -> dict[str, Any]:
    """What is known of the organisation already; it can be changed like everything else."""
    answers: dict[str, Any] = {}
    for field in procedure.fields():
        kind = getattr(field, "type", "")
        if kind == "corporate-number" and caller.corporate_number and field.key == "corporate_number":
            answers[field.key] = caller.corporate_number
        elif kind in {"text", "organisation-name"} and field.key in OWN_NAME and caller.organisation_name:
            answers[field.key] = caller.organisation_name
        elif kind == "address" and field.key == "address" and (address := _address(caller.profile)):
            answers[field.key] = address
    return answers


def _address(profile: Mapping[str, Any]) -> dict[str, str] | None:
    """The address as GビズID told it at the last sign-in: `prefecture_name` is a code (JIS X 0401)."""
    prefecture, rest = profile.get("prefecture_name"), f"{profile.get('address1', '')}{profile.get('address2', '')}"
    return {"prefecture": prefecture, "address": rest} if prefecture in PREFECTURES and rest else None


def carry_over(old: Procedure, new: Procedure, answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answers that a new version still asks for, and what it changed: labels of `added`, `removed`, `changed` fields."""
    before, after = ({field.key: field for field in one.fields()} for one in (old, new))
    changes = _compared(before, after)
    carried: dict[str, Any] = {}
    for key, answer in answers.items():
        field = after.get(key)
        if isinstance(field, GroupField) and isinstance(answer, list):
            parts = {part.key for part in field.fields}
            carried[key] = [{k: v for k, v in row.items() if k in parts} for row in answer if isinstance(row, dict)]
        elif field is not None:
            carried[key] = answer
    return carried, {kind: labels for kind, labels in changes.items() if labels}


def _compared(before: Mapping[str, FieldOf], after: Mapping[str, FieldOf]) -> dict[str, Sequence[dict[str, str]]]:
    return {
        "added": [_label(field) for key, field in after.items() if key not in before],
        "removed": [_label(field) for key, field in before.items() if key not in after],
        "changed": [_label(field) for key, field in after.items() if key in before and before[key] != field],
    }


def _label(field: FieldOf) -> dict[str, str]:
    return {language: field.label.within(language) for language in ("ja", "en")}
