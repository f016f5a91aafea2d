"""From outputs to comparisons: what came of each pair.

Everything is read from rows and safe to repeat: a comparison is locked while it is settled, and
a worker that dies in the middle leaves it to the next one.
"""

from __future__ import annotations

from collections import Counter

from django.db import connection, transaction
from django.utils import timezone

from evals import sampling
from evals.comparators.pipeline import Pipeline
from evals.judging import Cell, cell_of, hold_comparators, judge, keep, requests_of
from evals.models import Comparison, Output, Run

CHUNK = 500

# A window of pending comparisons in order of id, each looked up by index: the cost of a run is in
# proportion to its size, whatever the planner believes of tables that were filled a moment ago.
_SETTLEABLE = """
WITH c AS MATERIALIZED (
    SELECT id, request_id FROM evals_comparison
    WHERE run_id = %(run)s AND outcome IS NULL AND id > %(after)s
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
SELECT c.id, b.id, k.id,
       (b.id IS NOT NULL OR {baseline_over}) AND (k.id IS NOT NULL OR {candidate_over})
FROM c
LEFT JOIN LATERAL (SELECT o.id FROM evals_output o WHERE o.request_id = c.request_id
    AND o.model_id = %(baseline)s AND o.sample = 0 LIMIT 1) b ON TRUE
LEFT JOIN LATERAL (SELECT o.id FROM evals_output o WHERE o.request_id = c.request_id
    AND o.model_id = %(candidate)s AND o.sample = 0 LIMIT 1) k ON TRUE
ORDER BY c.id
"""
#: What failed for good before the run started may be asked again by it.
_GIVEN_UP = """EXISTS (SELECT FROM evals_attempt a WHERE a.request_id = c.request_id
    AND a.model_id = %({side})s AND a.sample = 0 AND a.final AND a.finished_at >= %(started)s)"""


def settle(run: Run) -> int:
    """Compares every pair that is complete, or given up. Gives how many were settled."""
    total, last = 0, 0
    while window := _settle_window(run, last):
        settled, last = window
        total += settled
    while settled := _settle_noise(run):
        total += settled
    return total


@transaction.atomic
def _settle_window(run: Run, after: int) -> tuple[int, int] | None:
    """Settles what can be of the next pending comparisons. Gives how many, and the last one's id;
    None where no more are pending."""
    pipeline = hold_comparators(run)
    closed = run.closes_at is not None and run.closes_at <= timezone.now()
    over = {
        f"{side}_over": _GIVEN_UP.format(side=side) if model.provider else str(closed).upper()
        for side, model in (("baseline", run.baseline), ("candidate", run.candidate))
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLEABLE.format(**over),
            {
                "run": run.pk,
                "baseline": run.baseline_id,
                "candidate": run.candidate_id,
                "started": run.started_at,
                "after": after,
                "limit": CHUNK,
            },
        )
        window = cursor.fetchall()
    if not window:
        return None
    rows = [row[:3] for row in window if row[3]]
    _settle_rows(run, pipeline, rows)
    return len(rows), window[-1][0]


def _settle_rows(
    run: Run, pipeline: Pipeline, rows: list[tuple[int, int | None, int | None]]
) -> None:
    """rows: comparison, baseline output, candidate output; the caller holds their locks."""
    if not rows:
        return
    comparisons = Comparison.objects.in_bulk([row[0] for row in rows])
    ids = [pk for row in rows for pk in row[1:] if pk is not None]
    outputs = Output.objects.only("value").in_bulk(ids)  # their text is as long again
    requests = requests_of(pipeline, comparisons.values())
    now = timezone.now()
    batch = now.date().isoformat() if run.by_day else sampling.WHOLE_RUN
    more: Counter[Cell] = Counter()
    for pk, baseline, candidate in rows:
        comparison = comparisons[pk]
        comparison.settled_at, comparison.batch = now, batch
        comparison.comparison_set = run.comparison_set
        sides = outputs.get(baseline or 0), outputs.get(candidate or 0)
        judge(comparison, pipeline, *sides, requests[comparison.request_id])
        more[cell_of(comparison)] += 1
    keep(run, list(comparisons.values()), more)


@transaction.atomic
def _settle_noise(run: Run) -> int:
    """Compares the baseline with itself wherever its second sample is there."""
    pipeline = hold_comparators(run)
    pending = Comparison.objects.filter(
        run=run, noise_wanted=True, noise_differs=None, baseline_output__isnull=False
    )
    pending = pending.filter(
        request__outputs__model=run.baseline_id, request__outputs__sample=1
    ).select_related("baseline_output")
    chunk = list(pending.select_for_update(of=("self",), skip_locked=True)[:CHUNK])
    compare_noise(run, pipeline, chunk)
    Comparison.objects.bulk_update(chunk, ["noise_differs"])
    return len(chunk)


def compare_noise(run: Run, pipeline: Pipeline, chunk: list[Comparison]) -> None:
    """Says of each comparison, which is not saved, whether the baseline differs from itself; its
    second sample is there."""
    requests = requests_of(pipeline, chunk)
    again = {
        output.request_id: output.value
        for output in Output.objects.filter(
            model=run.baseline_id, sample=1, request__in=[one.request_id for one in chunk]
        ).only("request_id", "value")
    }
    for one in chunk:
        assert one.baseline_output is not None
        first, second = one.baseline_output.value, again[one.request_id]
        outcome = pipeline.compare(first, second, **requests[one.request_id]).outcome
        one.noise_differs = outcome == "differ"
