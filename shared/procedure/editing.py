"""Changing a procedure's file as a person would: everything that is not changed stays as it was written, comments and order too.

What a builder in the browser does to a file goes through here. A path is that of a mistake (`shared.procedure.expressions.Path`):
("checks", 0, "when"). What is written once and used at two places by an anchor changes at both.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import ScalarString

from shared.procedure.expressions import Path

# A line stays a line, however long.
_WIDEST = 10**6


class Editing:
    """A procedure's file, open for changes. Nothing is written before `save`."""

    def __init__(self, text: str) -> None:
        self._yaml = YAML(typ="rt")
        self._yaml.preserve_quotes = True
        self._yaml.width = _WIDEST
        self._yaml.indent(mapping=2, sequence=4, offset=2)
        self._whole: Any = self._yaml.load(text)

    @property
    def text(self) -> str:
        """The file as it is now."""
        written = io.StringIO()
        self._yaml.dump(self._whole, written)
        return written.getvalue()

    def at(self, path: Path) -> Any:
        """What stands at a path. Raises LookupError."""
        here = self._whole
        for step in path:
            here = here[step]
        return here

    def put(self, path: Path, value: Any) -> None:
        """Write a value in place of another, in the same quotes, or as a new entry at the end. Raises LookupError."""
        parent, step = self.at(path[:-1]), path[-1]
        before = parent.get(step) if isinstance(parent, Mapping) else parent[step]
        made = _written(value, flow=_is_flow(before if before is not None else parent))
        if isinstance(made, str) and isinstance(before, ScalarString):
            made = type(before)(made, anchor=before.anchor.value or None)
        parent[step] = made

    def insert(self, path: Path, value: Any) -> None:
        """Write a value into a list, before what stands at its last step. Raises LookupError."""
        siblings, number = self.at(path[:-1]), path[-1]
        if not isinstance(siblings, CommentedSeq) or not isinstance(number, int) or not 0 <= number <= len(siblings):
            raise LookupError(path)
        like = siblings[min(number, len(siblings) - 1)] if siblings else siblings
        siblings.insert(number, _written(value, flow=_is_flow(like)))

    def drop(self, path: Path) -> None:
        """Take out what stands at a path. Raises LookupError."""
        del self.at(path[:-1])[path[-1]]

    def save(self, file: File) -> None:
        """Write the file: whole, or as it was before."""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, suffix=".tmp", delete=False) as beside:
            try:
                beside.write(self.text)
                beside.flush()
                os.fsync(beside.fileno())
                if file.exists():
                    File(beside.name).chmod(file.stat().st_mode & 0o777)
                File(beside.name).replace(file)
            except BaseException:
                File(beside.name).unlink(missing_ok=True)
                raise


def _is_flow(like: Any) -> bool:
    """Whether a part is written in one line, as {ja: …, en: …} is."""
    return isinstance(like, CommentedMap | CommentedSeq) and bool(like.fa.flow_style())


def _written(value: Any, *, flow: bool) -> Any:
    """A value as a new part of the file; texts in two languages are written in one line, as everywhere."""
    if isinstance(value, Mapping):
        made = CommentedMap((key, _written(part, flow=flow)) for key, part in value.items())
        if flow or value.keys() <= {"ja", "en"}:
            made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        listed = CommentedSeq(_written(part, flow=flow) for part in value)
        if flow:
            listed.fa.set_flow_style()
        return listed
    return value
