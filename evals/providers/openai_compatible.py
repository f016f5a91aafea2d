"""Any server that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import openai

from evals.providers.asking import Response, guarded, since
from evals.providers.base import Call, OptionError, ProviderError, Reply
from evals.providers.bounded import BoundedTransport
from evals.providers.http_errors import error_of_status
from evals.providers.openai_reply import read_reply

# What a call already says, or what would change the shape of the reply.
_RESERVED = ("model", "messages", "tools", "stream", "stream_options", "n")


class OpenAICompatible:
    """Chat completions at `{base_url}/chat/completions`; parameters are sent as they are.

    Not for use inside a running event loop.
    """

    needs: Mapping[str, str] = {"base_url": "an address", "upstream_model": "the model's name"}
    billed = True

    def check(self, options: Mapping[str, Any]) -> None:
        if options:
            raise OptionError("", "an OpenAI-compatible address takes parameters, no options")

    def ask(self, call: Call) -> Reply:
        """Ask once. Raises ProviderError and nothing else."""
        return guarded(call, _ask)


def _ask(call: Call) -> Reply:
    if taken := [name for name in _RESERVED if name in call.parameters]:
        reason = f"parameters may not hold {', '.join(taken)}"
        raise ProviderError(reason, retryable=False, servers=True)
    response = asyncio.run(_post(call))
    if response.status != 200:
        raise error_of_status(response.status, response.headers, response.body)
    return read_reply(response.body, response.latency_ms)


async def _post(call: Call) -> Response:
    tools = {"tools": list(call.tools)} if call.tools else {}
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
                extra_body={**call.served, **call.parameters, **tools},
            )
        except openai.APIStatusError as error:
            answer = error.response
        except openai.APITimeoutError:
            raise TimeoutError from None
        else:
            answer = raw.http_response
        # What our own side needed before it sent the request is not the model's.
        return Response(
            since(transport.started), answer.status_code, answer.headers, answer.content
        )
