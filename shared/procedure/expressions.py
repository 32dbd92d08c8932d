"""All rules of a procedure with their places in the file, and those that cannot work: bad CEL, or a name that no field has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.i18n import Said
from shared.procedure.amiss import Amiss
from shared.procedure.fields import FieldOf, GroupField
from shared.procedure.functions import FUNCTIONS
from shared.procedure.model import Procedure
from shared.procedure.reviewing import Review
from shared.procedure.scope import APPLICANT, Circular, compiled, computed_fields, in_order, names_applicant, variables

Path = tuple[int | str, ...]
_BUILT_IN_VARIABLES = frozenset({"today"})
_BUILT_IN_FUNCTIONS = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches", "has", "int", "double", "string", "timestamp", "duration"}
    | {"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek"}
)


_NAMES_APPLICANT = re.compile(rf"\b{APPLICANT}\b")


@dataclass(frozen=True)
class Rule:
    """An expression where it stands. `group` is the group whose row it may see."""

    path: Path
    expression: str
    group: GroupField | None = None
    also: frozenset[str] = frozenset()  # further names it may use


def rules(procedure: Procedure) -> Iterator[Rule]:
    """Every rule in the order of the file."""
    for page_number, page in enumerate(procedure.form):
        for number, field in enumerate(page.fields):
            where: Path = ("form", page_number, "fields", number)
            yield from _of_field(field, where, None)
            if isinstance(field, GroupField):
                for part_number, part in enumerate(field.fields):
                    yield from _of_field(part, (*where, "fields", part_number), field)
    for number, check in enumerate(procedure.checks):
        yield Rule(("checks", number, "when"), check.when)
    yield from _of_review(procedure.review, frozenset({APPLICANT}) if names_applicant(procedure) else frozenset())


def _of_review(review: Review, about: frozenset[str]) -> Iterator[Rule]:
    for number, route in enumerate(review.route):
        for name, rule in (("when", route.when), ("to-office-of", route.to_office_of)):
            if isinstance(rule, str):
                used = about if _NAMES_APPLICANT.search(rule) else frozenset()
                yield Rule(("review", "route", number, name), rule, also=used)
    for number, stage in enumerate(review.stages):
        for place, one in enumerate(stage.delegation):
            yield Rule(("review", "stages", number, "delegation", place, "when"), one.when, also=frozenset({"amount"}))
    for number, document in enumerate(review.documents):
        for name, expression in document.data.items():
            yield Rule(("review", "documents", number, "data", name), expression)


def _of_field(field: FieldOf, where: Path, group: GroupField | None) -> Iterator[Rule]:
    for name in ("required", "show", "enable", "value"):
        written = getattr(field, name)
        if isinstance(written, str):
            yield Rule((*where, name), written, group)


def mistakes(procedure: Procedure) -> list[tuple[Path, Said]]:
    """Rules that cannot work, each with its path in the file."""
    found: list[tuple[Path, Said]] = []
    keys = {field.key for field in procedure.fields()} | _BUILT_IN_VARIABLES
    for rule in rules(procedure):
        try:
            program = compiled(rule.expression)
        except Amiss as error:
            found.append((rule.path, error.said))
            continue
        except ValueError as error:
            found.append((rule.path, Said("this is no rule in CEL: {why}", why=str(error).splitlines()[0])))
            continue
        names = (keys | {"row"} if rule.group else keys) | rule.also
        unknown = sorted(variables(rule.expression) - names) + sorted(
            name
            for name in program.functions()
            if name not in FUNCTIONS and name not in _BUILT_IN_FUNCTIONS and name.isidentifier()
        )
        if unknown:
            found.append((rule.path, Said("there is no field or function {names}", names=", ".join(unknown))))
    return found or _circles(procedure)


def _circles(procedure: Procedure) -> list[tuple[Path, Said]]:
    try:
        in_order(computed_fields(procedure))
    except Circular as circle:
        first = circle.nodes[0].expression
        rule = next(rule for rule in rules(procedure) if rule.path[-1] == "value" and rule.expression == first)
        return [(rule.path, circle.said)]
    return []
