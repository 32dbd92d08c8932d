"""The filing that is measured: the shipped example of 後援名義の使用承認申請."""

from __future__ import annotations

from pathlib import Path

PROCEDURE = "koen-meigi"
_EXAMPLE = Path(__file__).parent.parent.parent / "procedures" / f"{PROCEDURE}.example.json"


def body() -> bytes:
    """The request's body."""
    return _EXAMPLE.read_bytes()
