"""OpenTelemetry's GenAI conventions: the present one, and those before it that are still sent.

present  gen_ai.input.messages, gen_ai.output.messages, gen_ai.system_instructions,
         gen_ai.tool.definitions: JSON in a text, or structured
events   gen_ai.system.message, gen_ai.user.message, … gen_ai.choice, on the span; or
         gen_ai.content.prompt and gen_ai.content.completion
before   gen_ai.prompt and gen_ai.completion, whole or as gen_ai.prompt.0.content
"""

from __future__ import annotations

from typing import Any

from evals.otlp.calls import Call, first, names, tokens
from evals.otlp.chat import Message, messages_of, parsed, tools_of
from evals.otlp.indexed import tree
from evals.otlp.spans import Rejected, Span, Values

#: Values of gen_ai.operation.name that are calls to a language model.
OPERATIONS = ("chat", "generate_content", "text_completion")
#: The same, as llm.request.type, from before there was a name for operations.
_TYPES = ("chat", "completion")

NO_CONTENT = (
    "it has no message content. Set OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental and "
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only where the application runs"
)
_INPUT, _OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"
_SYSTEM, _TOOLS = "gen_ai.system_instructions", "gen_ai.tool.definitions"
_ROLES = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant", "tool")}
#: Events whose attributes could as well stand on the span.
_DETAILS = {
    "gen_ai.client.inference.operation.details",
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
}


def is_call(span: Span) -> bool:
    found = span.attributes
    operation = found.get("gen_ai.operation.name")
    if operation is None:
        return found.get("llm.request.type") in _TYPES
    return operation in OPERATIONS


def read(span: Span) -> Call:
    """Raises Rejected where an attribute is not what its name says."""
    found: Values = span.attributes
    for name, attributes in span.events:
        if name in _DETAILS:
            found = {**attributes, **found}
    call = Call(
        names=names(found.get("gen_ai.response.model"), found.get("gen_ai.request.model")),
        input_tokens=tokens(found, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        output_tokens=tokens(found, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    )
    _read_input(call, span, found)
    _read_output(call, span, found)
    if (system := found.get(_SYSTEM)) and call.messages:
        call.messages = [*_system(system), *call.messages]
    if (tools := found.get(_TOOLS)) is not None:
        call.tools = tools_of(parsed(tools, _TOOLS), _TOOLS)
    elif functions := tree(found, "llm.request.functions."):
        call.tools = tools_of(_with_parameters(functions), "llm.request.functions")
    return call


def _read_input(call: Call, span: Span, found: Values) -> None:
    if (value := found.get(_INPUT)) is not None:
        call.messages = messages_of(parsed(value, _INPUT), _INPUT)
    elif (value := found.get("gen_ai.prompt")) is not None:
        call.prompt = _maybe_json(value)
        if isinstance(call.prompt, list):
            call.messages, call.prompt = messages_of(call.prompt, "gen_ai.prompt"), None
    elif indexed := tree(found, "gen_ai.prompt."):
        call.messages = messages_of(indexed, "gen_ai.prompt")
    else:
        call.messages = [
            message
            for name, attributes in span.events
            if name in _ROLES
            for message in messages_of(_body(attributes), name, _ROLES[name])
        ]


def _read_output(call: Call, span: Span, found: Values) -> None:
    if (value := found.get(_OUTPUT)) is not None:
        call.answered(messages_of(parsed(value, _OUTPUT), _OUTPUT, "assistant"))
    elif (value := found.get("gen_ai.completion")) is not None:
        answer = _maybe_json(value)
        if isinstance(answer, list):
            call.answered(messages_of(answer, "gen_ai.completion", "assistant"))
        else:
            call.output = answer
    elif indexed := tree(found, "gen_ai.completion."):
        call.answered(messages_of(indexed, "gen_ai.completion", "assistant"))
    else:
        choices = [attributes for name, attributes in span.events if name == "gen_ai.choice"]
        if choices:
            body = _body(choices[0])
            message = parsed(body.get("message", body), "gen_ai.choice")
            call.answered(messages_of(message, "gen_ai.choice", "assistant"))


def _system(value: object) -> list[Message]:
    """The system message in instructions: text, or parts in JSON or structured."""
    if isinstance(value, str) and not value.lstrip().startswith(("[", "{")):
        return [{"role": "system", "content": value}]
    parts = [_text(one) for one in _listed(parsed(value, _SYSTEM))]
    return messages_of({"role": "system", "parts": parts}, _SYSTEM)


def _body(attributes: Values) -> dict[str, Any]:
    """What an event says: its attributes, or one that holds them all."""
    body = parsed(first(attributes, "gen_ai.event.content", "body"), "gen_ai.event.content")
    return body if isinstance(body, dict) else dict(attributes)


def _maybe_json(value: object) -> object:
    """The list or the text of an attribute that is sometimes one and sometimes the other."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            found = parsed(value, "gen_ai.prompt")
        except Rejected:
            return value
        roles = isinstance(found, list) and all(isinstance(x, dict) and "role" in x for x in found)
        return found if found and roles else value
    return value


def _text(part: object) -> object:
    return {"type": "text", "content": part} if isinstance(part, str) else part


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _with_parameters(functions: object) -> object:
    """Functions whose parameters are JSON in a text, with these read."""
    key = "llm.request.functions"
    return [
        {**one, "parameters": parsed(one.get("parameters"), key)} if isinstance(one, dict) else one
        for one in _listed(functions)
    ]
