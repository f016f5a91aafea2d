"""Reviews of a run's items: records that name a run.

On items that the run drew they stand beside the reviews of its members, and a blind one takes an
open place. A run that draws nothing gets an item for each comparison that is labelled, with what
the label set says of how they were chosen. See docs/decisions/0014-labels-from-elsewhere.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from django.db.models import Max

from evals import values
from evals.models import Comparison, Run
from evals.records import LabelRecord
from evals.sampling import SamplingPlan
from reviewapp.labelling.importing.checking import BadRecord, OfComparison
from reviewapp.labelling.importing.ledger import Change, Found, Outcome, Said, Side, Word, decide
from reviewapp.labelling.importing.lookup import Words
from reviewapp.labelling.importing.outputs import FOUND, corrected, found_values
from reviewapp.models import Finding, LabelSet, Rater, Review, ReviewItem, Slot

SIDES = ("baseline", "candidate")


class Whole(NamedTuple):
    """A record of a run that came in."""

    record: LabelRecord
    rater: Rater
    about: OfComparison


def draws(run: Run) -> bool:
    """Whether its plan draws items for its own queue."""
    plan = SamplingPlan.parse(run.sampling)
    return bool(plan.labels + plan.equivalent + plan.identical)


class Reviews:
    """`take` each record in the order of lines, then `write`. The caller has the project's imports
    to itself until its transaction ends; the items are locked here."""

    def __init__(self, label_set: LabelSet, records: Sequence[Whole], now: datetime) -> None:
        self.label_set, self.now = label_set, now
        comparisons = {one.about.comparison.pk for one in records}
        items = ReviewItem.objects.filter(comparison__in=comparisons).order_by("pk")
        locked = items.select_for_update(of=("self",), no_key=True).select_related(
            "project", "run__taxonomy_version"
        )
        self.items = {item.comparison_id: item for item in locked}
        self.said = _stored(list(self.items.values()))
        self.places: dict[tuple[int, str, str], int] = {}
        self.new_items: list[ReviewItem] = []
        self.old: list[int] = []
        self.new: list[tuple[Review, Words, Word]] = []

    def take(self, one: Whole) -> Outcome:
        """Raises BadRecord."""
        record, rater, about = one
        item = self.items.get(about.comparison.pk)
        if item is None:
            if draws(about.run):
                raise BadRecord(
                    "$.request",
                    f"{record.request!r} was not drawn in {about.run.name}, which draws its own "
                    "sample: labels of others would bias it. Send it with `run` null and the names "
                    "of the model versions, or start a run that draws nothing",
                )
            item = self._item(about.run, about.comparison, record)
        elif item.label_set_id is None and record.authoritative:
            raise BadRecord(
                "$.authoritative", "an item that was drawn is adjudicated here, by a lead"
            )
        said = self.said[about.comparison.pk]
        if outcome := _member(said, rater, about.word):
            return outcome
        mine = [each for each in said if each.row.rater_id == rater.pk]
        outcome = decide(mine, about.word)
        if outcome.word is None:
            return outcome
        decided = next((each for each in said if each.live and each.authoritative), None)
        if outcome.word.authoritative and decided and decided.row.rater_id != rater.pk:
            why = "somebody else's word is the authoritative one on this item; it stays"
            return Outcome(Change.CONFLICT, why=why)
        if outcome.before:
            outcome.before.live = outcome.before.row.live = False
            if outcome.before.row.pk:
                self.old.append(outcome.before.row.pk)
        self._add(one, item, outcome.word, outcome.before, said)
        return outcome

    def _add(
        self, one: Whole, item: ReviewItem, word: Word, before: Said | None, said: list[Said]
    ) -> None:
        blind = self.label_set.blind if word.blind is None else word.blind
        if item.label_set_id is None and item.state == ReviewItem.State.RESOLVED:
            blind = False  # its sides have been visible here
        sides = {name: word.sides[name].verdict for name in SIDES if name in word.sides}
        row = Review(
            item=item,
            rater=one.rater,
            label_set=self.label_set,
            taxonomy_version=one.about.words.version,
            revision=word.revision,
            authoritative=word.authoritative,
            blind=blind and (before is None or before.row.blind),
            corrected_output=values.loads(word.corrected) if word.corrected else None,
            note=word.note,
            duration_s=one.record.duration_s,
            reviewed_at=one.record.reviewed_at,
            submission=uuid4(),
            **sides,
        )
        said.append(Said(**{**vars(word), "blind": None}, row=row))
        self.new.append((row, one.about.words, word))

    def _item(self, run: Run, comparison: Comparison, record: LabelRecord) -> ReviewItem:
        place = (run.pk, comparison.batch, comparison.stratum)
        if place not in self.places:
            line = ReviewItem.objects.filter(run=run, batch=place[1], stratum=place[2])
            self.places[place] = line.aggregate(last=Max("position"))["last"] or 0
        self.places[place] += 1
        known = 1.0 if self.label_set.design == LabelSet.Design.CENSUS else None
        item = ReviewItem(
            project_id=run.project_id,
            run=run,
            comparison=comparison,
            batch=comparison.batch,
            stratum=comparison.stratum,
            position=self.places[place],
            inclusion=record.inclusion or known,
            rank=comparison.u,
            comparison_set=run.comparison_set,
            label_set=self.label_set,
            state=ReviewItem.State.RESOLVED,
            resolved_at=self.now,
        )
        self.items[comparison.pk] = item
        self.new_items.append(item)
        return item

    def write(self) -> list[ReviewItem]:
        """Gives the items whose state is to be derived again: several have judged them, or people
        here may be waiting to."""
        ReviewItem.objects.bulk_create(self.new_items, batch_size=1000)
        Review.objects.filter(pk__in=self.old).update(live=False)
        Review.objects.bulk_create([row for row, _, _ in self.new], batch_size=1000)
        Finding.objects.bulk_create(
            [
                Finding(review=row, side=name, **found_values(words, one))
                for row, words, word in self.new
                for name in SIDES
                if name in word.sides
                for one in word.sides[name].findings
            ],
            batch_size=1000,
        )
        return self._touched()

    def _touched(self) -> list[ReviewItem]:
        fresh = {item.pk for item in self.new_items}
        touched = {}
        judged: dict[int, int] = defaultdict(int)
        for row, _, _ in self.new:
            judged[row.item.pk] += row.live
        for row, _, _ in self.new:
            item = row.item
            if item.pk in fresh and judged[item.pk] == 1:
                continue  # one rater, who agrees with themself
            if item.label_set_id is None:
                if item.state == ReviewItem.State.RESOLVED:
                    continue  # it stays so: this came after its sides were visible
                if row.blind and row.live and row.revision == 1:
                    take_place(item, row.rater, self.now)
            touched[item.pk] = item
        return list(touched.values())


def take_place(item: ReviewItem, rater: Rater, now: datetime) -> None:
    """An open place of the item, if there is one, is this rater's: it needs one reviewer less."""
    if item.slots.filter(rater=rater).exists():
        return
    free = item.slots.select_for_update(skip_locked=True).filter(
        state=Slot.State.OPEN, relabels=None, reserved_for=None
    )
    slot = free.order_by("number").first()
    if slot:
        slot.state, slot.rater, slot.closed_at = Slot.State.SUBMITTED, rater, now
        slot.save(update_fields=["state", "rater", "closed_at"])


def _member(said: Sequence[Said], rater: Rater, word: Word) -> Outcome | None:
    """Where a member of this name has reviewed the item: the record is theirs, exported and sent
    again, or it is somebody else's."""
    theirs = [
        one
        for one in said
        if one.row.rater.kind == Rater.Kind.MEMBER and one.row.rater.name == rater.name
    ]
    if not theirs:
        return None
    if decide(theirs, word).change == Change.SAME:
        return Outcome(Change.SAME)
    why = f"{rater.name} has reviewed it here, as a member; what they said stays"
    return Outcome(Change.CONFLICT, why=why)


def _stored(items: Sequence[ReviewItem]) -> dict[int, list[Said]]:
    """All that was said of these items, by comparison."""
    said: dict[int, list[Said]] = defaultdict(list)
    of_item = {item.pk: item for item in items}
    rows = list(
        Review.objects.standing()
        .filter(item__in=of_item)
        .select_related("rater")
        .order_by("revision")
    )
    found: dict[tuple[int, str], list[Found]] = defaultdict(list)
    findings = Finding.objects.filter(review__in=[row.pk for row in rows])
    for pk, side, *columns in findings.values_list("review_id", "side", *FOUND):
        found[pk, side].append(Found(*columns))
    for row in rows:
        sides = {
            name: Side(getattr(row, name), tuple(sorted(found[row.pk, name])))
            for name in SIDES
            if getattr(row, name)
        }
        said[of_item[row.item_id].comparison_id].append(
            Said(
                sides,
                row.revision,
                row.authoritative,
                None,
                corrected(row.corrected_output),
                row.note,
                row=row,
                live=row.live,
            )
        )
    return said
