"""What stands around a project's list: how many items are in each state, what can be chosen from,
and what waits to be relabelled. One statement: a page costs what its queries cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from evals.models import Project
from reviewapp.models import ReviewItem

#: Where counting stops: beyond it a page says that there are more.
MOST = 1_000
#: Runs, reviewers and values of segments that the form suggests; others can be typed.
SUGGESTED, SEGMENTS = 200, 60

# A state is said as a range, in an order that its index has (lines.Line): whatever PostgreSQL
# thinks of how many there are, of one that nothing is in it must not read all items.
_AROUND = """
SELECT
    (SELECT json_agg(json_build_array(s.state,
            (SELECT count(*) FROM (SELECT FROM reviewapp_reviewitem
                                   WHERE (project_id, state) >= (%(project)s, s.state)
                                     AND (project_id, state) <= (%(project)s, s.state)
                                   ORDER BY project_id, state, id
                                   LIMIT %(most)s + 1) i)) ORDER BY s.place)
     FROM unnest(%(states)s::text[]) WITH ORDINALITY AS s (state, place)),
    ARRAY(SELECT name::text FROM evals_run WHERE project_id = %(project)s
          ORDER BY started_at DESC LIMIT %(suggested)s),
    ARRAY(SELECT name::text FROM reviewapp_rater WHERE project_id = %(project)s
          ORDER BY name LIMIT %(suggested)s),
    ARRAY(SELECT DISTINCT unnest(segment) AS pair
          FROM (SELECT segment FROM reviewapp_itemindex WHERE project_id = %(project)s
                ORDER BY item_id DESC LIMIT 500) i
          ORDER BY pair LIMIT %(segments)s),
    ARRAY(SELECT id FROM taxonomy_taxonomyversion
          WHERE taxonomy_id = %(taxonomy)s AND state <> 'draft' ORDER BY id),
    (SELECT coalesce(json_agg(json_build_object('run', w.run, 'reserved_for', w.reserved_for_id,
            'kept_for', w.kept_for, 'adjudicated', w.authoritative, 'count', w.count)), '[]')
     FROM (SELECT u.name AS run, s.reserved_for_id, r.name AS kept_for, v.authoritative, count(*)
           FROM reviewapp_slot s
           JOIN reviewapp_review v ON v.id = s.relabels_id
           JOIN reviewapp_reviewitem i ON i.id = s.item_id
           JOIN evals_run u ON u.id = i.run_id
           LEFT JOIN reviewapp_rater r ON r.id = s.reserved_for_id
           WHERE s.project_id = %(project)s AND s.state IN ('open', 'claimed') AND NOT s.gold
             AND s.relabels_id IS NOT NULL
           GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 4) w)
"""


@dataclass(frozen=True)
class Around:
    """states: [{state, count, more}], counted up to MOST. segments: some "key=value" of the newest
    items. versions: ids of those of the taxonomy that are no drafts. relabelling: places that wait
    for one, [{run, reserved_for, kept_for, adjudicated, count}], kept for nobody where it is None.
    """

    states: list[dict[str, Any]]
    runs: list[str]
    reviewers: list[str]
    segments: list[str]
    versions: tuple[int, ...]
    relabelling: list[dict[str, Any]]


def around(project: Project) -> Around:
    """One query; the taxonomy version of the project is to be there already."""
    values: dict[str, Any] = {
        "project": project.pk,
        "taxonomy": project.taxonomy_version.taxonomy_id,
        "states": ReviewItem.State.values,
        "most": MOST,
        "suggested": SUGGESTED,
        "segments": SEGMENTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AROUND, values)
        states, runs, reviewers, segments, versions, relabelling = cursor.fetchone()
    counted = [
        {"state": state, "count": min(count, MOST), "more": count > MOST} for state, count in states
    ]
    return Around(counted, runs, reviewers, segments, tuple(versions), relabelling)
