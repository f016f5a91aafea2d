"""The states of items whose labels all came from elsewhere, a chunk at once: nobody here is waited
for, so an item is resolved where its raters agree, are averaged, or one of them decides, and else
disputed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from evals.models import Project
from reviewapp.labelling.averaging import averages
from reviewapp.labelling.reading import Reader, agree, as_label
from reviewapp.models import Finding, Review, ReviewItem

#: Items that are locked and settled at once.
CHUNK = 1000


def settle_again(project: Project, now: datetime) -> None:
    """All of the project's, where it says otherwise of several raters than it did: what is disputed
    is not where they are averaged. The caller is in a transaction."""
    came = ReviewItem.objects.filter(project=project, label_set__isnull=False).order_by("pk")
    after = 0
    while True:
        locked = came.filter(pk__gt=after).select_for_update(of=("self",), no_key=True)
        chunk = list(locked.select_related("run__project", "run__taxonomy_version")[:CHUNK])
        if not chunk:
            return
        settle(chunk, now)
        after = chunk[-1].pk


def settle(items: Sequence[ReviewItem], now: datetime) -> None:
    """The caller holds the items' locks. Three queries, one for each run's project where it is not
    there, and those of a translation for each other taxonomy version that has labels."""
    rows = list(Review.objects.standing().filter(item__in=items, live=True))
    found: dict[int, list[Finding]] = defaultdict(list)
    for finding in Finding.objects.filter(review__in=rows).defer("note"):
        found[finding.review_id].append(finding)
    said: dict[int, list[Review]] = defaultdict(list)
    for review in rows:
        said[review.item_id].append(review)
    readers: dict[int, Reader] = {}
    averaged: dict[int, bool] = {}
    changed = []
    for item in items:
        version = item.run.taxonomy_version
        reader = readers.setdefault(version.pk, Reader(version))
        if item.run_id not in averaged:
            averaged[item.run_id] = averages(item.run)
        decided = averaged[item.run_id] or any(review.authoritative for review in said[item.pk])
        labels = [reader.read(as_label(one, found[one.pk])) for one in said[item.pk]]
        resolved = decided or agree(labels)
        state = ReviewItem.State.RESOLVED if resolved else ReviewItem.State.DISPUTED
        if state != item.state:
            item.state, item.resolved_at = state, now if resolved else None
            changed.append(item)
    ReviewItem.objects.bulk_update(changed, ["state", "resolved_at"], batch_size=500)
