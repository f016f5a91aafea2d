"""The OpenAI-compatible provider against a real server that also misbehaves."""

import socket
from time import perf_counter

import pytest

from evals.providers import PROVIDERS, Call, ProviderError
from evals.providers import openai_compatible as module
from evals.providers.bounded import BoundedTransport
from tests.evals.providers.conftest import completion

KEY = "sk-secret-0123456789"
ask = PROVIDERS["openai"].ask


def call(server, **fields):
    messages = [{"role": "user", "content": "hi"}]
    defaults = {"model": "m", "messages": messages, "base_url": server.base_url, "api_key": KEY}
    return Call(**{**defaults, "timeout_s": 5, **fields})


def failure(server, **fields):
    with pytest.raises(ProviderError) as caught:
        ask(call(server, **fields))
    error = caught.value
    assert KEY not in error.message
    assert len(error.message) < 450
    assert error.latency_ms is not None
    assert error.__context__ is None
    return error


class TestAsk:
    def test_it_works(self, server):
        usage = {"prompt_tokens": 7, "completion_tokens": 2}
        server.say(completion({"content": "hello"}, usage=usage))
        reply = ask(call(server, parameters={"temperature": 0, "top_k": 3}))
        assert (reply.value, reply.text, reply.is_text) == ("hello", "hello", True)
        assert (reply.input_tokens, reply.output_tokens) == (7, 2)
        assert 0 < reply.latency_ms < 5000
        [(headers, body)] = server.seen
        assert headers["authorization"] == f"Bearer {KEY}"
        assert body == {
            "model": "m",
            "messages": [{"role": "user", "content": "hi"}],
            "temperature": 0,
            "top_k": 3,
        }

    def test_tool_calls_are_kept_as_received(self, server):
        calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
        server.say(completion({"content": None, "tool_calls": calls}))
        reply = ask(call(server, tools=[{"type": "function", "function": {"name": "f"}}]))
        assert reply.value == {"content": None, "tool_calls": calls}
        assert (reply.is_text, reply.text.startswith('{"content":null,"tool_calls":[{"id"')) == (
            False,
            True,
        )
        assert server.seen[0][1]["tools"][0]["function"] == {"name": "f"}

    @pytest.mark.parametrize(
        ("message", "text"),
        [
            ({"content": ""}, ""),
            ({"content": "x", "tool_calls": []}, "x"),
            ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
        ],
    )
    def test_text(self, server, message, text):
        server.say(completion(message))
        assert ask(call(server)).value == text

    def test_a_refusal_is_an_answer(self, server):
        server.say(completion({"content": None, "refusal": "I cannot"}))
        assert ask(call(server)).value == {"content": None, "refusal": "I cannot"}

    def test_what_a_chat_was_served_with_goes_along(self, server):
        server.say(completion({"content": "x"}))
        ask(call(server, served={"tool_choice": "required"}, parameters={"temperature": 1}))
        assert server.seen[0][1]["tool_choice"] == "required"

    def test_nothing_of_this_process_goes_along(self, server, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-own")
        monkeypatch.setenv("OPENAI_ORG_ID", "org-own")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "project-own")
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: own\nX-Own: own")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        server.say(completion({"content": "x"}))
        ask(call(server, api_key=""))
        headers = server.seen[0][0]
        assert "authorization" not in headers
        assert not any("own" in value for value in headers.values())

    def test_the_key_is_in_no_repr(self, server):
        assert KEY not in repr(call(server))


class TestStatus:
    @pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
    def test_retryable(self, server, status):
        server.say({"error": {"message": f"busy {KEY}"}}, status, [("Retry-After", "7")])
        error = failure(server)
        assert (error.retryable, error.retry_after) == (True, 7.0)
        assert error.message == f"HTTP {status}: busy [key]"
        assert len(server.seen) == 1

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
    def test_final(self, server, status):
        server.say(b"<html>" + b"no " * 500, status, [("Retry-After", "7")])
        error = failure(server)
        assert (error.retryable, error.retry_after) == (False, None)
        assert error.message.endswith("…")

    def test_a_key_cut_off_by_the_excerpt_is_not_shown(self, server):
        server.say(b"x" * 290 + KEY.encode(), 401)
        assert failure(server).message == f"HTTP 401: {'x' * 290}[key]…"

    def test_a_spent_quota_is_final(self, server):
        server.say({"error": {"message": "pay", "code": "insufficient_quota"}}, 429)
        assert failure(server).retryable is False

    def test_busy_then_well(self, server):
        server.says((503, b""), (200, completion({"content": "ok"})))
        assert failure(server).message == "HTTP 503 from upstream"
        assert ask(call(server)).value == "ok"

    def test_redirects_are_not_followed(self, server):
        server.say(b"", 307, [("Location", f"{server.base_url}/elsewhere")])
        error = failure(server)
        assert (error.retryable, len(server.seen)) == (False, 1)
        assert "redirects are not followed" in error.message


class TestLyingServer:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"<!doctype html><h1>Maintenance</h1>", "not JSON (is base_url right?): <!doctype"),
            (b'{"choices": [', "not JSON"),
            (b"[" * 100_000, "not JSON"),
            (b"\xff\xfe", "not JSON"),
            ([], "no chat completion"),
            ({}, "no message in `choices`"),
            ({"choices": []}, "no message in `choices`"),
            ({"choices": [{"message": None}]}, "no message in `choices`"),
            ({"error": {"message": "model not loaded"}}, "but an error: model not loaded"),
            (completion({"content": None}), "neither content nor tool calls"),
            (completion({"content": 7}), "not text but a int"),
            (completion({"content": None, "tool_calls": "f()"}), "not a list of objects"),
            (completion({"content": "a\0b"}), "U+0000"),
            (completion({"content": "\ud800"}), "surrogate"),
            (completion({"content": "x"}, usage=[]), "`usage` is not an object"),
            (completion({"content": "x"}, usage={"prompt_tokens": -1}), "usage.prompt_tokens"),
            (completion({"content": "x"}, usage={"completion_tokens": "9"}), "completion_tokens"),
            (completion({"content": "x"}, usage={"completion_tokens": 2**40}), "completion_tokens"),
        ],
    )
    def test_is_told_shortly(self, server, body, reason):
        server.say(body)
        error = failure(server)
        assert reason in error.message
        assert error.retryable is False

    def test_a_compressed_body_is_refused(self, server):
        server.say(b"x", headers=[("Content-Encoding", "gzip")])
        assert "compressed" in failure(server).message

    @pytest.mark.parametrize("status", [200, 500])
    def test_an_endless_body_is_cut_off(self, server, status, monkeypatch):
        monkeypatch.setattr(module, "BoundedTransport", lambda key: BoundedTransport(key, 100_000))

        def behave(handler):
            handler.send_response(status)
            handler.end_headers()
            while not server.stopping.is_set():
                handler.wfile.write(b"x" * 10_000)

        server.behave = behave
        assert failure(server).message == "the response is larger than 100000 bytes"


class TestBadConnection:
    @pytest.mark.parametrize("status", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 500 E\r\n\r\n"])
    def test_a_dripping_server_does_not_exceed_the_time(self, server, status):
        def behave(handler):
            handler.wfile.write(status)
            while not server.stopping.wait(0.05):
                handler.wfile.write(b"x")

        server.behave = behave
        started = perf_counter()
        error = failure(server, timeout_s=0.4)
        assert perf_counter() - started < 2
        assert (error.message, error.retryable) == ("no complete answer within 0.4 s", True)

    def test_a_silent_server(self, server):
        server.behave = lambda handler: server.stopping.wait(3)
        assert failure(server, timeout_s=0.2).retryable is True

    def test_a_dropped_connection(self, server):
        server.behave = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
        error = failure(server)
        assert (error.retryable, error.message.startswith("no answer from 127.0.0.1:")) == (
            True,
            True,
        )

    def test_a_body_that_breaks_off(self, server):
        def behave(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b'{"choices"')

        server.behave = behave
        assert failure(server).retryable is True

    def test_nobody_listens(self, server):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            error = failure(server, base_url=f"http://127.0.0.1:{port}/v1")
        assert error.retryable is True
        assert f"127.0.0.1:{port}" in error.message

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"base_url": "file:///etc/passwd"}, "base_url"),
            ({"base_url": ""}, "base_url"),
            ({"base_url": "http://x:99999/v1"}, "base_url"),
            ({"parameters": {"stream": True, "n": 2}}, "may not hold stream, n"),
            ({"api_key": "a\nb"}, "API key"),
            ({"parameters": {"temperature": object()}}, "could not be made"),
        ],
    )
    def test_a_call_that_cannot_be_made(self, server, fields, reason):
        error = failure(server, **fields)
        assert (reason in error.message, error.retryable) == (True, False), error.message
        assert server.seen == []
