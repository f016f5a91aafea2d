"""A random sample of the compared pairs of a run, the same at every asking."""

from __future__ import annotations

import json
import math
from typing import Any

from django.db import connection

from evals.models import Run, Stratum

#: Pairs that are read of a run; beyond it the first by u, which is a simple random sample.
MOST = 20_000

# By cell and u, so that the index of the lines serves and a million pairs are not read through.
_FIRST = """
WITH cell AS (
    SELECT DISTINCT run_id, batch, name FROM evals_stratum WHERE run_id = %(run)s AND size > 0
), first AS MATERIALIZED (
    SELECT c.u, c.request_id, c.baseline_output_id, c.candidate_output_id
    FROM cell JOIN evals_comparison c
        ON c.run_id = cell.run_id AND c.batch = cell.batch AND c.stratum = cell.name
    WHERE c.u < %(below)s
    ORDER BY c.u LIMIT %(most)s
)
"""

_MEASURED = (
    _FIRST
    + """
SELECT b.{column}::float8, c.{column}::float8
FROM first
    JOIN evals_output b ON b.id = first.baseline_output_id
    JOIN evals_output c ON c.id = first.candidate_output_id
WHERE b.{column} IS NOT NULL AND c.{column} IS NOT NULL
ORDER BY first.u
"""
)

_INPUTS = (
    _FIRST
    + """
SELECT r.key, r.input FROM first JOIN evals_request r ON r.id = first.request_id
ORDER BY first.u
"""
)


def measured(run: Run, column: str) -> tuple[list[float], list[float], bool]:
    """`column` of both outputs of a pair, `latency_ms` or `cost_usd`, where both have one; and
    whether only a sample of the run's pairs was looked at."""
    rows, sampled = _rows(run, _MEASURED.format(column=column), MOST)
    return [row[0] for row in rows], [row[1] for row in rows], sampled


def inputs(run: Run, most: int) -> list[tuple[str, Any]]:
    """Key and input of requests."""
    return [(key, _loaded(value)) for key, value in _rows(run, _INPUTS, most)[0]]


def _rows(run: Run, sql: str, most: int) -> tuple[list[Any], bool]:
    total = sum(Stratum.objects.filter(run=run).values_list("size", flat=True))
    # Some more than wanted lie below this, nearly always: the limit takes the first of them.
    below = min(1.0, (most + 4 * math.sqrt(most)) / total) if total else 1.0
    with connection.cursor() as cursor:
        cursor.execute(sql, {"run": run.pk, "below": below, "most": most})
        return cursor.fetchall(), total > most


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
