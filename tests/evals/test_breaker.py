"""A run pauses rather than give up what a dying server was to answer."""

from __future__ import annotations

from typing import Any

import pytest

from evals import fetch
from evals.models import Attempt, ModelVersion, Output, Run
from reviewapp.actions import runs
from reviewapp.models import User
from tests.evals.fetching import again, change
from tests.evals.model_server import Answer, ModelServer, refuses, says

pytestmark = pytest.mark.django_db
DYING = [Answer(drop=True), refuses(503), refuses(401, "who are you?"), Answer(body=b"<html>")]


def fetched(run: Run, model: ModelVersion, times: int = 12) -> Run:
    """Asked until it pauses, or as often as that; the time to try again always comes."""
    for _ in range(times):
        fetch.fetch(run, model)
        again()
        run.refresh_from_db()
    return run


class TestFewAreLeft:
    @pytest.mark.parametrize("answer", DYING)
    @pytest.mark.parametrize("left", [1, 3, 9])
    def test_a_dying_server_pauses_the_run(
        self, start: Any, model: ModelVersion, server: ModelServer, left: int, answer: Answer
    ) -> None:
        server.answer = lambda text, nth: says(text) if server.calls <= 12 - left else answer
        change(model, concurrency=1)
        run = fetched(start(12), model)
        assert (run.state, run.paused_by, run.broken) == ("paused", "failures", model)
        assert Output.objects.count() == 12 - left
        assert not Attempt.objects.filter(final=True).exists()

    def test_it_goes_on_where_it_stopped(
        self, start: Any, model: ModelVersion, server: ModelServer, olga: User
    ) -> None:
        server.answer = lambda *_: refuses(503)
        run = fetched(start(3), model)
        assert "asked failed 10 times in a row: HTTP 503" in run.state_reason
        server.answer = lambda text, nth: says(text)
        runs.resume(run=run, by=olga)
        assert fetched(run, model, 1).broken is None
        assert Output.objects.count() == 3

    def test_one_request_that_is_at_fault_is_given_up_after_two_resumptions(
        self, start: Any, model: ModelVersion, server: ModelServer, olga: User
    ) -> None:
        server.answer = lambda *_: refuses(500)
        run, resumed = start(1), 0
        change(model, max_attempts=3)
        while fetched(run, model, 4).state == "paused":
            runs.resume(run=run, by=olga)
            resumed += 1
        assert resumed == 2
        assert Attempt.objects.filter(final=True).count() == 1


class TestHalfOpen:
    def paused(self, start: Any, model: ModelVersion, server: ModelServer, olga: User) -> Run:
        server.answer = lambda *_: refuses(502)
        change(model, concurrency=8)
        run = fetched(start(40), model, 1)
        assert run.state == "paused"
        runs.resume(run=run, by=olga)
        return run

    def test_one_call_asks_whether_it_lives(
        self, start: Any, model: ModelVersion, server: ModelServer, olga: User
    ) -> None:
        run, before = self.paused(start, model, server, olga), server.calls
        fetched(run, model, 1)
        assert server.calls == before + 1
        assert run.state == "paused"
        assert "does not answer yet: HTTP 502" in run.state_reason
        assert not Attempt.objects.filter(final=True).exists()

    def test_then_all_at_once(
        self, start: Any, model: ModelVersion, server: ModelServer, olga: User
    ) -> None:
        run = self.paused(start, model, server, olga)
        server.peak = 0
        alone = []

        def answer(text: str, nth: int) -> Answer:
            alone.append(server._in_flight)
            return says(text, delay=0.03)

        server.answer = answer
        fetched(run, model, 2)
        assert Output.objects.count() == 40
        assert alone[0] == 1
        assert server.peak == 8
        assert run.broken is None


def test_what_one_worker_counted_the_next_one_knows(
    start: Any, model: ModelVersion, server: ModelServer
) -> None:
    """Six failures in one slice of time and four in the next are ten in a row."""
    server.answer = lambda *_: refuses(503)
    run = start(6)
    fetch.fetch(run, model)
    run.refresh_from_db()
    assert (run.state, Attempt.objects.count()) == ("running", 6)
    again()
    fetch.fetch(run, model)
    run.refresh_from_db()
    assert run.state == "paused"
