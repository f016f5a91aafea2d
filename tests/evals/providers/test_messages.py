"""From a request's input to chat messages."""

import pytest

from evals.providers.messages import MessageError, build_messages, build_served, build_tools

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

    def test_how_it_was_served_is_kept(self):
        served = {"tool_choice": "auto", "response_format": {"type": "json_object"}}
        assert build_served({**CHAT, **served, "temperature": 1}) == served
        assert build_served("hi") == {}

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
