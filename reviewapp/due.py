"""Which runs may have something to draw, or a report that is behind.

Looking at a run costs more the larger it is, and nearly all runs of an installation have finished
long ago: of those, only the ones in whose project something was done lately are looked at. Whatever
changes what a report shows leaves an audit event. Should one have been missed (every worker was
down, a new release reads reports differently), each worker process looks at all of them when it
starts and once an hour.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.utils import timezone

from evals.models import ComparisonSet, Run, Stratum
from reviewapp.models import AuditEvent, Report, ReviewItem
from reviewapp.reports.resting import LONGEST

#: Longer than a transaction takes between what it records and its commit.
MARGIN = timedelta(minutes=2)
EVERYTHING_S = 3600.0
_looked_at_all: list[float] = []


def runs() -> QuerySet[Run]:
    """Runs to look at now."""
    active = Run.objects.exclude(state=Run.State.CANCELLED)
    if not _looked_at_all or time.monotonic() - _looked_at_all[0] > EVERYTHING_S:
        _looked_at_all[:] = [time.monotonic()]
        return active
    return active.filter(~Q(state=Run.State.FINISHED) | Q(pk__in=changed()))


def changed() -> QuerySet[Run]:
    """Finished runs that may have changed since their report was computed."""
    lately = timezone.now() - MARGIN
    # What was committed while a report was computed is looked at until that report has rested.
    resting = lately - timedelta(seconds=2 * LONGEST)
    reports = Report.objects.filter(run=OuterRef("pk"), frozen_at=None)
    own = reports.filter(taxonomy_version=OuterRef("taxonomy_version")).order_by()
    drawn = ReviewItem.objects.filter(run=OuterRef("run"), batch=OuterRef("batch"))
    compared = Q(redrawn_at=None) | Q(redrawn_at__gt=lately)
    return (
        Run.objects.filter(state=Run.State.FINISHED)
        .annotate(
            reported=Subquery(own.values("computed_at")[:1]),
            # Two looks into an index: the last that was sealed, and those that are not yet.
            done=Greatest(
                _at(AuditEvent.objects.filter(sequence__isnull=False).order_by("-sequence")),
                _at(AuditEvent.objects.filter(sequence=None).order_by("-id")),
            ),
        )
        .filter(
            Q(reported=None)
            | Q(finished_at__gt=lately)
            | Q(done__gt=lately)
            | Q(done__gt=F("reported"))
            | Q(reported__gt=resting, done__gt=F("reported") - MARGIN)
            | Q(Exists(ComparisonSet.objects.filter(compared, run=OuterRef("pk"))))
            | Q(Exists(Stratum.objects.filter(~Exists(drawn), run=OuterRef("pk"))))
        )
    )


def _at(events: QuerySet[AuditEvent]) -> Subquery:
    newest = events.filter(project=OuterRef("project")).values("at")[:1]
    return Subquery(newest, output_field=DateTimeField())
