"""Where something is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.i18n import Language, message
from shared.japanese import PREFECTURES
from shared.procedure.fields import FieldOf, SimpleType
from shared.procedure.kinds.kind import Fault, Kind, Schema, closed, line, parts

_POSTAL_CODE: Schema = {"title": "郵便番号", "type": "string", "pattern": "^[0-9]{7}$"}
_PREFECTURE: Schema = {"title": "都道府県コード（JIS X 0401）", "type": "string", "enum": list(PREFECTURES)}
_ADDRESS = closed(
    {"postal_code": _POSTAL_CODE, "prefecture": _PREFECTURE, "address": line("市区町村以下", 300)}, "prefecture", "address"
)
# 全国地方公共団体コード: JIS X 0401, JIS X 0402 and a check digit
_MUNICIPALITY = closed({"code": line("全国地方公共団体コード", 6, "^[0-9]{6}$"), "name": line("市区町村名", 50)}, "code", "name")
_POINT = closed(
    {
        "lat": {"title": "緯度", "type": "number", "minimum": -90, "maximum": 90},
        "lon": {"title": "経度", "type": "number", "minimum": -180, "maximum": 180},
    },
    "lat",
    "lon",
)


def _show_postal_code(_field: FieldOf, answer: Any, _language: Language) -> str:
    return f"〒{answer[:3]}-{answer[3:]}"


def _show_prefecture(_field: FieldOf, answer: Any, _language: Language) -> str:
    return PREFECTURES[answer]


def _show_municipality(_field: FieldOf, answer: Any, _language: Language) -> str:
    return f"{PREFECTURES.get(answer['code'][:2], '')}{answer['name']}（{answer['code']}）"


def _show_address(field: FieldOf, answer: Any, language: Language) -> str:
    code = answer.get("postal_code") or ""
    post = f"{_show_postal_code(field, code, language)} " if code else ""
    return f"{post}{PREFECTURES[answer['prefecture']]}{answer['address']}"


def _show_point(_field: FieldOf, answer: Any, language: Language) -> str:
    if language == "ja":
        return f"緯度 {answer['lat']}、経度 {answer['lon']}"
    return f"latitude {answer['lat']}, longitude {answer['lon']}"


def municipality_code(digits: str) -> str:
    """A 全国地方公共団体コード: five digits (JIS X 0401 and 0402) with their check digit."""
    weighed = sum(int(digit) * weight for digit, weight in zip(digits, range(6, 1, -1), strict=True))
    return f"{digits}{(11 - weighed % 11) % 10}"


def is_municipality_code(code: str) -> bool:
    """Whether six digits are a 全国地方公共団体コード: a prefecture's, with the right check digit (旧自治省 昭和43年)."""
    if not (code.isascii() and code.isdigit() and len(code) == 6 and code[:2] in PREFECTURES):  # noqa: PLR2004 - six digits
        return False
    return municipality_code(code[:5]) == code


def _municipality(field: FieldOf, seen: dict[str, str | None], around: Mapping[str, Any]) -> Fault:
    code = seen["code"] or ""
    if not is_municipality_code(code):
        return message("“{label}” has a code that no municipality has: its check digit is wrong")
    prefecture = around.get(field.within or "")
    if isinstance(prefecture, dict):  # a full address
        prefecture = prefecture.get("prefecture")
    if prefecture is not None and code[:2] != prefecture:
        return message("“{label}” does not lie in the prefecture that was chosen")
    return None


def _point(answer: Any) -> dict[str, float | None] | None:
    if not isinstance(answer, dict):
        return None
    ends = {end: answer.get(end) for end in ("lat", "lon")}
    fine = {end: isinstance(at, int | float) and not isinstance(at, bool) and abs(at) <= 180 for end, at in ends.items()}  # noqa: PLR2004 - degrees
    return {end: float(at) if fine[end] else None for end, at in ends.items()}  # type: ignore[arg-type] # `fine` has looked


KINDS: dict[SimpleType, Kind] = {
    "postal-code": Kind(message("Postal code"), lambda _: _POSTAL_CODE, shown=_show_postal_code),
    "prefecture": Kind(message("Prefecture"), lambda _: _PREFECTURE, shown=_show_prefecture),
    "municipality": Kind(
        message("Municipality"), lambda _: _MUNICIPALITY, parts("code", "name"), _show_municipality, _municipality
    ),
    "address": Kind(message("Address"), lambda _: _ADDRESS, parts("postal_code", "prefecture", "address"), _show_address),
    "map-point": Kind(message("Place on the map"), lambda _: _POINT, _point, _show_point),
}
