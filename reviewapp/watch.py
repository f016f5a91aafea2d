"""How a run is getting on: its pace, its strata, what failed, its noise. Reads rows only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Max
from django.utils import timezone

from evals import compare, limits, sampling, spending
from evals.compare import Progress
from evals.models import Attempt, Comparison, ModelVersion, Run, Stratum
from reviewapp.models import ReviewItem

#: The newest outputs that are looked at for a rate, so that a look costs the same in any database.
NEWEST = 10_000
#: Distinct errors that are shown a side.
ERRORS = 5

_RATE = """
SELECT o.model_id, count(*) FROM (
    SELECT model_id, created_at FROM evals_output ORDER BY id DESC LIMIT %(newest)s
) o WHERE o.model_id IN (%(baseline)s, %(candidate)s) AND o.created_at > now() - interval '1 minute'
GROUP BY o.model_id
"""
_MISSING = """
SELECT count(*) FILTER (WHERE b.id IS NULL), count(*) FILTER (WHERE k.id IS NULL)
FROM evals_comparison c
LEFT JOIN evals_output b
    ON b.request_id = c.request_id AND b.model_id = %(baseline)s AND b.sample = 0
LEFT JOIN evals_output k
    ON k.request_id = c.request_id AND k.model_id = %(candidate)s AND k.sample = 0
WHERE c.run_id = %(run)s AND c.outcome IS NULL
"""


@dataclass(frozen=True)
class Pace:
    """Progress with the outputs of the last minute and what they mean for the time left.

    `fetched` and `uploaded`: outputs that are missing of versions that are asked, and of versions
    whose outputs are sent to us.
    """

    progress: Progress
    per_minute: int
    fetched: int
    uploaded: int
    percent: float
    time_left: str


def pace(run: Run) -> Pace:
    """Three queries, however large the run is."""
    progress = compare.progress(run)
    models = (run.baseline, run.candidate)
    values = {"run": run.pk, "baseline": run.baseline_id, "candidate": run.candidate_id}
    with connection.cursor() as cursor:
        cursor.execute(_RATE, {**values, "newest": NEWEST})
        rates = dict(cursor.fetchall())
        cursor.execute(_MISSING, values)
        missing = dict(zip(models, cursor.fetchone(), strict=True))
    fetched = sum(count for model, count in missing.items() if model.provider)
    if run.samples:  # the second sample, by which noise is told, is one of them
        fetched += progress.further_wanted - progress.further_there
    else:
        fetched += progress.noise_wanted - progress.noise_settled
    rate = sum(rates.get(model.pk, 0) for model in models if model.provider)
    return Pace(
        progress=progress,
        per_minute=sum(rates.values()),
        fetched=fetched,
        uploaded=sum(count for model, count in missing.items() if not model.provider),
        percent=100 * progress.share,
        time_left=in_words(fetched / rate * 60) if rate and fetched else "",
    )


def in_words(seconds: float) -> str:
    """A time that is left, in one unit: "about 3 minutes"."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 0.95 * size:
            count = max(1, round(seconds / size))
            return f"about {count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


BANDS = {
    "differ/near": "differ, similarity 0.8 and above",
    "differ/mid": "differ, similarity 0.4 to 0.8",
    "differ/far": "differ, similarity below 0.4",
    "equivalent": "equivalent: the comparators match, the text differs",
    "identical": "identical",
    "failed/baseline": "failed: no output of the baseline",
    "failed/candidate": "failed: no output of the candidate",
    "failed/both": "failed: no output of either",
}


def strata(run: Run) -> list[dict[str, Any]]:
    """Sizes of the strata over all batches, with how many were drawn and resolved of each."""
    sizes: dict[str, int] = defaultdict(int)
    for name, size in Stratum.objects.filter(run=run).values_list("name", "size"):
        sizes[name] += size
    states: dict[str, dict[str, int]] = defaultdict(dict)
    items = ReviewItem.objects.filter(run=run).values_list("comparison__stratum", "state")
    for name, state, count in items.annotate(count=Count("id")).order_by():
        states[name][state] = count
    return [
        {
            "name": name,
            "words": words,
            "size": sizes[name],
            "drawn": sum(states[name].values()) if name in sampling.DRAWN else None,
            "resolved": states[name].get(ReviewItem.State.RESOLVED, 0),
        }
        for name, words in BANDS.items()
        if name in sizes
    ]


def failures(run: Run) -> list[dict[str, Any]]:
    """Per side: failed attempts on this run's requests, and the latest distinct errors."""
    return [
        {"side": side, **_failures_of(run, model)}
        for side, model in (("baseline", run.baseline), ("candidate", run.candidate))
    ]


def _failures_of(run: Run, model: ModelVersion) -> dict[str, Any]:
    failed = Attempt.objects.filter(
        model=model, request__in=Comparison.objects.filter(run=run).values("request")
    ).exclude(error="")
    errors = failed.values("error").annotate(count=Count("id"), last=Max("finished_at"))
    return {
        "model": model.name,
        "count": failed.count(),
        "errors": list(errors.order_by("-last")[:ERRORS]),
    }


@dataclass(frozen=True)
class Late:
    """outputs: came after their comparison had failed for want of them; requests: of the run's
    window and share, received after it had finished. Neither changes what was settled."""

    outputs: int
    requests: int


_LATE_OUTPUTS = """
SELECT count(*) FROM evals_comparison c
JOIN evals_output o ON o.request_id = c.request_id AND o.sample = 0
WHERE c.run_id = %(run)s AND c.outcome = 'failed'
  AND (o.model_id = %(baseline)s AND c.baseline_output_id IS NULL
       OR o.model_id = %(candidate)s AND c.candidate_output_id IS NULL)
"""
_LATE_REQUESTS = f"""
SELECT count(*) FROM evals_request r
WHERE r.project_id = %(project)s AND r.source = 'traffic' AND r.received_at > %(finished)s
  AND r.occurred_at >= %(opens)s AND r.occurred_at < %(closes)s
  AND {compare.UNIFORM.format(purpose="traffic")} < %(share)s
  AND NOT EXISTS (SELECT FROM evals_comparison c WHERE c.run_id = %(run)s AND c.request_id = r.id)
"""  # noqa: S608 (constants)


def late(run: Run) -> Late:
    """What came too late for this run."""
    values = {"run": run.pk, "baseline": run.baseline_id, "candidate": run.candidate_id}
    with connection.cursor() as cursor:
        cursor.execute(_LATE_OUTPUTS, values)
        outputs, requests = cursor.fetchone()[0], 0
        if run.kind == Run.Kind.SHADOW and run.finished_at and run.closes_at:
            cursor.execute(
                _LATE_REQUESTS,
                {
                    "run": run.pk,
                    "project": run.project_id,
                    "finished": run.finished_at,
                    "opens": run.opens_at,
                    "closes": run.closes_at,
                    "seed": run.seed,
                    "share": run.sampling["traffic_share"],
                },
            )
            requests = cursor.fetchone()[0]
    return Late(outputs, requests)


@dataclass(frozen=True)
class Money:
    """US dollars: spent by asking, set aside for calls in flight, and the cap (None: none).
    known: whether what the run asks has prices at all."""

    spent: Decimal
    waiting: Decimal
    cap: Decimal | None
    known: bool

    @property
    def percent(self) -> float:
        return min(100.0, float(100 * self.spent / self.cap)) if self.cap else 100.0


def money(run: Run) -> Money:
    billed = [model for model in (run.baseline, run.candidate) if spending.is_billed(model)]
    if not billed:
        return Money(spending.NOTHING, spending.NOTHING, run.cap_usd, False)
    known = any(spending.has_prices(model) for model in billed)
    return Money(*spending.totals(run), run.cap_usd, known)


def resting(run: Run) -> list[dict[str, Any]]:
    """Models whose server asked for a pause that is not over, with the seconds left in words."""
    found = []
    for model in (run.baseline, run.candidate):
        seconds = limits.resting_for(model) if model.provider else 0.0
        if seconds:
            found.append({"model": model.name, "time": in_words(seconds)})
    return found


def noise(run: Run) -> dict[str, int]:
    """On how many requests the baseline was asked twice, and disagreed with itself."""
    asked = Comparison.objects.filter(run=run, noise_differs__isnull=False)
    rows = dict(asked.values_list("noise_differs").annotate(count=Count("id")).order_by())
    return {"asked": sum(rows.values()), "differs": rows.get(True, 0)}


def days_left(run: Run) -> str:
    """Until when a live shadow takes traffic, in words; "" for what is not live."""
    if run.kind != Run.Kind.SHADOW or run.closes_at is None:
        return ""
    seconds = (run.closes_at - timezone.now()).total_seconds()
    return in_words(seconds) if seconds > 0 else ""
