"""How often the baseline disagrees with itself, and what the candidate differs beyond that."""

from __future__ import annotations

from typing import Any

from evals.models import Run
from reviewapp.reports import measured
from reviewapp.reports.parts.base import Nothing, Part


def compute(run: Run) -> dict[str, Any]:
    if found := measured.noise(run):
        return found
    raise Nothing(
        "Production was not asked twice on any request, so how often it disagrees with itself is "
        "not known."
    )


PART = Part(compute, ("compared", "comparators", "pending", "not_asked_twice"))
