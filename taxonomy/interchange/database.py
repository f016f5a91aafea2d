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
from taxonomy.maps import Moves, by_key, problems


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


def moves_of(version: models.TaxonomyVersion) -> Moves:
    """What `version` says became of the one it is based on. Two queries."""
    targets: dict[str, list[str]] = {}
    relabel = set()
    rows = version.category_moves.order_by("old__position", "new__position")
    for old, new, again in rows.values_list("old__key", "new__key", "relabel"):
        targets.setdefault(old, []).extend([new] if new is not None else [])
        relabel.update([old] if again else [])
    severities = version.severity_moves.order_by("old__position")
    return Moves(
        categories={old: tuple(news) for old, news in targets.items()},
        severities={o: n or "" for o, n in severities.values_list("old__key", "new__key")},
        relabel=frozenset(relabel),
    )


@transaction.atomic
def create_version(
    *,
    project: str,
    name: str,
    content: Content,
    moves: Moves | None = None,
    publish: bool = True,
) -> models.TaxonomyVersion:
    """The next version of the project's taxonomy `name`, which is made if it is new.

    It is based on the latest published one, and `moves` says what became of that; left out, what
    has the same key is the same. To publish what that one already says gives it back; there is
    one draft at most. Raises TaxonomyError.
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
    if latest and latest.state == models.TaxonomyVersion.State.DRAFT:
        raise TaxonomyError([Problem(None, "version", _OPEN_DRAFT.format(latest))])
    version = models.TaxonomyVersion.objects.create(
        taxonomy=taxonomy,
        number=latest.number + 1 if latest else 1,
        based_on=latest,
        title=content.title,
        description=content.description,
        source=content.source,
    )
    store(version, content, moves)
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


def store(version: models.TaxonomyVersion, content: Content, moves: Moves | None = None) -> None:
    """Writes the parts of a draft that has none yet, and its map. Raises TaxonomyError."""
    _store_parts(version, content)
    if version.based_on is None:
        return
    before = content_of(version.based_on)
    moves = moves or by_key(before, content)
    if wrong := [
        Problem(None, f"map.{key}", what) for key, what in problems(moves, before, content)
    ]:
        raise TaxonomyError(wrong)
    _store_moves(version, version.based_on, moves)


def _store_moves(
    version: models.TaxonomyVersion, before: models.TaxonomyVersion, moves: Moves
) -> None:
    old = dict(before.categories.values_list("key", "pk"))
    new: dict[str | None, int | None] = dict(version.categories.values_list("key", "pk"))
    models.CategoryMove.objects.bulk_create(
        models.CategoryMove(
            version=version, old_id=old[key], new_id=new.get(target), relabel=key in moves.relabel
        )
        for key, targets in moves.categories.items()
        for target in targets or (None,)
    )
    old = dict(before.severities.values_list("key", "pk"))
    new = dict(version.severities.values_list("key", "pk"))
    models.SeverityMove.objects.bulk_create(
        models.SeverityMove(version=version, old_id=old[key], new_id=new.get(target or None))
        for key, target in moves.severities.items()
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


_OPEN_DRAFT = "{} is a draft that somebody works on: publish or discard it first"
_SLUG = r"[A-Za-z0-9_-]{1,60}"
