"""Where the reviewers of an item differ: a verdict, whether a side has a category, or severities
that lie more than one step apart. And which items are adjudicated although they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from evals import sampling
from reviewapp.labelling import reading
from reviewapp.labelling.labels import Label
from reviewapp.models import ReviewItem
from taxonomy.models import TaxonomyVersion

#: Steps on the ladder of severities that two reviewers may lie apart and still agree.
STEPS = 1
SIDES = ("baseline", "candidate")


def agree(said: Sequence[Label], version: TaxonomyVersion) -> bool:
    """Whether labels, all read in `version`, agree as far as each is known. One query at most, and
    none where they say the very same."""
    if not reading.agree(said):
        return False
    if len({label.findings for label in said}) == 1:
        return True
    steps = ladder(version)
    return not any(apart(a, b, steps) for a, b in combinations(said, 2))


def ladder(version: TaxonomyVersion) -> dict[int, int]:
    """The severities of a version (primary keys), each with its step from the lightest."""
    ordered = version.severities.order_by("weight", "position").values_list("pk", flat=True)
    return {pk: step for step, pk in enumerate(ordered)}


def apart(a: Label, b: Label, steps: Mapping[int, int]) -> set[tuple[str, int]]:
    """(side, category) of what both found and hold for more than one step more or less severe. Of
    several findings of a category on a side the most severe counts."""
    one, other = _heaviest(a, steps), _heaviest(b, steps)
    return {key for key in one.keys() & other.keys() if abs(one[key] - other[key]) > STEPS}


def _heaviest(label: Label, steps: Mapping[int, int]) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    for side, category, severity in label.findings:
        step = None if severity is None else steps.get(severity)
        if category is not None and step is not None:
            found[side, category] = max(step, found.get((side, category), step))
    return found


def checked(item: ReviewItem) -> bool:
    """Whether this item, if several reviewers judge it and agree, is adjudicated all the same: a
    share of them, chosen by a permanent random number that no label has a part in."""
    share: float = sampling.SamplingPlan.parse(item.run.sampling).adjudicate_share
    return sampling.uniform(item.run.seed, str(item.comparison_id), "adjudicate") < share


@dataclass(frozen=True)
class Row:
    """What each review says of one thing on one side, and whether they differ there."""

    side: str
    category: int | None
    said: list[str]
    differs: bool


def rows(said: Sequence[Label], version: TaxonomyVersion, names: Mapping[int, str]) -> list[Row]:
    """A row a side for its verdict, then one for each category that any of them found there.

    `names`: of severities, by primary key. Labels are read in `version`.
    """
    steps = ladder(version)
    wide = set().union(*(apart(a, b, steps) for a, b in combinations(said, 2)))
    table = []
    for side in SIDES:
        verdicts = [getattr(label, side) or "not judged" for label in said]
        table.append(Row(side, None, verdicts, len(set(verdicts)) > 1))
        found = {c for label in said for s, c, _ in label.findings if s == side and c is not None}
        for category in sorted(found):
            has = [label.has(side, category) for label in said]
            words = [
                _words(label, side, category, present, names)
                for label, present in zip(said, has, strict=True)
            ]
            differs = {True, False} <= set(has) or (side, category) in wide
            table.append(Row(side, category, words, differs))
    return table


def _words(
    label: Label, side: str, category: int, present: bool | None, names: Mapping[int, str]
) -> str:
    if present is None:
        return "not known"
    if not present:
        return "–"
    heavy = {sev for s, c, sev in label.findings if (s, c) == (side, category) and sev is not None}
    return ", ".join(names.get(one, "") for one in sorted(heavy)) or "found"
