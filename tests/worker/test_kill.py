"""The promise that nothing is lost or doubled, put to real workers that are really killed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import redis
from django.conf import settings

from evals import sampling, spending
from evals.models import Attempt, ModelVersion, Output, Project, Run, Stratum
from reviewapp.actions import models as model_actions
from reviewapp.actions import projects, runs
from reviewapp.models import ReviewItem, User
from tests.evals.model_server import Answer, ModelServer, refuses, says
from tests.evals.test_ingest import send
from tests.worker.processes import Workers, cut_connections

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

REQUESTS = 60
CONCURRENCY = 4


def slowly(text: str, nth: int) -> Answer:
    """The two models answer differently, and one call in twelve fails the first time."""
    name, _, key = text.partition(" ")
    if nth == 1 and int(key[1:]) % 12 == 5:
        return refuses(503, "warming up")
    return says(f"{name} says {int(key[1:]) % (2 if name == 'old' else 3)}", delay=0.05)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(slowly) as running:
        yield running


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def workers(tmp_path: Path, broker: redis.Redis) -> Iterator[Workers]:
    with Workers(tmp_path) as some:
        yield some


@pytest.fixture
def run(project: Project, server: ModelServer, broker: redis.Redis, olga: User) -> Run:
    plan = sampling.SamplingPlan(noise_share=0.2)
    projects.set_sampling(project=project, plan=plan, by=olga)
    send(project, *[{"id": f"r{i}", "input": f"q{i}"} for i in range(REQUESTS)])
    sides = {
        side: model_actions.define(
            project=project,
            name=name,
            provider="openai",
            base_url=server.url,
            upstream_model="tiny",
            prompt=f"{name} {{{{ input }}}}",
            concurrency=CONCURRENCY,
            parameters={"max_tokens": 10},
            price_input=2,
            price_output=10,
            by=olga,
        )
        for side, name in (("baseline", "old"), ("candidate", "new"))
    }
    cap = Decimal("0.5")
    return runs.start(project=project, name="killed", recorded=True, cap_usd=cap, by=olga, **sides)


def finished(run: Run) -> bool:
    run.refresh_from_db()
    assert run.state in ("running", "finished"), run.state_reason
    return run.state == "finished"


def check(run: Run, server: ModelServer, kills: int) -> None:
    """Every output there once, the totals right, and nothing asked more than dying explains."""
    wanted = {(name, f"r{i}", 0) for name in ("old", "new") for i in range(REQUESTS)} | {
        ("old", key, 1)
        for key in (f"r{i}" for i in range(REQUESTS))
        if sampling.uniform(run.seed, key, "noise") < 0.2
    }
    stored = Counter(Output.objects.values_list("model__name", "request__key", "sample"))
    assert set(stored) == wanted
    assert set(stored.values()) == {1}
    outcomes = Counter(run.comparisons.values_list("outcome", flat=True))
    assert outcomes.total() == REQUESTS
    assert set(outcomes) <= {"identical", "equivalent", "differ"}
    totals = Stratum.objects.filter(run=run).values_list("size", flat=True)
    assert sum(totals) == REQUESTS
    attempts = Attempt.objects.values_list("model__name", "request__key", "sample", "error")
    answered = Counter(one[:3] for one in attempts if not one[3])
    assert answered == stored
    assert not Attempt.objects.filter(final=True).exists()
    failed = Attempt.objects.exclude(error="").count()
    # Every call that may have been answered is paid for, and nothing stays set aside.
    spent, reserved = spending.totals(run)
    costs = sum(Output.objects.values_list("cost_usd", flat=True))
    assert reserved == 0
    assert costs <= spent <= costs + kills * 2 * CONCURRENCY * Decimal("0.001")
    # A worker that is killed loses the answers of the calls in flight, and no others.
    assert server.calls <= len(wanted) + failed + kills * 2 * CONCURRENCY
    assert max(server.asked.values()) <= 2 + 1 + kills
    assert server.peak <= 2 * CONCURRENCY * (1 + kills)


def test_killed_in_the_middle(run: Run, server: ModelServer, workers: Workers) -> None:
    first = workers.start()
    workers.wait_for(lambda: Output.objects.count() >= 20)
    workers.kill(first)
    there = Output.objects.count()
    assert there < 2 * REQUESTS
    assert not finished(run)
    workers.start()
    workers.wait_for(lambda: finished(run))
    check(run, server, kills=1)
    # … and what comes after a run goes on as well.
    workers.wait_for(lambda: ReviewItem.objects.filter(run=run).exists())


def test_the_broker_forgets_everything(
    run: Run, server: ModelServer, workers: Workers, broker: redis.Redis
) -> None:
    workers.start()
    workers.wait_for(lambda: Output.objects.count() >= 10)
    for _ in range(3):
        broker.flushdb()
        time.sleep(0.2)
    workers.wait_for(lambda: finished(run))
    check(run, server, kills=0)


def test_connections_to_the_database_are_cut(
    run: Run, server: ModelServer, workers: Workers
) -> None:
    """As when PostgreSQL is restarted under a run: whoever held a lock holds it no more."""
    workers.start()
    for seen in (10, 60):
        workers.wait_for(lambda seen=seen: Output.objects.count() >= seen)
        assert cut_connections()
    workers.wait_for(lambda: finished(run))
    check(run, server, kills=2)


def test_two_workers_at_once(run: Run, server: ModelServer, workers: Workers) -> None:
    workers.start()
    workers.start()
    workers.wait_for(lambda: finished(run))
    check(run, server, kills=0)
    assert server.peak <= 2 * CONCURRENCY
    assert ModelVersion.objects.count() == 2
