"""A span as plain values, whichever encoding it came in, and what can be wrong with one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Attributes of one span that are looked at; one with more is no call to a model.
MOST_ATTRIBUTES = 20_000
#: Spans of one export. The stock exporters send 512.
MOST_SPANS = 200_000
MOST_RESOURCE_BYTES = 256 * 1024
#: Levels of arrays and lists of pairs inside an attribute.
MOST_LEVELS = 100

Values = Mapping[str, object]


class Undecodable(ValueError):
    """The body is not an export request at all: nothing of it can be used."""


class TooMuch(ValueError):
    """The body holds more than one export may."""


class Rejected(ValueError):
    """One span cannot be taken; the others can. The message is told to the sender, counted
    together with those that say the same."""


@dataclass(slots=True)
class Span:
    """One call, as its sender timed it.

    trace_id, span_id: lower-case hexadecimal; start, end: nanoseconds since 1970, 0 where not known
    failed: its status is an error, and `status` says which
    attributes, resource: key → text, number, bool, list, dict or None
    events: (name, attributes) in the order in which they came
    """

    trace_id: str
    span_id: str
    start: int
    end: int
    failed: bool
    status: str
    attributes: dict[str, object]
    resource: Values
    events: list[tuple[str, Values]] = field(default_factory=list)

    def find(self, key: str) -> object:
        """An attribute of the span, else of its resource (service.name stands there)."""
        value = self.attributes.get(key)
        return self.resource.get(key) if value is None else value


def double(value: float) -> float | str:
    """The number, or the text that OTLP/JSON has for what is none: JSON cannot hold NaN."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def check_ids(trace_id: str, span_id: str) -> None:
    """Rejected where the ids are not those of a span: 16 and 8 bytes, not all zero."""
    for name, value, digits in (("trace_id", trace_id, 32), ("span_id", span_id, 16)):
        if len(value) != digits:
            raise Rejected(f"{name} has {len(value) // 2} bytes, not {digits // 2}")
        if not value.strip("0"):
            raise Rejected(f"{name} is all zeros")
