"""The filings that are measured: accepting takes the longest shipped form, the chain the one with the most to decide."""

from __future__ import annotations

from pathlib import Path

ACCEPTED = "keieiryoku-keikaku"
CHAINED = "koen-meigi"
_PROCEDURES = Path(__file__).parent.parent.parent / "procedures"


def body(procedure: str) -> bytes:
    """A request's body: the procedure's shipped example."""
    return (_PROCEDURES / f"{procedure}.example.json").read_bytes()
