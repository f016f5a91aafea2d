"""How many calls one worker process keeps in flight, and how fast, against a server that sleeps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from tests.evals.model_server import ModelServer, says

REQUESTS = 1_000
CONCURRENCY = 100
SECONDS = 1.0


def measure(say: Callable[[str, str], None]) -> None:
    """In a database that is migrated; asks from this process, as a worker's task does."""
    from evals import compare, fetch, spending
    from evals.ingest import ingest
    from evals.models import Attempt, Output
    from evals.records import decode_lines
    from evals.sampling import SamplingPlan
    from reviewapp.actions import models, projects, runs
    from reviewapp.models import User

    by = User.objects.create_user("caller")
    project = projects.create(slug="calls", name="Calls", preset="classification", by=by)
    projects.set_sampling(project=project, plan=SamplingPlan(noise_share=0), by=by)
    lines = (
        json.dumps({"id": f"r{i}", "input": f"q{i}"}).encode() + b"\n" for i in range(REQUESTS)
    )
    ingest(project, decode_lines(lines))
    with ModelServer(lambda text, nth: says(text, delay=SECONDS)) as server:
        asked = models.define(
            project=project,
            name="asked",
            provider="openai",
            base_url=server.url,
            upstream_model="sleeps",
            concurrency=CONCURRENCY,
            price_input=1,
            price_output=1,
            parameters={"max_tokens": 8},
            by=by,
        )
        uploaded = models.define(project=project, name="uploaded", by=by)
        run = runs.start(
            project=project, name="calls", baseline=uploaded, candidate=asked, recorded=True, by=by
        )
        compare.enrol(run)
        began, cpu = time.perf_counter(), time.process_time()
        while Output.objects.filter(model=asked).count() < REQUESTS:
            # Where the worker beside us was quicker it is the one process that asks.
            fetch.fetch(run, asked, seconds=60)
            time.sleep(0.05)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    failed = Attempt.objects.filter(model=asked).exclude(error="").count()
    ideal = REQUESTS / CONCURRENCY * SECONDS
    say(
        f"{CONCURRENCY} calls in flight, each {SECONDS:g} s",
        f"peak {server.peak}, {REQUESTS / seconds:.0f} answers/s "
        f"({ideal / seconds:.0%} of what the server allows), {failed} failed, "
        f"spent US$ {spending.totals(run)[0]:.6f}",
    )
    say("an answer, asked and stored", f"{1000 * cpu / REQUESTS:.1f} ms of this process")
