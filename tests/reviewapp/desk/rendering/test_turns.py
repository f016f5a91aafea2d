from hypothesis import given

from evals import values
from reviewapp.desk.judgement import text_at
from reviewapp.desk.rendering import turns
from tests.taxonomy.examples import json_values

CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url"}],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": '{"at": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ],
    "tools": [{"type": "function", "function": {"name": "look"}}],
}


class TestRequest:
    def test_a_chat(self):
        found = turns.of_request(CHAT)
        assert [turn.who for turn in found] == [
            "system",
            "user",
            "assistant",
            "tool c1",
            "also sent",
        ]
        assert [part.kind for part in found[1].parts] == ["text", "attachment"]
        call = found[2].parts[0]
        assert (call.kind, call.name, call.tree.children[0].label) == ("call", "look", "at")

    def test_paths_lead_to_the_text_that_is_shown(self):
        for turn in turns.of_request(CHAT):
            for part in turn.parts:
                if part.path is not None:
                    assert text_at(CHAT, part.path) == part.text

    def test_a_text_and_json(self):
        assert turns.of_request("hi")[0].parts == [turns.Part("text", "hi", "")]
        assert turns.of_request({"a": 1})[0].parts[0].tree.children[0].label == "a"

    def test_markdown_reads_up_to_a_length(self):
        long = {"messages": [{"role": "user", "content": "**a** " * 4_000}] * 3}
        read = [bool(turn.parts[0].html) for turn in turns.of_request(long)]
        assert read == [True, False, False]

    def test_as_it_is_stored(self):
        """Every text can be marked, JSON as the text that is counted in."""
        (turn,) = turns.of_request({"a": "**b**"}, reads=False)
        assert turn.parts == [turns.Part("text", text_at({"a": "**b**"}, ""), "")]
        assert turns.of_request("**b**", reads=False)[0].parts[0].html is None

    def test_two_ways(self):
        for value, two in (("**b**", True), ("b", False), ({"a": 1}, True), (7, False)):
            assert turns.has_ways(value, turns.of_request(value)) is two

    def test_trees_have_a_place_to_ask_for_more(self):
        places = [p.place for turn in turns.of_request(CHAT, later=True) for p in turn.parts]
        assert places[3] == "request.2.0"
        assert turns.of_output({"a": 1}, place="A")[0].place == "A.0.0"
        assert turns.of_request(CHAT)[2].parts[0].place == ""

    @given(json_values)
    def test_anything(self, value):
        assert turns.of_request({"messages": [value, {"content": value, "tool_calls": [value]}]})
        assert turns.of_output(value)


class TestOutput:
    def test_a_message_with_calls(self):
        value = {
            "content": "Let me see.",
            "tool_calls": [{"function": {"name": "look", "arguments": "not JSON"}}],
        }
        text, call = turns.of_output(value)
        assert (text.path, text.text) == ("$.content", "Let me see.")
        assert (call.name, call.text, call.tree) == ("look", "not JSON", None)

    def test_json_that_is_no_message(self):
        value = {"content": "x", "label": "y"}
        assert turns.of_output(value)[0].text == values.canonical(value)


def test_long_texts_are_folded_until_asked_for():
    part = turns.of_request("x" * 1000, fold=100)[0].parts[0]
    assert (part.text, part.left, part.length) == ("x" * 100, 900, 1000)
    assert turns.of_request("x" * 105, fold=100)[0].parts[0].left == 0
    assert turns.of_request("x" * 1000)[0].parts[0].left == 0
