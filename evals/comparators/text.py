"""Comparison of texts without what readers do not see."""

import re
import unicodedata
from typing import Annotated

import msgspec
from msgspec import Meta

from evals.comparators.base import Verdict, verdict_of_misses
from evals.comparators.likeness import likeness
from evals.values import as_text

# Punctuation and symbols, except what makes a number: a sign or a point before a digit.
_MARK = re.compile(r"(?![-−.,]\d)(?:[^\w\s]|_)")


class Text(msgspec.Struct, frozen=True):
    """Equal after Unicode NFKC, case folding and joining of white space."""

    strip_punctuation: Annotated[
        bool, Meta(description="also ignore punctuation (signs and points of numbers stay)")
    ] = False

    def compare(self, a: object, b: object) -> Verdict:
        missed = verdict_of_misses(a, b)
        if missed:
            return missed
        x, y = self._normal(a), self._normal(b)
        return Verdict(x == y, likeness(x, y))

    def _normal(self, value: object) -> str:
        text = unicodedata.normalize("NFKC", as_text(value)).casefold()
        if self.strip_punctuation:
            text = _MARK.sub(_without_punctuation, text)
        # Folding can undo the normal form.
        return " ".join(unicodedata.normalize("NFKC", text).split())


def _without_punctuation(mark: re.Match[str]) -> str:
    return "" if unicodedata.category(mark[0]).startswith("P") else mark[0]
