"""Making a run's comparisons again, from stored outputs, after its comparators were changed.

Read from rows and safe to repeat: a comparison says which set of comparators it was made by, it is
locked while it is made again, and the totals of its strata move in the same transaction. A worker
that dies leaves what is not done to the next one. Several may work on one run.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from evals import sampling
from evals.comparators.pipeline import Pipeline
from evals.judging import Cell, cell_of, hold_comparators, judge, keep, requests_of
from evals.models import Comparison, ComparisonSet, Run, Stratum
from evals.settle import CHUNK, compare_noise

#: Processes that work on one run at the same time.
WORKERS = 2
#: Seconds after which a worker looks whether there is other work.
TURN = 20.0
LOCK_SPACE = 0x0C80  # of our advisory locks
AHEAD = 20_000
#: Of outputs, all but their values; their text is as long again.
_UNREAD = [
    f"{side}_output__{name}"
    for side in ("baseline", "candidate")
    for name in ("text", "digest", "latency_ms", "input_tokens", "output_tokens", "cost_usd")
]
#: Between the strata of a comparison's line.
THEN = ">"


def recompute(made: ComparisonSet, seconds: float = TURN) -> bool:
    """Makes comparisons again for a while. Gives whether this process should come back for more."""
    with _place(made) as taken:
        if not taken or made.finished_at:
            return False
        until = time.monotonic() + seconds
        while ids := list(_waiting(made).order_by("pk").values_list("pk", flat=True)[:AHEAD]):
            done = 0
            for start in range(0, len(ids), CHUNK):
                done += _window(made, ids[start : start + CHUNK])
                if time.monotonic() > until:
                    return True
            if not done:  # all that is left is in other hands
                return False
        _finish(made)
    return False


def under_way(run: Run) -> ComparisonSet | None:
    """The set that a run's comparisons are being made by; until they all are, and what is to be
    drawn by its strata is drawn, the run's numbers are of two minds."""
    if run.comparison_set == 1:
        return None
    return ComparisonSet.objects.filter(run=run, redrawn_at=None).first()


def share(made: ComparisonSet) -> float:
    """How much of the run's comparisons is of this set, from 0 to 1."""
    settled = Comparison.objects.filter(run=made.run_id, outcome__isnull=False).count()
    return 1 - _waiting(made).count() / settled if settled else 1.0


def _waiting(made: ComparisonSet) -> QuerySet[Comparison]:
    return Comparison.objects.filter(
        run=made.run_id, outcome__isnull=False, comparison_set__lt=made.number
    )


@transaction.atomic
def _window(made: ComparisonSet, ids: list[int]) -> int:
    run = Run.objects.get(pk=made.run_id)
    pipeline = hold_comparators(run)
    found = (
        _waiting(made)
        .filter(pk__in=ids)
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("baseline_output", "candidate_output")
        .defer(*_UNREAD)
    )
    comparisons = list(found)
    requests = requests_of(pipeline, comparisons)
    more: Counter[Cell] = Counter()
    for one in comparisons:
        before = cell_of(one)
        if one.batch in made.drawn and one.stratum in sampling.DRAWN:
            one.line = f"{one.line}{THEN}{one.stratum}" if one.line else one.stratum
        sides = one.baseline_output, one.candidate_output
        judge(one, pipeline, *sides, requests[one.request_id])
        one.comparison_set = made.number
        more[before] -= 1
        more[cell_of(one)] += 1
    _noise(run, pipeline, comparisons)
    keep(run, comparisons, more)
    return len(comparisons)


def _noise(run: Run, pipeline: Pipeline, comparisons: list[Comparison]) -> None:
    compare_noise(run, pipeline, [one for one in comparisons if one.noise_differs is not None])


@transaction.atomic
def _finish(made: ComparisonSet) -> None:
    """Says that nothing waits any more, unless it was said. Nothing can come to wait: whoever
    settles holds the comparators of this set."""
    now = timezone.now()
    if ComparisonSet.objects.filter(pk=made.pk, finished_at=None).update(finished_at=now):
        Stratum.objects.filter(run=made.run_id, size=0).delete()


@contextmanager
def _place(made: ComparisonSet) -> Iterator[bool]:
    """One of the places for workers on this set, which a worker's death gives back."""
    with connection.cursor() as cursor:
        for number in range(WORKERS):
            lock = [LOCK_SPACE, (made.pk * WORKERS + number) % 2**31]
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", lock)
            if cursor.fetchone()[0]:
                break
        else:
            yield False
            return
    try:
        yield True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
