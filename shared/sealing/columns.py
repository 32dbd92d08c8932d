"""Column types that seal as they write and open as they read. Columns stay jsonb and text, and what is plain stays readable.

A sealed document is `{"~": "<key id>", "c": "<base64>"}`, a sealed text `~<key id>~<base64>`. What somebody wrote may look like
that: then it stands there as `{"~": "", "p": …}`, or with a further `~` in front.

`place` is schema.table.column, once and for all: a value is sealed for it, and a column that is renamed keeps it.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Dialect, Text, and_, case, cast, func, literal, null, or_, type_coerce
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from shared.sealing.ring import ID, ring

_KEY, _SEALED, _PLAIN = "~", "c", "p"
_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_TEXT = re.compile(rf"~({ID})~([A-Za-z0-9+/]{{38,}}={{0,2}})")


def seal_document(place: str, value: Any) -> Any:
    """A JSON value as it stands in the database. An empty one says nothing, and stays empty."""
    keys = ring()
    if keys.first and value not in ({}, []):
        return {_KEY: keys.first, _SEALED: keys.seal(place, orjson.dumps(value))}
    return {_KEY: "", _PLAIN: value} if isinstance(value, dict) and _KEY in value else value


def open_document(place: str, found: Any) -> Any:
    """The JSON value that stands in the database, sealed or not. Raises SealingError."""
    if not isinstance(found, dict) or len(found) != 2 or not isinstance(key := found.get(_KEY), str):  # noqa: PLR2004 - the key and what it seals
        return found
    if isinstance(sealed := found.get(_SEALED), str) and key:
        return orjson.loads(ring().open(place, key, sealed))
    return found[_PLAIN] if not key and _PLAIN in found else found


def seal_text(place: str, value: str) -> str:
    """A text as it stands in the database. An empty one says nothing, and stays empty."""
    keys = ring()
    if keys.first and value:
        return f"~{keys.first}~{keys.seal(place, value.encode())}"
    return f"~{value}" if value.startswith("~") else value


def open_text(place: str, found: str) -> str:
    """The text that stands in the database, sealed or not. Raises SealingError."""
    if not found.startswith("~"):
        return found
    if sealed := _TEXT.fullmatch(found):
        return ring().open(place, sealed[1], sealed[2]).decode()
    return found.removeprefix("~") if found.startswith("~~") else found


class Sealed(TypeDecorator[Any]):
    """What the types have in common: `written` gives the value for the database, `read` takes it back."""

    cache_ok = True
    impl: Any

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def written(self, value: Any) -> Any:
        """The value as it stands in the database."""
        raise NotImplementedError

    def read(self, value: Any) -> Any:
        """The value that stands in the database."""
        raise NotImplementedError

    def raw(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The column as it stands in the database, sealed."""
        return type_coerce(column, self.impl_instance).label(column.key)

    def opened(self, value: Any) -> Any:
        """What `raw` gave, opened. Raises SealingError."""
        return None if value is None else self.read(value)

    def sealed_text(self, value: Any) -> str | None:
        """A value as it stands in the database, written out for a statement of one's own."""
        written = None if value is None else self.written(value)
        return written if written is None or isinstance(written, str) else orjson.dumps(written).decode()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002, D102 - SQLAlchemy's
        return None if value is None else self.written(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002, D102 - SQLAlchemy's
        return None if value is None else self.read(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:  # noqa: ARG002 - SQLAlchemy's
        """Refuse to be compared: no two sealed values are the same."""
        raise TypeError(f"{self.place} is sealed and cannot be compared in the database")


class SealedJSON(Sealed):
    """A document that is sealed as a whole, in a column of the type jsonb."""

    cache_ok = True
    impl: type[TypeEngine[Any]] | TypeEngine[Any] = JSONB(none_as_null=True)

    def written(self, value: Any) -> Any:
        """Sealed, if there are keys."""
        return seal_document(self.place, value)

    def read(self, value: Any) -> Any:
        """Opened. Raises SealingError."""
        return open_document(self.place, value)


class SealedPayload(SealedJSON):
    """The same in a column of the type json, in which nobody searches."""

    cache_ok = True
    impl = JSON(none_as_null=True)


class SealedText(Sealed):
    """A text that is sealed, in a column of the type text."""

    cache_ok = True
    impl: type[TypeEngine[Any]] | TypeEngine[Any] = Text

    def written(self, value: str) -> str:
        """Sealed, if there are keys."""
        return seal_text(self.place, value)

    def read(self, value: str) -> str:
        """Opened. Raises SealingError."""
        return open_text(self.place, value)


class SealedAddress(SealedText):
    """Where a message goes to: sealed, unless it is an id of the house, such as a webhook's, which is looked for."""

    cache_ok = True

    def written(self, value: str) -> str:
        """Sealed, if there are keys and it is not an id."""
        return value if _is_id(value) else super().written(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """An id may be looked for."""
        return self if isinstance(value, str) and _is_id(value) else super().coerce_compared_value(op, value)


def _is_id(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


def key_of(column: ColumnElement[Any]) -> ColumnElement[str]:
    """An expression: the id of the key that a column's value is sealed with, '' where it is plain, null where it says nothing."""
    sealed = column.type
    plain = literal("")
    if isinstance(sealed, SealedText):
        raw = type_coerce(column, Text)
        nothing = [raw == ""]
        if isinstance(sealed, SealedAddress):
            nothing.append(raw.op("~")(_UUID))
        found = func.substring(raw, f"^~({ID})~[A-Za-z0-9+/]{{38}}")
        return case((or_(raw.is_(None), *nothing), null()), else_=func.coalesce(found, plain))
    document = cast(type_coerce(column, JSONB), JSONB)
    empty = cast(document, Text).in_(["{}", "[]", "null"])
    is_sealed = and_(func.jsonb_typeof(document) == "object", document.has_key(_SEALED))
    return case((or_(document.is_(None), empty), null()), (is_sealed, func.coalesce(document[_KEY].astext, plain)), else_=plain)
