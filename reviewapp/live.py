"""What goes on in a project's queue at this moment. Reads rows only; the panel is one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from reviewapp import workers
from reviewapp.access import Access, Action

#: Where counting stops: beyond it a page says that there are more.
MOST = 1_000
#: People that are shown.
PEOPLE = 30

# One statement, so that a page that is left open costs one look into four indexes. In the order of
# their index: those that wait stand at its beginning, and in the table behind all that are done.
# Moments are values: PostgreSQL would work out what it is told to take from now() for each row.
_PANEL = """
SELECT
    (SELECT coalesce(json_agg(json_build_array(h.name, h.item_id, h.claimed_at, h.lease_until)
                              ORDER BY h.claimed_at), '[]')
     FROM (SELECT r.name, s.item_id, s.claimed_at, s.lease_until
           FROM reviewapp_slot s JOIN reviewapp_rater r ON r.id = s.rater_id
           WHERE r.project_id = %(project)s AND s.project_id = %(project)s
             AND s.state = 'claimed' AND NOT s.ahead AND s.lease_until > now()
           ORDER BY s.claimed_at LIMIT %(people)s) h),
    (SELECT count(*) FROM (SELECT FROM reviewapp_slot
                           WHERE project_id = %(project)s AND state IN ('open', 'claimed')
                             AND reserved_for_id IS NULL AND NOT gold
                           ORDER BY rank, id LIMIT %(most)s + 1) l),
    (SELECT count(*) FROM (SELECT FROM reviewapp_reviewitem
                           WHERE project_id = %(project)s AND state = 'disputed'
                           LIMIT %(most)s + 1) d),
    t.hour, t.today
FROM (SELECT count(*) FILTER (WHERE v.created_at > %(hour)s) AS hour,
             count(*) FILTER (WHERE v.created_at >= %(day)s) AS today
      FROM reviewapp_rater r JOIN reviewapp_review v ON v.rater_id = r.id
      WHERE r.project_id = %(project)s AND v.created_at >= %(earlier)s
        AND v.label_set_id IS NULL AND v.counted AND v.withdrawn_at IS NULL) t
"""


@dataclass(frozen=True)
class AtWork:
    """Somebody with an item before them. `name` and `item` are for leads only."""

    name: str
    item: int
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Panel:
    """`left`: places that wait for a reviewer; `disputed`: items that wait for adjudication; both
    counted up to MOST. `hour`, `today`: reviews of the last sixty minutes and of this day (UTC)."""

    people: list[AtWork]
    named: bool
    left: int
    left_more: bool
    disputed: int
    disputed_more: bool
    hour: int
    today: int
    workers: bool


def panel(access: Access) -> Panel:
    now = timezone.now()
    hour, day = now - timedelta(hours=1), datetime.combine(now.date(), time(), UTC)
    values: dict[str, Any] = {"project": access.project.pk, "people": PEOPLE, "most": MOST}
    values |= {"hour": hour, "day": day, "earlier": min(hour, day)}
    with connection.cursor() as cursor:
        cursor.execute(_PANEL, values)
        held, left, disputed, hour, today = cursor.fetchone()
    return Panel(
        people=[AtWork(name, item, _moment(at), _moment(to)) for name, item, at, to in held],
        named=access.may(Action.CONFIGURE),
        left=min(left, MOST),
        left_more=left > MOST,
        disputed=min(disputed, MOST),
        disputed_more=disputed > MOST,
        hour=hour,
        today=today,
        workers=workers.alive(),
    )


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
