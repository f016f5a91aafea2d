"""Exports as applications send them, in both encodings."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

#: 2026-11-20T10:00:00Z
START = 1_795_168_800_000_000_000
TRACE = "0af7651916cd43dd8448eb211c80319c"


def any_value(value: object) -> AnyValue:
    made = AnyValue()
    match value:
        case bool():
            made.bool_value = value
        case int():
            made.int_value = value
        case float():
            made.double_value = value
        case str():
            made.string_value = value
        case bytes():
            made.bytes_value = value
        case list():
            made.array_value.values.extend(any_value(one) for one in value)
            made.array_value.SetInParent()
        case dict():
            made.kvlist_value.SetInParent()
            for key, one in value.items():
                pair = made.kvlist_value.values.add(key=key)
                pair.value.CopyFrom(any_value(one))
    return made


def fill(pairs: Any, attributes: dict[str, object]) -> None:
    for key, value in attributes.items():
        pairs.add(key=key).value.CopyFrom(any_value(value))


def span(
    attributes: dict[str, object],
    trace: str = TRACE,
    span_id: str = "b7ad6b7169203331",
    start: int = START,
    ms: float = 412,
    error: str | None = None,
    events: tuple[tuple[str, dict[str, object]], ...] = (),
) -> Span:
    made = Span(
        trace_id=bytes.fromhex(trace),
        span_id=bytes.fromhex(span_id),
        name="chat",
        start_time_unix_nano=start,
        end_time_unix_nano=start + int(ms * 1e6),
    )
    fill(made.attributes, attributes)
    if error is not None:
        made.status.code, made.status.message = 2, error
    for name, of_event in events:
        fill(made.events.add(name=name).attributes, of_event)
    return made


def export(*spans: Span, resource: dict[str, object] | None = None) -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    fill(group.resource.attributes, resource or {"service.name": "support"})
    group.scope_spans.add().spans.extend(spans)
    return request.SerializeToString()


def as_json(*spans: Span, resource: dict[str, object] | None = None) -> bytes:
    """By OTLP's rules, which are not protobuf's: ids in hexadecimal, enums as numbers."""
    found = [
        {
            "traceId": one.trace_id.hex().upper(),
            "spanId": one.span_id.hex(),
            "name": one.name,
            "startTimeUnixNano": str(one.start_time_unix_nano),
            "endTimeUnixNano": str(one.end_time_unix_nano),
            "status": {"code": int(one.status.code), "message": one.status.message},
            "attributes": [_pair(pair) for pair in one.attributes],
            "events": [
                {"name": event.name, "attributes": [_pair(pair) for pair in event.attributes]}
                for event in one.events
            ],
            "notYetKnown": [{"a": 1}],
        }
        for one in spans
    ]
    attributes = [
        {"key": key, "value": _json_value(any_value(value))}
        for key, value in (resource or {"service.name": "support"}).items()
    ]
    group = {"resource": {"attributes": attributes}, "scopeSpans": [{"spans": found}]}
    return json.dumps({"resourceSpans": [group]}).encode()


def _pair(pair: Any) -> dict[str, object]:
    return {"key": pair.key, "value": _json_value(pair.value)}


def _json_value(value: AnyValue) -> dict[str, object]:
    match value.WhichOneof("value"):
        case None:
            return {}
        case "int_value":
            return {"intValue": str(value.int_value)}
        case "array_value":
            return {"arrayValue": {"values": [_json_value(x) for x in value.array_value.values]}}
        case "kvlist_value":
            return {"kvlistValue": {"values": [_pair(x) for x in value.kvlist_value.values]}}
        case "bytes_value":
            return {"bytesValue": b64encode(value.bytes_value).decode()}
        case "double_value":
            number = value.double_value
            return {"doubleValue": number if number == number else "NaN"}
        case name:
            head, _, tail = name.partition("_")
            return {head + tail.title(): getattr(value, name)}


def chat(
    text: str = "My card was charged twice",
    answer: str = "billing",
    model: str = "triage-09",
    **more: object,
) -> dict[str, object]:
    """Attributes of a call in the present GenAI convention."""
    asked = [{"role": "user", "parts": [{"type": "text", "content": text}]}]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": answer}]}]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(said),
        "gen_ai.usage.input_tokens": 388,
        "gen_ai.usage.output_tokens": 12,
        **more,
    }
