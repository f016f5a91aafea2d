"""Which outputs a run still wants of a model: a query over rows, not a queue of jobs.

Sample 0 of every comparison without an outcome. After it, sample 1 of the baseline where noise is
wanted, and samples 1 … k of both models where the run asks for further samples. Not wanted: what
has an output, a final failure in this run, or a time to be tried again that has not come.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection

from evals.models import ModelVersion, Request, Run

_WANTED = """
SELECT c.request_id, w.sample
FROM evals_comparison c
CROSS JOIN generate_series(0, %(samples)s) AS w (sample)
WHERE c.run_id = %(run)s
  AND (w.sample = 0 AND c.outcome IS NULL
       OR w.sample BETWEEN 1 AND %(further)s
       OR w.sample = 1 AND %(noise)s AND c.noise_wanted AND c.noise_differs IS NULL)
  AND (w.sample = 0 OR EXISTS (SELECT FROM evals_output o WHERE o.request_id = c.request_id
                               AND o.model_id = %(model)s AND o.sample = 0))
  AND NOT EXISTS (SELECT FROM evals_output o WHERE o.request_id = c.request_id
                  AND o.model_id = %(model)s AND o.sample = w.sample)
  AND NOT EXISTS (SELECT FROM evals_attempt a WHERE a.request_id = c.request_id
                  AND a.model_id = %(model)s AND a.sample = w.sample
                  AND a.finished_at >= %(started)s AND (a.final OR a.retry_at > now()))
ORDER BY w.sample, c.id LIMIT %(limit)s
"""


def wanted(run: Run, model: ModelVersion, limit: int) -> list[tuple[int, int]]:
    """(request id, sample) pairs that `model` should be asked for now."""
    noise = model.pk == run.baseline_id
    with connection.cursor() as cursor:
        cursor.execute(
            _WANTED,
            {
                "run": run.pk,
                "model": model.pk,
                "noise": noise,
                "samples": max(run.samples, int(noise)),
                "further": run.samples,
                "started": run.started_at,
                "limit": limit,
            },
        )
        pairs: list[tuple[int, int]] = cursor.fetchall()
        return pairs


class Asked(NamedTuple):
    request: Request
    sample: int

    @property
    def key(self) -> tuple[int, int]:
        return self.request.pk, self.sample


class Backlog:
    """What to ask next, read some way ahead: a query for every call would be the slowest part."""

    def __init__(self, run: Run, model: ModelVersion) -> None:
        self.run, self.model = run, model
        self.ahead = 2 * model.concurrency + 8
        self.waiting: list[Asked] = []

    def take(self, count: int, in_flight: Iterable[tuple[int, int]]) -> list[Asked]:
        """The next `count` that are not in flight."""
        if len(self.waiting) < count:
            known = {*in_flight, *(one.key for one in self.waiting)}
            pairs = wanted(self.run, self.model, self.ahead + len(known))
            pairs = [pair for pair in pairs if pair not in known][: self.ahead]
            requests = Request.objects.in_bulk({pk for pk, _ in pairs})
            self.waiting += [Asked(requests[pk], sample) for pk, sample in pairs]
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    def put_back(self, asked: Iterable[Asked]) -> None:
        self.waiting = [*asked, *self.waiting]


_FURTHER = """
SELECT count(*) FILTER (WHERE first.id IS NOT NULL),
       count(*) FILTER (WHERE o.id IS NOT NULL),
       count(*) FILTER (WHERE first.id IS NOT NULL AND o.id IS NULL AND NOT EXISTS (
           SELECT FROM evals_attempt a WHERE a.request_id = c.request_id
           AND a.model_id = m.model AND a.sample = s.sample AND a.final
           AND a.finished_at >= %(started)s))
FROM evals_comparison c
CROSS JOIN unnest(%(models)s::bigint[]) AS m (model)
CROSS JOIN generate_series(1, %(samples)s) AS s (sample)
LEFT JOIN evals_output first
    ON first.request_id = c.request_id AND first.model_id = m.model AND first.sample = 0
LEFT JOIN evals_output o
    ON o.request_id = c.request_id AND o.model_id = m.model AND o.sample = s.sample
WHERE c.run_id = %(run)s
"""


class Further(NamedTuple):
    """Further samples of the models that are asked: how many the run has come to want (of requests
    whose first sample is there), how many are there, how many may still come."""

    wanted: int
    there: int
    left: int


def further(run: Run) -> Further:
    asked = [model.pk for model in (run.baseline, run.candidate) if model.provider]
    if not run.samples or not asked:
        return Further(0, 0, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            _FURTHER,
            {
                "run": run.pk,
                "models": asked,
                "samples": run.samples,
                "started": run.started_at,
            },
        )
        return Further(*cursor.fetchone())
