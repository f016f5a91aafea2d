"""From a span to a traffic record: whose output it is, and of which request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from evals.otlp import genai, openinference
from evals.otlp.calls import Call
from evals.otlp.spans import Rejected, Span, check_ids
from evals.otlp.tracing import TRACE_ID, Tracing, as_text
from evals.records import LineError, TrafficRecord, decode_line

#: Conventions, in the order in which a span is asked whether it is a call.
READERS = (genai, openinference)
_SYSTEM_ROLES = ("system", "developer")


class Unmapped(Rejected):
    """Nothing says which model version the span is of."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        shown = " / ".join(repr(name[:100]) for name in names) or "without a name"
        super().__init__(
            f"its model {shown} is no model version of this project, and none is set for it: "
            "set one in the project's settings under Tracing"
        )


def record_of(
    span: Span, tracing: Tracing, known: Mapping[str, object], number: int
) -> TrafficRecord | None:
    """The span as a record with one output; None where it is no call to a language model, or one
    that is to be left alone. Raises Rejected.

    known: the project's model versions by name; number: of the span in its export.
    """
    readers = [reader for reader in READERS if reader.is_call(span)]
    if not readers:
        return None
    check_ids(span.trace_id, span.span_id)
    call = readers[0].read(span)
    for reader in readers[1:]:  # some write it in both ways, one of them without content
        if not _is_whole(span, call):
            call = reader.read(span)
    model = tracing.model_of(span, call.names, known)
    if model is None:
        raise Unmapped(call.names)
    if not model:
        return None
    if not _is_whole(span, call):
        raise Rejected(readers[0].NO_CONTENT)
    return _checked(
        {
            "id": _id(span, tracing),
            "input": _input(call, tracing),
            "occurred_at": _started(span),
            "group": next(filter(None, (as_text(span.find(x)) for x in tracing.group)), None),
            "segment": {
                key: value
                for key, attribute in tracing.segments.items()
                if (value := span.find(attribute)) is not None
            },
            "outputs": [_output(span, call, model, tracing)],
        },
        number,
    )


def _output(span: Span, call: Call, model: str, tracing: Tracing) -> dict[str, object]:
    output: dict[str, object] = {
        "model": model,
        "sample": _sample(span, tracing),
        "latency_ms": _latency(span),
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
    }
    if span.failed:
        return {**output, "error": _error(span)}
    return {**output, "output": call.output}


def _is_whole(span: Span, call: Call) -> bool:
    return call.has_input and (span.failed or call.output is not None)


def _input(call: Call, tracing: Tracing) -> object:
    if not call.messages:
        return call.prompt
    messages = call.messages
    if tracing.drop_system:
        messages = [one for one in messages if one["role"] not in _SYSTEM_ROLES]
        if not messages:
            raise Rejected("it has a system message and no other, and Tracing leaves that out")
    chat: dict[str, object] = {"messages": messages}
    return {**chat, "tools": call.tools} if call.tools else chat


def _id(span: Span, tracing: Tracing) -> str:
    if tracing.pair_by == TRACE_ID:
        return span.trace_id
    found = as_text(span.find(tracing.pair_by))
    if not found:
        raise Rejected(
            f"it has no attribute {tracing.pair_by!r}, which pairs spans in this project: set it "
            "on the span or its resource, or choose another under Tracing"
        )
    return found


def _sample(span: Span, tracing: Tracing) -> object:
    found = span.find(tracing.sample) if tracing.sample else None
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 6:
        return int(found)
    return 0 if found is None else found


def _latency(span: Span) -> float | None:
    """Milliseconds; None where a time is missing."""
    if not (span.start and span.end):
        return None
    if span.end < span.start:
        raise Rejected("it ends before it starts: is a clock wrong?")
    return (span.end - span.start) / 1e6


def _started(span: Span) -> str | None:
    if not span.start:
        return None
    return datetime.fromtimestamp(span.start / 1e9, UTC).isoformat()


def _error(span: Span) -> str:
    """What went wrong, in the words of whoever found out."""
    for name, attributes in span.events:
        if name == "exception" and not span.status:
            return as_text(attributes.get("exception.message")) or "exception"
    return span.status or as_text(span.attributes.get("error.type")) or "the span's status is error"


def _checked(fields: Mapping[str, object], number: int) -> TrafficRecord:
    """By the one reader of records there is, so that nothing gets in here that could not there."""
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        line = msgspec.json.encode(given)
    except (TypeError, ValueError, RecursionError, UnicodeError) as error:
        raise Rejected(f"it cannot be stored: {error}") from None
    record = decode_line(line, number, TrafficRecord)
    if isinstance(record, LineError):
        raise Rejected(f"it cannot be stored: {record.path}: {record.reason}")
    return record
