"""What the import of a taxonomy would do, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evals.models import Project
from reviewapp.labelling.labelled import findings_by_category
from taxonomy import diff, interchange
from taxonomy.interchange import Content, Problem, TaxonomyError, content_of, map_of
from taxonomy.maps import Kind, Moves, kinds
from taxonomy.models import TaxonomyVersion


@dataclass(frozen=True)
class SaidMap:
    """What somebody says became of the version before, beyond what has the same key: see
    `interchange.map_of`."""

    categories: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    relabel: tuple[str, ...] = ()
    sign: str = "="

    def __bool__(self) -> bool:
        return bool(self.categories or self.severities or self.relabel)


BY_KEY = SaidMap()


@dataclass(frozen=True)
class Plan:
    """`base` is the version that the new one stands on, if there is one."""

    base: TaxonomyVersion | None
    moves: Moves | None
    changes: list[diff.Change]

    @property
    def warnings(self) -> list[diff.Change]:
        return diff.warnings(self.changes)


class Unconfirmed(Exception):
    """A label that was made would come to mean something else, and nobody said that it may."""

    def __init__(self, found: Plan) -> None:
        self.plan = found
        super().__init__("; ".join(change.sentence for change in found.warnings))


def plan(project: Project, name: str, content: Content, said: SaidMap = BY_KEY) -> Plan:
    """What publishing `content` as the next version of the taxonomy `name` changes. Raises
    TaxonomyError."""
    rows = TaxonomyVersion.objects.filter(taxonomy__project=project.slug, taxonomy__name=name)
    published = rows.exclude(state=TaxonomyVersion.State.DRAFT).select_related("taxonomy")
    base = published.order_by("number").last()
    if base is None:
        if said:
            raise _refusal(f"{name} has no version yet: there is nothing to map from")
        return Plan(None, None, [])
    before = content_of(base)
    moves = map_of(before, content, **vars(said))
    if base.digest == interchange.digest(content) and any(
        kind is not Kind.KEPT for kind in kinds(moves, before, content).values()
    ):
        raise _refusal(f"the content is what {base} says already: there is nothing to map")
    return Plan(base, moves, diff.changes(before, content, moves, findings_by_category(base)))


def as_dicts(changes: Iterable[diff.Change]) -> list[dict[str, Any]]:
    """Changes as JSON values."""
    return [
        {**vars(change), "old": list(change.old), "new": list(change.new)} for change in changes
    ]


def _refusal(what: str) -> TaxonomyError:
    return TaxonomyError([Problem(None, "map", what)])
