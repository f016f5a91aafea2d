"""From a request's input to the chat messages that a model is sent.

A prompt template knows one thing, `{{ input }}`, and paths into it: `{{ input.customer.name }}`,
`{{ input.items.0 }}`. Text goes in as it is, other JSON as compact JSON; `\\{{` stands for two
braces. Nothing is executed, and what was filled in is not looked at again.
"""

import re
from typing import Any

from evals.values import source_of

DEFAULT_TEMPLATE = "{{ input }}"

_SLOT = re.compile(r"\\\{\{|\{\{(?P<inside>[^{}\n]*)\}\}|(?P<open>\{\{)")
_PATH = re.compile(r"input(\.[\w-]+)*\Z")


class MessageError(ValueError):
    """A template, or an input, from which no messages can be made."""


def build_messages(
    input_value: object, system: str = "", template: str = ""
) -> list[dict[str, Any]]:
    """The messages for one request.

    A chat input (`{"messages": […], "tools": […]}`) is sent as it was served; a `system` of the
    model version takes the place of its leading system message, and `template` does not apply.
    Any other input is put into `template` (default: the input alone) as one user message.
    """
    first = [{"role": "system", "content": system}] if system else []
    if not isinstance(input_value, dict) or not is_chat(input_value):
        return [
            *first,
            {"role": "user", "content": render(template or DEFAULT_TEMPLATE, input_value)},
        ]
    messages = [_message(item, i) for i, item in enumerate(input_value["messages"])]
    if not messages:
        raise MessageError("input.messages is empty; a chat needs at least one message")
    if first and messages[0]["role"] in ("system", "developer"):
        messages = messages[1:]
    return [*first, *messages]


def build_tools(input_value: object) -> list[dict[str, Any]] | None:
    """The tools that a chat input was served with, or None."""
    if not isinstance(input_value, dict) or not is_chat(input_value):
        return None
    tools = input_value.get("tools")
    if tools is not None and not (
        isinstance(tools, list) and all(isinstance(x, dict) for x in tools)
    ):
        raise MessageError("input.tools is not a list of objects; see the chat completions format")
    return tools or None


def is_chat(input_value: Any) -> bool:
    """Whether an input is a conversation as served."""
    return isinstance(input_value, dict) and isinstance(input_value.get("messages"), list)


def check_template(template: str) -> None:
    """MessageError, with the place, where a template says something that it cannot."""
    for slot in _SLOT.finditer(template):
        if slot["open"] is None and slot["inside"] is None:
            continue
        at = f"line {template.count(chr(10), 0, slot.start()) + 1} of the template"
        if slot["open"]:
            raise MessageError(f"{at}: {{{{ is not closed on its line; write \\{{{{ for braces")
        if not _PATH.match(slot["inside"].strip()):
            raise MessageError(
                f"{at}: {slot[0]} is unknown; there are {{{{ input }}}} and {{{{ input.field }}}}"
            )


def render(template: str, input_value: object) -> str:
    """The template with the input in it. MessageError where a path leads nowhere."""
    check_template(template)
    return _SLOT.sub(lambda slot: _fill(slot, input_value), template)


def _fill(slot: re.Match[str], value: object) -> str:
    if slot["inside"] is None:
        return "{{"
    for name in slot["inside"].strip().split(".")[1:]:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            raise MessageError(f"{slot[0]}: this input has no {name!r}")
    return value if isinstance(value, str) else source_of(value)


def _message(item: object, i: int) -> dict[str, Any]:
    if not isinstance(item, dict) or not isinstance(item.get("role"), str):
        raise MessageError(f"input.messages[{i}] is not an object with a role")
    return item
