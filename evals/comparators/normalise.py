"""Normalising: what a text says without the ways of writing it, between extraction and comparison.

A step takes a JSON value and gives one. It works on text; of a list or an object it works on every
text inside, and leaves keys as they are. (Text that holds JSON is text: extract `$` first.)
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from evals.comparators.base import MISS


class Normaliser(Protocol):
    def apply(self, value: object, /) -> object: ...


class Unicode(msgspec.Struct, frozen=True):
    """One spelling for characters that look alike (Unicode NFKC): ﬁ is fi, ² is 2."""

    def apply(self, value: object) -> object:
        return _each_text(value, lambda text: unicodedata.normalize("NFKC", text))


class CaseFold(msgspec.Struct, frozen=True):
    """Without upper case (Unicode case folding): STRASSE is straße."""

    def apply(self, value: object) -> object:
        return _each_text(value, str.casefold)


class Whitespace(msgspec.Struct, frozen=True):
    """With one space wherever there is white space, and none at the ends."""

    def apply(self, value: object) -> object:
        return _each_text(value, lambda text: " ".join(text.split()))


class Markdown(msgspec.Struct, frozen=True):
    """Without Markdown's marks: headings, emphasis, lists, quotes, fences, links, tables."""

    def apply(self, value: object) -> object:
        return _each_text(value, _without_markdown)


class Numbers(msgspec.Struct, frozen=True):
    """With every number in one format: 1,234.50 is 1234.5, and 1.234,5 where the comma is it."""

    decimal: Annotated[
        str, Meta(pattern="^[.,]$", description='mark before the fraction, "." or ","')
    ] = "."

    def apply(self, value: object) -> object:
        return _each_text(value, lambda text: _NUMERAL.sub(self._number, text))

    def _number(self, found: re.Match[str]) -> str:
        text = found[0]
        # What ends a sentence is not of the number.
        core = text.rstrip(".,'’_\u00a0\u2009\u202f")
        other = "," if self.decimal == "." else "."
        read = _ENGLISH.fullmatch(core.translate({ord(self.decimal): ".", ord(other): ","}))
        if len(core) > _LONGEST or not read:
            return text
        digits = re.sub(r"\D", "", read["whole"]).lstrip("0") or "0"
        fraction = (read["fraction"] or "").rstrip("0")
        return digits + (f".{fraction}" if fraction else "") + text[len(core) :]


NORMALISERS: dict[
    str, type[Unicode] | type[CaseFold] | type[Whitespace] | type[Markdown] | type[Numbers]
] = {
    "unicode": Unicode,
    "case": CaseFold,
    "whitespace": Whitespace,
    "markdown": Markdown,
    "numbers": Numbers,
}


def normalise(steps: tuple[Normaliser, ...], value: object) -> object:
    """The value after all steps; a miss stays one."""
    if value is not MISS:
        for step in steps:
            value = step.apply(value)
    return value


def _each_text(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    return value


_LONGEST = 400
_NUMERAL = re.compile(r"(?<![\w.,])\d[\d.,'’_\u00a0\u2009\u202f]*+(?![^\W\d])")
_ENGLISH = re.compile(
    r"(?P<whole>\d{1,3}(?:([,'’_\u00a0\u2009\u202f])\d{3})(?:\2\d{3})*|\d+)(?:\.(?P<fraction>\d+))?"
)

# Each takes time in proportion to the text: runs are taken whole (possessive), or stop at the mark
# that begins the next.
_QUOTE = re.compile(r"^(?:[ \t]*+>)++[ \t]?", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*+(?:`{3,}+|~{3,}+)[^\n`]*+\n?", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*+(?:[-*_|:=][ \t]*+){3,}+$", re.MULTILINE)
_BEGINNING = re.compile(
    r"^[ \t]*+(?:#{1,6}+(?=\s)|[-*+](?=\s)|\d{1,9}+[.)](?=\s))?[ \t]*+(?:\[[ xX]\] )?",
    re.MULTILINE,
)
_LINK = re.compile(r"!?\[([^\[\]\n]*+)\]\([^()\s]*+(?:[ \t]++\"[^\"\n()]*+\")?\)")
_OPENING = re.compile(r"(?<![\w*~`])[*_~`]++(?=\S)")
_CLOSING = re.compile(r"(?<=[^\s*_~`])[*_~`]++(?![\w])")
_CELLS = re.compile(r"[ \t]*+\|[ \t]*+")


def _without_markdown(text: str) -> str:
    text = _RULE.sub("", _FENCE.sub("", _QUOTE.sub("", text)))
    text = _LINK.sub(r"\1", _BEGINNING.sub("", text))
    text = _CLOSING.sub("", _OPENING.sub("", text))
    return _CELLS.sub(" ", text)
