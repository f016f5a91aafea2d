"""The words of a taxonomy version, which every item at the desk and every judgement needs. Once it
is published they never change, so that they are read from the database once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from taxonomy.models import Category, Severity, TaxonomyVersion


@dataclass(frozen=True)
class Palette:
    """Categories that a finding can have, with their default severity and parent, and severities,
    in the order of the version."""

    categories: tuple[Category, ...]
    severities: tuple[Severity, ...]

    @property
    def by_key(self) -> dict[str, Category]:
        return {category.key: category for category in self.categories}

    @property
    def severity_by_key(self) -> dict[str, Severity]:
        return {severity.key: severity for severity in self.severities}


def palette(version: TaxonomyVersion) -> Palette:
    if version.state == TaxonomyVersion.State.DRAFT:
        return _read(version.pk)
    return _published(version.pk)


def _read(version_id: int) -> Palette:
    leaves = Category.objects.filter(version=version_id, children=None)
    return Palette(
        tuple(leaves.select_related("default_severity", "parent")),
        tuple(Severity.objects.filter(version=version_id)),
    )


_published = lru_cache(maxsize=64)(_read)
