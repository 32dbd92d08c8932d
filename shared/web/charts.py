"""Bar charts without scripts: each bar is a small <svg> beside its words, so that the words keep their size on a narrow page.

The macro `bars` of charts.html draws them; what a chart shows stands in a table too. The lengths are attributes of SVG, since the
pages' Content-Security-Policy allows no styles in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_SERIES = 4  # as many colours as pages.css has for them


@dataclass(frozen=True)
class Bar:
    """A bar: its name, a value for each series, and what is said at its end where that is not their sum."""

    label: str
    values: tuple[float, ...]
    says: str = ""

    @property
    def total(self) -> float:
        """The length of the bar."""
        return sum(self.values)

    @property
    def end(self) -> str:
        """What stands at its end."""
        return self.says or number(self.total)


@dataclass(frozen=True)
class Segment:
    """A piece of a bar: where it begins and how wide it is, in percent, and its series from 1."""

    x: str
    width: str
    series: int


@dataclass(frozen=True)
class Chart:
    """Horizontal bars on one scale; several series lie one after the other in each bar. Values are never below zero."""

    key: str
    title: str
    heading: str
    series: tuple[str, ...]
    bars: Sequence[Bar]

    def segments(self, bar: Bar) -> list[Segment]:
        """The pieces of a bar that can be seen. The longest bar takes the whole width."""
        longest = max((one.total for one in self.bars), default=0) or 1
        found, begun = [], 0.0
        for place, value in enumerate(bar.values, start=1):
            if value > 0:
                found.append(Segment(f"{100 * begun / longest:.2f}%", f"{100 * value / longest:.2f}%", place))
            begun += value
        return found


def number(value: float) -> str:
    """A value as people read it."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
