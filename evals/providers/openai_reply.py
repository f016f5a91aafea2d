"""Reading a chat completion from a server that may say anything."""

import json
from typing import Any

from evals.providers.base import ProviderError, Reply
from evals.providers.http_errors import excerpt
from evals.values import problem_in, source_of

_MOST_TOKENS = 2**31 - 1


def read_reply(body: bytes, latency_ms: float) -> Reply:
    """The reply in the body of a 200. Raises ProviderError where it holds none.

    Text stays text; with tool calls the value is {"content": …, "tool_calls": […]}, as received,
    and a refusal without content is {"content": null, "refusal": "…"}.
    """
    completion = _parse(body)
    value = _value(_message(completion))
    problem = problem_in(value)
    if problem:
        raise _error(f"the answer cannot be stored: {problem[0]}: {problem[1]}")
    usage = completion.get("usage")
    if usage is not None and not isinstance(usage, dict):
        raise _error("`usage` is not an object")
    return Reply(
        value=value,
        text=value if isinstance(value, str) else source_of(value),
        is_text=isinstance(value, str),
        latency_ms=latency_ms,
        input_tokens=_count(usage or {}, "prompt_tokens"),
        output_tokens=_count(usage or {}, "completion_tokens"),
    )


def _parse(body: bytes) -> dict[str, Any]:
    try:
        # The standard parser: it lets halves of surrogate pairs through, to be named later.
        completion = json.loads(body)
    except (ValueError, RecursionError):
        reason = f"HTTP 200, but not JSON (is base_url right?): {excerpt(body)}"
        raise _error(reason, servers=True) from None
    if not isinstance(completion, dict):
        raise _error(f"HTTP 200, but no chat completion: {excerpt(body)}", servers=True)
    return completion


def _message(completion: dict[str, Any]) -> dict[str, Any]:
    choices = completion.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if isinstance(message, dict):
        return message
    # Some servers answer 200 with an error inside.
    error = completion.get("error")
    said = error.get("message") if isinstance(error, dict) else error
    if said:
        raise _error(f"HTTP 200, but an error: {excerpt(str(said))}", servers=True)
    raise _error(f"HTTP 200, but no message in `choices`: {excerpt(source_of(list(completion)))}")


def _value(message: dict[str, Any]) -> Any:
    content, tool_calls = _content(message.get("content")), message.get("tool_calls")
    if tool_calls:
        if not isinstance(tool_calls, list) or not all(isinstance(x, dict) for x in tool_calls):
            raise _error("`tool_calls` is not a list of objects")
        return {"content": content, "tool_calls": tool_calls}
    if content is None and isinstance(message.get("refusal"), str):
        # What the person would have seen: an answer like any other, and often the difference.
        return {"content": None, "refusal": message["refusal"]}
    if content is None:
        raise _error("the message has neither content nor tool calls")
    return content


def _content(content: object) -> str | None:
    """Text, also where it comes in parts as some servers send it."""
    if isinstance(content, list) and content:
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        content = "".join(texts) if len(texts) == len(parts) else content
    if content is not None and not isinstance(content, str):
        raise _error(f"`content` is not text but a {type(content).__name__}")
    return content


def _count(usage: dict[str, Any], name: str) -> int | None:
    return token_count(usage.get(name), f"`usage.{name}`")


def token_count(count: object, where: str) -> int | None:
    """A number of tokens as a server gave it; None where it gave none."""
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST_TOKENS:
        raise _error(f"{where} is not a number of tokens: {excerpt(str(count)[:100])}")
    return count


def _error(reason: str, servers: bool = False) -> ProviderError:
    return ProviderError(reason, retryable=False, servers=servers, charged=True)
