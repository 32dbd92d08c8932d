"""Random answers to a procedure: such as fit its form, and such as do not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

from hypothesis import strategies as st

from shared.filetypes import FILE_TYPES
from shared.japanese import PREFECTURES
from shared.procedure.fields import FieldOf, GroupField, SimpleField, SimpleType
from shared.procedure.kinds.files import largest_of, types_of
from shared.procedure.kinds.numbers import INTEGER_LIMIT, MONEY_LIMIT, PERCENT_LIMIT
from shared.procedure.kinds.texts import LONG_TEXT_LIMIT, TEXT_LIMIT
from shared.procedure.model import Procedure

Answers = dict[str, Any]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.text(max_size=5), more, max_size=3),
    max_leaves=6,
)
_DAY = st.dates(date(1000, 1, 1), date(2999, 12, 31)).map(date.isoformat)


def _text(field: FieldOf, most: int) -> st.SearchStrategy[str]:
    return st.text(min_size=1 if field.required is True else 0, max_size=min(field.max or most, 40))


def _whole(most: int) -> st.SearchStrategy[int | float]:
    """JSON knows no difference between 5 and 5.0, and neither does JSON Schema."""
    number = st.integers(0, most)
    return number | st.integers(0, min(most, 2**50)).map(float)


def _kana(most: int = 10) -> st.SearchStrategy[str]:
    return st.text("アイウエオ", min_size=1, max_size=most)


def _line() -> st.SearchStrategy[str]:
    return st.text(min_size=1, max_size=20)


def _digits(number: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=number, max_size=number)


def _number(field: FieldOf, most: int) -> st.SearchStrategy[Any]:
    least, most = field.min or 0, field.max or most
    return st.integers(least, most) | st.floats(least, most).map(lambda number: round(number, field.digits or 2))


def _parts(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(parts)


def _of(field: SimpleField | GroupField) -> st.SearchStrategy[Any]:
    if isinstance(field, GroupField):
        rows = answers(field.fields)
        return st.lists(rows, min_size=field.repeat.least, max_size=min(field.repeat.most, field.repeat.least + 2))
    return BY_TYPE[field.type](field)


def _choices(field: FieldOf) -> st.SearchStrategy[Any]:
    values = [option.value for option in field.options]
    return st.lists(st.sampled_from(values), unique=True, min_size=1 if field.required is True else 0)


def _file(field: FieldOf) -> st.SearchStrategy[Any]:
    types = [FILE_TYPES[name].media_type for name in types_of(field)]
    digest = st.text("0123456789abcdef", min_size=64, max_size=64)
    return _parts(
        id=st.uuids().map(str), name=_line(), size=st.integers(1, largest_of(field)), type=st.sampled_from(types), sha256=digest
    )


BY_TYPE: dict[SimpleType, Callable[[FieldOf], st.SearchStrategy[Any]]] = {
    "text": lambda field: _text(field, TEXT_LIMIT),
    "long-text": lambda field: _text(field, LONG_TEXT_LIMIT),
    "organisation-name": lambda field: _text(field, TEXT_LIMIT),
    "email": lambda _: st.just("a@example.com"),
    "telephone": lambda _: st.sampled_from(["03-3501-1511", "0335011511", "+81-3-3501-1511"]),
    "url": lambda _: st.sampled_from(["https://example.com/", "http://example.com/a?b=c"]),
    "corporate-number": lambda _: _digits(13) | st.just("5010401067252"),
    "reference": lambda _: st.uuids().map(str),
    "integer": lambda field: _whole(field.max or 10**9).map(lambda number: max(number, field.min or 0)),
    "decimal": lambda field: _number(field, INTEGER_LIMIT),
    "money": lambda field: _whole(field.max or MONEY_LIMIT),
    "percent": lambda field: _number(field, PERCENT_LIMIT),
    "rate": lambda _: st.builds("{}/{}".format, st.integers(1, 9999), st.integers(1, 9999)),
    "fiscal-year": lambda _: st.integers(1900, 2200),
    "date": lambda _: _DAY,
    "birth-date": lambda _: _DAY,
    "month": lambda _: _DAY.map(lambda day: day[:7]),
    "time": lambda _: st.times().map(lambda time: f"{time:%H:%M}"),
    "date-range": lambda _: st.fixed_dictionaries({"from": _DAY, "to": _DAY}),
    "choice": lambda field: st.sampled_from([option.value for option in field.options]),
    "choices": _choices,
    "yes-no": lambda _: st.booleans(),
    "consent": lambda _: st.booleans(),
    "postal-code": lambda _: _digits(7),
    "prefecture": lambda _: st.sampled_from(list(PREFECTURES)),
    "municipality": lambda _: _parts(code=_digits(6) | st.just("131016"), name=_line()),
    "address": lambda _: st.fixed_dictionaries(
        {"prefecture": st.sampled_from(list(PREFECTURES)), "address": _line()}, optional={"postal_code": _digits(7)}
    ),
    "map-point": lambda _: _parts(lat=st.floats(-90, 90), lon=st.floats(-180, 180)),
    "person": lambda _: _parts(family=_line(), given=_line(), family_kana=_kana(), given_kana=_kana()),
    "bank-account": lambda _: _parts(
        bank_code=_digits(4),
        bank=_line(),
        branch_code=_digits(3),
        branch=_line(),
        kind=st.sampled_from(["ordinary", "checking", "savings"]),
        number=_digits(7),
        holder=_kana(),
    ),
    "industry": lambda _: _parts(code=st.integers(1, 99).map("{:02}".format), title=_line()),
    "attachment": _file,
    "attachments": lambda field: st.lists(
        _file(field), min_size=1 if field.required is True else 0, max_size=2, unique_by=lambda one: one["id"]
    ),
    "signature": lambda _: _parts(role=_line(), name=_line()),
}


def answers(fields: list[Any]) -> st.SearchStrategy[Answers]:
    """Answers that fit the form."""
    entered = [field for field in fields if field.value is None]
    must = {field.key: _of(field) for field in entered if field.required is True and field.show is True}
    may = {field.key: _of(field) for field in entered if field.key not in must}
    return st.fixed_dictionaries(must, optional=may)


@st.composite
def spoilt(draw: st.DrawFn, procedure: Procedure) -> Answers:
    """Answers with one part, anywhere, replaced by anything, or taken out."""
    found = copy.deepcopy(draw(answers(procedure.fields())))
    part: Any = found
    while True:
        steps = list(part) if isinstance(part, dict) else list(range(len(part)))
        if not steps:
            return found
        step = draw(st.sampled_from(steps))
        if isinstance(part[step], dict | list) and part[step] and draw(st.booleans()):
            part = part[step]
        elif draw(st.booleans()):
            part[step] = draw(JSON)
            return found
        else:
            del part[step]
            return found
