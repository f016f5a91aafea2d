"""What every export format is given."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evals.values import source_of


@dataclass(frozen=True)
class ExportExample:
    """One example of an eval set as plain values. `expected` is None where it is not known."""

    id: str
    input: Any
    expected: Any = None
    segment: Mapping[str, Any] = field(default_factory=dict)
    group: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


Format = Callable[[Iterable[ExportExample]], Iterator[str]]
"""Examples in, lines with their newline out."""


def json_line(value: object) -> str:
    """One line of JSONL. The characters that some readers take for a line's end are escaped."""
    line = source_of(value)
    for sign in ("\u2028", "\u2029", "\u0085"):
        line = line.replace(sign, f"\\u{ord(sign):04x}")
    return line + "\n"
