"""Labels made in one version of a taxonomy, read in another one.

Versions of a taxonomy stand on each other like a tree; a label goes back along it to the version
that both come from and forward again, and every step either knows what a category became or says
what it could be. Nothing is guessed: what a step cannot know stays open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from taxonomy.maps import Moves
from taxonomy.models import TaxonomyVersion


class Untranslatable(ValueError):
    """The two versions do not stand on a common one."""


@dataclass(frozen=True)
class Meaning:
    """What a category is in the other version: `category` where that is known, else None; then
    `possible` has what it could be, and is empty where the other version has no word for it.
    `open`: it could also be none of them, since a meaning changed on the way."""

    category: int | None
    possible: frozenset[int]
    open: bool = False


@dataclass(frozen=True)
class Translation:
    """From `source` to `target`, by primary keys. `unasked`: categories of the target that labels
    made in the source could not say, or only in part: that a label has none of it says nothing."""

    source: TaxonomyVersion
    target: TaxonomyVersion
    categories: Mapping[int, Meaning]
    severities: Mapping[int, int | None]
    unasked: frozenset[int]

    @property
    def whole(self) -> bool:
        """Whether every label can be translated and every category could be said."""
        known = all(one.category is not None for one in self.categories.values())
        return known and not self.unasked and None not in self.severities.values()

    def moves(self) -> Moves:
        """The same by keys: the map that one step from source to target would have. Four
        queries."""
        old = dict(self.source.categories.order_by("position").values_list("pk", "key"))
        new = dict(self.target.categories.order_by("position").values_list("pk", "key"))
        severities = dict(self.target.severities.values_list("pk", "key"))
        meanings = {key: self.categories[pk] for pk, key in old.items() if pk in self.categories}
        return Moves(
            categories={
                key: tuple(new[pk] for pk in new if pk in one.possible)
                for key, one in meanings.items()
            },
            severities={
                key: "" if (now := self.severities[pk]) is None else severities[now]
                for pk, key in self.source.severities.values_list("pk", "key")
            },
            relabel=frozenset(key for key, one in meanings.items() if one.open),
        )


@dataclass(frozen=True)
class _Reached:
    """What a category may have become; not `open` where it is one of these for sure."""

    possible: frozenset[int]
    open: bool


@dataclass(frozen=True)
class _Step:
    """From one version to a neighbour: category → what it may be there, severity → severity.
    `targets` are all leaves of the neighbour, `wider` those that took in more than what leads to
    them."""

    categories: Mapping[int, _Reached]
    severities: Mapping[int, int | None]
    targets: frozenset[int]
    wider: frozenset[int] = frozenset()


def translation(source: TaxonomyVersion, target: TaxonomyVersion) -> Translation:
    """How labels of `source` read in `target`. Three queries a step. Raises Untranslatable."""
    categories = {
        pk: _Reached(frozenset([pk]), open=False)
        for pk in source.leaves().values_list("pk", flat=True)
    }
    severities: dict[int, int | None] = {
        pk: pk for pk in source.severities.values_list("pk", flat=True)
    }
    unasked: frozenset[int] = frozenset()
    for step in _path(source, target):
        unasked = _unasked(unasked, step)
        categories = {pk: _further(one, step) for pk, one in categories.items()}
        severities = {
            pk: None if now is None else step.severities.get(now) for pk, now in severities.items()
        }
    return Translation(
        source,
        target,
        {pk: _meaning(one) for pk, one in categories.items()},
        severities,
        unasked,
    )


def _further(now: _Reached, step: _Step) -> _Reached:
    nothing = _Reached(frozenset(), open=True)
    reached = [step.categories.get(pk, nothing) for pk in now.possible]
    possible: frozenset[int] = frozenset().union(*(one.possible for one in reached))
    return _Reached(possible, now.open or any(one.open for one in reached))


def _meaning(reached: _Reached) -> Meaning:
    known = not reached.open and len(reached.possible) == 1
    return Meaning(
        next(iter(reached.possible)) if known else None,
        reached.possible,
        open=reached.open and bool(reached.possible),
    )


def _unasked(unasked: frozenset[int], step: _Step) -> frozenset[int]:
    """Categories that nothing asked leads to, or only in part."""
    asked = [one.possible for pk, one in step.categories.items() if pk not in unasked]
    partly = [one.possible for pk, one in step.categories.items() if pk in unasked]
    none: frozenset[int] = frozenset()
    return (step.targets - none.union(*asked)) | none.union(*partly) | step.wider


def _path(source: TaxonomyVersion, target: TaxonomyVersion) -> list[_Step]:
    up, down = _ancestors(source), _ancestors(target)
    shared = {version.pk for version in up} & {version.pk for version in down}
    if not shared:
        raise Untranslatable(f"{source} and {target} do not stand on a common version.")
    back = [_backward(version) for version in up if version.pk not in shared]
    forward = [_forward(version) for version in reversed(down) if version.pk not in shared]
    return [*back, *forward]


def _ancestors(version: TaxonomyVersion) -> list[TaxonomyVersion]:
    """The version, the one it is based on, and so on to the first."""
    family = {one.pk: one for one in version.taxonomy.versions.all()}
    line = [version]
    while line[-1].based_on_id is not None:
        line.append(family[line[-1].based_on_id])
    return line


def _forward(version: TaxonomyVersion) -> _Step:
    """From the version it is based on to `version`."""
    severities = dict(version.severity_moves.values_list("old_id", "new_id"))
    rows = version.category_moves.exclude(new=None).values_list("old_id", "new_id", "relabel")
    return _Step(_grouped(rows), severities, _leaves(version))


def _backward(version: TaxonomyVersion) -> _Step:
    """From `version` to the one it is based on."""
    severities: dict[int, int | None] = {}
    for old, new in version.severity_moves.exclude(new=None).values_list("old_id", "new_id"):
        # Two that became one: which of them it was is not known.
        severities[new] = None if new in severities else old
    rows = version.category_moves.exclude(new=None).values_list("new_id", "old_id", "relabel")
    # What a meaning lost on the way forward, no label made since then could say.
    wider = frozenset(old for _, old, relabel in rows if relabel)
    assert version.based_on is not None
    return _Step(_grouped(rows), severities, _leaves(version.based_on), wider)


def _grouped(rows: Iterable[tuple[int, int | None, bool]]) -> dict[int, _Reached]:
    reached: dict[int, set[int]] = defaultdict(set)
    opened = set()
    for come, gone, relabel in rows:
        assert gone is not None
        reached[come].add(gone)
        if relabel:
            opened.add(come)
    return {pk: _Reached(frozenset(all_of), pk in opened) for pk, all_of in reached.items()}


def _leaves(version: TaxonomyVersion) -> frozenset[int]:
    return frozenset(version.leaves().values_list("pk", flat=True))
