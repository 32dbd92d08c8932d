"""Reading procedures from YAML, saying for each mistake where it stands."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from shared.i18n import Language, Said, message, translate
from shared.procedure.amiss import said_of
from shared.procedure.expressions import Path as Place
from shared.procedure.expressions import mistakes
from shared.procedure.fields import NAME
from shared.procedure.lint import Level, lint
from shared.procedure.model import Procedure
from shared.procedure.papers import FRAME, TEMPLATE_LIMIT, imports

OFFICES = "offices.yaml"
# A procedure's file is written by people; more than this is not one.
FILE_LIMIT = 1024 * 1024

IMAGE_LIMIT = 200 * 1024
_IMAGES = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff"}


@dataclass(frozen=True)
class Mistake:
    """One thing to mend in a file. `line` counts from 1. A warning keeps nobody from publishing."""

    file: Path
    line: int
    said: Said
    level: Level = "error"
    path: Place = ()

    def within(self, language: Language) -> str:
        """What is to be mended, after its place in the file as people write it."""
        place = ".".join(map(str, self.path))
        return f"{place}: {self.said.within(language)}" if place else self.said.within(language)

    def told(self, language: Language) -> str:
        """All of it in one line."""
        says = self.within(language)
        if self.level == "warning":
            says = translate(message("warning: {says}"), language, says=says)
        return f"{self.file}:{self.line}: {says}"

    @property
    def says(self) -> str:
        """What is to be mended, in English."""
        return self.within("en")

    def __str__(self) -> str:
        return self.told("en")


class Unreadable(Exception):
    """The file is not a procedure; `mistakes` says why."""

    def __init__(self, found: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, found)))
        self.mistakes = found


def read(path: Path) -> Procedure:
    """The procedure in a YAML file, with the offices of the file beside it. Raises Unreadable."""
    offices = _load(path.with_name(OFFICES))
    source = _load(path)
    _take_in_images(path, source)
    _take_in_templates(path, source)
    try:
        procedure = Procedure.model_validate({**source, "offices": offices.get("offices", [])})
    except ValidationError as error:
        raise Unreadable([Mistake(path, _line(source, e["loc"]), said_of(e), path=e["loc"]) for e in error.errors()]) from None
    if procedure.procedure != path.stem:
        says = Said("the file of the procedure {procedure} needs the name {procedure}.yaml", procedure=procedure.procedure)
        raise Unreadable([Mistake(path, 1, says)])
    if found := mistakes(procedure):
        raise Unreadable([Mistake(path, _line(source, where), says, path=where) for where, says in found])
    return procedure


def checked(path: Path) -> list[Mistake]:
    """All mistakes and warnings of a file: what keeps it from being read, or else what `lint` finds in it."""
    try:
        procedure = read(path)
    except Unreadable as error:
        return error.mistakes
    source = _load(path)
    return [Mistake(path, _line(source, one.path), one.says, one.level, one.path) for one in lint(procedure)]


def procedure_files(folder: Path) -> list[Path]:
    """The procedures' files in a folder."""
    return sorted(path for path in folder.glob("*.yaml") if path.name != OFFICES)


def _load(path: Path) -> Any:
    if not path.is_file():
        raise Unreadable([Mistake(path, 1, Said("there is no such file: {name}", name=path.name))])
    if path.stat().st_size > FILE_LIMIT:
        raise Unreadable([Mistake(path, 1, Said("the file is larger than {limit} bytes", limit=FILE_LIMIT))])
    try:
        loaded = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unreadable([Mistake(path, line, Said("this is not YAML: {why}", why=error.problem))]) from None
    except UnicodeDecodeError:
        raise Unreadable([Mistake(path, 1, Said("the file is not UTF-8"))]) from None
    if not isinstance(loaded, dict):
        raise Unreadable([Mistake(path, 1, Said("the file needs keys and values"))])
    return loaded


def _take_in_images(path: Path, source: Any) -> None:
    """Put the images that stand beside the file into it, so that what is published is whole. Raises Unreadable."""
    for page in source.get("form") or ():
        for field in (page.get("fields") or ()) if isinstance(page, dict) else ():
            name = field.get("image") if isinstance(field, dict) else None
            if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
                continue
            beside = path.with_name(name)
            if not beside.is_file() or beside.stat().st_size > IMAGE_LIMIT:
                says = Said("beside the procedure there is no file {name} of at most {limit} bytes", name=name, limit=IMAGE_LIMIT)
                raise Unreadable([Mistake(path, field.lc.line + 1, says)])
            content = beside.read_bytes()
            kind = next((kind for kind, begin in _IMAGES.items() if content.startswith(begin)), None)
            if kind is None:
                raise Unreadable([Mistake(path, field.lc.line + 1, Said("{name} is neither a PNG nor a JPEG image", name=name))])
            field["image"] = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _take_in_templates(path: Path, source: Any) -> None:
    """Put the templates of documents, with what they import, into the procedure: it is published whole. Raises Unreadable."""
    review = source.get("review")
    rules = review.get("documents") if isinstance(review, dict) else None
    if not isinstance(rules, list):
        return
    templates: dict[str, str] = {}
    for rule in rules:
        name = rule.get("template") if isinstance(rule, dict) else None
        if not isinstance(name, str):
            continue
        wanted = [name]
        while wanted:
            one = wanted.pop()
            if one in templates or one == FRAME:
                continue
            beside = path.with_name("documents") / f"{one}.typ"
            if not re.fullmatch(NAME, one) or not beside.is_file() or beside.stat().st_size > TEMPLATE_LIMIT:
                says = Said("there is no template documents/{name}.typ of at most {limit} bytes", name=one, limit=TEMPLATE_LIMIT)
                raise Unreadable([Mistake(path, rule.lc.line + 1, says)])
            templates[one] = beside.read_text(encoding="utf-8")
            wanted += [found.removesuffix(".typ") for found in imports(templates[one])]
    review["templates"] = templates


def _line(source: Any, path: tuple[int | str, ...]) -> int:
    """The line where the deepest known part of `path` begins."""
    line = 1
    for step in path:
        if isinstance(source, CommentedMap) and step in source:
            line = source.lc.key(step)[0] + 1
        elif isinstance(source, CommentedSeq) and isinstance(step, int) and step < len(source):
            line = source.lc.item(step)[0] + 1
        else:
            continue  # a step that pydantic adds, such as the type of a union's member
        source = source[step]
    return line
