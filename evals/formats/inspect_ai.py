"""A dataset for Inspect AI: `json_dataset("file.jsonl")` reads it without further arguments.

Format: https://inspect.aisi.org.uk/datasets.html, and read_messages() in inspect_ai's
dataset/_util.py: roles are system, user, assistant and tool, each content is text or a list of
parts but never null, and a tool call is {id, function, arguments, type}.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from evals.formats.base import ExportExample, json_line
from evals.values import source_of


def inspect_lines(examples: Iterable[ExportExample]) -> Iterator[str]:
    """One sample a line. `target` is text: expected JSON is given as its JSON text (a list would
    mean "any of these"), and in full as metadata.expected. An unknown expected has no target."""
    for example in examples:
        metadata: dict[str, Any] = {
            "segment": dict(example.segment),
            "group": example.group,
            "provenance": dict(example.provenance),
        }
        if _is_chat(example.input) and example.input.get("tools"):
            metadata["tools"] = example.input["tools"]
        if example.expected is not None and not isinstance(example.expected, str):
            metadata["expected"] = example.expected
        target = {} if example.expected is None else {"target": _text(example.expected)}
        yield json_line(
            {"id": example.id, "input": _input(example.input), **target, "metadata": metadata}
        )


def _input(value: Any) -> str | list[dict[str, Any]]:
    if _is_chat(value):
        return [_message(message) for message in value["messages"]]
    # Inspect takes an empty text for a missing input; an empty message is one.
    return _text(value) or [{"role": "user", "content": ""}]


def _is_chat(value: Any) -> bool:
    messages = value.get("messages") if isinstance(value, dict) else None
    return isinstance(messages, list) and bool(messages) and all(map(_is_message, messages))


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in _ROLES


# OpenAI's newer name for a system message, and its older one for a tool's.
_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def _message(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    parts = isinstance(content, list) and [_part(part) for part in content]
    calls = message.get("tool_calls")
    return {
        "role": _ROLES[message["role"]],
        "content": parts or ("" if content is None else _text(content)),
        **({"tool_calls": [_call(call) for call in calls]} if isinstance(calls, list) else {}),
        **{key: message[key] for key in ("tool_call_id",) if message.get(key) is not None},
    }


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, dict) and part.get("type") == "image_url":
        image = part.get("image_url")
        url = image.get("url") if isinstance(image, dict) else image
        return {"type": "image", "image": _text(url)}
    if isinstance(part, dict) and part.get("type") == "text":
        return {"type": "text", "text": _text(part.get("text"))}
    return {"type": "text", "text": _text(part)}


def _call(call: Any) -> dict[str, Any]:
    """{id, function: {name, arguments: JSON text}} as Inspect's {id, function, arguments}."""
    call = call if isinstance(call, dict) else {}
    function = call.get("function")
    named = function if isinstance(function, dict) else {"name": function, **call}
    arguments = named.get("arguments")
    try:
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        parsed = None
    kept = parsed if isinstance(parsed, dict) else {"arguments": arguments} if arguments else {}
    return {
        "id": _text(call.get("id") or ""),
        "function": _text(named.get("name") or ""),
        "arguments": kept,
        "type": "function",
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else source_of(value)
