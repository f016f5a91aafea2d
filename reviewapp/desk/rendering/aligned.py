"""Two texts side by side, line beside line, with the words marked inside lines that changed and
long stretches that are the same folded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from reviewapp.desk.differences import Piece, mark

#: Lines a side beyond which the texts are not aligned: finding the lines would take too long.
LINES = 5_000
#: Lines that are shown around a difference; longer stretches that are the same are folded.
CONTEXT = 3


@dataclass(frozen=True)
class Row:
    """A line of A beside a line of B; None where that side has none there."""

    a: list[Piece] | None
    b: list[Piece] | None


@dataclass(frozen=True)
class Block:
    """Rows that stand together; `folded` where all are the same and nobody need see them."""

    rows: list[Row]
    folded: bool


def blocks(a: str, b: str) -> list[Block] | None:
    """Both texts, every line of each in exactly one row, in order. None where either has too many
    lines, or both have only one."""
    lines_a, lines_b = a.split("\n"), b.split("\n")
    if max(len(lines_a), len(lines_b)) > LINES or len(lines_a) == len(lines_b) == 1:
        return None
    found: list[Block] = []
    steps = Indel.opcodes(lines_a, lines_b)
    pending: tuple[list[str], list[str]] = ([], [])
    changed: list[Row] = []
    for step in steps:
        of_a = lines_a[step.src_start : step.src_end]
        of_b = lines_b[step.dest_start : step.dest_end]
        if step.tag != "equal":
            pending[0].extend(of_a)
            pending[1].extend(of_b)
            continue
        changed += _pairs(*pending)
        pending = ([], [])
        same = [Row([Piece(one, False)], [Piece(one, False)]) for one in of_a]
        first, last = not found and not changed, step.src_end == len(lines_a)
        head = 0 if first else CONTEXT
        tail = 0 if last and step.dest_end == len(lines_b) else CONTEXT
        if len(same) <= head + tail + 1:
            changed += same
            continue
        changed += same[:head]
        if changed:
            found.append(Block(changed, folded=False))
        found.append(Block(same[head : len(same) - tail], folded=True))
        changed = same[len(same) - tail :] if tail else []
    changed += _pairs(*pending)
    if changed:
        found.append(Block(changed, folded=False))
    return found


def _pairs(a: list[str], b: list[str]) -> Iterator[Row]:
    """Lines that were replaced stand beside each other, in order, the rest alone."""
    for i in range(max(len(a), len(b))):
        if i < len(a) and i < len(b):
            yield Row(*mark(a[i], b[i]))
        elif i < len(a):
            yield Row([Piece(a[i], True)], None)
        else:
            yield Row(None, [Piece(b[i], True)])
