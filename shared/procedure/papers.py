"""Documents that a decision makes (認定書, 交付決定通知書 …), as a procedure's file says them. Written with hyphens in YAML."""

from __future__ import annotations

import re
from datetime import date
from string import Formatter
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shared.japanese import wareki
from shared.procedure.amiss import Amiss
from shared.procedure.fields import KEY, NAME, Expression, Label, Written, must_differ

# What the number of a document may say. `fiscal_year` is that of the era (8 for 令和8年度), `year` the western one.
PLACEHOLDERS = ("procedure", "era", "fiscal_year", "year", "day", "serial")
NUMBER = "{procedure}-{year}-{serial}"
# What a template may take from `doc`; services/review/documents/papers.py fills it in.
DOC = frozenset(
    {"number", "date", "day", "title", "addressee", "issuer", "office", "procedure", "law", "arrival_number", "arrived", "text"}
    | {"decision", "criteria", "reasons", "appeal", "amount", "conditions", "facts", "replaces", "preview", "seal", "code"}
    | {"url", "qr"}
)
FRAME = "frame"  # comes with the desk; every template stands in it
TEMPLATE_LIMIT = 64 * 1024  # bytes
_IMPORT = re.compile(r'#?\b(?:import|include)\s+"([^"]*)"')
_TAKEN = re.compile(r"\b(doc|filled)\.(?:at\(\s*\"([^\"]+)\"|([A-Za-z_][A-Za-z0-9_-]*))")
_MARCH = 3


def _number(pattern: str) -> str:
    names = []
    for _, name, spec, conversion in Formatter().parse(pattern):
        if name is None:
            continue
        if name not in PLACEHOLDERS or spec or conversion:
            raise Amiss(
                "nobody fills {placeholder}; there are {known}",
                placeholder=f"{{{name}}}",
                known=", ".join(f"{{{one}}}" for one in PLACEHOLDERS),
            )
        names.append(name)
    if "serial" not in names or not {"fiscal_year", "year"} & set(names):
        raise Amiss("two documents would have the same number: write {serial}, and {fiscal_year} or {year}")
    return pattern


def _hours(value: Any) -> Any:
    found = re.fullmatch(r"(\d+) (hour|day)s?", value) if isinstance(value, str) else None
    return int(found[1]) * (24 if found[2] == "day" else 1) if found else value


Hours = Annotated[int, BeforeValidator(_hours), Field(ge=1, le=24 * 90)]
NumberPattern = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f/\\]+$"), AfterValidator(_number)]


class DocumentRule(Written):
    """A document that a decision makes."""

    on: list[str] = Field(min_length=1, description="the decisions that make it")
    template: str = Field(pattern=NAME, description="the file documents/<template>.typ beside the procedure")
    title: Label
    number: NumberPattern = NUMBER
    issuer: Label | None = Field(default=None, description="in whose name it goes out; else the office's")
    facts: list[str] = Field(default_factory=list, max_length=50, description="fields of the form that it repeats")
    data: dict[Annotated[str, Field(pattern=KEY)], Expression] = Field(
        default_factory=dict, description="values for the template, which has them as `filled.<name>`: a field, or CEL"
    )
    seal: bool = Field(default=False, description="bears the office's seal; without an image of it: 公印省略")

    @model_validator(mode="after")
    def _once(self) -> DocumentRule:
        must_differ(self.on)
        must_differ(self.facts)
        return self


class Unfetched(Written):
    """What follows when nobody fetches a document, counted from when it could be (as 公取委規則6条: 24 hours, then paper)."""

    remind_after: Hours = Field(default=12, description="hours until the applicant is reminded")
    paper_after: Hours = Field(default=24, description="hours until the official is told to send it on paper")


def fiscal_year(day: date) -> int:
    """The fiscal year of a day, from April to March (財政法11条)."""
    return day.year if day.month > _MARCH else day.year - 1


def numbered(pattern: str, *, procedure: str, day: date, serial: int) -> str:
    """The number of a document that is issued on `day` in Japan."""
    year = fiscal_year(day)
    era = re.fullmatch(r"(\D+?)(\d+|元)年.*", wareki(date(year, 12, 31)))
    assert era  # noqa: S101 - wareki's own form
    values = {"procedure": procedure, "era": era[1], "fiscal_year": era[2], "year": str(year), "day": f"{day:%Y%m%d}"}
    return pattern.format_map(values | {"serial": str(serial)})


def imports(source: str) -> list[str]:
    """The files that a template takes in, as it writes them."""
    return _IMPORT.findall(source)


def taken(source: str) -> set[tuple[str, str]]:
    """What a template takes from `doc` and `filled`."""
    code = re.sub(r"//[^\n]*", "", source)
    return {(where, quoted or plain) for where, quoted, plain in _TAKEN.findall(code) if (quoted or plain) != "at"}
