"""Drafts in the database: begun, read, thrown away, and as JSON for their history."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import connection

from taxonomy.drafts.state import NOTHING, Draft, begin
from taxonomy.interchange import (
    Content,
    as_dict,
    content_of,
    from_dict,
    moves_of,
    store,
)
from taxonomy.maps import Moves
from taxonomy.models import Taxonomy, TaxonomyVersion


def open_draft(taxonomy: Taxonomy) -> TaxonomyVersion | None:
    """The draft that is worked on, if there is one."""
    drafts = taxonomy.versions.filter(state=TaxonomyVersion.State.DRAFT)
    return drafts.select_related("taxonomy", "based_on__taxonomy").first()


def start(base: TaxonomyVersion, by: str) -> TaxonomyVersion:
    """A draft that says what `base` says, in a transaction of the caller's."""
    content = content_of(base)
    latest = TaxonomyVersion.objects.filter(taxonomy=base.taxonomy).order_by("-number")[0]
    version = TaxonomyVersion.objects.create(
        taxonomy=base.taxonomy,
        number=latest.number + 1,
        based_on=base,
        title=content.title,
        description=content.description,
        source=content.source,
        edited_by=by,
    )
    store(version, content, begin(content).moves)
    return version


def load(version: TaxonomyVersion) -> Draft:
    """Six queries, and five more for the version it is based on when that is first asked for."""
    base = version.based_on
    old = _published(base.pk, base.digest) if base else NOTHING
    return Draft(old, content_of(version), moves_of(version))


def throw_away(version: TaxonomyVersion) -> None:
    """The draft with all its rows. The database refuses it for a published version."""
    with connection.cursor() as cursor:
        for statement in _DELETE:
            cursor.execute(statement, [version.pk])


def as_json(draft: Draft) -> dict[str, Any]:
    moves = draft.moves
    return {
        "content": as_dict(draft.new),
        "categories": {key: list(targets) for key, targets in moves.categories.items()},
        "severities": dict(moves.severities),
        "relabel": sorted(moves.relabel),
    }


def from_json(draft: Draft, kept: Mapping[str, Any], said: str) -> Draft:
    """The draft as it was kept by `as_json`."""
    moves = Moves(
        categories={key: tuple(targets) for key, targets in kept["categories"].items()},
        severities=kept["severities"],
        relabel=frozenset(kept["relabel"]),
    )
    return Draft(draft.old, from_dict(kept["content"]), moves, said)


@lru_cache(maxsize=16)
def _published(pk: int, digest: str) -> Content:
    """What stands behind a digest is always the same: reading it once is enough."""
    return content_of(TaxonomyVersion.objects.get(pk=pk, digest=digest))


_DELETE = (
    "DELETE FROM taxonomy_draftedit WHERE version_id = %s",
    "DELETE FROM taxonomy_categorymove WHERE version_id = %s",
    "DELETE FROM taxonomy_severitymove WHERE version_id = %s",
    "DELETE FROM taxonomy_categoryweight WHERE category_id IN"
    " (SELECT id FROM taxonomy_category WHERE version_id = %s)",
    "DELETE FROM taxonomy_category WHERE version_id = %s",
    "DELETE FROM taxonomy_severity WHERE version_id = %s",
    "DELETE FROM taxonomy_taxonomyversion WHERE id = %s",
)
