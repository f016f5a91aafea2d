"""What every comparator has: values in, a verdict out."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol


class Miss(Enum):
    """The type of MISS."""

    MISS = "no match"

    def __str__(self) -> str:
        return "(no match)"


MISS: Final = Miss.MISS
"""What an extraction gives where it finds nothing: equal only to another miss."""


@dataclass(frozen=True)
class Verdict:
    """Whether two values match; `similarity` is in [0, 1], `path` the JSON path of the first
    difference where there is one, `missed` whether both sides were a miss (which match)."""

    matches: bool
    similarity: float
    path: str | None = None
    missed: bool = False


class Comparator(Protocol):
    """Symmetric, and each value matches itself. Values are JSON values or MISS."""

    def compare(self, a: object, b: object, /) -> Verdict: ...


def verdict_of_misses(a: object, b: object) -> Verdict | None:
    """The verdict where either side is a miss, None where neither is."""
    if a is MISS or b is MISS:
        both = a is b
        return Verdict(both, float(both), missed=both)
    return None


def equality(a: object, b: object) -> Verdict:
    """The verdict on two values of which one equals the other or does not."""
    return verdict_of_misses(a, b) or Verdict(a == b, float(a == b))
