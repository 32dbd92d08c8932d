"""An event of any kind, made from its contract."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin
from uuid import UUID, uuid4

from pydantic import BaseModel

from shared.events import Contact, Event, Official, ProcedureRef
from tests.bus.parts import PROCEDURE

CONTACT = Contact(name="Hanako", email="hanako@example.org", language="en")
OFFICIAL = Official(id=uuid4(), name="審査 一郎", email="ichiro@example.go.jp")
MANAGER = Official(id=uuid4(), name="管理 花", email="hana@example.go.jp")
_OF_TYPE: dict[Any, Any] = {
    str: "text",
    int: 1,
    bool: False,
    date: date(2026, 11, 25),
    datetime: datetime(2026, 11, 25, 3, 0, tzinfo=UTC),
    ProcedureRef: PROCEDURE,
    Contact: CONTACT,
    Official: OFFICIAL,
}


def an_event(kind: type[Event], **more: Any) -> Any:
    """An event with what its contract requires, people included; `more` says what is to be special."""
    values = {
        name: _value(field.annotation)
        for name, field in kind.model_fields.items()
        if name not in more and (field.is_required() or name in {"official", "former", "managers"})
    }
    return kind(**{"subject": str(uuid4()), **values, **more})


def _value(annotation: Any) -> Any:
    if annotation is UUID:
        return uuid4()
    if annotation in _OF_TYPE:
        return _OF_TYPE[annotation]
    if annotation == list[Official]:
        return [MANAGER]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation(
            **{name: _value(field.annotation) for name, field in annotation.model_fields.items() if field.is_required()}
        )
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    if parts := [part for part in get_args(annotation) if part is not NoneType]:
        return [] if get_origin(annotation) is list else {} if get_origin(annotation) is dict else _value(parts[0])
    raise TypeError(annotation)
