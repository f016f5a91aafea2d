"""The severity-weighted score of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evals.metrics.severity import (
    future_severity_difference,
    severity_difference,
    severity_score,
)
from reviewapp.labelling.weighing import weights
from reviewapp.reports.measured import plain
from reviewapp.reports.rows import Rows
from reviewapp.reports.tally import Tally
from taxonomy.models import TaxonomyVersion

VERSIONS = "what some findings weigh in this taxonomy version is unknown"
UNWEIGHED = "what some findings weigh is unknown: they have no severity"
MISSING = "some pairs have no label, and what would be found there has no bound"
NOTHING = "no label has a finding that weighs anything"


@dataclass(frozen=True)
class Scored:
    """The score's difference in weight per request, for this window and for traffic like it.
    `sides`: where raters are averaged, both sides' scores, each the mean over raters of what their
    findings of an item weigh together (MQM's definition), with `future` once more. `why_not`:
    where there is none."""

    window: dict[str, Any] | None = None
    future: dict[str, Any] | None = None
    sides: dict[str, Any] | None = None
    why_not: str = ""


def score(version: TaxonomyVersion, rows: Rows, *, apart: bool = False) -> Scored:
    """By category and severity; where raters are averaged, by weight; and by how often a label, or
    a rater, has it. What was skipped, or weighs nobody knows what, is counted both ways, with all
    the kinds that were found. apart: labels come from elsewhere; averaged, there are too many of
    those and there is no score then."""
    tally = rows.paired
    if tally.averaged and apart and (why_not := _unbounded(tally)):
        return Scored(why_not=why_not)
    kinds, heavy, candidate, baseline = _kinds(version, tally)
    if not heavy or not rows.population:
        return Scored(why_not=VERSIONS if any(tally.vague) else NOTHING)
    sampled, sizes, unknown = tally.weighed()
    columns = (sampled, sizes, rows.population)
    more: dict[str, Any] = {"unknown": unknown, "kinds": kinds, "averaged": tally.averaged}
    both = [
        function(heavy, candidate, baseline, *columns, **more)
        for function in (severity_difference, future_severity_difference)
    ]
    window, future = plain(both[0]), plain(both[1])
    sides = {**_sides(version, rows), "future": future} if tally.averaged else None
    return Scored(window, future, sides)


def _sides(version: TaxonomyVersion, rows: Rows) -> dict[str, Any]:
    kinds, heavy, candidate, baseline = _kinds(version, rows.every)
    sampled, sizes, unknown = rows.every.weighed()
    counts = (sampled, sizes, rows.population, 0.95)
    found = {"baseline": baseline, "candidate": candidate}
    return {
        side: plain(severity_score(heavy, of, *counts, unknown, kinds=kinds, averaged=True))
        for side, of in found.items()
    }


def _unbounded(tally: Tally) -> str:
    if any(tally.vague):
        return UNWEIGHED
    return MISSING if any(tally.weighed()[2]) else ""


def _kinds(
    version: TaxonomyVersion, tally: Tally
) -> tuple[list[Any], list[float], list[list[float]], list[list[float]]]:
    """Rows of more than no weight: their kinds, weights, and the labels a line whose candidate, and
    baseline, has at least so many of the kind."""
    found: list[tuple[Any, float, list[float], list[float]]]
    if tally.averaged:
        found = [(times[0], times[0], *tally.of_times(times)) for times in tally.times]
    else:
        weigh = weights(version)
        found = [(kind[:2], weigh(kind[:2]), *tally.kind(kind)) for kind in tally.kinds]
    heavy = [row for row in found if row[1] > 0]
    return (
        [row[0] for row in heavy],
        [row[1] for row in heavy],
        [row[3] for row in heavy],
        [row[2] for row in heavy],
    )
