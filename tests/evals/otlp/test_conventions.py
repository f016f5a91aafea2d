"""What each convention of writing a call on a span means; the attributes are those that the
instrumentations were seen to send."""

import json

import pytest

from evals.otlp import genai, openinference, protobuf
from evals.otlp.calls import Call
from evals.otlp.spans import Rejected, Span
from tests.evals.otlp.builders import chat, export, span

LOOKUP = {"type": "function", "function": {"name": "lookup", "arguments": '{"q":1}'}}
DEFINED = {
    "type": "function",
    "function": {"name": "lookup", "description": "d", "parameters": {"type": "object"}},
}


def made(attributes, **more) -> Span:
    (one,) = protobuf.spans(export(span(attributes, **more)), 2**20)
    assert isinstance(one, Span)
    return one


def read(attributes, reader=genai, **more) -> Call:
    one = made(attributes, **more)
    assert reader.is_call(one)
    return reader.read(one)


def old(**more):
    return {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **more}


class TestGenAI:
    def test_it_works(self):
        call = read(chat(**{"gen_ai.response.model": "m-2024"}))
        assert call.names == ["m-2024", "triage-09"]
        assert call.messages == [{"role": "user", "content": "My card was charged twice"}]
        assert call.output == "billing"
        assert (call.input_tokens, call.output_tokens) == (388, 12)

    @pytest.mark.parametrize("operation", ["generate_content", "text_completion", "chat"])
    def test_operations(self, operation):
        assert genai.is_call(made({"gen_ai.operation.name": operation}))

    @pytest.mark.parametrize(
        "attributes",
        [
            {},
            {"gen_ai.operation.name": "embeddings"},
            {"gen_ai.operation.name": "execute_tool"},
            {"gen_ai.operation.name": ["chat", "chat"]},
            {"gen_ai.operation.name": 7, "http.method": "GET"},
        ],
    )
    def test_no_call(self, attributes):
        assert not genai.is_call(made(attributes))

    def test_structured_attributes(self):
        as_text = chat()
        structured = {
            key: json.loads(value) if key.endswith("messages") else value
            for key, value in as_text.items()
        }
        assert read(structured) == read(as_text)

    def test_tool_calls_history_and_answers(self):
        call_part = {"type": "tool_call", "id": "c0", "name": "lookup", "arguments": {"q": 1}}
        asked = [
            {"role": "user", "parts": [{"type": "text", "content": "weather"}], "name": None},
            {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, call_part]},
            {
                "role": "tool",
                "parts": [{"type": "tool_call_response", "id": "c0", "response": {"sky": "blue"}}],
            },
        ]
        said = [{"role": "assistant", "parts": [call_part], "finish_reason": "tool_call"}]
        tools = [{"name": "lookup", "description": "d", "type": "function"}]
        tools[0]["parameters"] = {"type": "object"}
        call = read(
            old(
                **{
                    "gen_ai.input.messages": json.dumps(asked),
                    "gen_ai.output.messages": json.dumps(said),
                    "gen_ai.tool.definitions": json.dumps(tools),
                }
            )
        )
        assert call.messages == [
            {"role": "user", "content": "weather"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c0", **LOOKUP}]},
            {"role": "tool", "tool_call_id": "c0", "content": '{"sky":"blue"}'},
        ]
        assert call.output == {"content": None, "tool_calls": [{"id": "c0", **LOOKUP}]}
        assert call.tools == [DEFINED]

    @pytest.mark.parametrize(
        "system",
        ["Be brief.", '[{"type": "text", "content": "Be brief."}]', ["Be brief."]],
    )
    def test_system_instructions(self, system):
        call = read(chat(**{"gen_ai.system_instructions": system}))
        assert call.messages[0] == {"role": "system", "content": "Be brief."}

    def test_an_image(self):
        parts = [
            {"type": "text", "content": "what is it?"},
            {"type": "uri", "modality": "image", "uri": "https://x/y.png"},
            {"type": "novel", "x": 1},
        ]
        asked = json.dumps([{"role": "user", "parts": parts}])
        assert read(chat(**{"gen_ai.input.messages": asked})).messages[0]["content"] == [
            {"type": "text", "text": "what is it?"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            {"type": "novel", "x": 1},
        ]

    def test_a_refusal(self):
        said = json.dumps([{"role": "assistant", "content": None, "refusal": "I may not"}])
        refused = {"content": None, "refusal": "I may not"}
        assert read(chat(**{"gen_ai.output.messages": said})).output == refused

    def test_the_first_choice_counts(self):
        said = json.dumps([{"role": "assistant", "content": one} for one in ("a", "b")])
        assert read(chat(**{"gen_ai.output.messages": said})).output == "a"

    def test_indexed_as_before(self):
        call = read(
            {
                "llm.request.type": "chat",
                "gen_ai.request.model": "m",
                "gen_ai.prompt.0.role": "system",
                "gen_ai.prompt.0.content": "be brief",
                "gen_ai.prompt.10.role": "user",
                "gen_ai.prompt.10.content": "later",
                "gen_ai.prompt.2.role": "user",
                "gen_ai.prompt.2.content": "hello",
                "gen_ai.completion.0.role": "assistant",
                "gen_ai.completion.0.tool_calls.0.id": "c0",
                "gen_ai.completion.0.tool_calls.0.name": "lookup",
                "gen_ai.completion.0.tool_calls.0.arguments": '{"q":1}',
                "llm.request.functions.0.name": "lookup",
                "llm.request.functions.0.description": "d",
                "llm.request.functions.0.parameters": '{"type": "object"}',
                "gen_ai.usage.prompt_tokens": 5,
                "gen_ai.usage.completion_tokens": 2.0,
            }
        )
        assert [one["content"] for one in call.messages] == ["be brief", "hello", "later"]
        assert call.output == {"content": None, "tool_calls": [{"id": "c0", **LOOKUP}]}
        assert call.tools == [DEFINED]
        assert (call.input_tokens, call.output_tokens) == (5, 2)

    def test_whole_as_before(self):
        prompt = json.dumps([{"role": "user", "content": "hello"}])
        said = json.dumps([{"role": "assistant", "content": "hi"}])
        call = read(old(**{"gen_ai.prompt": prompt, "gen_ai.completion": said}))
        assert (call.messages, call.output) == ([{"role": "user", "content": "hello"}], "hi")

    def test_plain_text_as_before(self):
        call = read(old(**{"gen_ai.prompt": "[1] once", "gen_ai.completion": "upon a time"}))
        assert (call.prompt, call.output) == ("[1] once", "upon a time")

    @pytest.mark.parametrize("quoted", [True, False])
    def test_message_events(self, quoted):
        message = {"role": "assistant", "content": "hi"}
        call = read(
            old(),
            events=(
                ("gen_ai.system.message", {"content": "be brief"}),
                ("gen_ai.user.message", {"content": "hello"}),
                ("gen_ai.choice", {"index": 0, "message": json.dumps(message)})
                if quoted
                else ("gen_ai.choice", {"index": 0, "message": message}),
            ),
        )
        assert call.messages == [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hello"},
        ]
        assert call.output == "hi"

    @pytest.mark.parametrize(
        "names",
        [
            ("gen_ai.content.prompt", "gen_ai.content.completion"),
            ("gen_ai.client.inference.operation.details",) * 2,
        ],
    )
    def test_content_on_events(self, names):
        said = {
            "gen_ai.prompt": json.dumps([{"role": "user", "content": "hello"}]),
            "gen_ai.completion": "hi",
        }
        events = tuple((n, {key: said[key]}) for n, key in zip(names, said, strict=True))
        call = read(old(), events=events)
        assert call.messages == [{"role": "user", "content": "hello"}]
        assert call.output == "hi"

    @pytest.mark.parametrize(
        ("key", "value", "said"),
        [
            ("gen_ai.input.messages", '[{"role": "us', "cut to a length"),
            ("gen_ai.input.messages", '[{"role": "\\ud800"}]', "not JSON"),
            ("gen_ai.input.messages", "[" * 5000, "not JSON"),
            ("gen_ai.input.messages", "7", "no message|not a list"),
            ("gen_ai.output.messages", "[[1]]", "no message"),
            ("gen_ai.output.messages", '[{"parts": 7}]', "parts"),
            ("gen_ai.output.messages", '[{"parts": [7]}]', "parts"),
            ("gen_ai.output.messages", '[{"tool_calls": [7]}]', "tool calls"),
            ("gen_ai.tool.definitions", "7", "list of tools"),
            ("gen_ai.usage.input_tokens", -1, "number of tokens"),
            ("gen_ai.usage.input_tokens", "many", "number of tokens"),
            ("gen_ai.usage.output_tokens", 2**40, "number of tokens"),
        ],
    )
    def test_bad_input(self, key, value, said):
        with pytest.raises(Rejected, match=said):
            read(chat(**{key: value}))


def inferred(**more):
    return {
        "openinference.span.kind": "LLM",
        "llm.model_name": "m-2024",
        "llm.invocation_parameters": '{"model": "m"}',
        "llm.token_count.prompt": 5,
        "llm.token_count.completion": 2,
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "be brief",
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.content": "hello",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "hi hello",
        **more,
    }


def values_only(asked, answered):
    return {
        "openinference.span.kind": "LLM",
        "input.value": json.dumps(asked),
        "input.mime_type": "application/json",
        "output.value": json.dumps(answered),
        "output.mime_type": "application/json",
    }


class TestOpenInference:
    def test_it_works(self):
        call = read(inferred(), openinference)
        assert call.names == ["m-2024", "m"]
        assert call.messages == [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hello"},
        ]
        assert call.output == "hi hello"
        assert (call.input_tokens, call.output_tokens) == (5, 2)

    def test_another_kind(self):
        assert not openinference.is_call(made({"openinference.span.kind": "CHAIN"}))

    def test_tools(self):
        prefix = "llm.output_messages.0.message.tool_calls.0.tool_call"
        attributes = inferred(
            **{
                f"{prefix}.id": "c0",
                f"{prefix}.function.name": "lookup",
                f"{prefix}.function.arguments": '{"q":1}',
                "llm.input_messages.2.message.role": "tool",
                "llm.input_messages.2.message.tool_call_id": "c9",
                "llm.input_messages.2.message.content": "sunny",
                "llm.tools.0.tool.json_schema": json.dumps(DEFINED),
            }
        )
        del attributes["llm.output_messages.0.message.content"]
        call = read(attributes, openinference)
        assert call.output == {"content": None, "tool_calls": [{"id": "c0", **LOOKUP}]}
        assert call.messages[2] == {"role": "tool", "content": "sunny", "tool_call_id": "c9"}
        assert call.tools == [DEFINED]

    def test_contents_in_parts(self):
        prefix = "llm.input_messages.0.message.contents"
        attributes = inferred(
            **{
                f"{prefix}.0.message_content.type": "text",
                f"{prefix}.0.message_content.text": "what is it?",
                f"{prefix}.1.message_content.type": "image",
                f"{prefix}.1.message_content.image.image.url": "https://x/y.png",
            }
        )
        del attributes["llm.input_messages.0.message.content"]
        assert read(attributes, openinference).messages[0]["content"] == [
            {"type": "text", "text": "what is it?"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        ]

    def test_values_of_a_chat(self):
        asked = {"model": "m", "messages": [{"role": "user", "content": "q"}], "tools": [DEFINED]}
        answered = {"model": "m-1", "choices": [{"message": {"role": "assistant", "content": "a"}}]}
        call = read(values_only(asked, answered), openinference)
        assert call.names == ["m-1", "m"]
        assert (call.messages, call.tools) == (asked["messages"], [DEFINED])
        assert call.output == "a"

    def test_values_of_a_completion(self):
        answered = {"choices": [{"text": "upon a time"}]}
        call = read(values_only({"model": "m", "prompt": "once"}, answered), openinference)
        assert (call.prompt, call.output) == ("once", "upon a time")

    def test_values_as_text(self):
        attributes = {
            "openinference.span.kind": "llm",
            "input.value": '{"not": "read"}',
            "input.mime_type": "text/plain",
            "output.value": "fine",
        }
        call = read(attributes, openinference)
        assert (call.prompt, call.output) == ('{"not": "read"}', "fine")

    def test_any_json(self):
        call = read(values_only({"ticket": 7}, {"label": "billing"}), openinference)
        assert (call.prompt, call.output) == ({"ticket": 7}, {"label": "billing"})

    @pytest.mark.parametrize(
        "hidden",
        [
            {"llm.input_messages.1.message.content": "__REDACTED__"},
            {"llm.output_messages.0.message.content": "__REDACTED__"},
        ],
    )
    def test_hidden_content_is_none(self, hidden):
        call = read(inferred(**hidden), openinference)
        assert not call.has_input or call.output is None

    @pytest.mark.parametrize(
        ("attributes", "said"),
        [
            ({"llm.input_messages.7": "x"}, "no field `message`"),
            ({"llm.tools.0.tool.json_schema": "{"}, "not JSON"),
            ({"llm.token_count.prompt": True}, "number of tokens"),
        ],
    )
    def test_bad_input(self, attributes, said):
        with pytest.raises(Rejected, match=said):
            read(inferred(**attributes), openinference)

    def test_names_that_want_too_much(self):
        hostile = {
            "llm.input_messages.999999999.message.content": "last",
            "llm.input_messages.0." + "a." * 5000: "deep",
            "llm.input_messages.1.message": "a text where others have fields",
        }
        call = read({**inferred(), **hostile}, openinference)
        assert [one["content"] for one in call.messages] == ["be brief", "hello", "last"]
