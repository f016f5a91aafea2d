"""Maps between versions as text: said by whoever imports a version, and read by whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taxonomy import models
from taxonomy.interchange.content import Content
from taxonomy.interchange.database import moves_of
from taxonomy.interchange.problems import Problem, TaxonomyError, short
from taxonomy.maps import Moves, by_key, problems


def map_of(
    old: Content,
    new: Content,
    *,
    categories: Iterable[str] = (),
    severities: Iterable[str] = (),
    relabel: Iterable[str] = (),
    sign: str = "=",
) -> Moves:
    """The map by key, but for what is said: `wrong-date=wrong-when`, `label=missed,spurious`,
    `tone=` (retired). `relabel`: categories of which some part is none of what they became.
    Raises TaxonomyError."""
    plain = by_key(old, new)
    wrong: list[Problem] = []
    said = dict(_sides(categories, sign, wrong))
    became = dict(_sides(severities, sign, wrong))
    wrong += [
        Problem(None, f"map.{key}", "a severity becomes one other, or none")
        for key, targets in became.items()
        if len(targets) > 1
    ]
    moves = Moves(
        categories={**plain.categories, **said},
        severities={
            **plain.severities,
            **{key: targets[0] if targets else "" for key, targets in became.items()},
        },
        relabel=frozenset(relabel),
    )
    wrong += [Problem(None, f"map.{key}", what) for key, what in problems(moves, old, new)]
    if wrong:
        raise TaxonomyError(wrong)
    return moves


def map_as_dict(version: models.TaxonomyVersion) -> dict[str, Any] | None:
    """What `version` says became of the one it is based on, as JSON values; None where it is
    based on none."""
    if version.based_on is None:
        return None
    moves = moves_of(version)
    return {
        "version": str(version),
        "based_on": str(version.based_on),
        "categories": {old: list(targets) for old, targets in moves.categories.items()},
        "severities": dict(moves.severities),
        "relabel": sorted(moves.relabel),
    }


def _sides(
    said: Iterable[str], sign: str, wrong: list[Problem]
) -> Iterable[tuple[str, tuple[str, ...]]]:
    seen = set()
    for one in said:
        old, found, new = one.partition(sign)
        old = old.strip()
        if not (found and old):
            message = f"{short(one)} is no move: write OLD{sign}NEW, OLD{sign}NEW,NEW2 or OLD{sign}"
            wrong.append(Problem(None, "map", message))
        elif old in seen:
            wrong.append(Problem(None, f"map.{old}", "said twice; say all that it became at once"))
        else:
            seen.add(old)
            yield old, tuple(key.strip() for key in new.split(",") if key.strip())
