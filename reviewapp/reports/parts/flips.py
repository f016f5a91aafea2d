"""How often a model's outcome flips: between wordings of one request, and between repeats. Of a
group whose right answers are known: whether being right does; else whether its outputs do not all
match the first one, by the run's comparators, as for everything else that differs."""

from __future__ import annotations

from typing import Any

from django.db import connection

from evals import values
from evals.comparators.pipeline import Pipeline
from evals.metrics.flips import FlipComparison, FlipRate, compare_flips
from evals.models import Run
from reviewapp.reports.measured import plain
from reviewapp.reports.parts.base import Nothing, Part

#: Groups that are looked at, the first by u.
MOST = 5_000

_VARIANTS = """
WITH family AS (
    SELECT r.variant_of AS name, min(c.u) AS first
    FROM evals_comparison c JOIN evals_request r ON r.id = c.request_id
    WHERE c.run_id = %(run)s AND c.outcome IS NOT NULL AND r.variant_of <> ''
    GROUP BY r.variant_of ORDER BY 2 LIMIT %(most)s
), member AS (
    SELECT f.name, r.id FROM family f
        JOIN evals_request r ON r.project_id = %(project)s AND r.variant_of = f.name
    UNION
    SELECT f.name, r.id FROM family f
        JOIN evals_request r ON r.project_id = %(project)s AND r.key = f.name
)
SELECT m.name, c.baseline_correct, c.candidate_correct, b.value, a.value, q.segment,
    q.input -> 'tools'
FROM member m JOIN evals_comparison c ON c.run_id = %(run)s AND c.request_id = m.id
    JOIN evals_request q ON q.id = m.id
    LEFT JOIN evals_output b ON b.id = c.baseline_output_id
    LEFT JOIN evals_output a ON a.id = c.candidate_output_id
WHERE c.outcome IS NOT NULL
ORDER BY m.name, q.key <> m.name, q.key
"""

# Of the candidate, since the baseline alone is asked again for the noise floor.
_REPEATS = """
WITH repeated AS (
    SELECT c.request_id FROM evals_comparison c
        JOIN evals_output o ON o.request_id = c.request_id
            AND o.model_id = %(candidate)s AND o.sample = 1
    WHERE c.run_id = %(run)s AND c.outcome IS NOT NULL
    ORDER BY c.u LIMIT %(most)s
)
SELECT b.request_id::text, NULL, NULL, b.value, a.value, q.segment, q.input -> 'tools'
FROM repeated r JOIN evals_request q ON q.id = r.request_id
    JOIN evals_output b ON b.request_id = r.request_id AND b.model_id = %(baseline)s
    JOIN evals_output a ON a.request_id = r.request_id AND a.model_id = %(candidate)s
        AND a.sample = b.sample
ORDER BY b.request_id, b.sample
"""

#: The group, whether each side is right, both outputs, and what comparators may ask of a request.
Row = tuple[str, bool | None, bool | None, Any, Any, Any, Any]


def compute(run: Run) -> dict[str, Any]:
    pipeline = Pipeline.parse(run.pipeline)
    variants = _compared(_rows(run, _VARIANTS), pipeline)
    repeats = _compared(_rows(run, _REPEATS), pipeline)
    if variants is None and repeats is None:
        raise Nothing(
            "No request of the run has another wording (variant_of) or was answered several times "
            "by both models, so how easily outcomes flip is not known."
        )
    return {"variants": variants, "repeats": repeats}


def _rows(run: Run, sql: str) -> list[Row]:
    of_run = {
        "run": run.pk,
        "project": run.project_id,
        "baseline": run.baseline_id,
        "candidate": run.candidate_id,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, of_run)
        return list(cursor.fetchall())


def _compared(rows: list[Row], pipeline: Pipeline) -> dict[str, Any] | None:
    """By right and wrong where that is known of a group; else by whether outputs match."""
    groups = [row[0] for row in rows]
    found, outcome = compare_flips(groups, [r[1] for r in rows], [r[2] for r in rows]), "right"
    if not found.baseline.groups:
        before, after = (_matching(rows, at, pipeline) for at in (3, 4))
        found, outcome = compare_flips(groups, before, after), "output"
    return _plain(found, outcome) if found.baseline.groups else None


def _matching(rows: list[Row], at: int, pipeline: Pipeline) -> list[bool | None]:
    """Whether the output in that column matches the first of its group; None without one."""
    firsts: dict[str, Any] = {}
    found: list[bool | None] = []
    for row in rows:
        if row[at] is None:
            found.append(None)
            continue
        value, segment, tools = (_loaded(row[i]) for i in (at, 5, 6))
        first = firsts.setdefault(row[0], value)
        asked = {"segment": segment if isinstance(segment, dict) else {}, "tools": tools}
        found.append(first is value or pipeline.compare(first, value, **asked).outcome != "differ")
    return found


def _loaded(value: Any) -> Any:
    return values.loads(value) if isinstance(value, str) else value


def _plain(found: FlipComparison, outcome: str) -> dict[str, Any]:
    return {
        "groups": found.baseline.groups,
        "outcome": outcome,
        "baseline": _rate(found.baseline),
        "candidate": _rate(found.candidate),
        "only_candidate": found.only_candidate,
        "only_baseline": found.only_baseline,
        "difference": plain(found.difference) if found.difference else None,
        "p": found.p,
    }


def _rate(one: FlipRate) -> dict[str, Any]:
    return {"flipped": one.flipped, "rate": plain(one.rate) if one.rate else None}


PART = Part(compute, ("compared", "comparators", "pending"))
