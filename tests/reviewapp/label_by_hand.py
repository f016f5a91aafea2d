"""Labels made by a script, for pages that show what labels there are."""

from uuid import uuid4

from evals.models import Run
from reviewapp.actions import reviews
from reviewapp.desk.judgement import check
from reviewapp.models import Finding, ReviewItem


def label_one(run: Run) -> Finding:
    """The one finding of a run whose first item is resolved."""
    rater = run.project.raters.create(kind="script", name="script")
    claim = reviews.claim(project=run.project, rater=rater)
    assert claim
    item = ReviewItem.objects.get(pk=claim.item_id)
    category = run.taxonomy_version.leaves()[0].key
    found = [{"side": "A", "category": category, "severity": "minor", "span": [0, 1]}]
    judgement = check({"sides": {"A": "error", "B": "ok"}, "findings": found}, item, rater)
    reviews.submit(item=item, rater=rater, judgement=judgement, submission=uuid4(), by="script")
    return Finding.objects.select_related("review", "category").get()
