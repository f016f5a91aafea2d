"""Comparison of texts that need only be alike."""

from typing import Annotated

import msgspec
from msgspec import Meta

from evals.comparators.base import Verdict, verdict_of_misses
from evals.comparators.likeness import likeness
from evals.values import as_text


class Similarity(msgspec.Struct, frozen=True):
    """Alike enough: the share of characters in common, in order, reaches a threshold.

    Parts that differ over more than 10,000 characters are compared piece by piece, which can only
    lower the result (see `likeness`), so that outputs of megabytes cannot hold up a worker.
    """

    threshold: Annotated[
        float, Meta(ge=0, le=1, description="least similarity that counts as a match, 0 to 1")
    ] = 0.9

    def compare(self, a: object, b: object) -> Verdict:
        missed = verdict_of_misses(a, b)
        if missed:
            return missed
        found = likeness(as_text(a), as_text(b))
        return Verdict(found >= self.threshold, found)
