"""What rules see: the answers by field key with computed values filled in, `today`, and `row` within a group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from shared.i18n import Said
from shared.procedure import cel
from shared.procedure.amiss import Amiss
from shared.procedure.fields import Condition, FieldOf, GroupField, SimpleField
from shared.procedure.functions import FUNCTIONS
from shared.procedure.kinds import KINDS
from shared.procedure.kinds.dates import midnight
from shared.procedure.kinds.numbers import computed_bounds, digits_of, whole
from shared.procedure.model import Procedure

# Each nesting multiplies the work by the length of a list; two levels over a hundred rows are bounded well.
DEEPEST_MACROS = 3
_GAP = r"(?:\s|//[^\n]*\n)*"
_MACRO = rf"\.{_GAP}(?:all|exists|exists_one|map|filter){_GAP}\("
MACRO = re.compile(rf"{_MACRO}{_GAP}(\w+){_GAP},")
# The name by which routes see who applies.
APPLICANT = "applicant"
_PART_OF_ROW = re.compile(r"\brow\.(\w+)")


class RuleError(Exception):
    """A rule could not be decided although all its answers were given: the procedure has a mistake."""


@lru_cache(maxsize=4096)
def compiled(expression: str) -> cel.Program:
    """A rule, ready to be run. Raises ValueError for what is no rule."""
    if len(re.findall(_MACRO, expression)) > DEEPEST_MACROS:
        raise Amiss("at most {most} of all, exists, map and filter in one rule", most=DEEPEST_MACROS)
    return cel.compile(expression)


@lru_cache(maxsize=4096)
def variables(expression: str) -> frozenset[str]:
    """The names a rule takes from the answers."""
    return frozenset(compiled(expression).variables()) - set(MACRO.findall(expression))


def names_applicant(procedure: Procedure) -> bool:
    """Whether `applicant` in the routes is who applies: `kind`, `name`, `verified`, `corporate_number` ("" for none), `by_agent`.

    In a form that has a field of this name it is that field.
    """
    return all(field.key != APPLICANT for field in procedure.fields())


@dataclass(frozen=True)
class Computed:
    """A computed field: of the form (`group` is empty), or of each row of a group."""

    group: str
    key: str
    expression: str


class Circular(Exception):
    """Computed fields need one another; `nodes` are those."""

    def __init__(self, nodes: list[Computed]) -> None:
        names = [f"{node.group}.{node.key}" if node.group else node.key for node in nodes]
        self.said = Said("these values need one another, so that none can be computed: {names}", names=", ".join(names))
        super().__init__(str(self.said))
        self.nodes = nodes


def computed_fields(procedure: Procedure) -> tuple[Computed, ...]:
    """The computed fields as the form has them."""
    found = []
    for field in procedure.fields():
        if isinstance(field, GroupField):
            found += [Computed(field.key, part.key, part.value) for part in field.fields if part.value is not None]
        elif field.value is not None:
            found.append(Computed("", field.key, field.value))
    return tuple(found)


@lru_cache(maxsize=256)
def in_order(nodes: tuple[Computed, ...]) -> tuple[Computed, ...]:
    """The computed fields, each after those it needs. Raises Circular."""
    needs: dict[Computed, set[Computed]] = {}
    for node in nodes:
        names = variables(node.expression)
        parts = set(_PART_OF_ROW.findall(node.expression)) if node.group else set()
        needs[node] = {
            other
            for other in nodes
            if (other.key in parts if other.group == node.group != "" else (other.group or other.key) in names)
        }
    ordered: list[Computed] = []
    while needs:
        ready = [node for node, others in needs.items() if not others & needs.keys()]
        if not ready:
            raise Circular([node for node in needs if _needs_itself(node, needs)])
        ordered += ready
        for node in ready:
            del needs[node]
    return tuple(ordered)


def _needs_itself(node: Computed, needs: Mapping[Computed, set[Computed]]) -> bool:
    reached: set[Computed] = set()
    ahead = [node]
    while ahead:
        new = needs.get(ahead.pop(), set()) - reached
        reached |= new
        ahead += new
    return node in reached


class Scope:
    """What the rules of one application see."""

    def __init__(
        self, procedure: Procedure, answers: Mapping[str, Any], today: date, also: Mapping[str, Any] | None = None
    ) -> None:
        self._fields = {field.key: field for field in procedure.fields()}
        self.values: dict[str, Any] = {key: _seen(field, answers.get(key)) for key, field in self._fields.items()}
        self.values |= also or {}
        self.values["today"] = midnight(today)
        self._context = self._new_context()
        if nodes := computed_fields(procedure):
            for node in in_order(nodes):
                self._compute(node)

    def _new_context(self) -> cel.Context:
        return cel.Context(variables=self.values, functions=FUNCTIONS)

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds; False when it needs an answer that was not given."""
        return condition if isinstance(condition, bool) else self.evaluate(condition) is True

    def evaluate(self, expression: str) -> Any:
        """An expression's value, or None when it needs an answer that was not given. Raises RuleError."""
        program = compiled(expression)
        if "row" in variables(expression):
            self._context.add_variable("row", self.values.get("row"))
        try:
            return program.execute(self._context)
        except ArithmeticError:  # a division by zero, or more than 64 bits
            return None
        except Exception as error:
            if any(_has_gap(self.values.get(name)) for name in program.variables()):
                return None
            raise RuleError(f"{expression}: {error}") from error

    def enter_row(self, values: Mapping[str, Any] | None) -> None:
        """Within a row of a group, rules see its parts as `row`; None leaves it."""
        self.values["row"] = values

    def _compute(self, node: Computed) -> None:
        field = self._fields[node.group or node.key]
        if isinstance(field, GroupField):
            part = next(part for part in field.fields if part.key == node.key)
            for row in self.values[node.group] or ():
                self.enter_row(row)
                row[node.key] = _as_computed(part, self.evaluate(node.expression)) if self.asked(field, part) else None
            self.enter_row(None)
        else:
            self.values[node.key] = _as_computed(field, self.evaluate(node.expression)) if self.asked(field) else None
        changed = node.group or node.key
        self._context.add_variable(changed, self.values[changed])

    def asked(self, *fields: FieldOf) -> bool:
        """Whether these fields take answers here."""
        for field in fields:
            if (field.show is not True and not self.holds(field.show)) or (
                field.enable is not True and not self.holds(field.enable)
            ):
                return False
        return True


def _seen(field: FieldOf, answer: Any) -> Any:
    """An answer as rules see it, None where none was given. What is computed is not taken from anybody."""
    if answer is None and not isinstance(field, GroupField):
        return None
    if isinstance(field, GroupField):
        if not isinstance(answer, list):
            return None
        return [{part.key: _seen(part, row.get(part.key)) for part in field.fields} for row in answer if isinstance(row, dict)]
    if field.value is not None or not isinstance(field, SimpleField):
        return None
    return KINDS[field.type].seen(answer)


def _as_computed(field: SimpleField, result: Any) -> Any:
    """A result as its type has it: yen and whole numbers are cut off, others rounded to the field's digits.

    国等の債権債務等の金額の端数計算に関する法律2条 has fractions of a yen cut off.
    """
    if field.type in {"integer", "money", "decimal", "percent"}:
        lower, upper = computed_bounds(field)
        if isinstance(result, bool) or not isinstance(result, int | float) or not lower <= result <= upper:
            return None
        if field.type in {"integer", "money"}:
            return FUNCTIONS["floor"](result)
        rounded = Decimal(repr(result)).quantize(Decimal(1).scaleb(-digits_of(field)), rounding=ROUND_HALF_UP)
        exact = float(rounded)
        return exact if whole(exact) is None else float(int(exact))
    wanted: type = {"text": str, "date": datetime, "yes-no": bool}[field.type]
    return result if isinstance(result, wanted) else None


def _has_gap(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_gap(part) for part in value.values())
    if isinstance(value, list):
        return any(_has_gap(part) for part in value)
    return value is None
