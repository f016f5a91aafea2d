"""From a request's input to chat messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.providers.messages import (
    MessageError,
    build_messages,
    build_tools,
    check_template,
    render,
)

CHAT = {
    "messages": [{"role": "system", "content": "old"}, {"role": "user", "content": "hi"}],
    "tools": [{"type": "function"}],
}


class TestBuildMessages:
    def test_it_works(self):
        assert build_messages("hi", "Be brief.", "SMS: {{ input }}\nLabel:") == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "SMS: hi\nLabel:"},
        ]

    def test_without_a_template_the_input_is_the_message(self):
        assert build_messages({"a": 1}) == [{"role": "user", "content": '{"a":1}'}]

    def test_a_chat_is_sent_as_served(self):
        assert build_messages(CHAT, template="ignored {{ input }}") == CHAT["messages"]
        assert build_tools(CHAT) == CHAT["tools"]
        assert build_tools("hi") is None

    def test_a_system_message_takes_the_place_of_the_served_one(self):
        new, user = build_messages(CHAT, "new")
        assert (new["content"], user["content"]) == ("new", "hi")

    @pytest.mark.parametrize(
        "chat", [{"messages": []}, {"messages": ["hi"]}, {"messages": [{"content": "hi"}]}]
    )
    def test_bad_chat(self, chat):
        with pytest.raises(MessageError, match=r"input\.messages"):
            build_messages(chat)

    def test_bad_tools(self):
        with pytest.raises(MessageError, match=r"input\.tools"):
            build_tools({**CHAT, "tools": "search"})


class TestRender:
    def test_paths(self):
        value = {"name": "Ann", "items": [{"sku": 7}, None]}
        template = "{{input.name}}: {{ input.items.0.sku }}, {{ input.items.1 }}, {{ input.items }}"
        assert render(template, value) == 'Ann: 7, null, [{"sku":7},null]'

    def test_braces_that_are_no_slot_stay(self):
        assert render('{"a": {"b": {{ input }} }}', "x") == '{"a": {"b": x }}'
        assert render(r"\{{ input }}", "x") == "{{ input }}"

    @given(st.text())
    def test_what_is_filled_in_is_not_looked_at_again(self, text):
        assert render("<{{ input }}>", text + "{{ input }}") == f"<{text}{{{{ input }}}}>"

    @pytest.mark.parametrize("path", ["input.x", "input.items.9", "input.items.x", "input.name.0"])
    def test_a_path_that_leads_nowhere(self, path):
        with pytest.raises(MessageError, match="this input has no"):
            render("{{ " + path + " }}", {"name": "Ann", "items": []})


class TestCheckTemplate:
    @pytest.mark.parametrize(
        ("template", "reason"),
        [
            ("a\n{{ inputs }}", "line 2 of the template: {{ inputs }} is unknown"),
            ("{{ input.__class__() }}", "is unknown"),
            ("{{ 7 * 7 }}", "is unknown"),
            ("{{ input }", "not closed"),
            ("{{ input\n}}", "not closed"),
        ],
    )
    def test_bad_template(self, template, reason):
        with pytest.raises(MessageError) as caught:
            check_template(template)
        assert reason in str(caught.value)

    @given(st.text(alphabet="{} input.\\\n", max_size=30))
    def test_what_is_accepted_can_be_rendered_and_nothing_else_raises(self, template):
        try:
            check_template(template)
            render(template, {"input": "x"})
        except MessageError:
            pass
