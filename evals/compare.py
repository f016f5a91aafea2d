"""From outputs to comparisons: who is in a run, what came of each pair, when the run is done.

Everything is read from rows and safe to repeat: a comparison is locked while it is settled, and
a worker that dies in the middle leaves it to the next one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evals import sampling
from evals.comparators.pipeline import Pipeline
from evals.models import Attempt, Comparison, Output, Run

CHUNK = 500

#: evals.sampling.uniform in SQL; the request is aliased r.
UNIFORM = """(('x' || left(encode(sha256(convert_to(
    %(seed)s || chr(31) || '{purpose}' || chr(31) || r.key, 'UTF8')), 'hex'), 13))
    ::bit(52)::bigint::float8 / 4503599627370496)"""

_ENROL = f"""
INSERT INTO evals_comparison
    (run_id, request_id, u, expected, noise_wanted, outcome, failed_side, reason, path, batch,
     stratum)
SELECT %(run)s, r.id, {UNIFORM.format(purpose="line")}, {{expected}},
       {UNIFORM.format(purpose="noise")} < %(noise)s, NULL, '', '', '', '', ''
FROM {{population}}
  AND NOT EXISTS (SELECT FROM evals_comparison c WHERE c.run_id = %(run)s AND c.request_id = r.id)
ORDER BY r.id
ON CONFLICT DO NOTHING
"""  # noqa: S608 (constants of this file)

_OFFLINE = """evals_example e JOIN evals_request r ON r.id = e.request_id
WHERE e.version_id = %(set)s"""
_SHADOW = f"""evals_request r WHERE r.project_id = %(project)s AND r.source = 'traffic'
  AND r.occurred_at >= %(opens)s AND (%(closes)s::timestamptz IS NULL OR r.occurred_at < %(closes)s)
  AND {UNIFORM.format(purpose="traffic")} < %(share)s"""


def enrol(run: Run) -> int:
    """Makes a comparison of each request of the run's population that has none. Gives how many."""
    plan = sampling.SamplingPlan.parse(run.sampling)
    # A baseline that is not asked by us has been asked again wherever a second sample was sent.
    noise = plan.noise_share if run.baseline.provider else 1.0
    offline = run.kind == Run.Kind.OFFLINE
    statement = _ENROL.format(
        expected="e.expected" if offline else "r.expected",
        population=_OFFLINE if offline else _SHADOW,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "run": run.pk,
                "seed": run.seed,
                "noise": noise,
                "set": run.evalset_version_id,
                "project": run.project_id,
                "opens": run.opens_at,
                "closes": run.closes_at,
                "share": plan.traffic_share,
            },
        )
        enrolled: int = cursor.rowcount
        return enrolled


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
    pipeline = Pipeline.parse(run.pipeline)
    while window := _settle_window(run, pipeline, last):
        settled, last = window
        total += settled
    while settled := _settle_noise(run, pipeline):
        total += settled
    return total


@transaction.atomic
def _settle_window(run: Run, pipeline: Pipeline, after: int) -> tuple[int, int] | None:
    """Settles what can be of the next pending comparisons. Gives how many, and the last one's id;
    None where no more are pending."""
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
    outputs = Output.objects.in_bulk([pk for row in rows for pk in row[1:] if pk is not None])
    now = timezone.now()
    batch = now.date().isoformat() if run.by_day else sampling.WHOLE_RUN
    sizes: Counter[str] = Counter()
    for pk, baseline, candidate in rows:
        comparison = comparisons[pk]
        comparison.settled_at, comparison.batch = now, batch
        _judge(comparison, pipeline, outputs.get(baseline or 0), outputs.get(candidate or 0))
        sizes[comparison.stratum] += 1
    with connection.cursor() as cursor:
        # One statement a row, sent together: Django's bulk_update takes twenty times as long.
        cursor.executemany(
            _SETTLE, [[getattr(one, name) for name in SETTLED] for one in comparisons.values()]
        )
        cursor.executemany(
            """INSERT INTO evals_stratum AS s (run_id, batch, name, size) VALUES (%s, %s, %s, %s)
            ON CONFLICT (run_id, batch, name) DO UPDATE SET size = s.size + EXCLUDED.size""",
            [(run.pk, batch, name, size) for name, size in sorted(sizes.items())],
        )


SETTLED = [
    "outcome",
    "failed_side",
    "similarity",
    "reason",
    "path",
    "baseline_output_id",
    "candidate_output_id",
    "baseline_correct",
    "candidate_correct",
    "batch",
    "stratum",
    "settled_at",
    "id",
]
_SETTLE = f"""UPDATE evals_comparison
SET {", ".join(f"{name} = %s" for name in SETTLED[:-1])} WHERE id = %s"""  # noqa: S608 (as above)


def _judge(
    comparison: Comparison, pipeline: Pipeline, baseline: Output | None, candidate: Output | None
) -> None:
    comparison.baseline_output, comparison.candidate_output = baseline, candidate
    if baseline:
        comparison.baseline_correct = pipeline.correct(baseline.value, comparison.expected)
    if candidate:
        comparison.candidate_correct = pipeline.correct(candidate.value, comparison.expected)
    if baseline and candidate:
        verdict = pipeline.compare(baseline.value, candidate.value)
        comparison.outcome = verdict.outcome
        comparison.similarity = verdict.similarity
        comparison.reason = verdict.reason[:120]
        comparison.path = (verdict.path or "")[:500]
    else:
        comparison.outcome = Comparison.Outcome.FAILED
        comparison.failed_side = "candidate" if baseline else "baseline" if candidate else "both"
    comparison.stratum = sampling.stratum(
        comparison.outcome, comparison.similarity, comparison.failed_side
    )


@transaction.atomic
def _settle_noise(run: Run, pipeline: Pipeline) -> int:
    """Compares the baseline with itself wherever its second sample is there."""
    pending = Comparison.objects.filter(
        run=run, noise_wanted=True, noise_differs=None, baseline_output__isnull=False
    )
    pending = pending.filter(
        request__outputs__model=run.baseline_id, request__outputs__sample=1
    ).select_related("baseline_output")
    chunk = list(pending.select_for_update(of=("self",), skip_locked=True)[:CHUNK])
    again = {
        output.request_id: output
        for output in Output.objects.filter(
            model=run.baseline_id, sample=1, request__in=[one.request_id for one in chunk]
        )
    }
    for comparison in chunk:
        assert comparison.baseline_output is not None
        first, second = comparison.baseline_output.value, again[comparison.request_id].value
        comparison.noise_differs = pipeline.compare(first, second).outcome == "differ"
    Comparison.objects.bulk_update(chunk, ["noise_differs"])
    return len(chunk)


@dataclass(frozen=True)
class Progress:
    """Rows counted: what a run has, and what it waits for."""

    total: int
    settled: int
    noise_wanted: int
    noise_settled: int

    @property
    def share(self) -> float:
        wanted = self.total + self.noise_wanted
        return (self.settled + self.noise_settled) / wanted if wanted else 0.0


def progress(run: Run) -> Progress:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), count(outcome), count(*) FILTER (WHERE noise_wanted),
            count(*) FILTER (WHERE noise_wanted AND noise_differs IS NOT NULL)
            FROM evals_comparison WHERE run_id = %s""",
            [run.pk],
        )
        total, settled, wanted, again = cursor.fetchone()
    if not run.baseline.provider:
        wanted = again
    return Progress(total, settled, wanted, again)


def finish_if_done(run: Run) -> bool:
    """Finishes a run that waits for nothing any more. Gives whether this call finished it."""
    now = timezone.now()
    if run.kind == Run.Kind.SHADOW and (run.closes_at is None or run.closes_at > now):
        return False
    pending = Comparison.objects.filter(run=run, outcome=None)
    # One attempt that is all of this: exclude() over a join would be content with several.
    given_up = Attempt.objects.filter(
        request=OuterRef("request"),
        model=run.baseline_id,
        sample=1,
        final=True,
        finished_at__gte=run.started_at,
    )
    noise = Comparison.objects.filter(
        ~Exists(given_up), run=run, noise_wanted=True, noise_differs=None
    ).exclude(outcome="failed")
    if pending.exists() or (run.baseline.provider and noise.exists()):
        return False
    return bool(
        Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
            state=Run.State.FINISHED, finished_at=now, state_reason=""
        )
    )
