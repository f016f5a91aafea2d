"""The comparators of a run that has begun: changed, with its comparisons made again."""

from __future__ import annotations

from django.db import transaction

from evals.comparators.pipeline import Pipeline
from evals.dispatch import soon
from evals.judging import change_alone
from evals.models import ComparisonSet, Run
from evals.recompute import WORKERS, under_way
from reviewapp.actions import audit
from reviewapp.actions.audit import By
from reviewapp.models import Review, ReviewItem, User

#: Each change splits the lines that were drawn from, so that labels lie ever thinner.
CHANGES = 12


class ComparatorsError(ValueError):
    """The comparators of the run cannot be changed now; nothing was."""


@transaction.atomic
def change(*, run: Run, pipeline: object, by: By) -> ComparisonSet:
    """Gives a run other comparators and has its comparisons made again from stored outputs.

    No output is fetched again and no review is dropped. Items that were drawn keep their stratum,
    position and inclusion probability; estimates cross their lines with the new strata
    (reviewapp/reports/lines.py). Raises ConfigError, ComparatorsError.
    """
    read = Pipeline.parse(pipeline)
    run = Run.objects.select_for_update(no_key=True).get(pk=run.pk)
    _check(run, read)
    change_alone(run)
    items = ReviewItem.objects.filter(run=run)
    drawn = items.filter(comparison_set=run.comparison_set).values_list("batch", flat=True)
    _keep_the_first(run)
    run.comparison_set += 1
    made = ComparisonSet.objects.create(
        run=run,
        number=run.comparison_set,
        pipeline=pipeline,
        pipeline_digest=read.digest,
        drawn=sorted(set(drawn.order_by())),
        made_by=by.get_username() if isinstance(by, User) else by,
    )
    before = run.pipeline_digest
    run.pipeline, run.pipeline_digest = pipeline, read.digest
    run.save(update_fields=["comparison_set", "pipeline", "pipeline_digest"])
    audit.record(
        project=run.project,
        by=by,
        verb="changed the comparators of",
        subject=run,
        data={
            "before": before,
            "comparators": read.digest,
            "set": made.number,
            "items": items.count(),
            "reviews": Review.objects.filter(item__run=run, live=True).count(),
        },
    )
    for _ in range(WORKERS):
        soon("evals.tasks.recompute_run", made.pk)
    return made


def _check(run: Run, read: Pipeline) -> None:
    if run.state == Run.State.CANCELLED:
        raise ComparatorsError(f"{run.name} was cancelled: its comparisons stay as they are.")
    if run.pipeline_digest == read.digest:
        raise ComparatorsError(
            f"{run.name} has these comparators already: change the project's first."
        )
    if under_way(run):
        raise ComparatorsError(
            f"{run.name} is being compared again already: wait until that is done."
        )
    if run.comparison_set > CHANGES:
        raise ComparatorsError(
            f"The comparators of {run.name} were changed {CHANGES} times: start another run."
        )


def _keep_the_first(run: Run) -> None:
    """What the run started with, so that its history is whole."""
    ComparisonSet.objects.get_or_create(
        run=run,
        number=run.comparison_set,
        defaults={
            "pipeline": run.pipeline,
            "pipeline_digest": run.pipeline_digest,
            "made_by": run.started_by,
            "made_at": run.started_at,
            "finished_at": run.started_at,
            "redrawn_at": run.started_at,
        },
    )
