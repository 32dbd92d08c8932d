"""What a service measures at a moment, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlmodel import Session


@dataclass(frozen=True)
class Measured:
    """A name, what it means (for people), its value at this moment, and labels. All of one name have the same labels."""

    name: str
    means: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


Measure = Callable[["Session"], Iterable[Measured]]
