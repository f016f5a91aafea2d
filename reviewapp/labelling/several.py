"""Items that several people judged, in a run whose raters are averaged: all that was said of them.

Nobody is adjudicated there. What raters differ in is a share of them that found it, and stays one
(MQM's habit). See docs/decisions/0016-raters-that-are-averaged.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from evals.models import Run
from reviewapp.labelling import labels
from reviewapp.labelling.averaging import averages as averages
from reviewapp.labelling.importing.reviews import SIDES
from reviewapp.labelling.labels import Label
from reviewapp.labelling.reading import Reader
from reviewapp.labelling.weighing import Found, Weighed, Weights
from reviewapp.models import Finding, Review
from taxonomy.models import TaxonomyVersion

Has = Callable[[Label, str], bool | None]


@dataclass(frozen=True)
class Several(Label):
    """A label with what each rater said of each side; where they are one, or agree, the label says
    it too. `weighed`: by side, what each rater's findings weigh."""

    raters: Mapping[str, Sequence[Label]] = field(default_factory=dict)
    weighed: Mapping[str, Sequence[Weighed]] = field(default_factory=dict)


def share(label: Label, side: str, has: Has) -> float | None:
    """Of the raters of that side, those whose label has the thing; None where one does not say. Of
    a label that is one person's, 0 or 1."""
    if not isinstance(label, Several):
        found = has(label, side)
        return None if found is None else float(found)
    said = [has(one, side) for one in label.raters.get(side, ())]
    return None if None in said or not said else fmean(bool(one) for one in said)


def read(run: Run, version: TaxonomyVersion) -> dict[int, Label]:
    """One label an item of the run, by item id, in the words of `version`: of all its raters where
    they are averaged. Raises taxonomy.translation.Untranslatable."""
    reader = Reader(version)
    if not averages(run):
        return {item: reader.read(label) for item, label in labels.labels(run).items()}
    return _all(run, reader)


def _all(run: Run, reader: Reader) -> dict[int, Label]:
    """The latest blind word of each rater of an item, as labels.labels has that of the first."""
    words: dict[int, dict[int, Review]] = defaultdict(dict)
    later: dict[int | None, Review] = {}
    for review in labels.words(run).filter(authoritative=False):
        if review.supersedes_id:
            later[review.supersedes_id] = review
        elif review.blind:
            words[review.item_id].setdefault(review.rater_id, review)
    found: dict[int, list[tuple[str, Found]]] = defaultdict(list)
    rows = Finding.objects.filter(review__item__run=run).order_by()
    columns = ("review_id", "side", "category_id", "severity_id")
    for pk, side, category, severity in rows.values_list(*columns).iterator():
        found[pk].append((side, (category, severity)))
    weigh = Weights(reader)
    return {
        item: _together([(one, found[one.pk]) for one in said], reader, weigh)
        for item, each in words.items()
        for said in [[labels.newest(one, later) for one in each.values()]]
    }


def _together(
    said: Sequence[tuple[Review, list[tuple[str, Found]]]], reader: Reader, weigh: Weights
) -> Several:
    read = [reader.read(_label(review, found)) for review, found in said]
    raters: dict[str, list[Label]] = {side: [] for side in SIDES}
    weighed: dict[str, list[Weighed]] = {side: [] for side in SIDES}
    for label, (review, found) in zip(read, said, strict=True):
        for side in SIDES:
            if verdict := getattr(review, side):
                raters[side].append(label)
                own = [finding for where, finding in found if where == side]
                weighed[side].append(weigh(review.taxonomy_version_id, verdict, own))
    first = read[0]
    # A side that the first one did not judge has the verdict of whoever did.
    baseline, candidate = (next((getattr(one, side) for one in raters[side]), "") for side in SIDES)
    together = replace(
        first,
        baseline=baseline,
        candidate=candidate,
        findings=_union(one.findings for one in read),
        possible=_union(one.possible for one in read),
        lost=_union(one.lost for one in read),
        unasked=_union(one.unasked for one in read),
        reviews=tuple(review.pk for review, _ in said),
    )
    return Several(**vars(together), raters=raters, weighed=weighed)


def _label(review: Review, found: Iterable[tuple[str, Found]]) -> Label:
    return Label(
        review.baseline,
        review.candidate,
        review.rater_id,
        frozenset((side, category, severity) for side, (category, severity) in found),
        review.taxonomy_version_id,
        held=labels.held(review),
    )


def _union(parts: Iterable[frozenset[Any]]) -> frozenset[Any]:
    return frozenset[Any]().union(*parts)
