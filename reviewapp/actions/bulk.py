"""What leads do with many items at once. Each is counted first and done piece by piece: a piece is
one transaction with one audit event, small enough that no reviewer waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from evals.models import Project, Run
from reviewapp.actions import audit, items, reports
from reviewapp.actions.audit import By
from reviewapp.actions.claims import give_back
from reviewapp.models import ReviewItem, Slot

#: Items that one transaction takes.
PIECE = 200


@dataclass(frozen=True)
class Verb:
    """One thing that can be done. `about`: those of the items on which there is something to do.
    `act`: does it to locked items of one project; gives how many it was done to. `said`: the verb
    of its audit event."""

    about: Callable[[QuerySet[ReviewItem]], QuerySet[ReviewItem]]
    act: Callable[[list[ReviewItem]], int]
    said: str


@dataclass(frozen=True)
class Piece:
    """What one piece came to: `done` items, and the id of the last one looked at; None: no item
    was left."""

    done: int
    last: int | None


def counted(verb: str, chosen: QuerySet[ReviewItem]) -> int:
    """On how many of these items there is something to do."""
    return VERBS[verb].about(chosen).count()


def piece(
    *, project: Project, verb: str, chosen: QuerySet[ReviewItem], after: int = 0, by: By
) -> Piece:
    """The next items of `chosen` beyond the id `after`, in one transaction."""
    act = VERBS[verb]
    with transaction.atomic():
        line = act.about(chosen.filter(pk__gt=after, project=project)).order_by("pk")
        ids = list(line.values_list("pk", flat=True)[:PIECE])
        if not ids:
            return Piece(0, None)
        locked = ReviewItem.objects.select_for_update(of=("self",), no_key=True)
        rows = list(locked.filter(pk__in=ids).select_related("run", "project").order_by("pk"))
        # Looked at again under the lock: whatever was done meanwhile stays as it is.
        still = set(act.about(ReviewItem.objects.filter(pk__in=ids)).values_list("pk", flat=True))
        rows = [row for row in rows if row.pk in still]
        done = act.act(rows) if rows else 0
        if done:
            audit.record(
                project=project,
                by=by,
                verb=act.said,
                subject=f"{done} item{'' if done == 1 else 's'}",
                data={"items": [row.pk for row in rows]},
            )
            for run in {row.run_id for row in rows}:
                reports.refresh_soon(run)
    return Piece(done, ids[-1])


def held_now(chosen: QuerySet[ReviewItem]) -> QuerySet[Slot]:
    """Places on these items whose lease runs."""
    held = Slot.objects.filter(state=Slot.State.CLAIMED, gold=False, lease_until__gt=timezone.now())
    return held.filter(item__in=chosen)


def _held(chosen: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    held = Slot.objects.filter(state=Slot.State.CLAIMED, gold=False)
    return chosen.filter(Exists(held.filter(item=OuterRef("pk"))))


def _release(rows: list[ReviewItem]) -> int:
    """Gives back what people hold: what they typed is kept as their draft."""
    held = Slot.objects.filter(item__in=rows, state=Slot.State.CLAIMED, gold=False)
    count = held.values("item").distinct().count()
    give_back(held)
    return count


def _skipped(chosen: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    places = Count("slots", filter=Q(slots__gold=False))
    running = chosen.filter(state=ReviewItem.State.SKIPPED).exclude(run__state=Run.State.CANCELLED)
    return running.alias(places=places).filter(places__lt=items.PLACES)


def _requeue(rows: list[ReviewItem]) -> int:
    for row in rows:
        items.open_slot(row)
        items.resolve(item=row)
    return len(rows)


def _reserved(chosen: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    kept = Slot.objects.relabelling().filter(reserved_for__isnull=False, rater=None)
    return chosen.filter(Exists(kept.filter(item=OuterRef("pk"), relabels__authoritative=False)))


def _to_anybody(rows: list[ReviewItem]) -> int:
    """Lets anybody who may review relabel what was kept for whoever said it. What an adjudicator
    said stays theirs: only another adjudicator may say it again."""
    kept = Slot.objects.relabelling().filter(
        item__in=rows, reserved_for__isnull=False, rater=None, relabels__authoritative=False
    )
    count = kept.values("item").distinct().count()
    Slot.objects.filter(pk__in=list(kept.values_list("pk", flat=True))).update(reserved_for=None)
    return count


VERBS: dict[str, Verb] = {
    "release": Verb(_held, _release, "released in bulk"),
    "requeue": Verb(_skipped, _requeue, "requeued in bulk"),
    "anybody": Verb(_reserved, _to_anybody, "let anybody relabel"),
}
