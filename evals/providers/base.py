"""What every provider has: a call in, a reply or a ProviderError out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol


@dataclass(frozen=True)
class Call:
    """One question to one model. `api_key` and the values of `headers` are the secrets themselves:
    they are in no repr and in no error. `timeout_s` bounds the whole call, from connecting to the
    last byte.

    messages: what a chat model is sent (see evals.providers.messages); tools and `served`: what
        the chat was served with beside its messages
    input, request, sample: what is asked, the id of the request and which answer this will be
    prompt: the text of a request that is no chat, as the prompt template made it; "" for a chat
    options: what this provider alone understands, checked by its `check`
    base_url: the address; for recorded outputs the operator's folder
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    base_url: str
    api_key: str = field(default="", repr=False)
    tools: Sequence[Mapping[str, Any]] | None = None
    served: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 60.0
    input: Any = None
    prompt: str = ""
    system: str = ""
    request: str = ""
    sample: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Reply:
    """What the model answered: `text` as received, `value` the same as a JSON value (a string
    where `is_text`). Milliseconds (None where nobody measured); tokens as the server counted them,
    None where it did not; `cost_usd` only where the provider itself knows it."""

    value: Any
    text: str
    is_text: bool
    latency_ms: float | None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


class ProviderError(Exception):
    """A call that gave no output. The message is short and holds no key.

    retryable: another try may succeed, after `retry_after` seconds if the server asked for that
    servers: it tells of the server or the configuration (an address that answers nobody, a key
        that is refused), not of this one request
    throttled: the server asks to be asked less (HTTP 429): neither is at fault
    charged: the model may have answered, so the call may have cost something
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        retry_after: float | None = None,
        latency_ms: float | None = None,
        servers: bool | None = None,
        throttled: bool = False,
        charged: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.latency_ms = latency_ms
        self.servers = retryable if servers is None else servers
        self.throttled = throttled
        self.charged = charged


class OptionError(ValueError):
    """An option of a provider that is wrong: `where` it is (headers.X-Key), and why."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}" if where else reason)


class Provider(Protocol):
    """needs: fields of a model version without which it cannot be asked, with what each is called
    in an error; billed: whether asking costs money."""

    needs: Mapping[str, str]
    billed: bool

    def check(self, options: Mapping[str, Any], /) -> None:
        """Raises OptionError where `options` are not what this provider takes."""
        ...

    def ask(self, call: Call, /) -> Reply:
        """Ask once, without retries. Raises ProviderError and nothing else."""
        ...
