"""Any HTTP endpoint that speaks JSON: a body with places, JSON paths into the answer.

Options:
    body           the JSON that is sent, with places such as "{{ input }}" (evals.providers.places)
    method         POST (default), PUT, PATCH, or GET, which has no body
    query          {"name": "text with places"}, added to the address
    headers        {"X-Api-Key": "$MODEL_KEY"}: each value names a variable, after a scheme if need
                   be ("Token $MODEL_KEY"); no value is ever written down
    output         JSON path of the answer in the response, such as $.result.text
    input_tokens, output_tokens    JSON paths of the counts, where the server gives them
    error          JSON path of an error that comes with status 200
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2

from evals.comparators.paths import compile_path, matches
from evals.providers.asking import Response, guarded, since
from evals.providers.base import Call, OptionError, ProviderError, Reply
from evals.providers.bounded import BoundedTransport
from evals.providers.http_errors import error_of_status, excerpt
from evals.providers.openai_reply import token_count
from evals.providers.places import PlaceError, as_text, check_places, filled
from evals.values import problem_in, source_of

METHODS = ("POST", "PUT", "PATCH", "GET")
_PATHS = ("output", "input_tokens", "output_tokens", "error")
_KNOWN = ("body", "method", "query", "headers", *_PATHS)
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
#: A header's value: the name of a variable, after a scheme if need be.
HEADER = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z-]*) )?\$(?P<variable>[A-Za-z_][A-Za-z0-9_]*)")
# What the transport decides: where it goes, how long it is, how it is encoded.
_OURS = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "te"}


class HttpJson:
    """One request to `base_url`. Not for use inside a running event loop."""

    needs: Mapping[str, str] = {
        "base_url": "an address",
        "options": "what is sent and where the answer is",
    }
    billed = True

    def check(self, options: Mapping[str, Any]) -> None:
        if unknown := sorted(set(options) - set(_KNOWN)):
            raise OptionError(unknown[0], f"there is no such option; there are {', '.join(_KNOWN)}")
        method = options.get("method", "POST")
        if method not in METHODS:
            raise OptionError("method", f"write one of {', '.join(METHODS)}")
        if "output" not in options:
            raise OptionError("output", "write the JSON path of the answer, such as $.result.text")
        for name in _PATHS:
            _check_path(name, options.get(name, "$"))
        if method == "GET" and "body" in options:
            raise OptionError("body", "a GET has none; use query")
        if method != "GET" and "body" not in options:
            raise OptionError("body", 'write what is sent, such as {"text": "{{ input }}"}')
        _check_texts("query", options.get("query", {}))
        _check_headers(options.get("headers", {}))
        try:
            check_places(options.get("body"))
            check_places(options.get("query", {}), "query")
        except (PlaceError, RecursionError) as error:
            raise OptionError("", str(error)) from None

    def ask(self, call: Call) -> Reply:
        """Ask once. Raises ProviderError and nothing else."""
        return guarded(call, _ask)


def _check_path(name: str, path: object) -> None:
    if not isinstance(path, str):
        raise OptionError(name, "write a JSON path such as $.result.text")
    try:
        compile_path(path)
    except ValueError as error:
        raise OptionError(name, str(error)) from None


def _check_texts(name: str, texts: object) -> None:
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise OptionError(name, "write an object of texts")


def _check_headers(headers: object) -> None:
    _check_texts("headers", headers)
    assert isinstance(headers, dict)
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise OptionError(f"headers.{name}", "this header cannot be set")
        if not HEADER.fullmatch(value):
            raise OptionError(
                f"headers.{name}",
                "name the environment variable that holds the value, as $MODEL_… (after a scheme "
                "if need be: Bearer $MODEL_KEY); values themselves are never stored",
            )


def _ask(call: Call) -> Reply:
    values = {
        "input": call.input,
        "prompt": call.prompt,
        "messages": list(call.messages),
        "tools": list(call.tools) if call.tools else None,
        "system": call.system,
        "model": call.model,
        "parameters": dict(call.parameters),
        "request": call.request,
        "sample": call.sample,
    }
    response = asyncio.run(_send(call, values))
    if response.status not in (200, 201):
        said = _first(call.options.get("error"), _lenient(response.body))
        raise error_of_status(
            response.status, response.headers, response.body, as_text(said) if said else None
        )
    return _read(call.options, response)


async def _send(call: Call, values: Mapping[str, Any]) -> Response:
    options = call.options
    headers = {name.lower(): value for name, value in call.headers.items()}
    headers = {"content-type": "application/json", "accept": "application/json", **headers}
    transport = BoundedTransport(call.api_key, headers=headers)
    body = source_of(filled(options["body"], values)).encode() if "body" in options else None
    async with (
        asyncio.timeout(call.timeout_s),
        httpx2.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=call.timeout_s
        ) as http,
    ):
        try:
            answer = await http.request(
                options.get("method", "POST"), _address(call, values), content=body
            )
        except httpx2.TimeoutException:
            raise TimeoutError from None
        return Response(
            since(transport.started), answer.status_code, answer.headers, answer.content
        )


def _address(call: Call, values: Mapping[str, Any]) -> str:
    query = call.options.get("query", {})
    if not query:
        return call.base_url
    more = urlencode({name: as_text(filled(text, values)) for name, text in query.items()})
    return f"{call.base_url}{'&' if urlsplit(call.base_url).query else '?'}{more}"


def _read(options: Mapping[str, Any], response: Response) -> Reply:
    try:
        # The standard parser: it lets halves of surrogate pairs through, to be named later.
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        reason = f"HTTP {response.status}, but not JSON (is base_url right?)"
        raise _error(f"{reason}: {excerpt(response.body)}", servers=True) from None
    if said := _first(options.get("error"), answer):
        reason = f"HTTP {response.status}, but an error: {excerpt(as_text(said))}"
        raise _error(reason, servers=True)
    found = [value for _, value in matches(options["output"], answer)]
    if not found:
        raise _error(f"nothing at {options['output']} in the answer: {excerpt(response.body)}")
    if len(found) > 1:
        raise _error(f"{len(found)} values at {options['output']}, where one was expected")
    if problem := problem_in(found[0]):
        raise _error(f"the answer cannot be stored: {problem[0]}: {problem[1]}")
    return Reply(
        value=found[0],
        text=as_text(found[0]),
        is_text=isinstance(found[0], str),
        latency_ms=response.latency_ms,
        input_tokens=_tokens(options.get("input_tokens"), answer),
        output_tokens=_tokens(options.get("output_tokens"), answer),
    )


def _tokens(path: str | None, answer: object) -> int | None:
    return token_count(_first(path, answer), f"the count at {path}")


def _lenient(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _first(path: str | None, value: object) -> Any:
    """What is at the path first; None where there is no path, or nothing there."""
    return next((found for _, found in matches(path, value)), None) if path else None


def _error(reason: str, servers: bool = False) -> ProviderError:
    return ProviderError(reason, retryable=False, servers=servers, charged=True)
