"""The templates of documents, set as PDF: those of the procedure with the desk's own frame (shared/typesetting)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.procedure.papers import FRAME, imports
from shared.typesetting.typesetting import Unset, set_sources

OWN = Path(__file__).parent / "typst"

__all__ = ["Unset", "own_templates", "set_pdf"]


def own_templates() -> dict[str, str]:
    """What comes with the desk: the frame of all documents, and the letter."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(OWN.glob("*.typ"))}


def set_pdf(
    template: str, templates: Mapping[str, str], doc: Mapping[str, Any], images: Mapping[str, bytes], at: datetime
) -> bytes:
    """The PDF of `template`, with `doc` as data and these images beside it. Raises Unset."""
    own = own_templates()
    sources = own | dict(templates) | {FRAME: own[FRAME]}
    if strange := sorted({one for source in sources.values() for one in imports(source)} - {f"{name}.typ" for name in sources}):
        raise Unset(f"there is no template {', '.join(strange)}")
    if template not in sources:
        raise Unset(f"there is no template {template}")
    return set_sources(template, sources, doc, images, at)
