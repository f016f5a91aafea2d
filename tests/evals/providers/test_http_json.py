"""Any endpoint that speaks JSON, against a real server that also misbehaves."""

import pytest

from evals.providers import PROVIDERS, Call, OptionError, ProviderError
from evals.providers import http_json as module
from evals.providers.bounded import BoundedTransport

KEY = "sk-secret-0123456789"
PROVIDER = PROVIDERS["http_json"]
OPTIONS = {
    "body": {"text": "{{ input }}", "n": 1, "of": "request {{ request }}/{{ sample }}"},
    "headers": {"X-Api-Key": "$MODEL_KEY"},
    "output": "$.result.text",
    "input_tokens": "$.usage.in",
    "output_tokens": "$.usage.out",
    "error": "$.error",
}
FINE = {"result": {"text": "billing"}, "usage": {"in": 7, "out": 2}}


def call(server, options=OPTIONS, **fields):
    defaults = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "base_url": f"{server.base_url}/classify",
        "input": "hi",
        "prompt": "Label: hi",
        "request": "r1",
        "timeout_s": 5,
        "options": options,
        "headers": {"X-Api-Key": KEY},
    }
    return Call(**{**defaults, **fields})


def failure(server, **fields):
    with pytest.raises(ProviderError) as caught:
        PROVIDER.ask(call(server, **fields))
    assert KEY not in caught.value.message
    assert caught.value.__context__ is None
    return caught.value


class TestAsk:
    def test_it_works(self, server):
        server.say(FINE)
        reply = PROVIDER.ask(call(server, sample=2))
        assert (reply.value, reply.text, reply.is_text) == ("billing", "billing", True)
        assert (reply.input_tokens, reply.output_tokens) == (7, 2)
        [(headers, body)] = server.seen
        assert headers["x-api-key"] == KEY
        assert headers["content-type"] == "application/json"
        assert "authorization" not in headers
        assert body == {"text": "hi", "n": 1, "of": "request r1/2"}

    def test_values_stay_json(self, server):
        """What is filled in can be anything and breaks out of nothing."""
        server.say(FINE)
        given = {"a": '", "admin": true, "{{ model }}', "b": [None, 1.5]}
        body = {"all": "{{ input }}", "one": "{{input.b.1}}", "text": "<{{ input.a }}>"}
        PROVIDER.ask(call(server, options={**OPTIONS, "body": body}, input=given))
        assert server.seen[0][1] == {"all": given, "one": 1.5, "text": f"<{given['a']}>"}

    def test_a_chat_with_its_tools(self, server):
        server.say(FINE)
        body = {"m": "{{ messages }}", "t": "{{ tools }}", "max": "{{ parameters.max }}"}
        tools = [{"type": "function"}]
        one = call(server, {**OPTIONS, "body": body}, tools=tools, parameters={"max": 9})
        PROVIDER.ask(one)
        assert server.seen[0][1] == {"m": list(one.messages), "t": tools, "max": 9}

    def test_an_answer_that_is_json(self, server):
        server.say({"result": {"text": {"label": "x", "score": 1.0}}})
        reply = PROVIDER.ask(call(server))
        assert (reply.value, reply.is_text) == ({"label": "x", "score": 1.0}, False)
        assert reply.input_tokens is None

    def test_the_secret_is_in_no_repr(self, server):
        assert KEY not in repr(call(server))


class TestFailing:
    @pytest.mark.parametrize(
        ("body", "reason", "servers"),
        [
            (b"<html>Maintenance</html>", "not JSON (is base_url right?): <html>", True),
            (b'{"result": {"te', "not JSON", True),
            ({}, "nothing at $.result.text in the answer: {}", False),
            ({"error": f"no quota for {KEY}"}, "but an error: no quota for [key]", True),
            ({**FINE, "usage": {"in": -1}}, "the count at $.usage.in is not a number", False),
            ({**FINE, "usage": {"out": "many"}}, "the count at $.usage.out", False),
            (b'{"result": {"text": NaN}}', "too large or not finite", False),
            (b'{"result": {"text": "\\ud800"}}', "surrogate", False),
            (b'{"result": {"text": "a\\u0000"}}', "U+0000", False),
        ],
    )
    def test_a_lie(self, server, body, reason, servers):
        server.say(body)
        error = failure(server)
        assert reason in error.message
        assert (error.retryable, error.servers, error.charged) == (False, servers, True)

    @pytest.mark.parametrize(
        ("status", "retryable", "throttled"),
        [(503, True, False), (429, True, True), (422, False, False)],
    )
    def test_status(self, server, status, retryable, throttled):
        server.say({"error": {"why": "busy"}}, status, [("Retry-After", "7")])
        error = failure(server, options={**OPTIONS, "error": "$.error.why"})
        assert error.message == f"HTTP {status}: busy"
        assert (error.retryable, error.throttled, error.charged) == (retryable, throttled, False)

    def test_redirects_are_not_followed(self, server):
        server.say(b"", 307, [("Location", f"{server.base_url}/elsewhere")])
        assert "redirects are not followed" in failure(server).message
        assert len(server.seen) == 1

    def test_compressed(self, server):
        server.say(b"x", headers=[("Content-Encoding", "br")])
        assert "compressed" in failure(server).message

    def test_endless(self, server, monkeypatch):
        def small(key, headers):
            return BoundedTransport(key, 100_000, headers)

        monkeypatch.setattr(module, "BoundedTransport", small)
        server.say(b"x" * 200_000)
        assert failure(server).message == "the response is larger than 100000 bytes"

    def test_a_megabyte_is_fine(self, server):
        server.say({"result": {"text": "x" * 1_000_000}})
        assert len(PROVIDER.ask(call(server)).text) == 1_000_000

    def test_a_field_that_this_input_has_not(self, server):
        options = {**OPTIONS, "body": {"a": "{{ input.name }}"}}
        error = failure(server, options=options, input={"nome": "Ann"})
        assert "{{ input.name }}: this request has no 'name'" in error.message
        assert server.seen == []

    def test_a_header_with_a_line_break(self, server):
        error = failure(server, headers={"X-Api-Key": f"{KEY}\r\nX-Admin: 1"})
        assert "the header X-Api-Key holds a line break" in error.message


class TestCheck:
    def test_it_works(self):
        PROVIDER.check(OPTIONS)
        query = {"output": "$", "method": "GET", "query": {"q": "{{ prompt }}"}}
        PROVIDER.check(query)
        PROVIDER.check({**OPTIONS, "headers": {"Authorization": "Token $MODEL_KEY"}})

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"outputs": "$.x"}, "outputs: there is no such option"),
            ({"output": "result.text"}, "output: not a JSON path"),
            ({"output": 7}, "output: write a JSON path"),
            ({"method": "DELETE"}, "method: write one of"),
            ({"method": "GET"}, "body: a GET has none"),
            ({"headers": {"X-Key": "sk-123"}}, "headers.X-Key: name the environment variable"),
            ({"headers": {"X-Key": "a $A b"}}, "headers.X-Key: name the environment variable"),
            ({"headers": {"Host": "$MODEL_X"}}, "headers.Host: this header cannot be set"),
            ({"headers": {"X\r\nY": "$MODEL_X"}}, "this header cannot be set"),
            ({"headers": ["X"]}, "headers: write an object of texts"),
            ({"body": {"a": ["{{ secret }}"]}}, "body.a[0]: {{ secret }} is unknown"),
            ({"body": {"a": "{{ input"}}, "body.a: {{ is no place"),
            ({"query": {"q": 7}}, "query: write an object of texts"),
        ],
    )
    def test_bad_options(self, change, reason):
        with pytest.raises(OptionError) as caught:
            PROVIDER.check({**OPTIONS, **change})
        assert reason in str(caught.value)

    def test_what_is_needed(self):
        for options, reason in (({}, "output: write"), ({"output": "$.x"}, "body: write")):
            with pytest.raises(OptionError, match=reason):
                PROVIDER.check(options)


def test_get(server):
    """A GET has its question in the address."""

    def behave(handler):
        handler.say({"path": handler.path})

    server.behave = behave
    options = {"method": "GET", "query": {"q": "{{ input }}&x"}, "output": "$.path"}
    reply = PROVIDER.ask(call(server, options, input="a b", base_url=f"{server.base_url}?v=1"))
    assert reply.value == "/v1?v=1&q=a+b%26x"
