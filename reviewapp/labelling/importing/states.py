"""The states of items whose labels all came from elsewhere, a chunk at once: nobody here is waited
for, so an item is resolved where its raters agree, or one of them decides, and else disputed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from reviewapp.labelling.reading import Reader, agree, as_label
from reviewapp.models import Finding, Review, ReviewItem


def settle(items: Sequence[ReviewItem], now: datetime) -> None:
    """The caller holds the items' locks. Three queries, and those of a translation for each other
    taxonomy version that has labels."""
    rows = list(Review.objects.standing().filter(item__in=items, live=True))
    found: dict[int, list[Finding]] = defaultdict(list)
    for finding in Finding.objects.filter(review__in=rows).defer("note"):
        found[finding.review_id].append(finding)
    said: dict[int, list[Review]] = defaultdict(list)
    for review in rows:
        said[review.item_id].append(review)
    readers: dict[int, Reader] = {}
    changed = []
    for item in items:
        version = item.run.taxonomy_version
        reader = readers.setdefault(version.pk, Reader(version))
        decided = any(review.authoritative for review in said[item.pk])
        labels = [reader.read(as_label(one, found[one.pk])) for one in said[item.pk]]
        resolved = decided or agree(labels)
        state = ReviewItem.State.RESOLVED if resolved else ReviewItem.State.DISPUTED
        if state != item.state:
            item.state, item.resolved_at = state, now if resolved else None
            changed.append(item)
    ReviewItem.objects.bulk_update(changed, ["state", "resolved_at"], batch_size=500)
