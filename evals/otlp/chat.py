"""Messages as tracing conventions write them, in the form that the rest of the project keeps: that
of chat completions, {"role", "content", "tool_calls", "tool_call_id"}.

What a conversation was is kept word for word. What it is not is left out: finish reasons, names
that are null, and a model's reasoning, which no application serves or sends again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from evals.otlp.spans import Rejected
from evals.values import source_of

Message = dict[str, object]


def parsed(value: object, key: str) -> Any:
    """A structured attribute, or the JSON in a text. Rejected where it is neither."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Rejected(f"{key} is not JSON: {error}; was it cut to a length limit?") from None


def messages_of(found: object, key: str, role: str = "user") -> list[Message]:
    """A list of messages. `role` is that of messages that have none."""
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise Rejected(f"{key} is not a list of messages")
    return [message for one in found for message in _messages(one, key, role)]


def output_of(message: Message) -> object:
    """What a model answered, as a provider would have read it from the same message."""
    content, calls = message.get("content"), message.get("tool_calls")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        content = "".join(texts) if len(texts) == len(parts) else content
    return {"content": content, "tool_calls": calls} if calls else content


def tools_of(found: object, key: str) -> list[object]:
    """Definitions of tools, each {"type": "function", "function": {…}} where it is a function."""
    if not isinstance(found, list):
        raise Rejected(f"{key} is not a list of tools")
    return [_tool(parsed(one, key)) for one in found]


def _tool(found: object) -> object:
    if not isinstance(found, dict) or "function" in found or "name" not in found:
        return found
    if found.get("type", "function") != "function":
        return found
    schema = found.get("parameters", found.get("input_schema"))
    known = {"name": found["name"], "description": found.get("description"), "parameters": schema}
    function = {name: value for name, value in known.items() if value is not None}
    return {"type": "function", "function": function}


def _messages(found: object, key: str, role: str) -> list[Message]:
    if isinstance(found, str):
        return [{"role": role, "content": found}]
    if not isinstance(found, dict):
        raise Rejected(f"{key} holds something that is no message")
    message = dict(found)
    message["role"] = message.get("role") or role
    if "parts" in message:
        return _of_parts(message, key)
    plain: Message = {"role": message["role"], "content": message.get("content")}
    for name in ("tool_call_id", "name", "refusal"):
        if message.get(name) is not None:
            plain[name] = message[name]
    if plain["role"] == "tool" and message.get("id") and "tool_call_id" not in plain:
        plain["tool_call_id"] = message["id"]
    if calls := parsed(message.get("tool_calls"), key):
        plain["tool_calls"] = _calls(calls, key)
    return [plain]


def _of_parts(message: Message, key: str) -> list[Message]:
    """A message of parts: one message, and one more for each answer of a tool among them."""
    parts = message["parts"]
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Rejected(f"{key} holds a message whose parts are no list of objects")
    answers = [_tool_answer(part) for part in parts if part.get("type") == "tool_call_response"]
    calls = [part for part in parts if part.get("type") == "tool_call"]
    left = ("tool_call", "tool_call_response", "reasoning", "compaction")
    content = [_part(part) for part in parts if part.get("type") not in left]
    if answers and not content and not calls:
        return answers
    plain: Message = {"role": message["role"], "content": _joined(content)}
    if message.get("name") is not None:
        plain["name"] = message["name"]
    if calls:
        plain["tool_calls"] = _calls(calls, key)
    return [*answers, plain]


def _joined(content: list[Message]) -> object:
    """One text as text, nothing as null, more than that as the list that it is."""
    if len(content) == 1 and content[0].get("type") == "text":
        return content[0]["text"]
    return content or None


def _part(part: dict[str, Any]) -> Message:
    kind = part.get("type")
    if kind == "text":
        return {"type": "text", "text": part.get("content", part.get("text"))}
    if kind in ("uri", "blob") and part.get("modality") == "image":
        data = f"data:{part.get('mime_type')};base64,{part.get('content')}"
        return {"type": "image_url", "image_url": {"url": part.get("uri", data)}}
    return part


def _tool_answer(part: dict[str, Any]) -> Message:
    answer = part.get("response", part.get("result"))
    content = answer if isinstance(answer, str) else source_of(answer)
    return {"role": "tool", "tool_call_id": part.get("id"), "content": content}


def _calls(found: object, key: str) -> list[object]:
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Rejected(f"{key} holds tool calls that are no list of objects")
    return [_call(one) for one in found]


def _call(found: dict[str, Any]) -> Message:
    function = found.get("function")
    function = function if isinstance(function, dict) else found
    arguments = function.get("arguments")
    written = arguments if isinstance(arguments, str) else source_of(arguments or {})
    named = {"name": function.get("name"), "arguments": written}
    call: Message = {"type": "function", "function": named}
    return {"id": found["id"], **call} if found.get("id") is not None else call
