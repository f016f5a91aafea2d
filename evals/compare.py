"""Who is in a run, how far it is, when it is done. What came of each pair: evals/settle.py."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evals import sampling
from evals.models import Attempt, Comparison, Run
from evals.settle import settle as settle
from evals.wanted import further

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
    # A baseline that is not asked by us has been asked again wherever a second sample was sent,
    # and one of whom further samples are wanted is asked again everywhere.
    noise = plan.noise_share if run.baseline.provider and not run.samples else 1.0
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


@dataclass(frozen=True)
class Progress:
    """Rows counted: what a run has, and what it waits for."""

    total: int
    settled: int
    noise_wanted: int
    noise_settled: int
    further_wanted: int = 0
    further_there: int = 0

    @property
    def share(self) -> float:
        wanted = self.total + self.noise_wanted + self.further_wanted
        there = self.settled + self.noise_settled + self.further_there
        return there / wanted if wanted else 0.0


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
    more = further(run)
    return Progress(total, settled, wanted, again, more.wanted, more.there)


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
    if pending.exists() or (run.baseline.provider and noise.exists()) or further(run).left:
        return False
    return bool(
        Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
            state=Run.State.FINISHED, finished_at=now, state_reason=""
        )
    )
