"""The days of a shadow's window, each by itself: what came, how far it is labelled, and how the
errors differ. Single days are for looking at: no gate reads them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from evals.metrics.difference import paired_difference
from evals.models import Comparison, Run, Stratum
from reviewapp.labelling import elsewhere, several
from reviewapp.reports import lines
from reviewapp.reports.lines import Line
from reviewapp.reports.measured import plain
from reviewapp.reports.parts.base import Nothing, Part
from reviewapp.reports.rows import Rows


def compute(run: Run) -> dict[str, Any]:
    if not run.by_day:
        raise Nothing("The run is one batch, not a window of days.")
    outcomes = _outcomes(run)
    if not outcomes:
        raise Nothing("No request has been compared yet, so there is no day to show.")
    if (said := elsewhere.of(run)) is not None:
        all_lines = elsewhere.lines(run, run.taxonomy_version, said)
    else:
        all_lines = lines.lines(run, several.read(run, run.taxonomy_version))
    averaged, apart = several.averages(run), said is not None
    by_day: dict[str, list[Line]] = defaultdict(list)
    for line in all_lines:
        by_day[line.batches[0]].append(line)
    days = []
    for day in sorted(outcomes):
        total = sum(outcomes[day].values())
        rows = Rows(by_day[day], total, averaged=averaged, apart=apart)
        days.append(_row(day, outcomes[day], by_day[day], rows))
    return {"days": days}


def _outcomes(run: Run) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for batch, name, size in Stratum.objects.filter(run=run).values_list("batch", "name", "size"):
        row = found.setdefault(batch, dict.fromkeys(Comparison.Outcome.values, 0))
        row[name.split("/")[0]] += size
    return {day: row for day, row in found.items() if sum(row.values())}


def _row(day: str, outcomes: dict[str, int], of_day: list[Line], rows: Rows) -> dict[str, Any]:
    total, difference = rows.population, None
    if rows.labels:
        c = rows.paired.errors()
        difference = plain(
            paired_difference(*c.paired, total, unknown=c.unknown, averaged=c.averaged)
        )
    return {
        "day": day,
        "requests": total,
        "outcomes": outcomes,
        "drawn": sum(line.drawn for line in of_day),
        "labelled": sum(len(line.labels) for line in of_day),
        "skipped": sum(line.skipped for line in of_day),
        "difference": difference,
    }


PART = Part(
    compute, ("compared", "comparators", "items", "states", "reviews", "taxonomy", "elsewhere")
)
