"""From a request's input to what a chat model is sent."""

from typing import Any

from evals.providers.templates import TemplateProblem, check_template, render
from evals.values import source_of

#: What a chat was served with beside messages and tools, and is sent with again.
SERVED = ("tool_choice", "parallel_tool_calls", "response_format")

#: A template, or an input, from which no messages can be made.
MessageError = TemplateProblem

__all__ = ["MessageError", "build_messages", "build_served", "build_tools", "check_template"]


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
        return [*first, {"role": "user", "content": build_prompt(input_value, template)}]
    messages = [_message(item, i) for i, item in enumerate(input_value["messages"])]
    if not messages:
        raise MessageError("input.messages is empty; a chat needs at least one message")
    if first and messages[0]["role"] in ("system", "developer"):
        messages = messages[1:]
    return [*first, *messages]


def build_prompt(input_value: object, template: str = "") -> str:
    """The input in the template, or alone where there is none."""
    if template:
        return render(template, input_value)
    return input_value if isinstance(input_value, str) else source_of(input_value)


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


def build_served(input_value: object) -> dict[str, Any]:
    """The rest of what a chat was served with: how it was to use its tools, and to answer."""
    if not isinstance(input_value, dict) or not is_chat(input_value):
        return {}
    return {name: input_value[name] for name in SERVED if input_value.get(name) is not None}


def is_chat(input_value: Any) -> bool:
    """Whether an input is a conversation as served."""
    return isinstance(input_value, dict) and isinstance(input_value.get("messages"), list)


def _message(item: object, i: int) -> dict[str, Any]:
    if not isinstance(item, dict) or not isinstance(item.get("role"), str):
        raise MessageError(f"input.messages[{i}] is not an object with a role")
    return item
