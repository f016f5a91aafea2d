"""Spans of an ExportTraceServiceRequest in JSON, by OTLP's rules: names in lowerCamelCase, ids in
hexadecimal, 64-bit numbers as text or as numbers, enums as numbers, what is not known ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from evals.otlp.spans import (
    MOST_ATTRIBUTES,
    MOST_LEVELS,
    MOST_SPANS,
    Rejected,
    Span,
    TooMuch,
    Undecodable,
    Values,
    double,
)

_ERROR = 2
#: Objects and lists in a body, those inside of quoted JSON counted too. An honest one has one in
#: forty bytes; of two bytes each they would fill the memory.
_MOST_OBJECTS = 2_000_000


class _Any(Struct, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    array_value: _Array | None = None
    kvlist_value: _List | None = None
    bytes_value: str | None = None


class _Pair(Struct):
    key: str = ""
    value: _Any | None = None


class _Array(Struct):
    values: list[_Any] | None = None


class _List(Struct):
    values: list[_Pair] | None = None


class _Status(Struct):
    code: int | None = None
    message: str | None = None


class _Event(Struct):
    name: str | None = None
    attributes: list[_Pair] | None = None


class _Span(Struct, rename="camel"):
    trace_id: str | None = None
    span_id: str | None = None
    start_time_unix_nano: int | str | None = None
    end_time_unix_nano: int | str | None = None
    status: _Status | None = None
    attributes: list[_Pair] | None = None
    events: list[_Event] | None = None


class _Resource(Struct):
    attributes: list[_Pair] | None = None


class _Scope(Struct):
    spans: list[Raw] | None = None


class _Group(Struct, rename="camel"):
    resource: _Resource | None = None
    scope_spans: list[_Scope] | None = None


class _Export(Struct, rename="camel"):
    resource_spans: list[_Group] | None = None


_export = msgspec.json.Decoder(_Export)
_one_span = msgspec.json.Decoder(_Span)


def spans(body: bytes | bytearray, most_bytes: int) -> Iterator[Span | Rejected]:
    """As evals.otlp.protobuf.spans."""
    if body.count(b"{") + body.count(b"[") > _MOST_OBJECTS:
        raise TooMuch(f"more than {_MOST_OBJECTS} objects and lists in one export")
    try:
        export = _decoded(body)
        groups = [
            (_pairs(group.resource.attributes) if group.resource else {}, scope.spans or [])
            for group in export.resource_spans or []
            for scope in group.scope_spans or []
        ]
    except RecursionError:
        raise Undecodable("nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeError, Rejected) as error:
        raise Undecodable(f"not an export request in JSON: {error}") from None
    if sum(len(raw) for _, raw in groups) > MOST_SPANS:
        raise TooMuch(f"more than {MOST_SPANS} spans in one export")
    return (_span(resource, raw, most_bytes) for resource, found in groups for raw in found)


def _decoded(body: bytes | bytearray) -> _Export:
    try:
        return _export.decode(body)
    except msgspec.DecodeError:
        # JavaScript cuts texts to a length in the middle of a pair, and then writes half of one
        # as an escape. That is malformed to the decoder, and must not cost the whole export.
        marked, count = _PAIR_OR_HALF.subn(_mark, body)
        if not count:
            raise
        return _export.decode(marked)


#: A code point that is no character stands for half of a pair, so that its span can be told.
_HALF = b"\\ufdd0"
_PAIR_OR_HALF = re.compile(
    rb"\\(?:[^u]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2}))",
    re.DOTALL,
)


def _mark(found: re.Match[bytes]) -> bytes:
    return _HALF if found["half"] else found[0]


def _span(resource: Values, raw: Raw, most_bytes: int) -> Span | Rejected:
    source = bytes(raw)
    if len(source) > most_bytes:
        return Rejected(f"larger than {most_bytes} bytes; send large parts by reference")
    if _HALF in source:
        return Rejected("its text holds half of a surrogate pair: was it cut to a length?")
    try:
        source.decode()
        span = _one_span.decode(source)
        if len(span.attributes or ()) > MOST_ATTRIBUTES:
            return Rejected(f"more than {MOST_ATTRIBUTES} attributes")
        return Span(
            trace_id=_id(span.trace_id),
            span_id=_id(span.span_id),
            start=_time(span.start_time_unix_nano),
            end=_time(span.end_time_unix_nano),
            failed=bool(span.status and span.status.code == _ERROR),
            status=(span.status and span.status.message) or "",
            attributes=_pairs(span.attributes),
            resource=resource,
            events=[(event.name or "", _pairs(event.attributes)) for event in span.events or ()],
        )
    except Rejected as problem:
        return problem
    except RecursionError:
        return Rejected("nested too deeply")
    except UnicodeDecodeError as error:
        return Rejected(f"byte {error.start + 1} is not UTF-8")
    except (msgspec.MsgspecError, UnicodeError) as error:
        return Rejected(f"not a span in JSON: {error}")


def _id(value: str | None) -> str:
    found = (value or "").lower()
    try:
        bytes.fromhex(found)
    except ValueError:
        raise Rejected("an id is not hexadecimal (OTLP/JSON has no base64 ids)") from None
    return found


def _time(value: int | str | None) -> int:
    found = _whole(value or 0)
    if not 0 <= found < 2**64:
        raise Rejected("a time is not between 0 and 2^64 nanoseconds since 1970")
    return found


def _whole(value: int | str) -> int:
    if isinstance(value, int):
        return value
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise Rejected("a 64-bit number is not written in digits")
    return int(value)


def _pairs(pairs: list[_Pair] | None, levels: int = MOST_LEVELS) -> dict[str, object]:
    return {pair.key: _value(pair.value, levels) for pair in pairs or ()}


def _value(value: _Any | None, levels: int) -> object:
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    if levels <= 0:
        raise Rejected(f"an attribute is nested deeper than {MOST_LEVELS} levels")
    if value.array_value is not None:
        return [_value(one, levels - 1) for one in value.array_value.values or ()]
    if value.kvlist_value is not None:
        return _pairs(value.kvlist_value.values, levels - 1)
    if value.int_value is not None:
        return _whole(value.int_value)
    if value.double_value is not None:
        return _double(value.double_value)
    return value.bytes_value if value.bool_value is None else value.bool_value


def _double(value: float | str) -> object:
    try:
        return double(float(value))
    except ValueError:
        raise Rejected("a double is neither a number nor NaN, Infinity or -Infinity") from None
