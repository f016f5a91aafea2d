"""What a list is asked for, as it stands in an address that can be sent to a colleague."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from evals import sampling
from evals.values import row_number
from reviewapp.models import ReviewItem

DISAGREEMENT = {
    "waits": "waits for adjudication",
    "adjudicated": "was adjudicated",
}
MARKS = {
    "flagged": "flagged for discussion",
    "gold": "gold",
    "relabelling": "waits to be relabelled",
    "held": "at somebody's desk",
}
ORDERS = {"": "oldest first", "newest": "newest first"}
#: Characters of any one of them; longer ones find nothing.
LONGEST = 300


@dataclass(frozen=True)
class Asked:
    """Filters by name, "" where nothing is asked; a value that cannot be is as if it were not
    there, but a name that nobody has finds nothing.

    segment: "key=value". category: the key of a category in any version of the taxonomy. reviewer:
    the name of a rater. q: words, "several words" that stand together, -words that must not be
    there, wor* for all that begin so.
    """

    state: str = ""
    run: str = ""
    stratum: str = ""
    category: str = ""
    segment: str = ""
    reviewer: str = ""
    disagreement: str = ""
    mark: str = ""
    request: str = ""
    q: str = ""
    order: str = ""

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Asked:
        values = {}
        for one in fields(cls):
            value = str(sent.get(one.name, "")).replace("\0", "").strip()[:LONGEST]
            known = KNOWN.get(one.name)
            values[one.name] = value if known is None or value in known else ""
        return cls(**values)

    def query(self, **more: object) -> str:
        """The part of an address after the question mark, without what is not asked for."""
        pairs = {one.name: getattr(self, one.name) for one in fields(self)}
        return urlencode({k: v for k, v in {**pairs, **more}.items() if v})

    @property
    def anything(self) -> bool:
        """Whether any filter is set; an order is none."""
        return any(getattr(self, one.name) for one in fields(self) if one.name != "order")

    @property
    def in_order(self) -> bool:
        """Whether an index has what is asked for in the list's order."""
        asked = {one.name for one in fields(self) if getattr(self, one.name)}
        return asked <= {"state", "run", "stratum", "order"} or (
            asked <= {"disagreement", "order"} and self.disagreement != "adjudicated"
        )

    @property
    def lasting(self) -> Asked:
        """What of it an item is found by ever after."""
        return replace(self, state="", category="", reviewer="", disagreement="", mark="")

    @property
    def for_good(self) -> bool:
        """Whether an item that is found now is found ever after."""
        return self == self.lasting

    @property
    def of_resolved(self) -> bool:
        """Whether it asks what somebody said, which is known of resolved items only."""
        return bool(self.category or self.reviewer or self.disagreement == "adjudicated")


KNOWN = {
    "state": frozenset(ReviewItem.State.values),
    "stratum": frozenset(sampling.DRAWN),
    "disagreement": frozenset(DISAGREEMENT),
    "mark": frozenset(MARKS),
    "order": frozenset(ORDERS),
}


def cursors(sent: Mapping[str, str]) -> tuple[int, int]:
    """The ids of the items after and before which a page lies, as they stand in its address; 0
    where there is none."""
    after, before = (max(row_number(str(sent.get(name, ""))), 0) for name in ("after", "before"))
    return after, 0 if after else before
