"""Asking over HTTP: one event loop, one connection and one deadline a call, and whatever goes wrong
told as a ProviderError that holds no secret.

A server that drips its headers or its body byte by byte cannot exceed `timeout_s`, as it could
with time-outs per read. The latency therefore contains the connecting, on both sides of a
comparison alike.
"""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx2
import openai

from evals.providers.base import Call, ProviderError, Reply
from evals.providers.bounded import TooLargeError
from evals.providers.http_errors import excerpt


class Response(NamedTuple):
    latency_ms: float
    status: int
    headers: Mapping[str, str]
    body: bytes


def guarded(call: Call, ask: Callable[[Call], Reply]) -> Reply:
    """What `ask` gives. Raises ProviderError and nothing else."""
    started = perf_counter()
    try:
        check_address(call)
        return ask(call)
    except ProviderError as error:
        failed = error
    except TimeoutError:
        reason = f"no complete answer within {call.timeout_s:g} s"
        failed = ProviderError(reason, retryable=True, charged=True)
    except TooLargeError as error:
        failed = ProviderError(str(error), retryable=False, charged=True)
    except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
        reason = f"no answer from {_place(call)}: {_cause(error)}"
        failed = ProviderError(reason, retryable=True, charged=not _is_connecting(error))
    except (TypeError, ValueError, RecursionError, httpx2.InvalidURL) as error:
        reason = f"the call could not be made: {excerpt(f'{type(error).__name__}: {error}')}"
        failed = ProviderError(reason, retryable=False)
    # Raised out here, so that no traceback leads back to the request and its key.
    raise ProviderError(
        without_secrets(failed.message, call),
        retryable=failed.retryable,
        retry_after=failed.retry_after,
        latency_ms=since(started),
        servers=failed.servers,
        throttled=failed.throttled,
        charged=failed.charged,
    )


def is_address(url: str) -> bool:
    """Whether `url` names a host that can be asked over HTTP."""
    try:
        address = urlsplit(url)
        _ = address.port
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.hostname)


def has_login(url: str) -> bool:
    """Whether `url` holds a user's name or password before its host."""
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return False


def check_address(call: Call) -> None:
    if not is_address(call.base_url):
        reason = "base_url is not an address such as http://127.0.0.1:8080/v1"
        raise ProviderError(reason, retryable=False, servers=True)
    if not call.api_key.isascii() or any(sign.isspace() for sign in call.api_key):
        reason = "the API key holds a space or a non-ASCII sign"
        raise ProviderError(reason, retryable=False, servers=True)
    for name, value in call.headers.items():
        if not value.isascii() or not value.isprintable():
            reason = f"the header {name} holds a line break or a non-ASCII sign"
            raise ProviderError(reason, retryable=False, servers=True)


def without_secrets(message: str, call: Call) -> str:
    """The message without a key that a server repeated, whole or cut off by an excerpt's end."""
    # The value of a header with and without its scheme: "Bearer " is no secret.
    values = (part for value in call.headers.values() for part in (value, *value.split()[-1:]))
    for secret in sorted({call.api_key, *values}, key=len, reverse=True):
        if len(secret) > 3 or (secret and secret == call.api_key):
            message = _without(message, secret)
    return message


def since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 1)


def _without(message: str, key: str) -> str:
    message = message.replace(key, "[key]")
    cut = (key[:size] + "…" for size in range(len(key) - 1, 3, -1))
    return next((message.replace(end, "[key]…") for end in cut if end in message), message)


def _place(call: Call) -> str:
    address = urlsplit(call.base_url)
    return f"{address.hostname}:{address.port}" if address.port else f"{address.hostname}"


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it came from, the innermost last."""
    found = [error]
    while (cause := found[-1].__cause__) is not None:
        found.append(cause)
    return found


def _cause(error: BaseException) -> str:
    """The innermost reason: the SDK's own says no more than "Connection error."."""
    innermost = _causes(error)[-1]
    return excerpt(str(innermost) or type(innermost).__name__)


def _is_connecting(error: BaseException) -> bool:
    """Nothing was sent, so nothing was charged."""
    return any(
        isinstance(one, httpx2.ConnectError | ConnectionRefusedError) for one in _causes(error)
    )
