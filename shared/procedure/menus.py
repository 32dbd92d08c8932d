"""Conditions as menus have them: field, comparison, value, joined by “and” or “or”; and as the file has them, in CEL.

Most conditions that divisions write are such. Any other is shown as the text that it is; nothing is lost by looking at it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Compared = Literal["==", "!=", "<", "<=", ">", ">=", "in", "is", "is not"]
Join = Literal["&&", "||"]
Plain = str | int | float | bool

_FIELD = r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?"
_CLAUSE = re.compile(rf"({_FIELD})\s*(==|!=|<=|>=|<|>)\s*(.+)", re.DOTALL)
_AMONG = re.compile(rf"({_FIELD})\s+in\s+\[(.*)\]", re.DOTALL)
_HOLDS = re.compile(rf"(!?)\s*({_FIELD})")
_DAYS = re.compile(r"today(?:\s*([+-])\s*days\((\d+)\))?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TEXT = re.compile(r"""'([^'"\\]*)'|"([^'"\\]*)\"""")
_SIGNS = re.compile(r"""'[^']*'|"[^"]*"|&&|\|\||[()\[\]]""")


@dataclass(frozen=True)
class Day:
    """The day of the application, or so many days after it (before it, when negative)."""

    days: int = 0


@dataclass(frozen=True)
class Clause:
    """One line of a menu. `is` and `is not` are of yes-no fields, and have no value."""

    field: str
    compared: Compared
    value: Plain | Day | tuple[str, ...] | None = None

    @property
    def expression(self) -> str:
        """The clause in CEL."""
        if self.compared in {"is", "is not"}:
            return self.field if self.compared == "is" else f"!{self.field}"
        return f"{self.field} {self.compared} {_in_cel(self.value)}"


@dataclass(frozen=True)
class Menu:
    """A condition of one or more clauses."""

    clauses: tuple[Clause, ...]
    join: Join = "&&"

    @property
    def expression(self) -> str:
        """The condition in CEL, as it is written into the file."""
        return f" {self.join} ".join(clause.expression for clause in self.clauses)


def as_menu(expression: str) -> Menu | None:
    """A condition as a menu has it; None for one that is more than that."""
    parts, joins = _split(expression)
    clauses = [_clause(part.strip()) for part in parts]
    if len(joins) > 1 or None in clauses:
        return None
    join: Join = "||" if "||" in joins else "&&"
    return Menu(tuple(clause for clause in clauses if clause), join)


def _split(expression: str) -> tuple[list[str], set[str]]:
    """The parts between && and || that stand outside of brackets and texts."""
    parts, joins, depth, begin = [], set(), 0, 0
    for sign in _SIGNS.finditer(expression):
        text = sign[0]
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text, 0)
        if text in {"&&", "||"} and depth == 0:
            parts.append(expression[begin : sign.start()])
            joins.add(text)
            begin = sign.end()
    return [*parts, expression[begin:]], joins


def _clause(part: str) -> Clause | None:
    if found := _HOLDS.fullmatch(part):
        return Clause(found[2], "is not" if found[1] else "is") if found[2] not in {"true", "false", "today"} else None
    if found := _AMONG.fullmatch(part):
        listed = tuple(_listed(found[2]))
        return Clause(found[1], "in", tuple(str(one) for one in listed)) if listed and None not in listed else None
    if (found := _CLAUSE.fullmatch(part)) and (value := _value(found[3].strip())) is not None:
        compared: Compared = found[2]  # type: ignore[assignment] # the pattern has no other
        return Clause(found[1], compared, value)
    return None


def _listed(text: str) -> Iterator[str | None]:
    for one in text.split(","):
        found = _TEXT.fullmatch(one.strip())
        yield (found[1] or found[2] or "") if found else None


def _value(text: str) -> Plain | Day | None:
    if text in {"true", "false"}:
        return text == "true"
    if found := _NUMBER.fullmatch(text):
        return float(text) if found[1] else int(text)
    if found := _TEXT.fullmatch(text):
        return found[1] or found[2] or ""
    if found := _DAYS.fullmatch(text):
        return Day(int(f"{found[1]}{found[2]}") if found[1] else 0)
    return None


def _in_cel(value: Plain | Day | tuple[str, ...] | None) -> str:
    if isinstance(value, Day):
        return "today" if not value.days else f"today {'+' if value.days > 0 else '-'} days({abs(value.days)})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_in_cel, value))}]"
    return json.dumps(value, ensure_ascii=False)
