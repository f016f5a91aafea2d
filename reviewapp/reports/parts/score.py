"""How often each side is right, where the correct output is known; apart by where the example came
from, since discrepancies are the hard cases."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import connection
from django.db.models import Count, OuterRef, Subquery

from evals.metrics.difference import future_difference
from evals.metrics.eval_set_size import detectable_difference
from evals.metrics.mcnemar import mcnemar_exact
from evals.models import Comparison, Example, Run
from reviewapp.labelling import labels
from reviewapp.reports.measured import plain
from reviewapp.reports.parts.base import Nothing, Part

#: Known answers that came with the requests of a run, and not from an eval set.
OWN = "run"
#: Examples beyond which what they can detect is not worked out: it is next to nothing.
LARGE = 20_000

# Of pairs whose texts differ, and whose known answer came from labelling them: an answer in one
# version's own words is easier for that version.
_OWN_WORDS = """
SELECT count(*) FILTER (WHERE b.value = c.expected)::int8,
    count(*) FILTER (WHERE a.value = c.expected)::int8
FROM evals_comparison c
    JOIN evals_example e ON e.version_id = %s AND e.request_id = c.request_id
    JOIN evals_output b ON b.id = c.baseline_output_id
    JOIN evals_output a ON a.id = c.candidate_output_id
WHERE c.run_id = %s AND c.expected IS NOT NULL AND c.outcome IS NOT NULL
    AND e.provenance ->> 'answer' = %s AND b.value <> a.value
"""

Cells = dict[tuple[bool, bool], int]


def compute(run: Run) -> dict[str, Any]:
    """By the run's comparators; a side that gave no output did not give the correct one."""
    by_origin = _counts(run)
    if not by_origin:
        raise Nothing("No request of the run has a known correct output, so there is no score.")
    total: Cells = defaultdict(int)
    for cells in by_origin.values():
        for cell, n in cells.items():
            total[cell] += n
    origins = [origin for origin in (*Example.Origin.values, OWN) if origin in by_origin]
    everything = _row(total)
    return {
        **everything,
        "detectable": _detectable(everything),
        "own_words": _own_words(run),
        "by_origin": [{"origin": one, **_row(by_origin[one])} for one in origins],
    }


def _counts(run: Run) -> dict[str, Cells]:
    """Examples by origin and by whether (baseline, candidate) was right."""
    settled = Comparison.objects.filter(run=run, outcome__isnull=False, expected__isnull=False)
    example = Example.objects.filter(
        version=run.evalset_version_id, request=OuterRef("request")
    ).values("origin")
    rows = (
        settled.annotate(origin=Subquery(example[:1]))
        .values_list("origin", "baseline_correct", "candidate_correct")
        .annotate(n=Count("id"))
        .order_by()
    )
    found: dict[str, Cells] = {}
    for origin, baseline, candidate, n in rows:
        cells = found.setdefault(origin or OWN, defaultdict(int))
        cells[bool(baseline), bool(candidate)] += n
    return found


def _own_words(run: Run) -> dict[str, int]:
    """Known answers that are an output of that version which was judged fine, word for word."""
    with connection.cursor() as cursor:
        cursor.execute(_OWN_WORDS, [run.evalset_version_id, run.pk, labels.JUDGED_OK])
        baseline, candidate = cursor.fetchone()
    return {"baseline": baseline, "candidate": candidate}


def _row(cells: Cells) -> dict[str, Any]:
    total = sum(cells.values())
    gained, lost = cells[False, True], cells[True, False]
    return {
        "examples": total,
        "baseline": (cells[True, True] + lost) / total,
        "candidate": (cells[True, True] + gained) / total,
        "gained": gained,
        "lost": lost,
        "difference": plain(future_difference([gained], [lost], [total], [total], total)),
        "p": mcnemar_exact(gained, lost),
    }


def _detectable(row: dict[str, Any]) -> float | None:
    """At the share of examples on which exactly one side is right, none or one at the least."""
    examples = row["examples"]
    if examples > LARGE:
        return None
    return detectable_difference(examples, max(row["gained"] + row["lost"], 1) / examples)


PART = Part(compute, ("compared", "comparators"))
