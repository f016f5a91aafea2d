"""Whatever comes in, a span is read, or told to be wrong; nothing else happens."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.otlp import json_body, protobuf
from evals.otlp.pairing import record_of
from evals.otlp.spans import Rejected, Span, TooMuch, Undecodable
from evals.otlp.tracing import Tracing
from evals.records import TrafficRecord
from tests.evals.otlp.builders import START, TRACE, as_json, chat, export, span

WHOLE = export(span(chat(), events=(("gen_ai.choice", {"index": 0}),)))
KNOWN = {"m": None}
TRACING = Tracing.parse({"segments": {"tier": "app.tier"}, "sample": "app.repeat"})


def check(read, body: bytes) -> None:
    try:
        found = list(read(body, 10_000))
    except (Undecodable, TooMuch):
        return
    assert all(isinstance(one, Span | Rejected) for one in found)


@given(st.binary(max_size=400))
def test_any_bytes(body):
    check(protobuf.spans, body)
    check(json_body.spans, body)


@given(st.data())
def test_an_export_with_some_bytes_changed(data):
    read, whole = data.draw(
        st.sampled_from([(protobuf.spans, WHOLE), (json_body.spans, as_json(span(chat())))])
    )
    body = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    check(read, bytes(body))


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8)
values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)
messages = st.lists(
    st.dictionaries(
        st.sampled_from(["role", "content", "parts", "tool_calls", "type", "name", "id"]),
        values
        | st.lists(
            st.dictionaries(st.sampled_from(["type", "content", "id"]), scalars), max_size=2
        ),
    ),
    max_size=3,
)
names = st.sampled_from(
    [
        *("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"),
        *("gen_ai.tool.definitions", "gen_ai.prompt", "gen_ai.completion", "gen_ai.prompt.0.role"),
        *("gen_ai.prompt.0.content", "gen_ai.completion.0", "gen_ai.completion.0.content"),
        *("gen_ai.usage.input_tokens", "gen_ai.response.model", "llm.request.functions.0.name"),
        *("llm.input_messages.0.message.content", "llm.input_messages.0.message.tool_calls.0"),
        *("llm.output_messages.0.message.contents.0.message_content.type", "llm.tools.0.tool"),
        *("input.value", "input.mime_type", "output.value", "output.mime_type", "llm.model_name"),
        *("gen_ai.operation.name", "llm.request.type", "openinference.span.kind"),
        *("llm.invocation_parameters", "session.id", "app.tier", "app.repeat", "error.type"),
    ]
)
kinds = st.sampled_from(
    [
        {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"},
        {"openinference.span.kind": "LLM", "llm.model_name": "m"},
        {"gen_ai.operation.name": "chat", "openinference.span.kind": "LLM", "llm.model_name": "m"},
    ]
)
attributes = st.dictionaries(
    names, values | messages | messages.map(json.dumps) | st.just("application/json")
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(kinds, attributes, st.booleans(), st.lists(st.tuples(names, attributes), max_size=2))
def test_any_attributes(kind, more, failed, events):
    """Of both conventions, with values of all sorts where others are meant."""
    named = [(name.replace("prompt", "user.message"), of_event) for name, of_event in events]
    one = Span(TRACE, "b7ad6b7169203331", START, START, failed, "", {**kind, **more}, {}, named)
    try:
        record = record_of(one, TRACING, KNOWN, 1)
    except Rejected:
        return
    assert record is None or (isinstance(record, TrafficRecord) and record.outputs[0].model == "m")
