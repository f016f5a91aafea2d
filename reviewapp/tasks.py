"""Background work on reviews and reports. Ids in; each may run twice or die: nothing is lost."""

from __future__ import annotations

import logging

from celery import shared_task

from evals.dispatch import soon
from evals.models import Project, Run
from reviewapp.actions import audit, items, reports
from reviewapp.freshness import is_fresh
from reviewapp.models import AuditEvent, Report

log = logging.getLogger(__name__)


@shared_task
def keep_up() -> None:
    """Every few seconds: draws what can be drawn, and refreshes reports that are behind."""
    for run in Run.objects.exclude(state=Run.State.CANCELLED):
        try:
            items.draw(run=run)
        except Exception:  # one run that cannot be drawn from must not hold up all others
            log.exception("nothing was drawn from run %s", run.pk)
        current = Report.objects.filter(run=run, frozen_at=None).only("run").first()
        if current is None or not is_fresh(current):
            soon("reviewapp.tasks.refresh_report", run.pk)


@shared_task
def refresh_report(run_id: int) -> None:
    reports.refresh(run=Run.objects.get(pk=run_id))


@shared_task
def seal_audit() -> None:
    unsealed = AuditEvent.objects.filter(sequence=None).values("project")
    for project in Project.objects.filter(pk__in=unsealed):
        audit.seal(project)
