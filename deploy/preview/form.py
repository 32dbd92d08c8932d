"""The form of a file that is being edited: as it was read last, with what was entered into it, kept in memory alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.intake.catalogue.procedures import Published
from shared.events import ProcedureRef
from shared.procedure.files import OFFICES, Mistake, Unreadable, checked, read
from shared.procedure.form_errors import Wrong, to_file, today, wrong
from shared.procedure.rules import RuleError, route


@dataclass
class Preview:
    """One file, and one person who tries it."""

    file: Path
    answers: dict[str, Any] = field(default_factory=dict)
    published: Published | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    version: str = ""
    types: dict[str, str] = field(default_factory=dict)

    def look(self) -> str:
        """Read the file again if it has changed; its version. While it cannot be read, the form stays as it was."""
        version = self._now()
        if version != self.version:
            self.mistakes = checked(self.file)
            try:
                procedure = read(self.file)
            except Unreadable:
                pass
            else:
                self.published = Published(ProcedureRef(id=procedure.procedure, version=0), procedure)
                self._keep_what_fits()
            self.version = version
        return version

    def enter(self, answers: Mapping[str, Any]) -> None:
        """Take in what was entered, by key; None takes an answer out."""
        self.answers = {key: answer for key, answer in {**self.answers, **answers}.items() if answer is not None}

    def to_file(self) -> dict[str, Any]:
        """The answers as they would be filed."""
        return to_file(self.published, self.answers) if self.published else {}

    def wrong(self) -> list[Wrong]:
        """What the form and the rules find in the answers, as at the counter."""
        return wrong(self.published, self.to_file()) if self.published else []

    def office(self) -> str:
        """The office that a case would go to, in Japanese; empty while the answers do not say."""
        if self.published is None:
            return ""
        procedure = self.published.procedure
        try:
            return procedure.office(route(procedure, self.to_file(), today=today())).title.ja
        except RuleError:
            return ""

    def example(self) -> Path | None:
        """The shipped example beside the file, if there is one."""
        path = self.file.with_suffix(".example.json")
        return path if path.is_file() else None

    def fill_in(self) -> None:
        """Enter the example's answers."""
        path = self.example()
        if path is not None:
            answers = json.loads(path.read_text(encoding="utf-8")).get("answers", {})
            self.answers = answers if isinstance(answers, dict) else {}

    def _keep_what_fits(self) -> None:
        """An answer whose field has changed its type is of no use any more; all others stay, also those not asked for now."""
        types = {one.key: one.type for one in self.published.procedure.fields()} if self.published else {}
        useless = {key for key, type_ in types.items() if self.types.get(key, type_) != type_}
        self.answers = {key: answer for key, answer in self.answers.items() if key not in useless}
        self.types |= types

    def _now(self) -> str:
        digest = hashlib.sha256()
        for path in (self.file, self.file.with_name(OFFICES)):
            try:
                digest.update(path.read_bytes())
            except OSError:
                digest.update(b"-")
        return digest.hexdigest()[:16]
