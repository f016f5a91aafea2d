"""Background work on reviews and reports. Ids in; each may run twice or die: nothing is lost."""

from __future__ import annotations

import logging

from celery import shared_task

from evals.dispatch import soon
from evals.models import ComparisonSet, Project, Run
from reviewapp import due
from reviewapp.actions import agreement, audit, items, parts, redraw, reports
from reviewapp.models import AuditEvent, Report
from reviewapp.reports.freshness import behind, is_fresh
from reviewapp.reports.resting import rest
from taxonomy.models import TaxonomyVersion

log = logging.getLogger(__name__)


@shared_task
def keep_up() -> None:
    """Every few seconds: draws what can be drawn, and refreshes reports that are behind and have
    had their rest."""
    for made in ComparisonSet.objects.filter(finished_at__isnull=False, redrawn_at=None):
        redraw.draw_again(made=made)
    for run in due.runs():
        try:
            items.draw(run=run)
        except Exception:  # one run that cannot be drawn from must not hold up all others
            log.exception("nothing was drawn from run %s", run.pk)
        if rest(run.pk):
            continue
        current = Report.objects.only("run").current(run)
        if current is None or not is_fresh(current):
            soon("reviewapp.tasks.refresh_report", run.pk)
        else:  # the core first: it asks for the parts itself
            parts.refresh_soon(run.pk)


@shared_task
def refresh_report(run_id: int, version_id: int | None = None) -> None:
    """`version_id`: the taxonomy version that it is said in, where that is not the run's own."""
    version = TaxonomyVersion.objects.get(pk=version_id) if version_id else None
    if reports.refresh_once(run=Run.objects.get(pk=run_id), version=version):
        parts.refresh_soon(run_id)
    else:  # whoever is at it may have begun before what this one is asked for
        reports.ask_again(run_id, version_id)


@shared_task
def refresh_part(run_id: int, name: str) -> None:
    """A part of the run's reports; nothing if another worker was here meanwhile."""
    if name in behind(run_id):
        parts.refresh(run=Run.objects.get(pk=run_id), name=name)


@shared_task
def refresh_agreement(project_id: int) -> None:
    agreement.refresh(project=Project.objects.get(pk=project_id))


@shared_task
def seal_audit() -> None:
    unsealed = AuditEvent.objects.filter(sequence=None).values("project")
    for project in Project.objects.filter(pk__in=unsealed):
        audit.seal(project)
