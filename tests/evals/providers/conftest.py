"""A model server on loopback that can be told to misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


def completion(message, **more):
    """A chat completion with one message."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {"id": "c1", "object": "chat.completion", "choices": [choice], **more}


class ModelServer(ThreadingHTTPServer):
    """Answers as `behave` says; `seen` holds (headers in lower case, body) of each call."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[dict[str, str], dict]] = []
        self.stopping = threading.Event()
        self.behave: Callable[[BaseHTTPRequestHandler], None] = lambda handler: None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request, client_address) -> None:
        pass  # clients that go away are what is tested

    def say(self, body, status=200, headers=()) -> None:
        """Answer every call with this body (an object is sent as JSON)."""
        self.behave = lambda handler: handler.say(body, status, headers)

    def says(self, *answers) -> None:
        """Answer the calls one after the other, each with (status, body)."""
        left = list(answers)

        def behave(handler):
            status, body = left.pop(0)
            handler.say(body, status)

        self.behave = behave


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((headers, body))
        self.server.behave(self)

    def do_GET(self) -> None:
        self.server.seen.append(({name.lower(): v for name, v in self.headers.items()}, None))
        self.server.behave(self)

    def say(self, body, status=200, headers=()) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.stopping.set()
        running.shutdown()
        thread.join()
