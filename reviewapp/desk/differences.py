"""Where two texts differ, word by word, for showing them side by side. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from rapidfuzz.distance import Indel

#: Words a side beyond which no difference is marked: finding it would take too long.
WORDS = 20_000
#: Share of both texts beyond which marks would cover everything and help nobody.
MOSTLY = 0.7
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A stretch of one text; `differs` where the other text has nothing like it there."""

    text: str
    differs: bool


def mark(a: str, b: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces whose texts joined are the texts themselves."""
    if a == b:
        return _whole(a), _whole(b)
    words_a, words_b = _words(a), _words(b)
    if max(len(words_a), len(words_b)) > WORDS:
        return _whole(a), _whole(b)
    pieces_a: list[Piece] = []
    pieces_b: list[Piece] = []
    for step in Indel.opcodes(words_a, words_b):
        differs = step.tag != "equal"
        if of_a := "".join(words_a[step.src_start : step.src_end]):
            pieces_a.append(Piece(of_a, differs))
        if of_b := "".join(words_b[step.dest_start : step.dest_end]):
            pieces_b.append(Piece(of_b, differs))
    differing = sum(len(piece.text) for piece in pieces_a + pieces_b if piece.differs)
    if differing > MOSTLY * (len(a) + len(b)):
        return _whole(a), _whole(b)
    return pieces_a, pieces_b


def _words(text: str) -> list[str]:
    """Every character is in one of them; of a text that is too long, no more than shows that."""
    return [found[0] for found in islice(_WORD.finditer(text), WORDS + 1)]


def _whole(text: str) -> list[Piece]:
    return [Piece(text, False)] if text else []
