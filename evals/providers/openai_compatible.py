"""Any server that speaks OpenAI's chat completions.

Each call is one event loop, one connection and one deadline over everything: a server that drips
its headers or its body byte by byte cannot exceed `timeout_s`, as it could with time-outs per read.
The latency therefore contains the connecting, on both sides of a comparison alike.
"""

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx2
import openai

from evals.providers.base import Call, ProviderError, Reply
from evals.providers.bounded import BoundedTransport, TooLargeError
from evals.providers.http_errors import error_of_status, excerpt
from evals.providers.openai_reply import read_reply

# What a call already says, or what would change the shape of the reply.
_RESERVED = ("model", "messages", "tools", "stream", "stream_options", "n")


class _Response(NamedTuple):
    latency_ms: float
    status: int
    headers: Mapping[str, str]
    body: bytes


class OpenAICompatible:
    """Chat completions at `{base_url}/chat/completions`; parameters are sent as they are.

    Not for use inside a running event loop.
    """

    def ask(self, call: Call) -> Reply:
        """Ask once. Raises ProviderError and nothing else."""
        started = perf_counter()
        try:
            _check(call)
            response = asyncio.run(_post(call))
            if response.status != 200:
                raise error_of_status(response.status, response.headers, response.body)
            return read_reply(response.body, response.latency_ms)
        except ProviderError as error:
            message = error.message
            retryable, retry_after = error.retryable, error.retry_after
        except TimeoutError:
            message = f"no complete answer within {call.timeout_s:g} s"
            retryable, retry_after = True, None
        except TooLargeError as error:
            message, retryable, retry_after = str(error), False, None
        except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
            message = f"no answer from {_place(call)}: {_cause(error)}"
            retryable, retry_after = True, None
        except (TypeError, ValueError, RecursionError, httpx2.InvalidURL) as error:
            message = f"the call could not be made: {excerpt(f'{type(error).__name__}: {error}')}"
            retryable, retry_after = False, None
        # Raised out here, so that no traceback leads back to the request and its key.
        raise ProviderError(
            _without_key(message, call.api_key),
            retryable=retryable,
            retry_after=retry_after,
            latency_ms=_since(started),
        )


async def _post(call: Call) -> _Response:
    body = {**call.parameters, **({"tools": list(call.tools)} if call.tools else {})}
    transport = BoundedTransport(call.api_key)
    async with (
        asyncio.timeout(call.timeout_s),
        httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=False) as http,
    ):
        client = openai.AsyncOpenAI(
            api_key="sent by the transport",
            base_url=call.base_url,
            max_retries=0,
            timeout=call.timeout_s,
            http_client=http,
        )
        try:
            raw = await client.chat.completions.with_raw_response.create(
                model=call.model,
                messages=[dict(message) for message in call.messages],  # type: ignore[misc]
                extra_body=body,
            )
        except openai.APIStatusError as error:
            answer = error.response
        except openai.APITimeoutError:
            raise TimeoutError from None
        else:
            answer = raw.http_response
        # What our own side needed before it sent the request is not the model's.
        return _Response(
            _since(transport.started), answer.status_code, answer.headers, answer.content
        )


def is_address(url: str) -> bool:
    """Whether `url` names a host that can be asked over HTTP."""
    try:
        address = urlsplit(url)
        _ = address.port
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.hostname)


def _check(call: Call) -> None:
    if not is_address(call.base_url):
        reason = "base_url is not an address such as http://127.0.0.1:8080/v1"
        raise ProviderError(reason, retryable=False)
    taken = [name for name in _RESERVED if name in call.parameters]
    if taken:
        raise ProviderError(f"parameters may not hold {', '.join(taken)}", retryable=False)
    if not call.api_key.isascii() or any(sign.isspace() for sign in call.api_key):
        raise ProviderError("the API key holds a space or a non-ASCII sign", retryable=False)


def _place(call: Call) -> str:
    address = urlsplit(call.base_url)
    return f"{address.hostname}:{address.port}" if address.port else f"{address.hostname}"


def _cause(error: BaseException) -> str:
    """The innermost reason: the SDK's own says no more than "Connection error."."""
    while error.__cause__:
        error = error.__cause__
    return excerpt(str(error) or type(error).__name__)


def _without_key(message: str, key: str) -> str:
    """The message without the key that a server repeated, whole or cut off by an excerpt's end."""
    if not key:
        return message
    message = message.replace(key, "[key]")
    cut = (key[:size] + "…" for size in range(len(key) - 1, 3, -1))
    return next((message.replace(end, "[key]…") for end in cut if end in message), message)


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 1)
