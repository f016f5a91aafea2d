"""From text, which may be hostile, to plain values and the line of each.

Built from parser events and not by a YAML loader: no line is lost, no tag makes an object, an
alias is refused before it multiplies, and `hotkey: 1` or `name: No` stay what was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NoReturn

import yaml

from taxonomy.interchange.content import MAX_BYTES, MAX_DEPTH, UNSTORABLE
from taxonomy.interchange.problems import (
    Path,
    Problem,
    Problems,
    TaxonomyError,
    dotted,
    short,
    unstorable,
)

Events = Iterator[yaml.Event]


class Bare(str):
    """A scalar that stood without quotes: text, number or true, as its field reads it."""


def parse(text: str, problems: Problems) -> object:
    """What the text holds: dict, list, str, Bare and None. Puts the line of each part, and fields
    that are given twice, into `problems`. Raises TaxonomyError where it cannot go on."""
    text = _parsable(text)
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return _Parser(yaml.parse(text, Loader=loader), problems).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it cannot be read"
        message = f"this is neither YAML nor JSON: {what}; check indents, colons and quotes"
        raise TaxonomyError([Problem(mark and mark.line + 1, "", message)]) from None


class _Parser:
    def __init__(self, events: Events, problems: Problems) -> None:
        self.events = events
        self.problems = problems

    def document(self) -> object:
        next(self.events)  # the start of the text
        if isinstance(start := next(self.events), yaml.StreamEndEvent):
            _stop(start, "empty; write title, severities and categories")
        data = self.value(next(self.events), ())
        next(self.events)  # the end of the document
        if not isinstance(after := next(self.events), yaml.StreamEndEvent):
            _stop(after, "a second document begins here; write one taxonomy into one file")
        return data

    def value(self, event: yaml.Event, path: Path) -> object:
        self.problems.lines.setdefault(path, _line_of(event))
        if len(path) > MAX_DEPTH:
            _stop(event, "nested too deep; write categories as a flat list, each with its parent")
        if isinstance(event, yaml.AliasEvent):
            _stop(event, "an alias (*name) is not read; write the value out")
        if (tag := getattr(event, "tag", None)) is not None:
            _stop(event, f"a tag such as {short(tag)} is not read; leave it out")
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        assert isinstance(event, yaml.ScalarEvent)
        if event.style:
            return str(event.value)
        return None if event.value in ("", "~", "null", "Null", "NULL") else Bare(event.value)

    def mapping(self, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        lines = self.problems.lines
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                _stop(event, "the name of a field must be a plain word")
            name, line = str(event.value), _line_of(event)
            at: Path = (*path, name)
            if name in found:
                message = f"given twice, first in line {lines[at]}; keep one of them"
                self.problems.found.append(Problem(line, dotted(at), message))
            lines.setdefault(at, line)
            value = self.value(next(self.events), at)
            found.setdefault(name, value)
        return found

    def sequence(self, path: Path) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.value(event, (*path, len(found))))
        return found


def _parsable(text: str) -> str:
    """`text` as a YAML parser takes it."""
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        _stop(None, "larger than 1 MiB; shorten its texts")
    text = text.removeprefix("\ufeff")
    if found := UNSTORABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise TaxonomyError([Problem(line, "", unstorable(found[0]))])
    if not text.lstrip().startswith("{"):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    # JSON may hold what YAML may not: tabs between its parts, one character as two escapes.
    return _ESCAPE.sub(_joined, text.replace("\t", " "))


_ESCAPE = re.compile(r"\\(?:u(d[89ab]..)\\u(d[c-f]..)|.)", re.IGNORECASE)


def _joined(escape: re.Match[str]) -> str:
    high, low = escape.groups()
    return bytes.fromhex(high + low).decode("utf-16-be") if high else escape[0]


def _stop(event: yaml.Event | None, message: str) -> NoReturn:
    raise TaxonomyError([Problem(_line_of(event) if event else None, "", message)])


def _line_of(event: yaml.Event) -> int:
    assert event.start_mark is not None  # only events that were made by hand have none
    return event.start_mark.line + 1
