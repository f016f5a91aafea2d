"""Fields of traffic lines that nobody reads: told, never refused, since fields may be added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import msgspec

#: Names that are told of, and characters of each: whoever makes up a name a line fills nothing.
LISTED = 50
LONGEST = 100


@dataclass
class Seen:
    """The line where an unknown field first stood, and on how many lines it did."""

    line: int
    count: int = 0


class UnknownFields:
    """Give it to evals.records.decode_lines, and read it when the lines are through."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self._known: dict[str, frozenset[str]] = {}

    def look(self, line: bytes, number: int, known: dict[str, frozenset[str]]) -> None:
        """Notes what `line`, a record that can be read, has besides the `known` fields: those
        of the record by "$", those of each output by "$.outputs[]"."""
        self._known = known
        for path in sorted(set(_unknown(line, known))):
            if path in self.seen or len(self.seen) < LISTED:
                self.seen.setdefault(path, Seen(number)).count += 1

    def as_list(self) -> list[dict[str, object]]:
        """`{"field", "line", "count", "reason"}` each, as answers have it."""
        return [
            {"field": path, "line": one.line, "count": one.count, "reason": self._reason(path)}
            for path, one in self.seen.items()
        ]

    def _reason(self, path: str) -> str:
        at, _, name = path.rpartition(".")
        close = get_close_matches(name, self._known[at], 1)
        meant = f"; did you mean `{close[0]}`?" if close else ""
        return f"this field is not known and was not read{meant}"


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OUTPUTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def _unknown(line: bytes, known: dict[str, frozenset[str]]) -> Iterator[str]:
    fields = _FIELDS.decode(line)
    yield from (f"$.{name[:LONGEST]}" for name in fields.keys() - known["$"])
    for output in _OUTPUTS.decode(fields.get("outputs", b"[]")):
        yield from (
            f"$.outputs[].{name[:LONGEST]}" for name in output.keys() - known["$.outputs[]"]
        )
