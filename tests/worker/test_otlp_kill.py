"""A span that was answered with success is in the database, however the web server ends."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from evals.models import ModelVersion, Output, Project
from reviewapp.actions import tokens
from reviewapp.models import User
from tests.evals.otlp.builders import chat, export, span
from tests.worker.web import Web

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

SENDERS, BATCH, KILLS = 4, 25, 3


class Sender(threading.Thread):
    """Sends batch after batch, each until it is answered with success, as exporters do."""

    def __init__(self, number: int, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self.number, self.port = number, port
        self.headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-protobuf",
        }
        self.stop = threading.Event()
        #: Trace ids of which both spans were answered with success.
        self.answered: list[str] = []
        self.broken = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        batch = 0
        while not self.stop.is_set():
            ids = [f"{self.number + 1:08x}{batch:08x}{i + 1:016x}" for i in range(BATCH)]
            body = export(
                *(
                    span(chat(text=trace, answer=f"{model} on {trace}", model=model), trace=trace)
                    for trace in ids
                    for model in ("triage-09", "triage-11")
                )
            )
            while not self._sent(body):
                if self.stop.is_set():
                    return
                self.broken += 1
                time.sleep(0.01)
            self.answered += ids
            batch += 1

    def _sent(self, body: bytes) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/v1/traces", body, self.headers)
            response = connection.getresponse()
            said = response.read()
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        if response.status != 200:
            self.wrong.append(f"{response.status}: {said[:200]!r}")
            return False
        partial = ExportTraceServiceResponse.FromString(said).partial_success
        if partial.rejected_spans:
            self.wrong.append(partial.error_message)
        return True


def test_nothing_that_was_answered_is_lost(
    project: Project, models: tuple[ModelVersion, ModelVersion], erin: User, tmp_path: Path
) -> None:
    token = tokens.make(project=project, name="exporter", by=erin)[1]
    with Web(tmp_path) as web:
        senders = [Sender(i, web.port, token) for i in range(SENDERS)]
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            wait_for_more(senders, 3)
            web.kill()
            web.start()
        wait_for_more(senders, 3)
        web.kill()
        for sender in senders:
            sender.stop.set()
        for sender in senders:
            sender.join(30)
    assert [one for sender in senders for one in sender.wrong] == []
    answered = {(trace, m.name) for s in senders for trace in s.answered for m in models}
    assert len(answered) >= (KILLS + 1) * 3 * BATCH * 2
    stored = list(Output.objects.values_list("request__key", "model__name", "value"))
    assert answered - {(key, model) for key, model, _ in stored} == set()
    assert len(stored) == len({(key, model) for key, model, _ in stored})
    assert all(value == f"{model} on {key}" for key, model, value in stored)
    assert sum(sender.broken for sender in senders) > 0  # they were in the middle of it


def wait_for_more(senders: list[Sender], batches: int) -> None:
    """Until that many more batches were answered, all senders together."""
    wanted = sum(len(one.answered) for one in senders) + batches * BATCH
    deadline = time.monotonic() + 60
    while sum(len(one.answered) for one in senders) < wanted:
        assert time.monotonic() < deadline, [one.wrong for one in senders]
        time.sleep(0.002)
