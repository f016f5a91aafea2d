"""How many labels there are of each category, and what a change of the taxonomy does to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count

from reviewapp.models import Finding, OutputFinding
from taxonomy.diff import Change, changes
from taxonomy.interchange import Content, content_of
from taxonomy.maps import Moves
from taxonomy.models import TaxonomyVersion
from taxonomy.translation import Untranslatable, translation


def findings_by_category(version: TaxonomyVersion) -> dict[str, int]:
    """Findings of live reviews, and of live judgements of outputs that were made elsewhere, by the
    key of their category as it reads in `version`.

    Labels keep the version that they were made in; one of another version counts where it is
    known what it is in this one. Four queries, and those of a translation for each other version
    that has labels.
    """
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    for rows in (
        Finding.objects.filter(
            review__live=True, review__item__project__slug=version.taxonomy.project
        ),
        OutputFinding.objects.filter(
            judgement__live=True, judgement__label_set__project__slug=version.taxonomy.project
        ),
    ):
        here = rows.filter(category__version__taxonomy=version.taxonomy_id)
        found = here.values_list("category__version", "category").order_by("category__version")
        for made_in, category, count in found.annotate(count=Count("pk")):
            assert category is not None
            counts[made_in][category] = counts[made_in].get(category, 0) + count
    versions = TaxonomyVersion.objects.select_related("taxonomy").in_bulk(counts)
    keys = dict(version.categories.values_list("pk", "key"))
    total: dict[str, int] = defaultdict(int)
    for made_in, made in counts.items():
        if made_in == version.pk:
            for category, count in made.items():
                total[keys[category]] += count
            continue
        meanings = translation(versions[made_in], version).categories
        for category, count in made.items():
            meaning = meanings.get(category)
            if meaning and meaning.category is not None:
                total[keys[meaning.category]] += count
    return dict(total)


@dataclass(frozen=True)
class Difference:
    """What changed from one version to another. `moves` is None where no map leads there."""

    old: Content
    new: Content
    moves: Moves | None
    changes: list[Change]


def difference(old: TaxonomyVersion, new: TaxonomyVersion) -> Difference:
    """In words, with the labels of `old` that each change is about; they need not be
    neighbours."""
    before, after = content_of(old), content_of(new)
    try:
        moves = translation(old, new).moves()
    except Untranslatable:
        moves = None
    return Difference(
        before, after, moves, changes(before, after, moves, findings_by_category(old))
    )
