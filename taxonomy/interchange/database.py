"""Taxonomy versions in the database."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils import timezone

from taxonomy import models
from taxonomy.interchange.checking import from_dict
from taxonomy.interchange.content import Category, Content, Example, Severity
from taxonomy.interchange.problems import Problem, TaxonomyError, short
from taxonomy.interchange.spelling import as_dict, digest


def content_of(version: models.TaxonomyVersion) -> Content:
    """What `version` says. Four queries, however large it is."""
    categories = version.categories.select_related("parent", "default_severity")
    return Content(
        title=version.title,
        description=version.description,
        source=version.source,
        severities=tuple(
            Severity(key=one.key, name=one.name, weight=one.weight, hotkey=one.hotkey)
            for one in version.severities.all()
        ),
        categories=tuple(
            _category_of(one) for one in categories.prefetch_related("weights__severity")
        ),
    )


@transaction.atomic
def create_version(
    *, project: str, name: str, content: Content, publish: bool = True
) -> models.TaxonomyVersion:
    """The next version of the project's taxonomy `name`, which is made if it is new.

    To publish what the latest published version already says gives that version back; a draft is
    always a new version. Raises TaxonomyError.
    """
    content = from_dict(as_dict(content))
    _check_slugs(project=project, name=name)
    models.Taxonomy.objects.get_or_create(project=project, name=name)
    # The lock makes two who come at once take turns.
    taxonomy = models.Taxonomy.objects.select_for_update().get(project=project, name=name)
    published = taxonomy.versions.filter(state=models.TaxonomyVersion.State.PUBLISHED).last()
    if publish and published and published.digest == digest(content):
        return published
    latest = taxonomy.versions.last()
    version = models.TaxonomyVersion.objects.create(
        taxonomy=taxonomy,
        number=latest.number + 1 if latest else 1,
        title=content.title,
        description=content.description,
        source=content.source,
    )
    _store_parts(version, content)
    if publish:  # last: from here on the database refuses any change
        version.state = models.TaxonomyVersion.State.PUBLISHED
        version.digest = digest(content)
        version.published_at = timezone.now()
        version.save(update_fields=["state", "digest", "published_at"])
    return version


def _category_of(row: models.Category) -> Category:
    weights = sorted(row.weights.all(), key=lambda weight: weight.severity.position)
    return Category(
        key=row.key,
        parent=row.parent.key if row.parent else "",
        name=row.name,
        definition=row.definition,
        use_when=row.use_when,
        avoid_when=row.avoid_when,
        examples=tuple(Example(**example) for example in row.examples),
        critical=row.critical,
        evidence_required=row.evidence_required,
        default_severity=row.default_severity.key if row.default_severity else "",
        hotkey=row.hotkey,
        weights={weight.severity.key: weight.weight for weight in weights},
    )


def _store_parts(version: models.TaxonomyVersion, content: Content) -> None:
    severities = {
        one.key: models.Severity(version=version, position=i, **vars(one))
        for i, one in enumerate(content.severities)
    }
    models.Severity.objects.bulk_create(severities.values())
    rows = {}
    for i, one in enumerate(content.categories):
        values = vars(one) | {
            "parent": None,
            "default_severity": severities.get(one.default_severity),
            "examples": [as_dict(example) for example in one.examples],
        }
        del values["weights"]
        rows[one.key] = models.Category(version=version, position=i, **values)
    models.Category.objects.bulk_create(rows.values())
    for one in content.categories:
        rows[one.key].parent = rows.get(one.parent)
    models.Category.objects.bulk_update(rows.values(), ["parent"])
    models.CategoryWeight.objects.bulk_create(
        models.CategoryWeight(category=rows[one.key], severity=severities[key], weight=weight)
        for one in content.categories
        for key, weight in one.weights.items()
    )


def _check_slugs(**slugs: str) -> None:
    message = "{} cannot be one: write 1 to 60 letters, digits, - and _"
    wrong = {what: slug for what, slug in slugs.items() if not re.fullmatch(_SLUG, slug)}
    if wrong:
        raise TaxonomyError(
            Problem(None, what, message.format(short(slug))) for what, slug in wrong.items()
        )


_SLUG = r"[A-Za-z0-9_-]{1,60}"
