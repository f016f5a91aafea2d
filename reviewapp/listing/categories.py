"""A category by its key in any version of the project's taxonomy, wherever labels were made.

Published versions never change, so what is read of them is kept, in this process, by their ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from evals.models import Project
from taxonomy.models import Category, TaxonomyVersion
from taxonomy.translation import Untranslatable, translation


@dataclass(frozen=True)
class Choice:
    key: str
    name: str


@lru_cache(maxsize=256)
def offered(
    current: int, versions: tuple[int, ...]
) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """Those that a finding can have: of the version in force (its id), and those of others
    (`versions`: ids of all of the taxonomy but its draft) whose key it has not got, each as it was
    last."""
    leaves = Category.objects.filter(children=None)
    now = [Choice(*one) for one in leaves.filter(version=current).values_list("key", "name")]
    gone = (
        leaves.filter(version__in=versions)
        .exclude(key__in=[one.key for one in now])
        .order_by("key", "-version__number")
        .distinct("key")
        .values_list("key", "name")
    )
    return tuple(now), tuple(Choice(*one) for one in gone)


def meant(project: Project, key: str) -> tuple[int, ...]:
    """Ids of the categories, of all versions, that are the one with this key: as the version in
    force reads them, or, where it has none, the newest that has. Empty where no version has it.

    Labels of another version count where it is known what they are in that one.
    """
    current = project.taxonomy_version
    versions = TaxonomyVersion.objects.filter(taxonomy=current.taxonomy_id)
    published = versions.exclude(state=TaxonomyVersion.State.DRAFT).order_by("pk")
    return _meant(current.pk, tuple(published.values_list("pk", flat=True)), key)


@lru_cache(maxsize=4096)
def _meant(current: int, versions: tuple[int, ...], key: str) -> tuple[int, ...]:
    having = Category.objects.filter(version__in=versions, key=key, children=None)
    ids = {one.version_id: one.pk for one in having}
    if not ids:
        return ()
    rows = TaxonomyVersion.objects.select_related("taxonomy").in_bulk(versions)
    reads = rows.get(current) if current in ids else None
    reads = reads or max((rows[pk] for pk in ids), key=lambda one: one.number)
    return tuple(pk for one in versions for pk in _same(rows[one], reads, ids[reads.pk]))


def _same(source: TaxonomyVersion, reads: TaxonomyVersion, category: int) -> tuple[int, ...]:
    """What of `source` is that category of `reads`."""
    if source.pk == reads.pk:
        return (category,)
    try:
        meanings = translation(source, reads).categories
    except Untranslatable:
        return ()
    return tuple(pk for pk, meaning in meanings.items() if meaning.category == category)
