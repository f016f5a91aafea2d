"""Comparison of quantities: numbers with units."""

import re
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from evals.comparators.base import MISS, Miss, Verdict, equality, verdict_of_misses
from evals.comparators.number import parse_number
from evals.comparators.units import Unit, known

_LONGEST = 200
# A number as parse_number reads it, then what stands up to the next one.
_PART = re.compile(
    r"\s*(?P<number>\d[\d,'’_\u00a0\u2009\u202f]*(?:\.\d+)?(?:[eE][-+]?\d{1,3}(?![\w]))?|\.\d+)"
    r"\s*(?P<unit>(?:[^\d\s.,;+-][^\d\s,;+-]*(?:[23](?![\d.]))?)?)\.?",
)
_SIGN = re.compile(r"\s*(?P<sign>[-+−]?)\s*(?P<money>(?:US)?[$€£¥]?)")


class Quantity(msgspec.Struct, frozen=True):
    """Equal as quantities: 1.5 km is 1500 m, 1 h 30 min is 90 minutes, within a tolerance.

    Quantities of different kinds differ; a text that is no quantity, or names a unit that is not
    known, is a miss. "$ 5" is "5 USD". One that says more needs an extraction first.
    """

    unit: Annotated[str, Meta(description="of numbers that name none: kg")] = ""
    absolute: Annotated[
        str, Meta(description="largest difference that still matches, with its unit: 5 mm")
    ] = "0"
    relative: Annotated[
        float, Meta(ge=0, le=1, description="the same as a share of the larger: 0.01 is 1 %")
    ] = 0.0
    units: Annotated[
        dict[str, str],
        Meta(description='units besides those that are known: {"stone": "6.35 kg"}'),
    ] = {}

    def __post_init__(self) -> None:
        for name, size in self.units.items():
            if not name or any(mark.isdigit() or mark.isspace() for mark in name):
                raise ValueError(f"`units`: {name!r} is no name of a unit: no digits, no spaces")
            if _read(size, known(), "") is MISS:
                raise ValueError(f"`units`: {size!r} is no quantity in known units, as '6.35 kg'")
        if self.unit not in self._table():
            raise ValueError(f"`unit`: {self.unit!r} is not known; add it to `units`")
        if _read(self.absolute, self._table(), "", difference=True) is MISS:
            raise ValueError(f"`absolute`: {self.absolute!r} is no quantity such as '5 mm'")

    def compare(self, a: object, b: object) -> Verdict:
        table = self._table()
        x, y = (_read(value, table, self.unit) for value in (a, b))
        if isinstance(x, Miss) or isinstance(y, Miss):
            return verdict_of_misses(x, y) or equality(x, y)
        (kind, mine), (other, theirs) = x, y
        if kind != other:
            return Verdict(False, 0.0)
        largest, apart = max(abs(mine), abs(theirs)), abs(mine - theirs)
        alike = 1.0 if apart == 0 else max(0.0, float(1 - apart / largest))
        return Verdict(apart <= max(self._allowed(kind), largest * self._share()), alike)

    def _share(self) -> Decimal:
        return Decimal(repr(self.relative))

    def _allowed(self, kind: str) -> Decimal:
        found = _read(self.absolute, self._table(), self.unit, difference=True)
        assert not isinstance(found, Miss)
        return abs(found[1]) if found[0] == kind else Decimal(0)

    def _table(self) -> dict[str, Unit]:
        if not self.units:
            return known()
        table = dict(known())
        for name, size in self.units.items():
            found = _read(size, known(), "")
            if not isinstance(found, Miss):
                table[name] = (found[0], found[1], Decimal(0))
        return table


def _read(
    value: object, table: dict[str, Unit], unit: str, difference: bool = False
) -> tuple[str, Decimal] | Miss:
    """(dimension, amount in the dimension's own unit), or MISS. A `difference` of temperatures
    does not start at a scale's zero."""
    if not isinstance(value, str):
        number = parse_number(value)
        found = None if isinstance(number, Miss) else [(number, unit)]
    else:
        found = _parts(value, unit) if len(value) <= _LONGEST else None
    if not found or any(name not in table and name.lower() not in table for _, name in found):
        return MISS
    dimension, total = "", Decimal(0)
    for i, (number, name) in enumerate(found):
        kind, size, zero = table.get(name) or table[name.lower()]
        if i and kind != dimension:
            return MISS
        dimension, total = kind, total + number * size + (0 if difference else zero)
    if not total.is_finite() or (len(found) > 1 and dimension == "temperature"):
        return MISS
    return dimension, total


def _parts(text: str, unit: str) -> list[tuple[Decimal, str]] | None:
    """The numbers of a text with their units, which must be all that there is in it."""
    text = text.strip()
    start = _SIGN.match(text)
    assert start
    minus, money, at = start["sign"] in ("-", "−"), start["money"], start.end()
    parts: list[tuple[Decimal, str]] = []
    while at < len(text):
        found = _PART.match(text, at)
        number = parse_number(found["number"]) if found else MISS
        if found is None or isinstance(number, Miss):
            return None
        name = found["unit"].rstrip(".") or money or ("" if parts else unit)
        parts.append((-number if minus else number, name))
        at = found.end()
    several = len(parts) > 1
    return None if several and any(not name or name == money for _, name in parts) else parts
