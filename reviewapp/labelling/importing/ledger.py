"""What a rater's word changes about what is stored of theirs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Found(NamedTuple):
    """One error, by the keys of its category and severity ("" for none)."""

    category: str
    severity: str
    where: str
    path: str
    start: int
    end: int
    note: str


class Side(NamedTuple):
    """What was said of one side. The findings are in one order, however they came."""

    verdict: str
    findings: tuple[Found, ...]


@dataclass
class Word:
    """What one rater said at once. `blind` None: it does not say. `corrected` is JSON, "" for
    none."""

    sides: dict[str, Side]
    revision: int = 1
    authoritative: bool = False
    blind: bool | None = None
    corrected: str = ""
    note: str = ""


@dataclass
class Said(Word):
    """A word that is stored, or will be once the chunk is written (`row` is not saved then)."""

    row: Any = None
    live: bool = True


class Change(StrEnum):
    NEW = "new"
    MERGED = "merged"
    REVISED = "revised"
    SAME = "same"
    CONFLICT = "conflict"


@dataclass
class Outcome:
    """`word`: what is to be stored, None where nothing is; `before`: what it supersedes."""

    change: Change
    word: Word | None = None
    before: Said | None = None
    why: str = ""


def decide(said: Sequence[Said], word: Word) -> Outcome:
    """Holds a word against all that its rater said of the same before."""
    live = next((one for one in said if one.live), None)
    if live is None:
        return Outcome(Change.NEW, word)
    if any(one.revision >= word.revision and _covers(one, word) for one in said):
        return Outcome(Change.SAME)
    whole = {**live.sides, **word.sides}
    if word.revision > live.revision:
        return Outcome(Change.REVISED, _with(word, whole, word.revision), live)
    if not live.sides.keys() & word.sides.keys():
        merged = _with(word, whole, live.revision + 1)
        merged.authoritative |= live.authoritative
        merged.corrected = word.corrected or live.corrected
        merged.note = "\n".join(note for note in (live.note, word.note) if note)
        if live.blind is not None or word.blind is not None:
            merged.blind = live.blind is not False and word.blind is not False
        return Outcome(Change.MERGED, merged, live)
    return Outcome(
        Change.CONFLICT,
        why=f"differs from revision {live.revision}, which is stored and stays; "
        f"to change it, send `revision` {live.revision + 1}",
    )


def _covers(one: Said, word: Word) -> bool:
    """Whether everything that the word says is said already."""
    return (
        all(one.sides.get(name) == side for name, side in word.sides.items())
        and one.authoritative == word.authoritative
        and word.corrected in ("", one.corrected)
        and word.note in one.note
        and (word.blind is None or one.blind is None or word.blind == one.blind)
    )


def _with(word: Word, sides: dict[str, Side], revision: int) -> Word:
    return Word(sides, revision, word.authoritative, word.blind, word.corrected, word.note)
