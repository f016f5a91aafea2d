"""The severity-weighted score of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from evals.metrics.scores import ScoreRows, score_rows
from evals.metrics.severity import (
    future_severity_difference,
    severity_difference,
    severity_score,
)
from reviewapp.labelling.labels import Label
from reviewapp.labelling.several import Several
from reviewapp.labelling.weighing import heaviest, weights
from reviewapp.reports.measured import plain
from reviewapp.reports.rows import Rows
from reviewapp.reports.tally import SIDES, Tally
from taxonomy.models import TaxonomyVersion

VERSIONS = "what some findings weigh in this taxonomy version is unknown"
UNWEIGHED = "what some findings weigh is unknown: they have no severity"
MISSING = "some pairs have no label, and what would be found there has no bound"
NOTHING = "there is no label yet, or no severity weighs anything"

#: What the findings of one side of a label weigh together.
Weigh = Callable[[Label, str], float]


@dataclass(frozen=True)
class Scored:
    """The score's difference in weight per request, for this window and for traffic like it.
    `sides`: where raters are averaged, both sides' scores, each the mean over raters of what their
    findings of an item weigh together (MQM's definition), with `future` once more. `up_to`: what an
    output may weigh more than the other of its pair for the intervals to hold. `why_not`: where
    there is none."""

    window: dict[str, Any] | None = None
    future: dict[str, Any] | None = None
    sides: dict[str, Any] | None = None
    up_to: float | None = None
    why_not: str = ""


def score(version: TaxonomyVersion, rows: Rows, *, apart: bool = False) -> Scored:
    """One number a pair: what all findings of the candidate weigh, less those of the baseline; of
    a side with several raters, on average. So kinds of findings that go together are in its
    variance, and what both sides have cancels. What was skipped, or weighs nobody knows what, is
    counted both ways, as heavy as the heaviest. apart: labels come from elsewhere; averaged, there
    are too many of those and there is no score then."""
    tally = rows.paired
    if tally.averaged and apart and (why_not := _unbounded(tally)):
        return Scored(why_not=why_not)
    if not rows.labels or not rows.population or not (most := heaviest(version)):
        return Scored(why_not=NOTHING)
    if any(tally.vague) and not any(tally.heavy):
        return Scored(why_not=VERSIONS)
    weigh = _averaged if tally.averaged else _of_findings(weights(version))
    found = [weigh(label, side) for line in tally.heavy for label in line for side in SIDES]
    up_to = max([most, *found])
    nets = [
        [weigh(label, "candidate") - weigh(label, "baseline") for label in line]
        for line in tally.heavy
    ]
    table = score_rows(nets, up_to)
    counts = (table.weights, table.plus, table.minus, *_columns(tally, rows))
    more: dict[str, Any] = {"unknown": tally.weighed()[2], **_read(table)}
    window = plain(severity_difference(*counts, **more))
    future = plain(future_severity_difference(*counts, **more))
    sides = {**_sides(rows, weigh, up_to), "future": future} if tally.averaged else None
    return Scored(window, future, sides, up_to)


def _sides(rows: Rows, weigh: Weigh, up_to: float) -> dict[str, Any]:
    found = {}
    for side in SIDES:
        numbers = [[weigh(label, side) for label in line] for line in rows.every.heavy]
        table = score_rows(numbers, up_to)
        more: dict[str, Any] = {"unknown": rows.every.weighed()[2], **_read(table)}
        counts = (table.weights, table.plus, *_columns(rows.every, rows))
        found[side] = plain(severity_score(*counts, **more))
    return found


def _columns(tally: Tally, rows: Rows) -> tuple[list[int], list[int], int]:
    sampled, sizes, _ = tally.weighed()
    return sampled, sizes, rows.population


def _read(table: ScoreRows) -> dict[str, Any]:
    """As sums of parts: of numbers between two rows."""
    return {"kinds": table.kinds, "averaged": True}


def _of_findings(weigh: Callable[[tuple[int, int]], float]) -> Weigh:
    """As often as a side has it: `more` are those of a kind that is there already."""

    def of(label: Label, side: str) -> float:
        return sum(
            weigh((category, severity))
            for where, category, severity in (*label.findings, *label.more)
            if where == side and category is not None and severity is not None
        )

    return of


def _averaged(label: Label, side: str) -> float:
    """The mean over its raters."""
    said = label.weighed.get(side, ()) if isinstance(label, Several) else ()
    return fmean(sum(found or ()) for found in said) if said else 0.0


def _unbounded(tally: Tally) -> str:
    if any(tally.vague):
        return UNWEIGHED
    return MISSING if any(tally.weighed()[2]) else ""
