"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPERATING = "docs/operating.md"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. Without `remedy` it is well. `page` is where more about it is written. What is merely `noted`
    is to be known, and keeps nothing from working.
    """

    what: str
    remedy: str = ""
    page: str = OPERATING
    noted: bool = False

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return self.noted or not self.remedy


def guarded(part: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a look; one that fails itself is a finding too, and does not keep the others from being made."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 - a doctor who falls ill helps nobody
        said = (str(error).strip().splitlines() or [""])[0]
        yield Finding(f"{part} could not be looked at: {type(error).__name__} {said}"[:400], "Mend that first, then look again.")
