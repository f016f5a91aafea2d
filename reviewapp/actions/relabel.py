"""A run goes to another version of its taxonomy; what its labels cannot say there is asked for
again, of whoever said it.

See docs/decisions/0009-relabelling.md for what counts in the meantime and what stays blind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from evals.models import Project, Run
from reviewapp.access import ALLOWED, Action
from reviewapp.actions import audit, items, reports
from reviewapp.actions.audit import By
from reviewapp.labelling import moving
from reviewapp.labelling.moving import Outlook
from reviewapp.models import Membership, Rater, Review, ReviewItem, Slot, User
from taxonomy.models import TaxonomyVersion
from taxonomy.translation import Untranslatable


class RelabelError(ValueError):
    """The run cannot go there, or the place is not free to be given on; nothing was changed."""


@transaction.atomic
def move_run(*, run: Run, version: TaxonomyVersion, by: By) -> Outlook:
    """Judgements of the run are made in `version` from now on. Gives what happened, in numbers.

    Labels keep the version that they were made in. Frozen reports and open promotions stay as they
    are. Raises RelabelError.
    """
    locked = Run.objects.select_for_update(of=("self",), no_key=True)
    run = locked.select_related("project", "taxonomy_version__taxonomy").get(pk=run.pk)
    before = run.taxonomy_version
    _check(run, version)
    # Whoever judges or skips an item holds its lock: what they are storing is seen below.
    held = ReviewItem.objects.select_for_update(no_key=True).filter(run=run).order_by("pk")
    list(held.values_list("pk"))
    try:
        seen = moving.look(run, version)
    except Untranslatable as error:
        raise RelabelError(f"{run.name} cannot go to {version}: {error}") from None
    run.taxonomy_version = version
    run.save(update_fields=["taxonomy_version"])
    changed = give_back(Slot.objects.filter(item__run=run).exclude(relabels__in=seen.again))
    changed |= _open(run, seen.again)
    disputed = ReviewItem.State.DISPUTED  # its reviewers may agree in the words of now
    changed |= set(run.items.filter(state=disputed).values_list("pk", flat=True))
    settle(run, changed)
    audit.record(
        project=run.project,
        by=by,
        verb="moved to another taxonomy version",
        subject=run,
        data={"from": str(before), "to": str(version), **seen.as_dict()},
    )
    reports.refresh_soon(run.pk)
    return seen


def _check(run: Run, version: TaxonomyVersion) -> None:
    if run.state == Run.State.CANCELLED:
        raise RelabelError(f"{run.name} was cancelled: it stays in {run.taxonomy_version}.")
    if version.pk == run.taxonomy_version_id:
        raise RelabelError(f"{run.name} is labelled in {version} already.")
    if version.state != TaxonomyVersion.State.PUBLISHED:
        raise RelabelError(f"{version} is {version.state}: only a published version takes labels.")
    if version.taxonomy_id != run.taxonomy_version.taxonomy_id:
        raise RelabelError(f"{version} is another taxonomy than {run.name} is labelled in.")


def _open(run: Run, reviews: Iterable[int]) -> set[int]:
    """Opens the places at which these reviews are said again: that of the rater, or a new one for
    an adjudicator, who has none. Gives the ids of the items."""
    asked = list(Review.objects.filter(pk__in=reviews).select_related("rater", "item"))
    slots = Slot.objects.filter(item__in={review.item_id for review in asked}, gold=False)
    own, places, waits = {}, Counter[int](), set()
    for slot in slots:
        places[slot.item_id] += 1
        own[slot.item_id, slot.rater_id] = slot
        if slot.state in (Slot.State.OPEN, Slot.State.CLAIMED) and slot.relabels_id:
            waits.add(slot.relabels_id)
    able = _able(run.project)
    again, new = [], []
    for review in asked:
        if review.pk in waits:
            continue
        place = own.get((review.item_id, review.rater_id))
        keeps = review.authoritative or review.rater.user_id in able
        kept_for = review.rater if keeps else None
        if place and place.state == Slot.State.SUBMITTED:
            place.state, place.rater, place.closed_at = Slot.State.OPEN, None, None
            place.claimed_at, place.relabels, place.reserved_for = None, review, kept_for
            again.append(place)
        elif places[review.item_id] < items.PLACES:
            places[review.item_id] += 1
            new.append(
                Slot(
                    item=review.item,
                    number=places[review.item_id],
                    project=run.project,
                    rank=review.item.rank,
                    relabels=review,
                    reserved_for=kept_for,
                )
            )
    fields = ["state", "rater", "closed_at", "claimed_at", "relabels", "reserved_for"]
    Slot.objects.bulk_update(again, fields, batch_size=500)
    Slot.objects.bulk_create(new, batch_size=1000)
    return {slot.item_id for slot in [*again, *new]}


def _able(project: Project) -> set[int | None]:
    """Ids of the users who may review."""
    rows = Membership.objects.filter(project=project).values_list("user", "role")
    return {user for user, role in rows if Action.REVIEW in ALLOWED[role]}


def give_back(slots: QuerySet[Slot]) -> set[int]:
    """Closes those of these places that wait for a relabelling: the reviews stay as they are.
    Gives the ids of their items. The caller holds the items' locks and calls `settle`."""
    waiting = list(
        Slot.objects.relabelling()
        .filter(pk__in=slots.values("pk"))
        .select_for_update(of=("self",))
        .select_related("relabels__rater")
    )
    taken = set(
        Slot.objects.filter(item__in={slot.item_id for slot in waiting})
        .exclude(pk__in=[slot.pk for slot in waiting])
        .values_list("item", "rater")
    )
    for slot in waiting:
        assert slot.relabels
        slot.rater, slot.reserved_for = slot.relabels.rater, None
        if (slot.item_id, slot.rater.pk) in taken:  # they skipped it: this place was another's
            slot.delete()
            continue
        slot.state, slot.lease_until, slot.relabels = Slot.State.SUBMITTED, None, None
        slot.ahead = False
        slot.closed_at = timezone.now()
        slot.save()
    return {slot.item_id for slot in waiting}


def settle(run: Run, changed: Iterable[int]) -> None:
    """The states of these items anew. One that was resolved and waits now keeps the moment."""
    waiting = Slot.objects.relabelling().filter(item__in=list(changed)).values("item")
    opened = ReviewItem.objects.filter(pk__in=waiting)
    opened.filter(state=ReviewItem.State.RESOLVED).update(reopened_at=timezone.now())
    opened.update(state=ReviewItem.State.PENDING, resolved_at=None)
    for item in ReviewItem.objects.filter(pk__in=list(changed)).exclude(pk__in=waiting):
        item.run = run
        items.resolve(item=item)


@transaction.atomic
def release(*, run: Run, rater: Rater, by: User) -> int:
    """What is kept for one person to relabel in a run goes to anybody who may review; what they
    said as adjudicator, which is the word that counts, to the lead who asks (unless that lead is
    one of the item's raters). Gives how many places; none that the person is at right now."""
    ran_out = Q(state=Slot.State.CLAIMED, lease_until__lt=timezone.now())
    kept = Slot.objects.relabelling().filter(item__run=run, reserved_for=rater)
    kept = kept.filter(Q(state=Slot.State.OPEN) | ran_out)
    opened = kept.filter(relabels__authoritative=False).update(reserved_for=None)
    taken = _take(kept.filter(relabels__authoritative=True), by)
    if not opened and not taken:
        raise RelabelError(
            f"Nothing of {run.name} can be taken from {rater.name} now: they have done it, are at "
            "it, or it is the adjudication of items that you reviewed."
        )
    audit.record(
        project=run.project,
        by=by,
        verb="released what was kept to relabel in",
        subject=run,
        data={"kept for": rater.name, "to anybody": opened, "to themselves": taken},
    )
    return opened + taken


def _take(kept: QuerySet[Slot], by: User) -> int:
    project = kept.values_list("project", flat=True).first()
    if project is None:
        return 0
    lead, _ = Rater.objects.get_or_create(
        project_id=project,
        user=by,
        defaults={"kind": Rater.Kind.MEMBER, "name": by.get_username()},
    )
    own = Review.objects.filter(rater=lead).values("item")
    free = {"state": Slot.State.OPEN, "rater": None, "lease_until": None, "ahead": False}
    return kept.exclude(item__in=own).update(**free, claimed_at=None, reserved_for=lead)


def free(*, project: Project, user: User) -> int:
    """What was kept for somebody who does not review here any more is open to others; not the
    place of an adjudicator, which a lead takes. Gives how many places."""
    kept = Slot.objects.relabelling().filter(project=project, reserved_for__user=user)
    return kept.filter(relabels__authoritative=False).update(reserved_for=None)
