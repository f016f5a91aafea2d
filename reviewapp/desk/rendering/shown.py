"""The ways in which two outputs can be shown beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evals.models import Output
from reviewapp.desk import differences
from reviewapp.desk.rendering import aligned, fields, markdown, turns

#: Name of each way, in words, in the order in which they are offered.
WAYS = {
    "words": "words that differ",
    "lines": "line by line",
    "fields": "field by field",
    "read": "as it reads",
    "plain": "plain",
}
#: Characters of a text that are shown before somebody asks for the rest.
FOLD = 8_000
#: Fields that differ, and that are the same, which are shown before somebody asks for the rest.
DIFFERING, EQUAL = 60, 20
#: Characters a side beyond which lines are not aligned: nobody reads that many.
ALIGNED = 200_000


@dataclass(frozen=True)
class Shown:
    """Two outputs in one way. `way` is the one that could be done, `ways` those there are.

    In "words" and "plain" the shown text is the stored one (or its beginning), so evidence can be
    marked in it; `more` has how many characters are folded of A and of B. In "fields" the context
    has how many `fields` there are and, as `folded`, how many of them are not shown yet.
    """

    way: str
    ways: list[str]
    context: dict[str, Any]
    more: dict[str, int]


def shown(a: Output, b: Output, way: str, *, whole: bool = False) -> Shown:
    """The outputs in the way asked for; field by field, or in words, where these outputs have no
    such way."""
    ways = _ways(a, b)
    if way not in ways:
        way = "fields" if "fields" in ways else "words"
    more = {"A": 0, "B": 0} if whole else {side: _left(one) for side, one in (("A", a), ("B", b))}
    if way == "read":
        return Shown(way, ways, *_reads(a, b, more, whole=whole))
    if way == "fields":
        return Shown(way, ways, _fields(a, b, whole=whole), {})
    return Shown(way, ways, _context(a, b, way, more), more if way in ("words", "plain") else {})


def _ways(a: Output, b: Output) -> list[str]:
    lines = "\n" in a.text or "\n" in b.text
    longest = max(len(a.text), len(b.text))
    few = longest <= ALIGNED and max(a.text.count("\n"), b.text.count("\n")) < aligned.LINES
    texts = isinstance(a.value, str) and isinstance(b.value, str)
    alike = any(isinstance(a.value, k) and isinstance(b.value, k) for k in (dict, list))
    there = {
        "words": True,
        "lines": texts and lines and few,
        "fields": alike,
        "read": True,
        "plain": True,
    }
    return [way for way, can in there.items() if can]


def _context(a: Output, b: Output, way: str, more: dict[str, int]) -> dict[str, Any]:
    if way == "lines" and (blocks := aligned.blocks(a.text, b.text)) is not None:
        return {"lines": blocks}
    heads = [one.text[: len(one.text) - more[side]] for side, one in (("A", a), ("B", b))]
    pieces = differences.mark(*heads) if way == "words" else [_plain(head) for head in heads]
    return {"pieces": dict(zip("AB", pieces, strict=True))}


def _fields(a: Output, b: Output, *, whole: bool) -> dict[str, Any]:
    """Those that differ and those that are the same, of each the first; all where `whole`."""
    rows, left = fields.rows(a.value, b.value) or ([], 0)
    differing = [row for row in rows if row.differs]
    equal = [row for row in rows if not row.differs]
    shown = (differing, equal) if whole else (differing[:DIFFERING], equal[:EQUAL])
    return {
        "differing": shown[0],
        "equal": shown[1],
        "all_equal": len(equal),
        "fields": len(rows),
        "folded": len(rows) - sum(map(len, shown)),
        "more": left,
    }


def _reads(
    a: Output, b: Output, more: dict[str, int], *, whole: bool
) -> tuple[dict[str, Any], dict[str, int]]:
    """Markdown for a text, turns and trees for anything else; a text that is too long to be
    rendered is folded as in the other ways."""
    found: dict[str, Any] = {}
    left: dict[str, int] = {}
    for side, output in (("A", a), ("B", b)):
        if not isinstance(output.value, str):
            place = "" if whole else side
            found[side] = {"parts": turns.of_output(output.value, place=place)}
        elif (html := markdown.html(output.value)) is not None:
            found[side] = {"html": html}
        else:
            left[side] = more[side]
            found[side] = {"text": output.text[: len(output.text) - more[side]]}
    return {"read": found}, left


def _plain(text: str) -> list[differences.Piece]:
    return [differences.Piece(text, differs=False)]


def _left(output: Output) -> int:
    """A text is not folded for the sake of a few lines."""
    left = len(output.text) - FOLD
    return left if left > FOLD // 10 else 0
