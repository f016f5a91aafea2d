"""How a run stands to its project's comparators, and how far it is in being compared again."""

from __future__ import annotations

from typing import Any

from evals import recompute
from evals.comparators.pipeline import Pipeline
from evals.models import ComparisonSet, Run
from reviewapp import workers
from reviewapp.models import Review, ReviewItem


def of(run: Run) -> dict[str, Any]:
    """`percent` is None unless comparisons are being made again; `other` is the digest of the
    project's comparators where they are not the run's."""
    made = recompute.under_way(run)
    digest = Pipeline.parse(run.project.pipeline).digest
    return {
        "percent": None if made is None else 100 * recompute.share(made),
        "workers": workers.alive() if made else True,
        "other": digest if digest != run.pipeline_digest else "",
        "sets": list(ComparisonSet.objects.filter(run=run)) if run.comparison_set > 1 else [],
        "comparisons": run.comparisons.exclude(outcome=None).count(),
        "items": ReviewItem.objects.filter(run=run).count(),
        "reviews": Review.objects.filter(item__run=run, live=True).count(),
    }
