"""Further items of batches that were drawn before the comparators changed, by the new strata."""

from __future__ import annotations

from collections import Counter

from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from evals import sampling
from evals.models import Comparison, ComparisonSet, Run, Stratum
from reviewapp.actions import audit, items
from reviewapp.actions.audit import By
from reviewapp.models import ReviewItem


@transaction.atomic
def draw_again(*, made: ComparisonSet, by: By = "worker") -> int:
    """Draws what a new stratum has too few of, for each batch that was drawn by the old ones.
    Gives how many items were made; the second time, and until the comparisons are made, none.

    A stratum is due what the sampling plan gives one of its size; what was drawn of it counts.
    The rest comes from its cells by what is left in them, the next by u in each, so that the
    items of a cell stay its first by u.
    """
    run = Run.objects.select_for_update(no_key=True).get(pk=made.run_id)
    waits = ComparisonSet.objects.filter(pk=made.pk, finished_at__isnull=False, redrawn_at=None)
    if not waits.update(redrawn_at=timezone.now()) or run.state == Run.State.CANCELLED:
        return 0
    plan = sampling.SamplingPlan.parse(run.sampling)
    count = sum(_batch(run, plan, batch) for batch in _drawn(run))
    if count:
        data: dict[str, object] = {"items": count, "set": made.number}
        audit.record(project=run.project, by=by, verb="drew again", subject=run, data=data)
    return count


def _drawn(run: Run) -> list[str]:
    return sorted(set(ReviewItem.objects.filter(run=run).values_list("batch", flat=True)))


def _batch(run: Run, plan: sampling.SamplingPlan, batch: str) -> int:
    cells = {
        (stratum.name, stratum.line): stratum.size
        for stratum in Stratum.objects.filter(run=run, batch=batch, name__in=sampling.DRAWN)
    }
    have = Counter(
        {
            (name, line): count
            for name, line, count in ReviewItem.objects.filter(run=run, batch=batch)
            .values_list("comparison__stratum", "comparison__line")
            .annotate(count=Count("id"))
            .order_by()
        }
    )
    sizes: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for cell, size in cells.items():
        sizes[cell[0]] += size
        drawn[cell[0]] += have[cell]
    made = 0
    for name, due in sampling.allocate(plan, sizes, items.batches_of(run)).items():
        left = {line: size - have[name, line] for (n, line), size in cells.items() if n == name}
        for line, more in shares(due - drawn[name], left).items():
            made += _cell(run, plan, batch, (name, line), have[name, line] + more, more)
    return made


def shares(more: int, left: dict[str, int]) -> dict[str, int]:
    """`more` spread over cells by what is left in them, as far as it goes; largest remainders."""
    total = sum(left.values())
    if more <= 0 or not total:
        return {}
    exact = {line: min(more, total) * count / total for line, count in left.items()}
    found = {line: int(part) for line, part in exact.items()}
    short = min(more, total) - sum(found.values())
    for line in sorted(exact, key=lambda one: (found[one] - exact[one], one))[:short]:
        found[line] += 1
    return {line: count for line, count in found.items() if count}


def _cell(
    run: Run,
    plan: sampling.SamplingPlan,
    batch: str,
    cell: tuple[str, str],
    reached: int,
    more: int,
) -> int:
    """The next `more` of a cell by u, with which `reached` of it are drawn."""
    name, line = cell
    whole = Comparison.objects.filter(run=run, batch=batch, stratum=name, line=line)
    last = ReviewItem.objects.filter(run=run, batch=batch, stratum=name).aggregate(
        last=Max("position")
    )["last"]
    inclusion = reached / whole.count()
    places = [
        sampling.Place((last or 0) + i, inclusion, (i - 0.5) / more) for i in range(1, more + 1)
    ]
    next_ones = whole.filter(item=None).order_by("u", "id")[:more]
    return items.make(run, plan, list(next_ones), places)
