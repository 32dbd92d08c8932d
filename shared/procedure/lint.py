"""What can be found in a procedure before anybody files it: constant rules, cases that go nowhere, missing texts.

Rules are tried with answers made for them: every option, the numbers, days and texts they are compared with and those beside.
A rule is called constant only when every combination was tried, so that what is said is so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter
from typing import Any, Literal

from shared.i18n import Said
from shared.japanese import PREFECTURES
from shared.procedure.expressions import Path, Rule, mistakes, rules
from shared.procedure.fields import FieldOf, GroupField
from shared.procedure.messages import unknown_placeholders
from shared.procedure.model import Procedure
from shared.procedure.papers import DOC, FRAME, imports, taken
from shared.procedure.trying import outcomes

Level = Literal["error", "warning"]
_COMPARED = re.compile(r"""\b((?:\w+\.)?\w+)\s*[!=]=\s*["']([^"']*)["']""")
_AMONG = re.compile(r"""\b((?:\w+\.)?\w+)\s+in\s+\[([^\]]*)\]""")
_CHOSEN = re.compile(r"""["']([^"']*)["']\s+in\s+(\w+)""")
_FIVE_YEARS = 5 * 365
_TEXT = re.compile(r"""["']([^"']*)["']""")


@dataclass(frozen=True)
class Found:
    """One thing to mend. `path` leads to it in the file. An error keeps the procedure from being published."""

    path: Path
    level: Level
    says: Said


def lint(procedure: Procedure) -> list[Found]:
    """Everything that can be found, in the order of the file."""
    if wrong := mistakes(procedure):
        return [Found(path, "error", says) for path, says in wrong]
    found = [
        *_options(procedure),
        *_constants(procedure),
        *_routes(procedure),
        *_documents(procedure),
        *_texts(procedure),
        *_messages(procedure),
        *_untold(procedure),
        *_unknowable(procedure),
        *_kept(procedure),
    ]
    order = {path: number for number, path in enumerate(_paths(procedure))}
    return sorted(found, key=lambda one: order.get(one.path[:2], len(order)))


def _paths(procedure: Procedure) -> Iterator[Path]:
    for section in ("form", "checks"):
        yield from ((section, number) for number in range(len(getattr(procedure, section))))
    yield from (("review", "route"), ("review", "documents"), ("review", "appeal"))
    yield from (("messages", kind) for kind in procedure.messages)


def _options(procedure: Procedure) -> Iterator[Found]:
    """A choice that is compared with a value it does not have never fits."""
    for rule in rules(procedure):
        fields = {field.key: field for field in procedure.fields()}
        parts = {part.key: part for field in fields.values() if isinstance(field, GroupField) for part in field.fields}
        for name, value in _compared(rule.expression):
            first, _, last = name.rpartition(".")
            field: FieldOf | None = fields.get(last) if not first else parts.get(last)
            values = [option.value for option in field.options] if field is not None else []
            if values and value not in values:
                yield Found(
                    rule.path,
                    "error",
                    Said(
                        "{name} is never {value!r}; it has the values {values}", name=name, value=value, values=", ".join(values)
                    ),
                )


def _compared(expression: str) -> Iterator[tuple[str, str]]:
    yield from _COMPARED.findall(expression)
    for name, listed in _AMONG.findall(expression):
        yield from ((name, value) for value in _TEXT.findall(listed))
    yield from ((name, value) for value, name in _CHOSEN.findall(expression))


def _constants(procedure: Procedure) -> Iterator[Found]:
    for rule in rules(procedure):
        name = str(rule.path[-1])
        if rule.also:  # who applies and what an official decides are not among the answers that can be tried
            continue
        if name in {"value", "to-office-of"} or rule.path[:2] == ("review", "documents"):
            if wrong := outcomes(procedure, rule).error:
                yield Found(rule.path, "error", wrong)
            continue
        yield from _constant(procedure, rule, name)


def _constant(procedure: Procedure, rule: Rule, name: str) -> Iterator[Found]:
    tried = outcomes(procedure, rule)
    if tried.error:
        yield Found(rule.path, "error", tried.error)
    elif tried.not_boolean:
        yield Found(rule.path, "error", Said("this is neither true nor false, whatever is answered"))
    elif tried.complete and not tried.true:
        means = {
            "show": Said("the field is never shown"),
            "enable": Said("nobody can ever enter the field"),
            "required": Said("the field is never required; leave `required` out"),
            "when": Said("this never holds; the conditions contradict one another"),
        }
        yield Found(rule.path, "error", means[name])
    elif tried.complete and not tried.false:
        means = {
            "show": Said("the field is always shown; leave `show` out"),
            "enable": Said("the field can always be entered; leave `enable` out"),
            "required": Said("the field is always required; write `required: true`"),
            "when": Said(
                "this always holds: no other route is ever taken"
                if rule.path[0] == "review"
                else "this always holds: it says nothing"
            ),
        }
        yield Found(rule.path, "error", means[name])


def _routes(procedure: Procedure) -> Iterator[Found]:
    routes = procedure.review.route
    covered = {code for office in procedure.offices for code in office.prefectures}
    seen: set[str] = set()
    optional = {field.key for field in procedure.fields() if field.required is not True or field.show is not True}
    for number, route in enumerate(routes):
        path: Path = ("review", "route", number)
        if route.when is True and number < len(routes) - 1:
            yield Found((*path, "to"), "error", Said("this route fits always, so that no route after it is ever taken"))
        if route.when is False:
            yield Found((*path, "when"), "error", Said("this route never fits"))
        if isinstance(route.when, str):
            if route.when in seen:
                yield Found(
                    (*path, "when"), "error", Said("an earlier route has the same condition, so that this one is never taken")
                )
            seen.add(route.when)
        if route.to_office_of is not None:
            where: Path = (*path, "to-office-of")
            if missing := [PREFECTURES[code] for code in PREFECTURES if code not in covered]:
                yield Found(
                    where,
                    "error",
                    Said(
                        "no office is responsible for {prefectures}, so that a case may go nowhere",
                        prefectures="、".join(missing),
                    ),
                )
            if route.to_office_of.split(".")[0] in optional:
                yield Found(where, "error", Said("this may be left unanswered, so that a case may go nowhere; make it required"))


def _texts(procedure: Procedure) -> Iterator[Found]:
    for path, written in _written(
        procedure.model_dump(by_alias=True, exclude_defaults=True, exclude={"offices": True, "review": {"templates"}}), ()
    ):
        if not written.get("en"):
            yield Found(path, "warning", Said("the English text is missing"))
        for text in written.values():
            if names := _placeholders(text):
                yield Found(path, "error", Said("nobody fills the placeholder {names}", names=", ".join(names)))


def _documents(procedure: Procedure) -> Iterator[Found]:
    """A template takes what its document has, and nothing else."""
    for number, rule in enumerate(procedure.review.documents):
        path: Path = ("review", "documents", number)
        names, wanted, source = {rule.template}, set(), procedure.review.templates.get(rule.template)
        if source is None:
            yield Found((*path, "template"), "error", Said("there is no template documents/{name}.typ", name=rule.template))
            continue
        while names:
            source = procedure.review.templates.get(names.pop(), "")
            wanted |= taken(source)
            names |= {one.removesuffix(".typ") for one in imports(source)} - {FRAME}
        for where, known in (("doc", DOC), ("filled", rule.data.keys())):
            for name in sorted(name for place, name in wanted if place == where and name not in known):
                yield Found(
                    (*path, "template"),
                    "error",
                    Said("nobody fills the placeholder {name} of {template}.typ", name=f"{where}.{name}", template=rule.template),
                )
        for name in rule.data:
            if ("filled", name) not in wanted:
                yield Found(
                    (*path, "data", name),
                    "warning",
                    Said("{template}.typ does not use {name}", template=rule.template, name=name),
                )


def _messages(procedure: Procedure) -> Iterator[Found]:
    """A text of a message names what its kind is filled with."""
    for kind, said in procedure.messages.items():
        for part in ("subject", "body") if said.text else ():
            text = getattr(said.text, part)
            if unknown := dict.fromkeys(name for written in (text.ja, text.en) for name in unknown_placeholders(kind, written)):
                names = ", ".join(f"(({name}))" for name in unknown)
                yield Found(
                    ("messages", kind, "text", part),
                    "error",
                    Said("nobody fills the placeholder {names} in messages {kind}", names=names, kind=kind),
                )
        if said.to == [] and not said.addresses:
            yield Found(("messages", kind, "to"), "warning", Said("nobody is told: messages {kind} are off", kind=kind))


def _untold(procedure: Procedure) -> Iterator[Found]:
    """What applicants want to know before they start, and the catalogue cannot tell them."""
    wanted = {
        "summary": Said("applicants are not told what it is for: write `summary`, a sentence or two"),
        "takes": Said("applicants are not told how long it takes to fill in: write `takes`, such as `30 minutes`"),
        "fee": Said("applicants are not told what it costs, or that it costs nothing: write `fee`"),
        "decides": Said("applicants are not told who decides, or takes the notification: write `decides`"),
    }
    if "approve" in procedure.review.decisions:
        wanted["standard_period"] = Said(
            "applicants are not told how long the decision takes (標準処理期間, 行政手続法6条): write `standard-period`"
        )
    for name, says in wanted.items():
        if not getattr(procedure, name):
            yield Found(("procedure",), "warning", says)


def _placeholders(text: str) -> list[str]:
    try:
        return [f"{{{name}}}" for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        return ["{"]


def _written(part: Any, path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    if isinstance(part, dict):
        if isinstance(part.get("ja"), str):
            yield path, part
            return
        for key, more in part.items():
            yield from _written(more, (*path, key))
    elif isinstance(part, list):
        for number, more in enumerate(part):
            yield from _written(more, (*path, number))


def _unknowable(procedure: Procedure) -> Iterator[Found]:
    """GビズID has corporations and sole proprietors only: others are verified one by one, by an operator."""
    if procedure.sign_in != "any" and not {"corporation", "sole-proprietor"} & set(procedure.applicants):
        says = Said("no applicant can have GビズID: with sign-in {level} an operator has to verify each", level=procedure.sign_in)
        yield Found(("sign-in",), "warning", says)


def _kept(procedure: Procedure) -> Iterator[Found]:
    """How long things are kept is the division's to say, and for permits, grants and other dispositions the Order says it."""
    if "retention" not in procedure.model_fields_set:
        yield Found(("procedure",), "warning", Said("nothing says how long applications are kept (保存期間): write `retention`"))
    elif "approve" in procedure.review.decisions and procedure.retention.decided.at_least < _FIVE_YEARS:
        says = Said(
            "permits, approvals and grants are kept for five years after their effect or project ends (公文書管理法施行令別表)"
        )
        yield Found(("retention", "decided"), "warning", says)
