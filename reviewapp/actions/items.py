"""Review items: drawn by the sampling plan, resolved by what reviewers said."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evals import sampling
from evals.models import Comparison, Run, Stratum
from evals.recompute import under_way
from reviewapp.actions import audit, reports
from reviewapp.actions.audit import By
from reviewapp.disagreement import disputes
from reviewapp.labelling import reading, several
from reviewapp.models import Finding, Review, ReviewItem, Slot
from reviewapp.prepared import Statement
from taxonomy.models import TaxonomyVersion

#: A day is closed this long after midnight: what was being compared then has been committed.
GRACE = timedelta(minutes=10)
#: Places that an item can have, skipped ones among them (a constraint of the database).
PLACES = 9

# What decides the state of nearly every item: places that wait, those of them at which a review is
# to be relabelled, and live reviews, with an authoritative one or not.
_WORDS = Statement("""
SELECT count(*), count(s.relabels_id),
    (SELECT count(*) FROM reviewapp_review v WHERE v.item_id = %(item)s AND v.live),
    EXISTS (SELECT FROM reviewapp_review v
            WHERE v.item_id = %(item)s AND v.live AND v.authoritative)
FROM reviewapp_slot s
WHERE s.item_id = %(item)s AND s.state IN ('open', 'claimed') AND NOT s.gold
""")
_STATE = Statement("""
UPDATE reviewapp_reviewitem SET state = %(state)s, resolved_at = %(resolved_at)s WHERE id = %(item)s
""")


def draw(*, run: Run, by: By = "worker") -> int:
    """Draws every closed batch that was not drawn yet. Gives how many items were made."""
    plan = sampling.SamplingPlan.parse(run.sampling)
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).get(pk=run.pk)
        if run.state == Run.State.CANCELLED or under_way(run):
            return 0
        made = 0
        for batch, sizes in _undrawn(run).items():
            for stratum, drawn in sampling.allocate(plan, sizes, batches_of(run)).items():
                made += _draw_line(run, plan, batch, stratum, drawn, sizes[stratum])
        if made:
            audit.record(project=run.project, by=by, verb="drew", subject=run, data={"items": made})
        return made


def _undrawn(run: Run) -> dict[str, dict[str, int]]:
    """Sizes by stratum of the batches that are closed and have no item."""
    drawn = ReviewItem.objects.filter(run=run, batch=OuterRef("batch"))
    batches: dict[str, dict[str, int]] = {}
    for stratum in Stratum.objects.filter(~Exists(drawn), run=run):
        if _closed(run, stratum.batch):
            batches.setdefault(stratum.batch, {})[stratum.name] = stratum.size
    return dict(sorted(batches.items()))


def _closed(run: Run, batch: str) -> bool:
    if run.state == Run.State.FINISHED:
        return True
    return batch != sampling.WHOLE_RUN and batch < (timezone.now() - GRACE).date().isoformat()


def batches_of(run: Run) -> int:
    """How many batches the run is expected to have: the days of its window, or one."""
    if not run.by_day or run.closes_at is None:
        return 1
    return max(1, (run.closes_at.date() - run.opens_at.date()).days)


def _draw_line(
    run: Run, plan: sampling.SamplingPlan, batch: str, stratum: str, drawn: int, size: int
) -> int:
    line = Comparison.objects.filter(run=run, batch=batch, stratum=stratum).order_by("u", "id")
    return make(run, plan, list(line[:drawn]), sampling.places(drawn, size))


def make(
    run: Run,
    plan: sampling.SamplingPlan,
    comparisons: list[Comparison],
    places: list[sampling.Place],
) -> int:
    """An item of each comparison, with its open slots. Gives how many."""
    items = ReviewItem.objects.bulk_create(
        [
            ReviewItem(
                project=run.project,
                run=run,
                comparison=comparison,
                batch=comparison.batch,
                stratum=comparison.stratum,
                position=place.position,
                inclusion=place.inclusion,
                rank=place.rank,
                comparison_set=run.comparison_set,
            )
            for comparison, place in zip(comparisons, places, strict=True)
        ],
        batch_size=1000,
    )
    slots = []
    for item in items:
        count = plan.slots_of(sampling.uniform(run.seed, str(item.comparison_id), "double"))
        for number in range(1, count + 1):
            slots.append(Slot(item=item, number=number, project=run.project, rank=item.rank))
    Slot.objects.bulk_create(slots, batch_size=1000)
    return len(items)


def resolve(*, item: ReviewItem) -> str:
    """Derives an item's state from its slots and live reviews, and stores it. Gives the state.
    Where raters are averaged it is resolved once all have spoken, for nobody is to be right.

    The caller holds the item's row lock.
    """
    state = _state(item)
    if state != item.state:
        item.state = state
        item.resolved_at = timezone.now() if state == ReviewItem.State.RESOLVED else None
        _STATE.run({"item": item.pk, "state": str(state), "resolved_at": item.resolved_at})
    return state


def _state(item: ReviewItem) -> ReviewItem.State:
    waiting, to_relabel, reviews, decided = _WORDS.first({"item": item.pk}) or (0, 0, 0, False)
    if to_relabel:  # perhaps the review that counts
        return ReviewItem.State.PENDING
    if decided:
        return ReviewItem.State.RESOLVED
    if waiting:
        return ReviewItem.State.PENDING
    if not reviews:
        return ReviewItem.State.SKIPPED
    if reviews == 1 or several.averages(item.run) or _settled(item):
        return ReviewItem.State.RESOLVED
    return ReviewItem.State.DISPUTED


def _settled(item: ReviewItem) -> bool:
    """Whether several reviewers agree and the item is none that is adjudicated all the same."""
    reviews = list(Review.objects.filter(item=item, live=True).order_by("id"))
    return agreed(reviews, item.run.taxonomy_version) and not disputes.checked(item)


def agreed(reviews: list[Review], version: TaxonomyVersion) -> bool:
    """Whether all name the same categories on each side, about as severe, and give each side the
    same verdict. Those of another taxonomy version are compared in the run's, as far as they can
    be said there."""
    found: dict[int, list[Finding]] = {review.pk: [] for review in reviews}
    for finding in Finding.objects.filter(review__in=reviews):
        found[finding.review_id].append(finding)
    said = [reading.as_label(review, found[review.pk]) for review in reviews]
    if any(label.version_id != version.pk for label in said):
        reader = reading.Reader(version)
        said = [reader.read(label) for label in said]
    return disputes.agree(said, version)


@transaction.atomic
def requeue(*, item: ReviewItem, by: By) -> None:
    """Opens one more place on an item whose reviewers all skipped it. Raises ValueError."""
    item = ReviewItem.objects.select_for_update(no_key=True).get(pk=item.pk)
    if item.state != ReviewItem.State.SKIPPED:
        raise ValueError(f"item {item.pk} is {item.state}; only a skipped item can be requeued")
    if item.run.state == Run.State.CANCELLED:
        raise ValueError(f"item {item.pk} cannot be requeued: its run was cancelled")
    if item.slots.filter(gold=False).count() >= PLACES:
        raise ValueError(f"{PLACES} people have skipped item {item.pk}: it stays skipped")
    open_slot(item)
    resolve(item=item)
    audit.record(project=item.project, by=by, verb="requeued", subject=item)
    reports.refresh_soon(item.run_id)


def open_slot(item: ReviewItem, relabels: Review | None = None) -> Slot:
    number = item.slots.filter(gold=False).count() + 1
    return Slot.objects.create(
        item=item, number=number, project=item.project, rank=item.rank, relabels=relabels
    )
