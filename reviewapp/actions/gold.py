"""Gold items: resolved ones whose answer a lead takes as known."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from reviewapp.actions import audit, items, places
from reviewapp.actions.audit import By
from reviewapp.models import GoldItem, Review, ReviewItem, User

#: What the audit says of them: for leads, since reviewers must not know which items are gold.
MARKED, RETIRED = VERBS = "marked as gold", "retired as gold"


class NotGold(ValueError):
    """The item cannot be marked, or taken out; the message says why."""


@transaction.atomic
def mark(*, item: ReviewItem, by: By) -> GoldItem:
    """Takes an item's label of this moment as its known answer: the authoritative review, or the
    one on which its reviewers agree. Whoever has neither judged it nor seen its sides may be given
    it from now on, as one among others. Raises NotGold."""
    item = places.locked(item)
    if item.state != ReviewItem.State.RESOLVED:
        raise NotGold(f"Item {item.pk} is {item.state}: only a resolved item has a known answer.")
    if item.gold.filter(retired_at=None).exists():
        raise NotGold(f"Item {item.pk} is a gold item already.")
    answer = _answer(item)
    if answer is None or not (answer.baseline and answer.candidate):
        raise NotGold(f"Item {item.pk} has no label of both sides.")
    person = by if isinstance(by, User) else None
    made = GoldItem.objects.create(item=item, review=answer, marked_by=person)
    data: dict[str, object] = {"review": answer.pk}
    audit.record(project=item.project, by=by, verb=MARKED, subject=item, data=data)
    return made


def _answer(item: ReviewItem) -> Review | None:
    said = Review.objects.filter(item=item, live=True)
    chosen = said.order_by("-authoritative", "-blind", "id").first()
    decided = chosen is None or chosen.authoritative
    if not decided and not items.agreed(list(said), item.run.taxonomy_version):
        raise NotGold(f"The raters of item {item.pk} differ: it has no answer that is known.")
    return chosen


@transaction.atomic
def retire(*, item: ReviewItem, by: By) -> None:
    """Gives the item to nobody from now on; what was said of it stays. Raises NotGold."""
    if not item.gold.filter(retired_at=None).update(retired_at=timezone.now()):
        raise NotGold(f"Item {item.pk} is no gold item.")
    audit.record(project=item.project, by=by, verb=RETIRED, subject=item)
