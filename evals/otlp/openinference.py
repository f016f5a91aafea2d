"""OpenInference: one attribute a field, llm.input_messages.0.message.content, and the whole request
and answer as input.value and output.value."""

from __future__ import annotations

from typing import Any

from evals.otlp.calls import Call, names, tokens
from evals.otlp.chat import Message, messages_of, parsed, tools_of
from evals.otlp.indexed import tree
from evals.otlp.spans import Rejected, Span, Values

NO_CONTENT = (
    "it has no message content. Unset OPENINFERENCE_HIDE_INPUTS, OPENINFERENCE_HIDE_OUTPUTS and "
    "their like where the application runs"
)
#: What stands where a setting hides content.
_HIDDEN = "__REDACTED__"
_INPUT, _OUTPUT = "llm.input_messages", "llm.output_messages"


def is_call(span: Span) -> bool:
    kind = span.attributes.get("openinference.span.kind")
    return isinstance(kind, str) and kind.upper() == "LLM"


def read(span: Span) -> Call:
    """Raises Rejected where an attribute is not what its name says."""
    found = span.attributes
    asked, answered = _whole(found, "input"), _whole(found, "output")
    call = Call(
        names=names(
            found.get("llm.model_name"),
            # A call that failed names its model here only.
            _in(answered, "model"),
            _in(asked, "model"),
            _in(_json(found.get("llm.invocation_parameters")), "model"),
        ),
        input_tokens=tokens(found, "llm.token_count.prompt"),
        output_tokens=tokens(found, "llm.token_count.completion"),
    )
    if messages := _messages(found, _INPUT):
        call.messages = messages
    elif isinstance(_in(asked, "messages"), list):
        call.messages = messages_of(_in(asked, "messages"), "input.value")
    else:
        call.prompt = _in(asked, "prompt") or asked
    if answers := _messages(found, _OUTPUT, "assistant"):
        call.answered(answers)
    elif isinstance(message := _in(_choice(answered), "message"), dict):
        call.answered(messages_of(message, "output.value", "assistant"))
    else:
        text = _in(_choice(answered), "text")
        call.output = answered if text is None else text
    call.tools = _tools(found, asked)
    if _hidden(call):
        call.messages = call.prompt = None
    if call.output == _HIDDEN:
        call.output = None
    return call


def _hidden(call: Call) -> bool:
    """Whether the request, or the text in it, was hidden: then it is none that can be compared."""
    contents = [message.get("content") for message in call.messages or ()]
    return _HIDDEN in (call.prompt, *contents)


def _messages(found: Values, key: str, role: str = "user") -> list[Message]:
    listed = tree(found, f"{key}.")
    if not isinstance(listed, list):
        return []
    return messages_of([_message(_in(one, "message")) for one in listed], key, role)


def _message(found: Any) -> dict[str, object]:
    if not isinstance(found, dict):
        raise Rejected("a message of OpenInference has no field `message`")
    message = dict(found)
    if isinstance(parts := message.pop("contents", None), list) and "content" not in message:
        message["content"] = [_part(_in(one, "message_content")) for one in parts]
    if isinstance(calls := message.get("tool_calls"), list):
        message["tool_calls"] = [_in(one, "tool_call") for one in calls]
    if name := message.pop("function_call_name", None):
        arguments = message.pop("function_call_arguments_json", "{}")
        message.setdefault("tool_calls", [{"function": {"name": name, "arguments": arguments}}])
    return message


def _part(found: Any) -> object:
    if isinstance(found, dict) and found.get("type") == "text":
        return {"type": "text", "text": found.get("text")}
    if isinstance(found, dict) and found.get("type") == "image":
        url = _in(_in(found.get("image"), "image"), "url")
        return {"type": "image_url", "image_url": {"url": url}}
    return found


def _choice(answered: object) -> object:
    """The first choice of an answer as a server of chats or completions gave it."""
    choices = _in(answered, "choices")
    return choices[0] if isinstance(choices, list) and choices else None


def _tools(found: Values, asked: object) -> list[object]:
    listed = tree(found, "llm.tools.")
    if isinstance(listed, list):
        schemas = [_in(_in(one, "tool"), "json_schema") or one for one in listed]
        return tools_of(schemas, "llm.tools")
    if (whole := found.get("llm.tools")) is not None:
        return tools_of(parsed(whole, "llm.tools"), "llm.tools")
    tools = _in(asked, "tools")
    return tools_of(tools, "input.value") if isinstance(tools, list) else []


def _whole(found: Values, side: str) -> object:
    """input.value or output.value: JSON where its mime type says so, else as it is."""
    value = found.get(f"{side}.value")
    if found.get(f"{side}.mime_type") != "application/json" or not isinstance(value, str):
        return value
    read = _json(value)
    return value if read is None else read


def _json(value: object) -> object:
    try:
        return parsed(value, "")
    except Rejected:
        return None


def _in(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
