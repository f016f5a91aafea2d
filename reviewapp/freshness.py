"""Whether a report still shows what is in the database."""

from __future__ import annotations

from typing import Any

from django.db import connection

from reviewapp.models import Report

#: Of a report's data; a report of another format is out of date.
FORMAT = 1

_BASIS = """
SELECT r.state AS run, extract(epoch FROM r.closes_at)::float8 AS closes,
    (SELECT coalesce(sum(size), 0) FROM evals_stratum WHERE run_id = r.id)::int8 AS compared,
    (SELECT count(*) FROM evals_comparison WHERE run_id = r.id AND outcome IS NULL) AS pending,
    (SELECT count(*) FROM evals_comparison
        WHERE run_id = r.id AND noise_wanted AND noise_differs IS NULL) AS not_asked_twice,
    (SELECT count(*) FROM reviewapp_reviewitem WHERE run_id = r.id) AS items,
    (SELECT coalesce(sum(hashtext(id || state)), 0) FROM reviewapp_reviewitem
        WHERE run_id = r.id)::int8 AS states,
    (SELECT count(*) FROM reviewapp_review v JOIN reviewapp_reviewitem i ON i.id = v.item_id
        WHERE i.run_id = r.id) AS reviews,
    (SELECT coalesce(max(id), 0) FROM reviewapp_gatepolicy
        WHERE project_id = r.project_id) AS policy,
    (SELECT hashtext(string_agg(benchmarks::text, ' ' ORDER BY id)) FROM evals_modelversion
        WHERE id IN (r.baseline_id, r.candidate_id)) AS benchmarks
FROM evals_run r WHERE r.id = %s
"""


def basis(run_id: int) -> dict[str, Any]:
    """What a report of the run stands on, in a few numbers that change whenever it does.

    Counted and not dated: what is being committed while a report is computed has an earlier date
    than the report, and is not in it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BASIS, [run_id])
        names = [column.name for column in cursor.description or ()]
        return {"format": FORMAT, **dict(zip(names, cursor.fetchone(), strict=True))}


def is_fresh(current: Report) -> bool:
    """Whether nothing has changed that the report shows. Its data need not be loaded."""
    stored = Report.objects.filter(pk=current.pk).values_list("data__basis", flat=True).first()
    return bool(stored == basis(current.run_id))
