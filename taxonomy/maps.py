"""What became of a version's categories and severities in the next one, as plain values.

Only leaves take findings, so only leaves are mapped. The words: *kept* (same key and name),
*renamed* (another key or name, same meaning), *merged* (several became one), *split* (one became
several, or its meaning changed: a label of it does not say which, and is asked for again) and
*retired* (nothing takes its place).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # interchange stores maps
    from taxonomy.interchange.content import Content


class Kind(StrEnum):
    KEPT = "kept"
    RENAMED = "renamed"
    MERGED = "merged"
    SPLIT = "split"
    RETIRED = "retired"


@dataclass(frozen=True)
class Moves:
    """By keys: each leaf category of the old version → those of the new one that it became, each
    old severity → the new one or "". `relabel`: old categories of which some part is none of the
    targets: the name may have stayed, the meaning is narrower. (One that takes in more than before
    is another category, with a key of its own: no label could say it.)"""

    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    severities: Mapping[str, str] = field(default_factory=dict)
    relabel: frozenset[str] = frozenset()


def leaves(content: Content) -> dict[str, str]:
    """{key: name} of the categories that a finding can have, in order."""
    headings = {category.parent for category in content.categories}
    return {one.key: one.name for one in content.categories if one.key not in headings}


def by_key(old: Content, new: Content) -> Moves:
    """The map of somebody who says nothing: what has the same key is the same."""
    there, severities = leaves(new), {one.key for one in new.severities}
    return Moves(
        categories={key: (key,) if key in there else () for key in leaves(old)},
        severities={one.key: one.key if one.key in severities else "" for one in old.severities},
    )


def kinds(moves: Moves, old: Content, new: Content) -> dict[str, Kind]:
    """What happened to each leaf of the old version, in its order."""
    before, after = leaves(old), leaves(new)
    takers = Counter(key for targets in moves.categories.values() for key in targets)
    found = {}
    for key, name in before.items():
        targets = moves.categories.get(key, ())
        if not targets:
            found[key] = Kind.RETIRED
        elif len(targets) > 1 or key in moves.relabel:
            found[key] = Kind.SPLIT
        elif takers[targets[0]] > 1:
            found[key] = Kind.MERGED
        elif (key, name) != (targets[0], after.get(targets[0])):
            found[key] = Kind.RENAMED
        else:
            found[key] = Kind.KEPT
    return found


def problems(moves: Moves, old: Content, new: Content) -> Iterator[tuple[str, str]]:
    """What is wrong with a map: (old key, message)."""
    before, after = leaves(old), leaves(new)
    for key in before:
        if key not in moves.categories:
            yield key, "say what became of it: a category, several, or retired"
    for key, targets in moves.categories.items():
        if key not in before:
            yield key, "not a category of the version before, or only a heading of it"
        for target in targets:
            if target not in after:
                yield key, f"{target!r} is no category of the new version, or only a heading of it"
        if len(set(targets)) < len(targets):
            yield key, "names a category twice"
    for key in moves.relabel:
        if not moves.categories.get(key):
            yield key, "is to be relabelled and became nothing: name what it became"
    known, now = ({one.key for one in content.severities} for content in (old, new))
    for key in known - set(moves.severities):
        yield key, "say what became of this severity: another one, or retired"
    for key, severity in moves.severities.items():
        if key not in known:
            yield key, "not a severity of the version before"
        if severity and severity not in now:
            yield key, f"{severity!r} is no severity of the new version"
