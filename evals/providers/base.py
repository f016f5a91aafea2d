"""What every provider has: a call in, a reply or a ProviderError out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Call:
    """One question to one model. `api_key` is the key itself ("" where none is needed); it is in
    no repr and in no error. `timeout_s` bounds the whole call, from connecting to the last byte."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    base_url: str
    api_key: str = field(default="", repr=False)
    tools: Sequence[Mapping[str, Any]] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 60.0


@dataclass(frozen=True)
class Reply:
    """What the model answered: `text` as received, `value` the same as a JSON value (a string
    where `is_text`). Milliseconds; tokens as the server counted them, None where it did not."""

    value: Any
    text: str
    is_text: bool
    latency_ms: float
    input_tokens: int | None = None
    output_tokens: int | None = None


class ProviderError(Exception):
    """A call that gave no output. `retryable`: another try may succeed, after `retry_after`
    seconds if the server asked for that. The message is short and holds no key."""

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        retry_after: float | None = None,
        latency_ms: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.latency_ms = latency_ms


class Provider(Protocol):
    def ask(self, call: Call, /) -> Reply:
        """Ask once, without retries. Raises ProviderError and nothing else."""
        ...
