"""The items, or pairs, behind a number of a report: which of those that it stands on have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from evals import sampling
from evals.models import Run
from reviewapp.labelling import elsewhere, several
from reviewapp.labelling.labels import Label
from reviewapp.labelling.reading import Reader, as_label
from reviewapp.labelling.several import Several, averages, share
from reviewapp.models import Finding, Review
from reviewapp.reports import lines
from reviewapp.reports.tally import has_category, has_error
from taxonomy.models import Category, TaxonomyVersion

SIDES = ("baseline", "candidate")
WAYS = ("worse", "better")


@dataclass(frozen=True)
class Number:
    """Of a report. category: None for errors of any kind. side: on which it was found, "" for
    either. d: "worse" where only the candidate has it, "better" where only the baseline has; "" for
    all."""

    category: Category | None
    side: str = ""
    d: str = ""

    def in_report(self, data: dict[str, Any]) -> int | None:
        """What a report says, where it says it as a count."""
        row = data["overall"]
        if self.category:
            key = self.category.key
            row = next((one for one in data["categories"] if one["key"] == key), None)
        if not row:
            return None
        said = row[self.d] if self.d else (row.get("found") or {}).get(self.side)
        return said if isinstance(said, int) else None

    @property
    def has(self) -> Callable[[Label, str], bool | None]:
        return has_category(self.category.pk) if self.category else has_error

    def counts(self, baseline: float | None, candidate: float | None) -> bool:
        """baseline, candidate: the share of raters who found it there, 0 or 1 of one person's
        label; None where that is not known: it counts both ways then, and in no number."""
        if baseline is None or candidate is None:
            return False
        if self.d:
            return candidate > baseline if self.d == "worse" else baseline > candidate
        return bool(
            {"baseline": baseline, "candidate": candidate}.get(self.side, baseline or candidate)
        )


def items(run: Run, version: TaxonomyVersion, number: Number) -> dict[int, list[int]]:
    """Items of the closed prefix of each line as it is now, by id, in order, with the reviews that
    say so. Items of any state: whoever shows them leaves out what is not resolved."""
    chosen: dict[int, list[int]] = {}
    for line in lines.lines(run, several.read(run, version)):
        # Identical pairs have no difference, whatever was said of either side.
        if number.d and line.stratum == sampling.IDENTICAL:
            continue
        for item, label in zip(line.items, line.labels, strict=True):
            if number.counts(*(share(label, side, number.has) for side in SIDES)):
                chosen[item] = list(label.reviews)
    return dict(sorted(chosen.items()))


def items_counted(
    counted: dict[str, list[int]], version: TaxonomyVersion, number: Number
) -> dict[int, list[int]]:
    """The same as a report counted them, from the reviews that it stands on (`counted` of its
    data): what a review says never changes."""
    stood_on = [*counted["paired"], *([] if number.d else counted["identical"])]
    by_item: dict[int, list[tuple[int, Label]]] = defaultdict(list)
    for review, label in _labels(stood_on, version):
        by_item[review.item_id].append((review.pk, label))
    chosen = {}
    for item, said in sorted(by_item.items()):
        first = said[0][1]
        raters = {side: [one for _, one in said if getattr(one, side)] for side in SIDES}
        together = Several(**vars(first), raters=raters) if len(said) > 1 else first
        if number.counts(*(share(together, side, number.has) for side in SIDES)):
            chosen[item] = [pk for pk, _ in said]
    return chosen


def _labels(reviews: Iterable[int], version: TaxonomyVersion) -> Iterator[tuple[Review, Label]]:
    reader = Reader(version)
    rows = Review.objects.filter(pk__in=list(reviews)).defer("corrected_output", "note")
    findings: dict[int, list[Finding]] = defaultdict(list)
    for finding in Finding.objects.filter(review__in=rows).defer("note"):
        findings[finding.review_id].append(finding)
    for review in rows.order_by("pk"):
        yield review, reader.read(as_label(review, findings[review.pk]))


def pairs(run: Run, version: TaxonomyVersion, said: elsewhere.Words, number: Number) -> list[int]:
    """The same of labels from elsewhere, as they are now: ids of comparisons, in order."""
    averaged = averages(run)
    chosen = []
    for line in elsewhere.lines(run, version, said):
        # Averaged, outputs that are one text may have been rated apart, and then they count.
        if number.d and line.stratum == sampling.IDENTICAL and not averaged:
            continue
        for comparison, label in zip(line.items, line.labels, strict=True):
            ask = share if averaged else _alone
            if number.counts(*(ask(label, side, number.has) for side in SIDES)):
                chosen.append(comparison)
    return sorted(chosen)


def _alone(label: Label, side: str, has: Callable[[Label, str], bool | None]) -> bool | None:
    """By what counts of the label, whoever else said something of it."""
    return has(label, side)
