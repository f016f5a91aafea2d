"""How long a report is let rest before it is computed again: while people label, each label makes
it out of date, and computing it must not take the machine from them."""

from __future__ import annotations

from django.db.models import Sum
from django.utils import timezone

from evals.models import Run
from reviewapp.models import Report, ReportPart
from reviewapp.reports import failing

#: Where nobody looks: what took s seconds, parts included, is let rest for REST × s, so that it
#: takes a twentieth of one processor core at most; for LONGEST seconds at most.
REST, LONGEST = 20, 600.0
#: Where somebody looks: for as long as its core took.
LOOKED_AT = 1
#: Seconds of rest at least.
SHORTEST = 2.0


def rest(run_id: int, version_id: int | None = None, *, looked_at: bool = False) -> float:
    """Seconds that the current report of the run is still to rest, 0 where it may be computed.
    `version_id`: of the taxonomy version that it is said in, where that is not the run's own."""
    version_id = version_id or Run.objects.values_list("taxonomy_version", flat=True).get(pk=run_id)
    if after_failing := failing.rest(run_id, version_id):
        return after_failing
    reports = Report.objects.filter(run=run_id, taxonomy_version=version_id, frozen_at=None)
    row = reports.values_list("computed_at", "seconds").order_by().first()
    if row is None:
        return 0.0
    computed_at, core = row
    if looked_at:
        wanted = LOOKED_AT * core
    else:
        made = ReportPart.objects.filter(run=run_id).exclude(basis=ReportPart.FAILED)
        parts = made.aggregate(all=Sum("seconds", default=0.0))
        wanted = min(REST * (core + parts["all"]), LONGEST)
    since = (timezone.now() - computed_at).total_seconds() - core
    return max(0.0, max(wanted, SHORTEST) - since)
