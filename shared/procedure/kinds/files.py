"""Files that are attached. An answer names a file that was sent before, with its digest; it does not hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.filetypes import BY_MEDIA_TYPE, FILE_TYPES, size_text
from shared.i18n import Language, message
from shared.procedure.fields import FILES, FieldOf, GroupField, SimpleField, SimpleType
from shared.procedure.kinds.kind import Kind, Schema, closed, line

MEGABYTE = 1_000_000
LARGEST, MOST = 20, 10


def types_of(field: FieldOf) -> list[str]:
    """The names of the types of files that a field takes."""
    return list(field.types) or list(FILE_TYPES)


def largest_of(field: FieldOf) -> int:
    """The largest size of a file that a field takes, in bytes."""
    return (field.max_size or LARGEST) * MEGABYTE


def most_of(field: FieldOf) -> int:
    """How many files a field takes."""
    return (field.most or MOST) if getattr(field, "type", "") == "attachments" else 1


def _file(field: FieldOf) -> Schema:
    return closed(
        {
            "id": {
                "title": "受け取ったときの番号",
                "type": "string",
                "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
            },
            "name": line("ファイル名", 150),
            "size": {"title": "バイト数", "type": "integer", "minimum": 1, "maximum": largest_of(field)},
            "type": {
                "title": "メディアタイプ",
                "type": "string",
                "enum": [FILE_TYPES[name].media_type for name in types_of(field)],
            },
            "sha256": {"title": "SHA-256", "type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
        "id",
        "name",
        "size",
        "type",
        "sha256",
    )


def _files(field: FieldOf) -> Schema:
    least = 1 if field.required is True else 0
    return {"type": "array", "minItems": least, "maxItems": most_of(field), "uniqueItems": True, "items": _file(field)}


def _seen(answer: Any) -> dict[str, Any] | None:
    """What rules may ask of a file: its name, type and size."""
    if not isinstance(answer, dict):
        return None
    size = answer.get("size")
    texts = {part: answer.get(part) for part in ("name", "type")}
    return {
        **{part: text if isinstance(text, str) else None for part, text in texts.items()},
        "size": size if isinstance(size, int) and not isinstance(size, bool) else None,
    }


def _all_seen(answer: Any) -> list[dict[str, Any]] | None:
    return [seen for one in answer if (seen := _seen(one)) is not None] if isinstance(answer, list) else None


def text_of(reference: Mapping[str, Any], language: Language) -> str:
    """A file as people read it: its name, type and size."""
    kind = BY_MEDIA_TYPE.get(reference["type"])
    says = f"{kind.name.upper() if kind else reference['type']}, {size_text(reference['size'])}"
    return f"{reference['name']}（{says.replace(', ', '、')}）" if language == "ja" else f"{reference['name']} ({says})"


def _show(_field: FieldOf, answer: Any, language: Language) -> str:
    return text_of(answer, language)


def _show_all(_field: FieldOf, answer: Any, language: Language) -> str:
    return "\n".join(text_of(one, language) for one in answer)


def is_reference(one: Any) -> bool:
    """Whether an answer, which the schema has not seen, names a file."""
    texts = ("id", "name", "type", "sha256")
    return isinstance(one, dict) and all(isinstance(one.get(part), str) for part in texts) and isinstance(one.get("size"), int)


def attached(fields: Sequence[Any], answers: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The files that answers name, each with the JSON Pointer of its place. What has no such shape, the schema finds."""
    for field in fields:
        answer = answers.get(field.key) if field.key else None
        pointer = f"{above}/{field.key}"
        if isinstance(field, GroupField) and isinstance(answer, list):
            for index, row in enumerate(answer):
                if isinstance(row, dict):
                    yield from attached(field.fields, row, f"{pointer}/{index}")
        elif isinstance(field, SimpleField) and field.type in FILES:
            if isinstance(answer, dict):
                yield pointer, answer
            elif isinstance(answer, list):
                yield from ((f"{pointer}/{index}", one) for index, one in enumerate(answer) if isinstance(one, dict))


KINDS: dict[SimpleType, Kind] = {
    "attachment": Kind(message("A file"), _file, _seen, _show),
    "attachments": Kind(message("One or more files"), _files, _all_seen, _show_all),
}
