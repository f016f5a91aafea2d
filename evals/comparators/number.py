"""Comparison of numbers."""

import re
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from evals.comparators.base import MISS, Miss, Verdict, equality, verdict_of_misses

# Groups of three, joined by one of: comma, apostrophe, underscore, space, thin and no-break spaces.
_NUMBER = re.compile(
    r"(?P<sign>[-+−]?)\s?[$€£¥]?\s?"
    r"(?P<whole>\d{1,3}(?:(?P<gap>[,'’_ \u00a0\u2009\u202f])\d{3})(?:(?P=gap)\d{3})*|\d*)"
    r"(?P<fraction>\.\d*)?(?P<exponent>[eE][-+]?\d{1,3})?\s?(?P<unit>[%$€£¥]?)",
    re.ASCII,
)
_LONGEST = 400


class Number(msgspec.Struct, frozen=True):
    """Equal as numbers, within a tolerance; a text that is no number is a miss.

    "1,234.5", "$ 1 234.50" and "1.2345e3" are numbers, "12 %" is 0.12, and the point is a point:
    "1,5" is a miss. A text that says more than a number needs an extraction first.
    """

    absolute: Annotated[
        float, Meta(ge=0, le=1e300, description="largest difference that still matches")
    ] = 0.0
    relative: Annotated[
        float,
        Meta(ge=0, le=1, description="the same as a share of the larger number: 0.01 is 1 %"),
    ] = 0.0

    def compare(self, a: object, b: object) -> Verdict:
        x, y = parse_number(a), parse_number(b)
        if isinstance(x, Miss) or isinstance(y, Miss):
            return verdict_of_misses(x, y) or equality(x, y)
        # In decimal, so that 0.4 and 0.3 are within 0.1.
        largest = max(abs(x), abs(y))
        allowed = max(Decimal(repr(self.absolute)), Decimal(repr(self.relative)) * largest)
        apart = abs(x - y)
        alike = 1.0 if apart == 0 else max(0.0, float(1 - apart / largest))
        return Verdict(apart <= allowed, alike)


def parse_number(value: object) -> Decimal | Miss:
    """The number that a JSON value is or spells, or MISS."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return MISS
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        return number if number.is_finite() else MISS
    text = value.strip()
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    whole, fraction = (found["whole"], found["fraction"] or "") if found else ("", "")
    if found is None or not (whole or fraction[1:]):
        return MISS
    digits = re.sub(r"\D", "", whole) or "0"
    sign = "-" if found["sign"] in ("-", "−") else ""
    number = Decimal(f"{sign}{digits}{fraction}{found['exponent'] or ''}")
    return number / 100 if found["unit"] == "%" else number
