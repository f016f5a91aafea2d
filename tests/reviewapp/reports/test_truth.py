"""The product itself against a truth that is known: the real draw, lines and rows of a report, over
many runs of the same traffic. tests/simulate has models of it, on larger grids."""

from collections import Counter
from uuid import uuid4

import numpy as np
import pytest
from django.utils import timezone

from evals import sampling
from evals.metrics.difference import paired_difference
from evals.models import Comparison, Run, Stratum
from evals.sampling import SamplingPlan
from reviewapp.actions import items
from reviewapp.labelling import several
from reviewapp.models import Review, ReviewItem
from reviewapp.reports import lines
from reviewapp.reports.rows import Rows
from reviewapp.reports.tally import has_error
from tests.reviewapp.actions.scenes import DIFFER, recorded

RUNS = 30
DAYS = ("2026-01-05", "2026-01-06", "2026-01-07")
#: Of each day: stratum, how many, and the chance of d = +1 on the first and the last day.
TRAFFIC = [("differ/far", 22, 0.05, 0.6), ("differ/near", 12, 0.05, 0.2), ("equivalent", 8, 0, 0.1)]
BETTER, BOTH, IDENTICAL = 0.06, 0.05, 30
PLAN = SamplingPlan(labels=42, equivalent=9, identical=12, noise_share=0)
REQUESTS = len(DAYS) * (sum(row[1] for row in TRAFFIC) + IDENTICAL)


@pytest.fixture
def original(project, models):
    """A run whose requests and outputs the others are over."""
    return recorded(project, models, [DIFFER] * REQUESTS, plan=PLAN)


def traffic(random):
    """Of each request: its day, its stratum, whether the baseline and the candidate err."""
    rows = []
    for at, day in enumerate(DAYS):
        for stratum, count, first, last in TRAFFIC:
            worse = first + (last - first) * at / (len(DAYS) - 1)
            for u in random.random(count):
                d = (False, True) if u < worse else (True, False) if u > 1 - BETTER else None
                rows.append((day, stratum, *(d or [random.random() < BOTH] * 2)))
        rows += [(day, "identical", *[u < BOTH] * 2) for u in random.random(IDENTICAL)]
    return rows


def again(original, rows, number):
    """Another run over the same requests, with a seed of its own, and its items drawn."""
    run = Run.objects.get(pk=original.pk)
    run.pk, run.name, run.seed = None, f"again-{number}", f"seed {number}"
    run.started_at, run.closes_at = None, timezone.now()
    run.opens_at = run.closes_at - timezone.timedelta(days=len(DAYS))
    run.save(force_insert=True)
    Run.objects.filter(pk=run.pk).update(started_at=run.opens_at)
    run.refresh_from_db()
    assert run.by_day
    old = Comparison.objects.filter(run=original).select_related("request").order_by("id")
    Comparison.objects.bulk_create(
        Comparison(
            run=run,
            request=one.request,
            u=sampling.uniform(run.seed, one.request.key),
            outcome=stratum.split("/")[0],
            baseline_output_id=one.baseline_output_id,
            candidate_output_id=one.candidate_output_id,
            batch=day,
            stratum=stratum,
            settled_at=timezone.now(),
        )
        for one, (day, stratum, _, _) in zip(old, rows, strict=True)
    )
    sizes = Counter((day, stratum) for day, stratum, _, _ in rows)
    Stratum.objects.bulk_create(
        Stratum(run=run, batch=day, name=name, size=size) for (day, name), size in sizes.items()
    )
    items.draw(run=run)
    return run


def judge(run, truth, rater, random):
    """In uneven ways that have to do with what is there: the last day is begun late, items with a
    difference take long, are disputed and skipped more often."""
    reviews, states = [], {}
    for item in run.items.select_related("comparison"):
        baseline, candidate = truth[item.comparison.request_id]
        hard = baseline != candidate
        slow = 0.45 if hard else 0.05
        odd = 0.15 if hard else 0.03
        if item.batch == DAYS[-1] and item.position > 6:
            continue
        state = random.choice(
            ["pending", "skipped", "disputed", "resolved"], p=[slow, odd, odd, 1 - slow - 2 * odd]
        )
        states.setdefault(state, []).append(item.pk)
        if state in ("disputed", "resolved"):
            verdicts = ["error" if one else "ok" for one in (baseline, candidate)]
            reviews.append((item, *verdicts))
    Review.objects.bulk_create(
        Review(
            item=item,
            rater=rater,
            taxonomy_version=run.taxonomy_version,
            baseline=baseline,
            candidate=candidate,
            submission=uuid4(),
        )
        for item, baseline, candidate in reviews
    )
    for state, chosen in states.items():
        when = timezone.now() if state == ReviewItem.State.RESOLVED else None
        run.items.filter(pk__in=chosen).update(state=state, resolved_at=when)


def all_answers(run, found):
    """The rival: whatever has been resolved, put together by stratum."""
    counts = {}
    for item in run.items.filter(state="resolved").exclude(stratum="identical"):
        both = [has_error(found[item.pk], side) for side in ("baseline", "candidate")]
        row = counts.setdefault(item.stratum, [0, 0, 0])
        row[0] += both == [False, True]
        row[1] += both == [True, False]
        row[2] += 1
    sizes = Counter()
    for one in Stratum.objects.filter(run=run):
        sizes[one.name] += one.size
    columns = list(zip(*counts.values(), strict=True))
    return paired_difference(*columns, [sizes[name] for name in counts], REQUESTS)


class TestCoverage:
    def test_of_the_report_over_many_runs(self, project, original, rater, bob):
        random = np.random.default_rng(7)
        rows = traffic(random)
        requests = Comparison.objects.filter(run=original).order_by("id")
        keys = requests.values_list("request_id", flat=True)
        truth = {key: row[2:] for key, row in zip(keys, rows, strict=True)}
        rates = [sum(row[k] for row in rows) / REQUESTS for k in (2, 3)]
        exact = {"difference": rates[1] - rates[0], "baseline": rates[0], "candidate": rates[1]}
        held, naive, used, moved = Counter(), 0, 0, []
        for number in range(RUNS):
            run = again(original, rows, number)
            judge(run, truth, rater(project, bob), random)
            found = several.read(run, run.taxonomy_version)
            merged = lines.merged(lines.lines(run, found))
            report = Rows(merged, REQUESTS, averaged=False, apart=False)
            row = report.overall()
            for name, value in exact.items():
                held[name] += row[name]["low"] - 1e-9 <= value <= row[name]["high"] + 1e-9
            assert row["future"]["low"] <= row["difference"]["low"]
            rival = all_answers(run, found)
            naive += rival.low <= exact["difference"] <= rival.high
            used += report.labels
            moved.append(row["difference"]["value"])
        assert len(set(moved)) > RUNS / 2  # the draws differ
        assert 5 < used / RUNS < 45
        assert all(count >= 0.93 * RUNS for count in held.values()), held
        assert naive <= 0.8 * RUNS  # all that was answered, put together
