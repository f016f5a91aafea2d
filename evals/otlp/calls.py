"""What a span says about one call to a language model, in whichever convention it is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from evals.otlp.chat import output_of
from evals.otlp.spans import Rejected, Values


@dataclass(slots=True)
class Call:
    """One call as its span tells it.

    names: the names of the model, the one that answered before the one that was asked for
    messages: the request as a chat, oldest first; None where it is no chat
    prompt: the request where it is no chat, text or any JSON; None where it was not captured
    output: text, {"content", "tool_calls"}, {"content": None, "refusal"} as a provider keeps it, or
        any JSON; None where it was not captured
    """

    names: list[str]
    messages: list[dict[str, object]] | None = None
    tools: list[object] = field(default_factory=list)
    prompt: object = None
    output: object = None
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def has_input(self) -> bool:
        return bool(self.messages) or self.prompt is not None

    def answered(self, messages: list[dict[str, object]]) -> None:
        """Takes the first of these as the output: it is the one that an application serves."""
        if not messages:
            return
        self.output = output_of(messages[0])
        refusal = messages[0].get("refusal")
        if self.output is None and isinstance(refusal, str) and refusal:
            # What the person would have seen: an answer like any other, and often the difference.
            self.output = {"content": None, "refusal": refusal}


def names(*found: object) -> list[str]:
    """Each name once, in the order given."""
    return list(dict.fromkeys(name for name in found if isinstance(name, str) and name))


def first(attributes: Values, *keys: str) -> object:
    """The value of the first of these attributes that is there."""
    return next((found for key in keys if (found := attributes.get(key)) is not None), None)


def tokens(attributes: Values, *keys: str) -> int | None:
    """A count of tokens. Rejected where it is none."""
    for key in keys:
        found = attributes.get(key)
        if found is None:
            continue
        if isinstance(found, float) and found.is_integer():
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 2**31:
            raise Rejected(f"{key} is not a number of tokens")
        return found
    return None
