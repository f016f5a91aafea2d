"""Labels read in one taxonomy version, whichever each was made in. Nothing is guessed: what a
label does not say in that version is unknown of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

from reviewapp.labelling.labels import Found, Label, again
from reviewapp.models import Finding, Review
from taxonomy.models import TaxonomyVersion
from taxonomy.translation import Translation, translation


class Reader:
    """Reads labels in `version`. Four queries and a few for each other version that comes up."""

    def __init__(self, version: TaxonomyVersion) -> None:
        self.version = version
        self._known: dict[int, Translation] = {}

    def translation(self, source: int) -> Translation | None:
        """How labels of that version (its primary key) read; None where it is this one. Raises
        taxonomy.translation.Untranslatable."""
        if source == self.version.pk:
            return None
        if source not in self._known:
            made_in = TaxonomyVersion.objects.select_related("taxonomy").get(pk=source)
            self._known[source] = translation(made_in, self.version)
        return self._known[source]

    def named(self, source: int, category: int) -> list[int]:
        """What labels of that version call the category of this one: ids of categories there."""
        meanings = self.translation(source)
        if meanings is None:
            return [category]
        found = meanings.categories.items()
        return [pk for pk, meaning in found if meaning.category == category]

    def read(self, label: Label) -> Label:
        """The same label in the words of `version`."""
        meanings = self.translation(label.version_id)
        if meanings is None:
            return label
        findings: list[Found] = []
        possible, lost = set(), set()
        for side, category, severity in (*label.findings, *label.more):
            heavy = None if severity is None else meanings.severities.get(severity)
            if category is None:
                findings.append((side, None, heavy))
                continue
            meaning = meanings.categories[category]
            if meaning.category is not None:
                findings.append((side, meaning.category, heavy))
            elif meaning.possible:
                possible.add((side, meaning.possible))
            else:
                lost.add((side, category))
        return replace(
            label,
            findings=frozenset(findings),
            possible=frozenset(possible),
            lost=frozenset(lost),
            unasked=meanings.unasked,
            more=again(findings),
        )


def as_label(review: Review, findings: Iterable[Finding]) -> Label:
    """What a review says, in its own version."""
    return Label(
        review.baseline,
        review.candidate,
        review.rater_id,
        frozenset((one.side, one.category_id, one.severity_id) for one in findings),
        review.taxonomy_version_id,
    )


def agree(said: Iterable[Label]) -> bool:
    """Whether labels (all read in one version) give each side the same verdict and the same
    categories, as far as each is known."""
    return all(_agree(a, b) for a, b in combinations(said, 2))


def _agree(a: Label, b: Label) -> bool:
    if (a.baseline, a.candidate) != (b.baseline, b.candidate):
        return False
    return _explained(a, b) and _explained(b, a)


def _explained(a: Label, b: Label) -> bool:
    """Whether everything that `a` says can be what `b` says too."""
    known = {(side, category) for side, category, _ in b.findings}
    for side, category, _ in a.findings:
        if (side, category) in known:
            continue
        if category is None:  # a word of its own for what has no category: perhaps the one lost
            if not any(where == side for where, _ in b.lost):
                return False
        elif b.has(side, category) is False:
            return False
    return all(
        any((side, category) in known for category in possible)
        or any(where == side and possible & others for where, others in b.possible)
        or bool(possible & b.unasked)
        for side, possible in a.possible
    )
