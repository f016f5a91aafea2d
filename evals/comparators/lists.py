"""Comparison of lists: with their order, or as sets."""

from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta

from evals.comparators.base import MISS, Miss, Verdict, verdict_of_misses
from evals.comparators.json_fields import parse
from evals.comparators.likeness import likeness
from evals.values import canonical

_Separator = Annotated[
    str, Meta(description="between the items of a text that is no JSON list; empty: such is a miss")
]
# Items stand for characters of these planes; two of more than a million would share one.
_FIRST, _PLANES = 0x10000, 0x100000


class SetOf(msgspec.Struct, frozen=True):
    """Equal as sets: the order of items never counts, nor how often one stands there.

    Similarity is the share of items in common (Jaccard's index).
    """

    multiplicity: Annotated[
        bool, Meta(description="how often an item stands there counts as well")
    ] = False
    separator: _Separator = ""

    def compare(self, a: object, b: object) -> Verdict:
        x, y = read_items(a, self.separator), read_items(b, self.separator)
        if isinstance(x, Miss) or isinstance(y, Miss):
            return verdict_of_misses(x, y) or Verdict(False, 0.0)
        mine, theirs = Counter(x), Counter(y)
        if not self.multiplicity:
            mine, theirs = Counter(mine.keys()), Counter(theirs.keys())
        together = (mine | theirs).total()
        return Verdict(mine == theirs, (mine & theirs).total() / together if together else 1.0)


class ListOf(msgspec.Struct, frozen=True):
    """Equal item by item in order, or in any order; items are equal as JSON is.

    The first difference has a path where the order counts.
    """

    ignore_order: Annotated[
        bool, Meta(description="the same items in another order match: as a set with multiplicity")
    ] = False
    separator: _Separator = ""

    def compare(self, a: object, b: object) -> Verdict:
        if self.ignore_order:
            return SetOf(multiplicity=True, separator=self.separator).compare(a, b)
        x, y = read_items(a, self.separator), read_items(b, self.separator)
        if isinstance(x, Miss) or isinstance(y, Miss):
            return verdict_of_misses(x, y) or Verdict(False, 0.0)
        if x == y:
            return Verdict(True, 1.0)
        shorter = min(len(x), len(y))
        first = next((i for i in range(shorter) if x[i] != y[i]), shorter)
        return Verdict(False, _alike(x, y), f"$[{first}]")


def read_items(value: object, separator: str = "") -> list[str] | Miss:
    """The canonical items of a list, or of a text that is one (or is separated); else MISS."""
    value = parse(value)
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, str) and separator:
        parts = (part.strip() for part in value.split(separator))
        return [canonical(part) for part in parts if part]
    return MISS


def _alike(x: list[str], y: list[str]) -> float:
    """The likeness of two lists, item by item, in time that long ones cannot stretch."""
    numbers: dict[str, str] = {}
    texts = (
        "".join(numbers.setdefault(one, chr(_FIRST + len(numbers) % _PLANES)) for one in items)
        for items in (x, y)
    )
    return likeness(*texts)
