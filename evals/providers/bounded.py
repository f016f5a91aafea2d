"""An HTTP transport that sends no more than it must and reads no more than it should."""

import ssl
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from time import perf_counter

import httpx2

RESPONSE_LIMIT = 16 * 1024 * 1024


# The SDK adds others, some from this process's own environment (OPENAI_ORG_ID,
# OPENAI_CUSTOM_HEADERS): those are not for an address that a project configured.
_SENT = {"host", "accept", "connection", "user-agent", "content-type", "content-length"}


class TooLargeError(Exception):
    """The response is larger than RESPONSE_LIMIT, or compressed although that was not asked for."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """HTTP(S) without proxies, with the key ("" for none) and the headers that it is given and no
    header of the environment's; the size of every body is bounded, that of an error as well.

    `started` is when the last request was handed over, by `perf_counter`.
    """

    def __init__(
        self, api_key: str, limit: int = RESPONSE_LIMIT, headers: Mapping[str, str] | None = None
    ) -> None:
        self._inner = httpx2.AsyncHTTPTransport(verify=_certificates(), trust_env=False)
        self._limit = limit
        self._headers = dict(headers or {})
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"
        self.started = perf_counter()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name: value for name, value in request.headers.items() if name in _SENT}
        headers["accept-encoding"] = "identity"
        # A new request, since the SDK looks for its own headers in the old one later.
        sent = httpx2.Request(
            request.method,
            request.url,
            headers={**headers, **self._headers},
            stream=request.stream,
            extensions=request.extensions,
        )
        self.started = perf_counter()
        response = await self._inner.handle_async_request(sent)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            await response.aclose()
            raise TooLargeError("the server compressed its response, which was not asked for")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedStream(response.stream, self._limit)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, limit: int) -> None:
        self._inner, self._left, self._limit = inner, limit, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            self._left -= len(piece)
            if self._left < 0:
                raise TooLargeError(f"the response is larger than {self._limit} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    # Once per process: reading the system's certificates takes longer than a small model.
    return httpx2.create_ssl_context(trust_env=False)
