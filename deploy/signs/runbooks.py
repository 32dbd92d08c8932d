"""The runbooks, read where they are shown: what to do must be at hand when nothing else is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

from shared.i18n import Language
from shared.problems import NotFound

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"
FOLDERS: dict[Language, Path] = {"en": FOLDER, "ja": FOLDER / "ja"}
# Between Japanese letters the end of a line is no space.
_BROKEN = re.compile(r"(?<=[^\x00-\x7f])\n(?=[^\x00-\x7f])")
_LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")
_NAME = re.compile(r"[a-z][a-z-]{0,60}")
# Our own files; links lead to other files of the source, which the console does not have.
_markdown = MarkdownIt("commonmark", {"html": False}).disable(["link", "image", "autolink"])


@dataclass(frozen=True)
class Runbook:
    """One page: `name` as in its address, its title, and the rest as HTML."""

    name: str
    title: str
    html: Markup


@cache
def runbooks(language: Language) -> dict[str, Runbook]:
    """All of them in a language, by name."""
    found = (_read(path) for path in sorted(FOLDERS[language].glob("*.md")) if path.stem != "README")
    return {one.name: one for one in found}


def remedy(name: str) -> str:
    """What a runbook says to do, in English and in one line, for those who read it elsewhere than in the console."""
    _, _, rest = (FOLDER / f"{name}.md").read_text(encoding="utf-8").partition("**Do:** ")
    do = _LINK.sub(r"\1", " ".join(rest.partition("\n\n")[0].split()))
    return do[:1].upper() + do[1:]


def runbook(name: str, language: Language) -> Runbook:
    """One of them. Raises NotFound."""
    found = runbooks(language).get(name) if _NAME.fullmatch(name) else None
    if found is None:
        raise NotFound("There is no such runbook")
    return found


def _read(path: Path) -> Runbook:
    title, _, rest = _BROKEN.sub("", path.read_text(encoding="utf-8")).partition("\n")
    return Runbook(path.stem, title.removeprefix("# ").strip(), Markup(_markdown.render(rest)))  # noqa: S704 - rendered without HTML
