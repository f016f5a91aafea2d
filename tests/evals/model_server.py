"""A real OpenAI-compatible server on loopback that can be told to be slow, to fail, or to lie."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What the server does with one call; `drop` closes the connection without a word."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False


def says(text: str, tokens: tuple[int, int] | None = (12, 3), delay: float = 0.0) -> Answer:
    """A proper chat completion."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]} if tokens else None
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    body = {"object": "chat.completion", "choices": [choice], "usage": usage}
    return Answer(body=json.dumps(body).encode(), delay=delay)


def refuses(status: int, message: str = "no", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps({"error": {"message": message}}).encode(), named)


class ModelServer:
    """`with ModelServer() as server:` listens at `server.url` and counts what it was asked.

    `answer(text, nth)` decides: the last message's text, and how often it has been asked (from 1).
    """

    def __init__(self, answer: Callable[[str, int], Answer] | None = None) -> None:
        self.answer = answer or (lambda text, nth: says(f"answer to {text}"))
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.peak = self._in_flight = 0
        self._lock = threading.Lock()

    def __enter__(self) -> ModelServer:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server._handle(self)

            def log_message(self, *args: object) -> None:
                pass

        class Listener(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *args: object) -> None:
                """A client that hangs up, or is killed, is part of the tests."""

        self._http = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def calls(self) -> int:
        return len(self.bodies)

    def _handle(self, http: BaseHTTPRequestHandler) -> None:
        body = json.loads(http.rfile.read(int(http.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        with self._lock:
            self.bodies.append(body)
            self.keys.append(http.headers.get("Authorization"))
            self.asked[text] += 1
            nth = self.asked[text]
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
        try:
            answer = self.answer(text, nth)
            time.sleep(answer.delay)
        finally:
            with self._lock:
                self._in_flight -= 1
        if answer.drop:
            http.close_connection = True
            http.connection.close()
            return
        http.send_response(answer.status)
        for name, value in answer.headers.items():
            http.send_header(name, value)
        http.send_header("Content-Length", str(len(answer.body)))
        http.end_headers()
        http.wfile.write(answer.body)
