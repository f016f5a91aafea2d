"""How much is left for a reviewer, and how much they did today: shown at every item, so that
neither may cost what the length of the line costs."""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone

from evals.models import Project
from reviewapp.models import Rater
from reviewapp.prepared import Statement

#: What is counted to the end; beyond it is "1,000+".
MOST = 1_000
#: Seconds for which "1,000+" is taken to hold, in this process. A number is counted each time.
HOLDS = 10
_plenty: dict[int, float] = {}

# As the claim sees it, what they hold left out. Each part stops after as many as are asked for, in
# the order of its index; written with LIMIT, and with + 0, so that PostgreSQL looks up each item
# instead of reading all that the reviewer ever did.
_LEFT = Statement("""
SELECT count(DISTINCT item_id), count(*) FROM (
    (SELECT s.item_id FROM reviewapp_slot s
     WHERE s.project_id = %(project)s AND s.reserved_for_id IS NULL AND NOT s.gold
       AND s.state IN ('open', 'claimed')
       AND (SELECT 1 FROM reviewapp_slot o
            WHERE o.item_id = s.item_id AND o.rater_id + 0 = %(rater)s LIMIT 1) IS NULL
       AND (SELECT 1 FROM reviewapp_review v
            WHERE v.item_id = s.item_id AND v.rater_id + 0 = %(rater)s AND v.live
              AND v.id IS DISTINCT FROM s.relabels_id LIMIT 1) IS NULL
     ORDER BY s.rank, s.id LIMIT %(most)s)
    UNION ALL
    (SELECT s.item_id FROM reviewapp_slot s
     WHERE s.reserved_for_id = %(rater)s AND s.state = 'open'
     ORDER BY s.rank, s.id LIMIT %(most)s)
) waiting
""")
_TODAY = Statement("""
SELECT count(*) FROM reviewapp_review
WHERE rater_id = %(rater)s AND created_at >= %(midnight)s AND withdrawn_at IS NULL
""")


def counts(project: Project, rater: Rater) -> dict[str, Any]:
    """`left`: items that the reviewer can have, those that they hold left out, at most MOST;
    `left_more`: whether there are more; `today` (UTC): their reviews."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    left, more = _left(project, rater)
    (today,) = _TODAY.first({"rater": rater.pk, "midnight": midnight}) or (0,)
    return {"left": left, "left_more": more, "today": today}


def _left(project: Project, rater: Rater) -> tuple[int, bool]:
    if _plenty.get(rater.pk, 0) > time.monotonic():
        return MOST, True
    values = {"project": project.pk, "rater": rater.pk, "most": MOST + 1}
    items, places = _LEFT.first(values) or (0, 0)
    if places > MOST:
        _plenty[rater.pk] = time.monotonic() + HOLDS
    return min(items, MOST), places > MOST
