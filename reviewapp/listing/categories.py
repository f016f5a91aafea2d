"""A category by its key in any version of the project's taxonomy, wherever labels were made."""

from __future__ import annotations

from functools import lru_cache

from evals.models import Project
from taxonomy.models import Category, TaxonomyVersion
from taxonomy.translation import Untranslatable, translation


def offered(project: Project) -> tuple[list[Category], list[Category]]:
    """Those that a finding can have: of the version in force, and those of older versions whose
    key it has not got, each as it was last. Two queries."""
    now = list(project.taxonomy_version.leaves())
    keys = {one.key for one in now}
    gone = (
        Category.objects.filter(version__in=_versions(project), children=None)
        .exclude(key__in=keys)
        .order_by("key", "-version__number")
        .distinct("key")
    )
    return now, list(gone)


def meant(project: Project, key: str) -> list[int]:
    """Ids of the categories, of all versions, that are the one with this key: as the version in
    force reads them, or, where it has none, the newest that has. Empty where no version has it.

    Labels of another version count where it is known what they are in that one.
    """
    versions = _versions(project)
    having = Category.objects.filter(version__in=versions, key=key, children=None)
    numbers = dict(having.values_list("version", "pk"))
    if not numbers:
        return []
    current = project.taxonomy_version
    reads = (
        current
        if current.pk in numbers
        else max(
            having.select_related("version__taxonomy"), key=lambda one: one.version.number
        ).version
    )
    return [pk for version in versions for pk in _same(version, reads, numbers[reads.pk])]


def _versions(project: Project) -> list[TaxonomyVersion]:
    """Published or retired, of the taxonomy in force: their words never change."""
    versions = TaxonomyVersion.objects.filter(taxonomy=project.taxonomy_version.taxonomy_id)
    return list(versions.exclude(state=TaxonomyVersion.State.DRAFT).select_related("taxonomy"))


@lru_cache(maxsize=4096)
def _same(source: TaxonomyVersion, reads: TaxonomyVersion, category: int) -> tuple[int, ...]:
    """What of `source` is that category of `reads`. Kept: neither version changes any more."""
    if source.pk == reads.pk:
        return (category,)
    try:
        meanings = translation(source, reads).categories
    except Untranslatable:
        return ()
    return tuple(pk for pk, meaning in meanings.items() if meaning.category == category)
