"""How well reviewers find what is known to be there, from gold items."""

from __future__ import annotations

from typing import Any

from evals.metrics.estimate import Estimate
from evals.models import Run
from reviewapp.desk import gold
from reviewapp.reports.measured import plain
from reviewapp.reports.parts.base import Nothing, Part


def compute(run: Run) -> dict[str, Any]:
    """Over all of the project, in its taxonomy version: gold items belong to no run."""
    found = gold.per_category(run.project)
    if not found:
        raise Nothing(
            "No gold item has been judged, so how many errors reviewers miss is not known."
        )
    version = run.project.taxonomy_version
    rows = []
    for category in version.leaves():
        one = found[category.key]
        rows.append(
            {
                "key": category.key,
                "name": category.name,
                "critical": category.critical,
                "positives": one.positives,
                "negatives": one.negatives,
                "sensitivity": _plain(one.sensitivity),
                "false_positive_rate": _plain(one.false_positive_rate),
                "j": _plain(one.j),
            }
        )
    return {"taxonomy": str(version), "categories": rows}


def _plain(estimate: Estimate | None) -> dict[str, float | None] | None:
    return plain(estimate) if estimate else None


PART = Part(compute, ("reviews", "gold", "policy"))
