"""How fast an address is asked. Nobody waits: rows say when it is free again."""

from __future__ import annotations

import time
from bisect import bisect_left
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evals import fetch, limits
from evals.models import Attempt, Endpoint, ModelVersion, Output, Request, Run
from reviewapp.actions import models as model_actions
from reviewapp.models import User
from tests.evals.fetching import again, change
from tests.evals.model_server import ModelServer, refuses, says

pytestmark = pytest.mark.django_db


def minutes_pass() -> None:
    past = timezone.now() - timedelta(minutes=5)
    Endpoint.objects.update(calls_free_at=past, tokens_free_at=past, resting_until=past)


class TestGrant:
    def test_without_limits_all_go(self, model: ModelVersion) -> None:
        assert limits.grant(model, limits.endpoint_of(model), [5, 5]) == (2, 0.0)

    def test_requests_a_minute(self, model: ModelVersion) -> None:
        model.requests_per_minute = 120
        endpoint = limits.endpoint_of(model)
        minutes_pass()
        granted, wait_s = limits.grant(model, endpoint, [1] * 50)
        # What a second of the limit holds, and the one after which it is full.
        assert granted == 2
        assert 0 < wait_s < 1
        assert limits.grant(model, endpoint, [1] * 50)[0] == 0

    @pytest.mark.parametrize("rate", [1, 7, 60, 300])
    def test_no_minute_holds_more(self, model: ModelVersion, rate: int, monkeypatch: Any) -> None:
        model.requests_per_minute = rate
        endpoint, clock, times = limits.endpoint_of(model), [timezone.now()], []
        monkeypatch.setattr(limits, "_now", lambda: clock[0])
        began = clock[0]
        while (clock[0] - began).total_seconds() < 150:
            granted, wait_s = limits.grant(model, endpoint, [1] * 40)
            times += [(clock[0] - began).total_seconds()] * granted
            clock[0] += timedelta(seconds=max(wait_s, 0.001))
        most = max(bisect_left(times, at + 60) - i for i, at in enumerate(times))
        assert 0.95 * rate - 1 <= most <= rate

    def test_tokens_a_minute(self, model: ModelVersion) -> None:
        model.tokens_per_minute = 60_000
        endpoint = limits.endpoint_of(model)
        minutes_pass()
        granted, wait_s = limits.grant(model, endpoint, [5_000] * 10)
        assert granted == 1
        assert 3.5 < wait_s < 4.5

    def test_versions_that_share_an_address_share_its_limit(
        self, model: ModelVersion, olga: User
    ) -> None:
        shape = {"provider": "openai", "base_url": model.base_url, "upstream_model": "big"}
        other = model_actions.define(project=model.project, name="other", by=olga, **shape)
        key = {**shape, "api_key_env": "MODEL_OTHER"}
        apart = model_actions.define(project=model.project, name="apart", by=olga, **key)
        assert limits.endpoint_of(other) == limits.endpoint_of(model)
        assert limits.endpoint_of(apart) != limits.endpoint_of(model)


class TestFetching:
    def test_it_keeps_to_the_limit(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = start(40)
        change(model, requests_per_minute=600, concurrency=20)
        began = time.monotonic()
        stored = fetch.fetch(run, model, seconds=0.5)
        assert 1 <= stored <= 10 * (time.monotonic() - began + limits.BURST_S) + 1
        minutes_pass()
        assert fetch.fetch(run, model, seconds=10) == 40 - stored
        assert set(server.asked.values()) == {1}

    def test_limits_may_change_once_there_are_outputs(
        self, start: Any, model: ModelVersion, olga: User
    ) -> None:
        fetch.fetch(start(1), model)
        model_actions.change(model=model, by=olga, requests_per_minute=5, tokens_per_minute=6)


class TestResting:
    def test_a_server_that_asks_for_a_pause_gets_it(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        """Not for one request, for all: and it uses up no attempt, and pauses no run."""
        server.answer = lambda *_: refuses(429, "slow down", Retry_After="120")
        run = start(30)
        change(model, max_attempts=1, concurrency=2)
        for _ in range(8):
            fetch.fetch(run, model)
        assert server.calls == 2
        assert 118 < limits.resting_for(model) < 123
        for _ in range(12):
            minutes_pass()
            again()
            fetch.fetch(run, model)
        assert server.calls > 20
        assert not Attempt.objects.filter(final=True).exists()
        run.refresh_from_db()
        assert run.state == "running"
        server.answer = lambda text, nth: says(text)
        minutes_pass()
        again()
        assert fetch.fetch(run, model) == 30

    def test_a_short_pause_is_waited_for(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: (
            refuses(429, Retry_After="0.2") if server.calls == 1 else says(text)
        )
        assert fetch.fetch(start(10), change(model, concurrency=1)) >= 9
        assert Output.objects.count() >= 9

    def test_others_at_the_address_rest_as_well(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = start(1)
        limits.rest(limits.endpoint_of(model), 60)
        assert fetch.fetch(run, model) == server.calls == 0
        assert (Request.objects.count(), Run.objects.get().state) == (1, "running")
