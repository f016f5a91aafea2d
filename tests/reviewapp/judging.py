"""Judgements by hand, for tests that need items in one state or another."""

from uuid import uuid4

from reviewapp.actions import reviews
from reviewapp.desk.judgement import check
from reviewapp.models import Slot


def judge(item, rater, *, category=None, severity="minor", **sides):
    """The rater's review of an item that is claimed for them."""
    reviews.claim_item(item=item, rater=rater)
    key = category or item.run.taxonomy_version.leaves()[0].key
    found = [
        {"side": side, "category": key, "severity": severity, "span": [0, 1]}
        for side, verdict in sides.items()
        if verdict == "error"
    ]
    judgement = check({"sides": sides, "findings": found}, item, rater)
    return reviews.submit(
        item=item, rater=rater, judgement=judgement, submission=uuid4(), by="test"
    )


def second_place(item):
    return Slot.objects.create(item=item, number=2, project=item.project, rank=item.rank)
