"""Filling a version of a template that somebody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from services.notify.models import TemplateVersion
from services.notify.wording.compiling import Compiled, compile_template
from services.notify.wording.language import name_key

_compiled = lru_cache(maxsize=512)(compile_template)


def compiled(version: TemplateVersion, channel: str, language: str = "ja") -> Compiled:
    """A version, ready to be filled. Raises TemplateError, which nothing that was saved does."""
    return _compiled(version.subject, version.body, channel, language)


def used(template: Compiled, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of these values, those that the template shows: nothing else need be kept."""
    asked = {name_key(name) for name in template.placeholders}
    return {name: value for name, value in values.items() if name_key(name) in asked}
