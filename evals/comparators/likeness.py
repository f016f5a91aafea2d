"""How alike two texts are, in time that a hostile output cannot stretch."""

from rapidfuzz.distance import Indel, Postfix, Prefix

# Texts are compared whole up to this many characters beyond their common beginning and end.
WHOLE = 10_000


def likeness(a: str, b: str) -> float:
    """1 − d/(|a|+|b|), with d the insertions and deletions that turn a into b (rapidfuzz's ratio,
    on a scale of 0 to 1); 1.0 only for equal texts.

    The exact distance takes quadratic time. Where what differs is longer than WHOLE characters,
    both texts are cut into the same number of pieces and compared piece by piece. That can only
    find fewer characters in common: the result is then a lower bound. Linear in the length.
    """
    if a == b:
        return 1.0
    total = len(a) + len(b)
    head = Prefix.similarity(a, b)
    a, b = a[head:], b[head:]
    tail = Postfix.similarity(a, b)
    a, b = a[: len(a) - tail], b[: len(b) - tail]
    pieces = -(-max(len(a), len(b)) // WHOLE)
    distance = sum(
        Indel.distance(_piece(a, i, pieces), _piece(b, i, pieces)) for i in range(pieces)
    )
    return 1 - distance / total


def _piece(text: str, i: int, pieces: int) -> str:
    return text[i * len(text) // pieces : (i + 1) * len(text) // pieces]
