"""Export formats."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.formats import FORMATS, ExportExample
from evals.records import TrafficRecord, decode_lines
from tests.evals.test_values import json_values

CHAT = {
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, "b"]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
                {"id": "2", "type": "function", "function": {"name": "g", "arguments": "broken"}},
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "ok"},
    ],
    "tools": [{"type": "function"}],
}
EXAMPLE = ExportExample(
    id="req-1",
    input="where is\u2028my card",
    expected="billing",
    segment={"locale": "de"},
    group="g",
    provenance={"run": "shadow-11", "reviewer": "alice"},
)


def sample(**fields):
    [line] = FORMATS["inspect"]([ExportExample(**{"id": "r", "input": "x", **fields})])
    return json.loads(line)


@pytest.mark.parametrize("name", FORMATS)
class TestEveryFormat:
    def test_one_line_an_example(self, name):
        lines = list(FORMATS[name]([EXAMPLE, EXAMPLE]))
        assert [line.splitlines() for line in lines] == [[line[:-1]] for line in lines]
        assert json.loads(lines[0])["input"] == EXAMPLE.input

    @given(value=json_values, expected=json_values)
    def test_takes_any_value(self, name, value, expected):
        [line] = FORMATS[name]([ExportExample(id="r", input=value, expected=expected)])
        assert json.loads(line)["id"] == "r"


class TestTraffic:
    def test_it_works(self):
        [line] = FORMATS["traffic"]([EXAMPLE])
        [(_, record)] = decode_lines([line.encode()])
        assert isinstance(record, TrafficRecord)
        assert (record.id, record.input, record.expected) == ("req-1", EXAMPLE.input, "billing")
        assert (record.segment, record.group, record.outputs) == ({"locale": "de"}, "g", [])

    def test_keeps_the_provenance(self):
        [line] = FORMATS["traffic"]([EXAMPLE])
        assert json.loads(line)["provenance"] == EXAMPLE.provenance

    @given(json_values.filter(lambda value: value is not None), json_values)
    def test_round_trip(self, value, expected):
        [line] = FORMATS["traffic"]([ExportExample(id="r", input=value, expected=expected)])
        [(_, record)] = decode_lines([line.encode()])
        assert isinstance(record, TrafficRecord)
        assert (record.input, record.expected) == (value, expected)


class TestInspect:
    def test_it_works(self):
        [line] = FORMATS["inspect"]([EXAMPLE])
        assert json.loads(line) == {
            "id": "req-1",
            "input": EXAMPLE.input,
            "target": "billing",
            "metadata": {
                "segment": {"locale": "de"},
                "group": "g",
                "provenance": EXAMPLE.provenance,
            },
        }

    def test_chat(self):
        system, user, assistant, tool = sample(input=CHAT)["input"]
        assert system == {"role": "system", "content": "Be brief."}
        assert user["content"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        assert assistant["content"] == ""
        assert assistant["tool_calls"] == [
            {"id": "1", "function": "f", "arguments": {"x": 1}, "type": "function"},
            {"id": "2", "function": "g", "arguments": {"arguments": "broken"}, "type": "function"},
        ]
        assert tool == {"role": "tool", "content": "ok", "tool_call_id": "1"}
        assert sample(input=CHAT)["metadata"]["tools"] == CHAT["tools"]

    def test_expected_json_is_text_and_kept_whole(self):
        found = sample(expected={"label": "x"})
        assert found["target"] == '{"label":"x"}'
        assert found["metadata"]["expected"] == {"label": "x"}

    def test_an_unknown_expected_has_no_target(self):
        assert "target" not in sample()

    def test_an_empty_input_is_a_message(self):
        assert sample(input="")["input"] == [{"role": "user", "content": ""}]

    @given(st.recursive(json_values, lambda x: st.fixed_dictionaries({"messages": st.lists(x)})))
    def test_odd_chats_are_text(self, value):
        assert isinstance(sample(input=value)["input"], str | list)
