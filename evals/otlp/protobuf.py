"""Spans of an ExportTraceServiceRequest in protobuf."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from evals.otlp.spans import (
    MOST_ATTRIBUTES,
    MOST_RESOURCE_BYTES,
    MOST_SPANS,
    Rejected,
    Span,
    TooMuch,
    Undecodable,
    Values,
    double,
)
from evals.otlp.wire import Place, fields

# Numbers of fields in the messages that are taken apart by hand.
_RESOURCE_SPANS, _RESOURCE, _SCOPE_SPANS, _SPANS = 1, 1, 2, 2
_ERROR = trace_pb2.Status.STATUS_CODE_ERROR


def spans(body: bytes | bytearray, most_bytes: int) -> Iterator[Span | Rejected]:
    """The spans of a body one by one, each whole or with what is wrong with it; of more than
    `most_bytes` none is decoded. Raises Undecodable or TooMuch before the first of them, so that
    nothing of a body that is cut off is ever used."""
    data = memoryview(body)
    return (_span(data, *place, most_bytes) for place in _places(data))


def _places(data: memoryview) -> list[tuple[Values, int, int]]:
    """(resource, start, end) of each span."""
    found: list[tuple[Values, int, int]] = []
    left = iter(range(MOST_SPANS))
    for number, start, end in _counted(fields(data, 0, len(data)), left):
        if number != _RESOURCE_SPANS:
            continue
        resource = _resource(data, start, end)
        for group, first, last in _counted(fields(data, start, end), left):
            if group == _SCOPE_SPANS:
                for kind, begins, ends in _counted(fields(data, first, last), left):
                    if kind == _SPANS:
                        found.append((resource, begins, ends))
    return found


def _counted(places: Iterator[Place], left: Iterator[int]) -> Iterator[Place]:
    """As many as are left of what one export may hold: an empty span takes two bytes."""
    for place in places:
        if next(left, None) is None:
            raise TooMuch(f"more than {MOST_SPANS} spans in one export")
        yield place


def _resource(data: memoryview, start: int, end: int) -> Values:
    found = Resource()
    for number, first, last in fields(data, start, end):
        if number != _RESOURCE:
            continue
        if last - first > MOST_RESOURCE_BYTES:
            raise TooMuch(f"a resource of {last - first} bytes, at most {MOST_RESOURCE_BYTES}")
        try:
            found.MergeFromString(bytes(data[first:last]))
        except DecodeError as error:
            raise Undecodable(f"a resource cannot be read: {error}") from None
    return _pairs(found.attributes)


def _span(
    data: memoryview, resource: Values, start: int, end: int, most_bytes: int
) -> Span | Rejected:
    if end - start > most_bytes:
        return Rejected(f"larger than {most_bytes} bytes; send large parts by reference")
    try:
        # Two bytes are enough for an attribute: whether there are too many is seen before they
        # are made into objects.
        if end - start > 2 * MOST_ATTRIBUTES:
            _check_count(data, start, end)
        span = trace_pb2.Span.FromString(bytes(data[start:end]))
    except (DecodeError, Undecodable) as error:
        return Rejected(f"cannot be decoded (cut off, nested too deeply or not UTF-8): {error}")
    except Rejected as problem:
        return problem
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        failed=span.status.code == _ERROR,
        status=span.status.message,
        attributes=_pairs(span.attributes),
        resource=resource,
        events=[(event.name, _pairs(event.attributes)) for event in span.events],
    )


def _check_count(data: memoryview, start: int, end: int) -> None:
    for count, _ in enumerate(fields(data, start, end)):
        if count >= MOST_ATTRIBUTES:
            raise Rejected(f"more than {MOST_ATTRIBUTES} attributes")


def _pairs(pairs: Iterable[KeyValue]) -> dict[str, object]:
    return {one.key: _value(one.value) for one in pairs}


def _value(value: AnyValue) -> object:
    """Its nesting is bounded: protobuf decodes a hundred levels and no more."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind is None:
        return None
    if kind == "double_value":
        return double(value.double_value)
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return _pairs(value.kvlist_value.values)
    if kind == "bytes_value":
        return b64encode(value.bytes_value).decode()
    found: object = getattr(value, kind)
    return found
