"""Whether a report still shows what is in the database."""

from __future__ import annotations

from typing import Any

from django.db import connection

from reviewapp.models import Report, ReportPart
from reviewapp.reports.parts.registry import PARTS

#: Of a report's data; a report of another format is out of date.
FORMAT = 5

_BASIS = """
SELECT r.state AS run, extract(epoch FROM r.closes_at)::float8 AS closes,
    r.taxonomy_version_id AS taxonomy,
    (SELECT coalesce(sum(size), 0) FROM evals_stratum WHERE run_id = r.id)::int8 AS compared,
    (SELECT count(*) FROM evals_comparison WHERE run_id = r.id AND outcome IS NULL) AS pending,
    (SELECT count(*) FROM evals_comparison
        WHERE run_id = r.id AND noise_wanted AND noise_differs IS NULL) AS not_asked_twice,
    r.comparison_set AS comparators, r.several_raters,
    (SELECT count(*) FROM evals_comparisonset
        WHERE run_id = r.id AND redrawn_at IS NULL) AS comparing_again,
    (SELECT count(*) FROM reviewapp_reviewitem WHERE run_id = r.id) AS items,
    (SELECT coalesce(sum(hashtext(id || state)), 0) FROM reviewapp_reviewitem
        WHERE run_id = r.id)::int8 AS states,
    (SELECT count(*) FROM reviewapp_review v JOIN reviewapp_reviewitem i ON i.id = v.item_id
        WHERE i.run_id = r.id AND v.counted AND NOT v.gold) AS reviews,
    CASE WHEN r.sampling @> '{"labels": 0, "equivalent": 0, "identical": 0}' THEN (
        SELECT hashtext(concat(p.several_raters, string_agg(
            concat_ws(' ', s.id, s.changes, s.design, s.blind), ',' ORDER BY s.id)))
        FROM evals_project p LEFT JOIN reviewapp_labelset s ON s.project_id = p.id
        WHERE p.id = r.project_id GROUP BY p.id) END AS elsewhere,
    (SELECT coalesce(max(id), 0) FROM reviewapp_gatepolicy
        WHERE project_id = r.project_id) AS policy,
    (SELECT count(*) FROM reviewapp_look WHERE run_id = r.id) AS looks,
    (SELECT CASE WHEN p.hold_to_j THEN (SELECT count(*) FROM reviewapp_review v
            JOIN reviewapp_reviewitem i ON i.id = v.item_id
            WHERE v.gold AND v.withdrawn_at IS NULL AND i.project_id = r.project_id) END
        FROM reviewapp_gatepolicy p WHERE p.project_id = r.project_id
        ORDER BY p.id DESC LIMIT 1) AS gold,
    (SELECT count(*) FROM evals_evalsetversion v JOIN evals_evalset s ON s.id = v.evalset_id
        WHERE s.project_id = r.project_id AND v.sealed_at IS NOT NULL) AS evalsets,
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


def behind(run_id: int) -> list[str]:
    """Names of the parts of the run's reports that are missing or out of date."""
    now = basis(run_id)
    stored = dict(ReportPart.objects.filter(run=run_id).values_list("name", "basis"))
    return [name for name, part in PARTS.items() if stored.get(name) != part.basis(now)]
