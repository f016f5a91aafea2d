"""Exact comparison."""

import msgspec

from evals.comparators.base import MISS, Verdict, equality
from evals.values import canonical


class Exact(msgspec.Struct, frozen=True):
    """Equal in every character; JSON is equal whatever the order of its keys."""

    def compare(self, a: object, b: object) -> Verdict:
        return equality(*(value if value is MISS else canonical(value) for value in (a, b)))
