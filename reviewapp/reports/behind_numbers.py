"""The items, or pairs, behind a number of a report: which of those that it stands on have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from evals import sampling
from evals.models import Run
from reviewapp.among import among
from reviewapp.labelling import elsewhere, several
from reviewapp.labelling.labels import Found, Label
from reviewapp.labelling.reading import Reader
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
    for item, review, label in _labels(stood_on, version, number):
        by_item[item].append((review, label))
    chosen = {}
    for item, said in sorted(by_item.items()):
        first = said[0][1]
        raters = {side: [one for _, one in said if getattr(one, side)] for side in SIDES}
        together = Several(**vars(first), raters=raters) if len(said) > 1 else first
        if number.counts(*(share(together, side, number.has) for side in SIDES)):
            chosen[item] = [pk for pk, _ in said]
    return chosen


def _labels(
    stood_on: list[int], version: TaxonomyVersion, number: Number
) -> Iterator[tuple[int, int, Label]]:
    """Item, review and its label, of those of these reviews whose item may be counted."""
    reader = Reader(version)
    said: dict[int, list[Found]] = defaultdict(list)
    of_these, standing = among(Review, "id", stood_on), set(stood_on)
    if number.category:
        items = _naming(stood_on, reader, number.category)
        of_these = among(Review, "item_id", items)
        findings = Finding.objects.filter(among(Finding, "item_id", items)).order_by()
        found = findings.values_list("review", "side", "category", "severity")
        for pk, side, category, severity in found:
            said[pk].append((side, category, severity))
    columns = ("item", "pk", "baseline", "candidate", "rater", "taxonomy_version")
    reviews = Review.objects.filter(of_these).order_by("pk").values_list(*columns)
    rows = [row for row in reviews if row[1] in standing]
    if not number.category:
        wrong = {item for item, _, *said_of, _, _ in rows if Review.Verdict.ERROR in said_of}
        rows = [row for row in rows if row[0] in wrong]
    for item, pk, baseline, candidate, rater, made_in in rows:
        label = Label(baseline, candidate, rater, frozenset(said[pk]), made_in)
        yield item, pk, reader.read(label)


def _naming(stood_on: list[int], reader: Reader, category: Category) -> set[int]:
    """Items of which one of these reviews finds the category, whatever it was called then."""
    reviews = Review.objects.filter(among(Review, "id", stood_on)).order_by()
    made_in = reviews.values_list("taxonomy_version", flat=True).distinct()
    named = [pk for source in made_in for pk in reader.named(source, category.pk)]
    findings = Finding.objects.filter(among(Finding, "review_id", stood_on), category__in=named)
    return set(findings.order_by().values_list("item", flat=True))


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
