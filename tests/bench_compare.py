"""How fast stored pairs are compared: settled one by one by two workers, and made again."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

PAIRS = 100_000
#: Characters of each output, about.
LENGTH = 800
WORKERS = 2
WORDS = (
    *("the", "order", "was", "charged", "twice", "and", "a", "refund", "is", "on", "its", "way"),
    *("to", "your", "card", "within", "some", "days"),
)
#: Both kinds on every pair: a record field by field, and its prose by likeness.
PIPELINE = {
    "comparators": [
        {"name": "record", "kind": "json", "options": {"ignore": ["$.reply", "$.id"]}},
        {
            "name": "reply",
            "kind": "similarity",
            "extract": [{"by": "json_path", "path": "$.reply"}],
            "options": {"threshold": 0.9},
        },
    ]
}
OTHER = {"comparators": [*PIPELINE["comparators"], {"name": "whole", "kind": "text"}]}


def measure(say: Callable[[str, str], None]) -> None:
    """In a database that is migrated, with processes of its own as workers."""
    from evals import compare
    from evals.ingest import ingest
    from evals.models import Run
    from evals.records import decode_lines
    from evals.sampling import SamplingPlan
    from reviewapp.actions import comparators, models, projects, runs
    from reviewapp.models import User

    by = User.objects.create_user("comparer")
    project = projects.create(slug="pairs", name="Pairs", preset="classification", by=by)
    projects.set_pipeline(project=project, pipeline=PIPELINE, by=by)
    projects.set_sampling(project=project, plan=SamplingPlan(), by=by)
    sides = [models.define(project=project, name=name, by=by) for name in ("old", "new")]
    result = ingest(project, decode_lines(_records()))
    assert result.stored == PAIRS, result.problems
    run = runs.start(
        project=project, name="pairs", baseline=sides[0], candidate=sides[1], recorded=True, by=by
    )
    runs.pause(run=run, by=by)  # the worker beside us must not take part
    compare.enrol(run)
    seconds = _together("settle", run.pk)
    assert not run.comparisons.filter(outcome=None).exists()
    _say(say, "compare", *seconds)
    made = comparators.change(run=Run.objects.get(pk=run.pk), pipeline=OTHER, by=by)
    seconds = _together("recompute", made.pk)
    made.refresh_from_db()
    assert made.finished_at
    _say(say, "compare again, by other comparators", *seconds)


def _say(say: Callable[[str, str], None], what: str, seconds: float, processor: float) -> None:
    say(
        f"{what}: {PAIRS:,} pairs of {LENGTH} characters, {WORKERS} workers",
        f"{seconds:.1f} s, {PAIRS / seconds:,.0f} pairs/s; {processor:.1f} s of processor time",
    )


def _records() -> Iterator[bytes]:
    """Pairs of which a third is equal, a third differs in wording, a third in a field as well."""
    rng = random.Random(1)
    for i in range(PAIRS):
        words = rng.choices(WORDS, k=LENGTH // 5 - 20)
        other = [rng.choice(WORDS) if rng.random() < 0.1 else word for word in words]
        old = {"id": i, "label": "refund", "tags": ["card", "twice"], "reply": " ".join(words)}
        new = dict(old) if i % 3 == 0 else {**old, "id": -i, "reply": " ".join(other)}
        if i % 3 == 2:
            new["label"] = "billing"
        outputs = [{"model": "old", "output": old}, {"model": "new", "output": new}]
        yield json.dumps({"id": f"r{i}", "input": f"q{i}", "outputs": outputs}).encode() + b"\n"


def _together(what: str, pk: int) -> tuple[float, float]:
    """Seconds until all of the processes that do it have ended, and of processor time in them."""
    command = [sys.executable, "-m", "tests.bench_compare", what, str(pk)]
    start, before = time.perf_counter(), os.times()
    processes = [subprocess.Popen(command) for _ in range(WORKERS)]
    codes = [process.wait() for process in processes]
    assert not any(codes), codes
    after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return time.perf_counter() - start, used


def work(what: str, pk: int) -> None:
    """One worker, from its start to the end of the work."""
    from evals import recompute, settle
    from evals.models import ComparisonSet, Run

    if what == "settle":
        settle.settle(Run.objects.select_related("baseline", "candidate").get(pk=pk))
    else:
        made = ComparisonSet.objects.get(pk=pk)
        while recompute.recompute(made):
            pass


if __name__ == "__main__":
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "reviewapp.settings"
    django.setup()
    work(sys.argv[1], int(sys.argv[2]))
