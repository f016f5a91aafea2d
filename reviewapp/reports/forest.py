"""The geometry of the forest plot: from rows of a report to coordinates of an SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Where the plot lies in the picture, in SVG units.
LEFT, RIGHT, TOP, ROW = 210.0, 660.0, 44.0, 26.0
WIDTH = 900.0


@dataclass(frozen=True)
class Mark:
    key: str | None
    name: str
    critical: bool
    verdict: str
    y: float
    low: float
    value: float
    high: float
    margin: float | None
    label: str
    #: Whether the interval goes on beyond the plot's edge.
    cut_low: bool = False
    cut_high: bool = False

    @property
    def shape(self) -> str:
        """Path of the mark at the value, so that colour is not needed to tell verdicts apart: it
        points to where the difference goes, and is a disc where none is shown."""
        x, y = self.value, self.y
        if self.verdict in ("worse", "better"):
            tip, back = (x + 8, x - 4) if self.verdict == "worse" else (x - 8, x + 4)
            return f"M{tip:g},{y:g}L{back:g},{y - 7:g}V{y + 7:g}Z"
        return f"M{x - 4.5:g},{y:g}a4.5,4.5 0 1 0 9,0a4.5,4.5 0 1 0 -9,0Z"

    @property
    def ends(self) -> str:
        """Path of the interval's ends: a stroke across, or an arrow where it goes on."""
        return _end(self.low, self.y, self.cut_low, 1) + _end(self.high, self.y, self.cut_high, -1)

    @property
    def beyond(self) -> float:
        """Width of what lies beyond the margin."""
        return 0.0 if self.margin is None else round(RIGHT - self.margin, 1)

    @property
    def text_y(self) -> float:
        return self.y + 4

    @property
    def top(self) -> float:
        return self.y - 11

    @property
    def foot(self) -> float:
        return self.y + 11


@dataclass(frozen=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True)
class Forest:
    """`x` of zero, ticks in points, one mark a category; intervals are cut at the plot's edges."""

    width: float
    height: float
    zero: float
    bottom: float
    ticks: list[Tick]
    marks: list[Mark]

    @property
    def tick_y(self) -> float:
        return self.bottom + 18


def forest(rows: Sequence[dict[str, Any]], kind: str, margins: dict[str | None, float]) -> Forest:
    """rows: categories of a report, in the order shown; kind: "difference" or "future";
    margins: by category key, in shares."""
    ends = [abs(row[kind][end] or 0.0) for row in rows for end in ("low", "high")]
    ends += [margins[row["key"]] for row in rows if row["key"] in margins]
    reach = max([*ends, 0.005]) * 1.08
    step = _step(reach)
    limit = math.ceil(reach / step) * step

    def x(share: float) -> float:
        at = (LEFT + RIGHT) / 2 + share / limit * (RIGHT - LEFT) / 2
        return round(float(min(max(at, LEFT), RIGHT)), 1)

    count = round(limit / step)
    ticks = [Tick(x(i * step), _tick(100 * i * step)) for i in range(-count, count + 1)]
    marks = [
        Mark(
            key=row["key"],
            name=row["name"],
            critical=row["critical"],
            verdict=row["verdict"],
            y=TOP + i * ROW + ROW / 2,
            low=x(-limit if row[kind]["low"] is None else row[kind]["low"]),
            value=x(row[kind]["value"]),
            high=x(limit if row[kind]["high"] is None else row[kind]["high"]),
            margin=x(margins[row["key"]]) if row["key"] in margins else None,
            label=row["label"],
            cut_low=row[kind]["low"] is None,
            cut_high=row[kind]["high"] is None,
        )
        for i, row in enumerate(rows)
    ]
    bottom = TOP + len(rows) * ROW
    return Forest(WIDTH, bottom + 28, x(0), bottom, ticks, marks)


def _end(x: float, y: float, cut: bool, inwards: int) -> str:
    if cut:
        return f"M{x + 7 * inwards:g},{y - 5:g}L{x:g},{y:g}L{x + 7 * inwards:g},{y + 5:g}"
    return f"M{x:g},{y - 5:g}V{y + 5:g}"


def _step(reach: float) -> float:
    """A round distance between ticks, so that each half has two to five."""
    raw = reach / 3
    magnitude = 10.0 ** math.floor(math.log10(raw))
    return min((m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw), default=raw)


def _tick(points: float) -> str:
    return f"{points:+.3g}".replace("-", "−") if abs(points) > 1e-9 else "0"


#: A strip lies in a row of a table: the same interval without words.
STRIP_WIDTH, STRIP_HEIGHT = 140.0, 18.0


@dataclass(frozen=True)
class Strip:
    low: float
    value: float
    high: float
    zero: float = STRIP_WIDTH / 2
    width: float = STRIP_WIDTH
    height: float = STRIP_HEIGHT


def strips(estimates: Sequence[dict[str, Any] | None]) -> list[Strip | None]:
    """One a row, all on the scale of the widest; None where there is nothing to draw."""
    known = [one for one in estimates if one]
    ends = [abs(one[end]) for one in known for end in ("low", "value", "high") if one[end]]
    reach = max([*ends, 1e-9])

    def x(share: float | None, unbounded: float) -> float:
        at = unbounded if share is None else share / reach
        return round(STRIP_WIDTH / 2 + at * (STRIP_WIDTH / 2 - 4), 1)

    return [
        Strip(x(one["low"], -1), x(one["value"], 0), x(one["high"], 1)) if one else None
        for one in estimates
    ]
