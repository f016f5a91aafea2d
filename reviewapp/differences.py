"""Where two texts differ, word by word, for showing them side by side. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
    words_a, words_b = _WORD.findall(a), _WORD.findall(b)
    if max(len(words_a), len(words_b)) > WORDS or "".join(words_a) != a or "".join(words_b) != b:
        return _whole(a), _whole(b)
    pieces_a: list[Piece] = []
    pieces_b: list[Piece] = []
    for tag, a1, a2, b1, b2 in Indel.opcodes(words_a, words_b):
        if a2 > a1:
            pieces_a.append(Piece("".join(words_a[a1:a2]), tag != "equal"))
        if b2 > b1:
            pieces_b.append(Piece("".join(words_b[b1:b2]), tag != "equal"))
    differing = sum(len(piece.text) for piece in pieces_a + pieces_b if piece.differs)
    if differing > MOSTLY * (len(a) + len(b)):
        return _whole(a), _whole(b)
    return pieces_a, pieces_b


def _whole(text: str) -> list[Piece]:
    return [Piece(text, False)] if text else []
