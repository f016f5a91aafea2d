"""What moving a run to another version of its taxonomy would do, before it is done; and which
versions its labels can be read in at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

from evals.models import Comparison, Run
from reviewapp.labelling.importing.reviews import draws
from reviewapp.labelling.reading import Reader
from reviewapp.models import Draft, Finding, OutputFinding, OutputJudgement, Review, Slot
from taxonomy.models import Category, TaxonomyVersion
from taxonomy.translation import Meaning


class UnknownVersion(ValueError):
    """Not a version that labels of the run can be read in."""


def versions(of: TaxonomyVersion) -> list[TaxonomyVersion]:
    """The published versions that labels of this one can be read in, the newest first: those that
    stand on the same first one."""
    rows = of.taxonomy.versions.exclude(state=TaxonomyVersion.State.DRAFT).order_by("-number")
    family = {one.pk: one for one in rows.select_related("taxonomy")}

    def first(version: TaxonomyVersion) -> int:
        while version.based_on_id in family:
            version = family[version.based_on_id]
        return version.pk

    return [one for one in family.values() if first(one) == first(family.get(of.pk, of))]


def find(run: Run, reference: str) -> TaxonomyVersion:
    """The version behind "support@2". Raises UnknownVersion, which names those there are."""
    there = versions(run.taxonomy_version)
    for one in there:
        if str(one) == reference:
            return one
    known = ", ".join(str(one) for one in there)
    raise UnknownVersion(
        f"Labels of {run.name} cannot be read in {reference!r}: there are {known}."
    )


@dataclass
class Outlook:
    """`follow`: reviews that say everything in the new version; `again`: the ids of those that are
    to be relabelled, with `split`: their findings by old category's name; `items`: that go back to
    the queue; `untranslatable`: reviews with a finding of a retired category, with `lost`: those
    findings by name; `severities`: findings whose severity is retired; `unasked`: categories that
    no review so far could say; `drafts`: that are carried over."""

    follow: int = 0
    again: list[int] = field(default_factory=list)
    items: int = 0
    elsewhere: int = 0
    untranslatable: int = 0
    drafts: int = 0
    severities: int = 0
    split: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    unasked: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "again": len(self.again)}


@dataclass
class _Word:
    """A live review of the run; or, without an item, a judgement of an output from elsewhere.
    findings: category and severity, where there is a category."""

    pk: int
    item: int | None
    decides: bool
    version: int
    label_set: int | None
    findings: list[tuple[int, int | None]] = field(default_factory=list)


def look(run: Run, version: TaxonomyVersion) -> Outlook:
    """What will happen, from what is there now. Raises taxonomy.translation.Untranslatable.

    Where somebody has adjudicated an item it is their word that counts: it alone is asked for
    again. A review without anything but what was retired keeps its verdicts.
    """
    reader, seen = Reader(version), Outlook()
    # Also where nothing was labelled yet the run has to be able to go there.
    reader.translation(run.taxonomy_version_id)
    words = [*_reviews(run), *([] if draws(run) else _judgements(run))]
    decided = {one.item for one in words if one.decides}
    items: set[int] = set()
    unasked: set[int] = set()
    split, lost = Counter[int](), Counter[int]()
    for one in words:
        meanings = reader.translation(one.version)
        if meanings is None:
            seen.follow += 1
            continue
        unasked |= meanings.unasked
        open_, gone = Counter[int](), Counter[int]()
        for category, severity in one.findings:
            known = meanings.categories.get(category, Meaning(None, frozenset()))
            if known.category is None:
                (open_ if known.possible else gone)[category] += 1
            elif severity is not None and meanings.severities.get(severity) is None:
                seen.severities += 1
        lost += gone
        seen.untranslatable += bool(gone)
        seen.follow += not open_ and not gone
        if open_ and one.label_set is not None:
            seen.elsewhere += 1
        elif open_ and one.item is not None and (one.decides or one.item not in decided):
            split += open_
            seen.again.append(one.pk)
            items.add(one.item)
    seen.items = len(items)
    seen.drafts = Draft.objects.filter(item__run=run).exclude(taxonomy_version=version).count()
    seen.split, seen.lost = _named(split), _named(lost)
    leaves = version.leaves().filter(pk__in=unasked).order_by("position")
    seen.unasked = list(leaves.values_list("name", flat=True))
    return seen


def _reviews(run: Run) -> list[_Word]:
    columns = ("pk", "item", "authoritative", "taxonomy_version", "label_set")
    rows = Review.objects.filter(item__run=run, live=True).order_by("pk").values_list(*columns)
    found = {row[0]: _Word(*row) for row in rows}
    findings = Finding.objects.filter(
        review__item__run=run, review__live=True, category__isnull=False
    ).values_list("review", "category", "severity")
    for review, category, severity in findings:
        assert category is not None
        found[review].findings.append((category, severity))
    return list(found.values())


def _judgements(run: Run) -> list[_Word]:
    """Those of the outputs that the run compares."""
    side = Q(baseline_output=OuterRef("output")) | Q(candidate_output=OuterRef("output"))
    compared = Comparison.objects.filter(side, run=run, request=OuterRef("output__request"))
    live = OutputJudgement.objects.filter(
        Exists(compared), model__in=[run.baseline_id, run.candidate_id], live=True
    )
    rows = live.order_by("pk").values_list("pk", "taxonomy_version", "label_set")
    found = {pk: _Word(pk, None, False, version, label_set) for pk, version, label_set in rows}
    findings = OutputFinding.objects.filter(
        judgement__live=True,
        judgement__model__in=[run.baseline_id, run.candidate_id],
        category__isnull=False,
    ).values_list("judgement", "category", "severity")
    for judgement, category, severity in findings:
        if judgement in found and category is not None:
            found[judgement].findings.append((category, severity))
    return list(found.values())


def _named(counts: Counter[int]) -> dict[str, int]:
    """By the categories' names."""
    names = dict(Category.objects.filter(pk__in=counts).values_list("pk", "name"))
    return {names[pk]: count for pk, count in counts.most_common()}


def waiting(run: Run) -> list[dict[str, Any]]:
    """Places of a run that wait for a relabelling, by whom they are kept for (None: anybody)."""
    rows = Slot.objects.relabelling().filter(item__run=run).values("reserved_for__name")
    counted = rows.annotate(count=Count("pk")).order_by("-count")
    return [{"name": row["reserved_for__name"], "count": row["count"]} for row in counted]
