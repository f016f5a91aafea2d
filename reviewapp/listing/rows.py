"""What a list shows of each item: one narrow statement, since a list is read far more often than
any one of its items."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection

from reviewapp.models import ReviewItem

_ROWS = """
SELECT i.id, u.name, q.key, q.segment::json, i.state, i.batch, i.stratum, i.position, i.inclusion,
    (SELECT count(*) FROM reviewapp_review v WHERE v.item_id = i.id AND v.live),
    i.drawn_at, i.resolved_at
FROM reviewapp_reviewitem i
JOIN evals_run u ON u.id = i.run_id
JOIN evals_comparison c ON c.id = i.comparison_id
JOIN evals_request q ON q.id = c.request_id
WHERE i.id = ANY(%s)
"""


@dataclass(frozen=True)
class Row:
    """`run` and `request`: the name of the one and the id of the other; `inclusion`: a probability,
    None where it is not known; `reviews`: how many count as labels now."""

    pk: int
    run: str
    request: str
    segment: dict[str, Any]
    state: str
    batch: str
    stratum: str
    position: int
    inclusion: float | None
    reviews: int
    drawn_at: datetime
    resolved_at: datetime | None

    @property
    def segment_said(self) -> str:
        return ", ".join(f"{key} {value}" for key, value in self.segment.items())

    @property
    def inclusion_said(self) -> str:
        return "–" if self.inclusion is None else f"{self.inclusion:.3f}"


def shown(ids: list[int], masked: Collection[int] = ()) -> list[Row]:
    """These items in this order; those that are masked look as if they waited. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [ids])
        rows = {one[0]: Row(*one) for one in cursor.fetchall()}
    for pk in set(masked) & rows.keys():
        state = ReviewItem.State.PENDING
        rows[pk] = replace(rows[pk], state=state, resolved_at=None, reviews=0)
    return [rows[pk] for pk in ids if pk in rows]
