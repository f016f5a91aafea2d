"""Comparison of labels."""

from typing import Annotated

import msgspec
from msgspec import Meta

from evals.comparators.base import MISS, Miss, Verdict, equality
from evals.values import as_text


class Label(msgspec.Struct, frozen=True):
    """Equal as labels: case and space around them do not count; other words may be a miss."""

    allowed: Annotated[
        list[str], Meta(description="the labels there are; anything else is a miss")
    ] = []
    synonyms: Annotated[
        dict[str, str], Meta(description='other words for a label: {"junk": "spam"}')
    ] = {}

    def __post_init__(self) -> None:
        folded = [_fold(label) for label in self.allowed]
        if "" in folded:
            raise ValueError("`allowed` holds an empty label; remove it")
        if len(set(folded)) < len(folded):
            raise ValueError("`allowed` holds the same label twice; case does not count")
        words = [_fold(word) for word in self.synonyms]
        if len(set(words)) < len(words):
            raise ValueError("`synonyms` holds the same word twice; case does not count")
        unknown = [to for to in self.synonyms.values() if folded and _fold(to) not in folded]
        if unknown:
            raise ValueError(f"`synonyms` leads to {unknown[0]!r}, which `allowed` does not hold")

    def compare(self, a: object, b: object) -> Verdict:
        return equality(self._read(a), self._read(b))

    def _read(self, value: object) -> str | Miss:
        if value is MISS:
            return MISS
        label = _fold(as_text(value))
        label = {_fold(word): _fold(to) for word, to in self.synonyms.items()}.get(label, label)
        known = {_fold(one) for one in self.allowed}
        return label if not known or label in known else MISS


def _fold(label: str) -> str:
    return label.strip().casefold()
