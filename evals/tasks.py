"""Background work on runs. Ids in; every task may run twice, or die, and nothing is lost."""

from __future__ import annotations

from celery import shared_task

from evals import compare, fetch, recompute
from evals.dispatch import soon
from evals.models import ComparisonSet, ModelVersion, Run


@shared_task
def advance_runs() -> None:
    """Every few seconds: sets going whatever a run is waiting for."""
    for pk in Run.objects.filter(state=Run.State.RUNNING).values_list("pk", flat=True):
        soon("evals.tasks.advance_run", pk)
    for pk in ComparisonSet.objects.filter(finished_at=None).values_list("pk", flat=True):
        for _ in range(recompute.WORKERS):
            soon("evals.tasks.recompute_run", pk)


@shared_task
def recompute_run(set_id: int) -> None:
    """Makes comparisons again for a while, and comes back if there are more."""
    made = ComparisonSet.objects.select_related("run").get(pk=set_id)
    if recompute.recompute(made):
        soon("evals.tasks.recompute_run", set_id)


@shared_task
def advance_run(run_id: int) -> None:
    """Enrols, compares and finishes; asks for the outputs that are missing."""
    run = Run.objects.select_related("baseline", "candidate").get(pk=run_id)
    if run.state != Run.State.RUNNING:
        return
    compare.enrol(run)
    compare.settle(run)
    if compare.finish_if_done(run):
        return
    for model in (run.baseline, run.candidate):
        if model.provider and fetch.wanted(run, model, 1):
            soon("evals.tasks.fetch_outputs", run.pk, model.pk)


@shared_task
def fetch_outputs(run_id: int, model_id: int) -> None:
    """Asks one model for a while, compares what came, and comes back if there is more."""
    run = Run.objects.select_related("baseline", "candidate").get(pk=run_id)
    model = ModelVersion.objects.get(pk=model_id)
    if run.state == Run.State.RUNNING and fetch.fetch(run, model):
        soon("evals.tasks.advance_run", run_id)
