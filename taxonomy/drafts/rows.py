"""Writes to the rows of a draft what an edit changed, and nothing else: with 500 categories,
writing all of them anew would take longer than a person likes to wait for one word."""

from __future__ import annotations

from dataclasses import replace

from django.db import connection

from taxonomy import models
from taxonomy.drafts.state import Draft
from taxonomy.interchange import Category, Content, as_dict


def save(version: models.TaxonomyVersion, before: Draft, after: Draft) -> None:
    """Makes the rows that say `before` say `after`, in a transaction of the caller's."""
    about = {"title", "description", "source"}
    if any(getattr(before.new, name) != getattr(after.new, name) for name in about):
        fields = {name: getattr(after.new, name) for name in about}
        models.TaxonomyVersion.objects.filter(pk=version.pk).update(**fields)
    # A row that changed is made anew: hotkeys and keys may change places.
    was, now = _by_key(before.new), _by_key(after.new)
    stale = [key for key, one in was.items() if now.get(key) != one]
    fresh = [one for key, one in now.items() if was.get(key) != one]
    olds = _changed_moves(before, after, set(stale))
    with connection.cursor() as cursor:
        cursor.execute(_DROP_MOVES, [version.pk, olds])
        cursor.execute(_DROP_WEIGHTS, [version.pk, stale])
        cursor.execute(_DROP_CATEGORIES, [version.pk, stale])
    _save_severities(version, before.new, after.new)
    _insert(version, fresh)
    order = after.new.categories
    with connection.cursor() as cursor:
        places = [[one.key for one in order], [one.parent for one in order]]
        cursor.execute(_PLACE, [*places, version.pk, version.pk])
    _save_moves(version, before, after, olds)


def _by_key(content: Content) -> dict[str, Category]:
    """Without the place, which is written for all."""
    return {one.key: replace(one, parent="") for one in content.categories}


def _changed_moves(before: Draft, after: Draft, stale: set[str]) -> list[str]:
    """Old categories whose move changed, or goes to a row that is made anew."""
    return [
        old
        for old, targets in after.moves.categories.items()
        if targets != before.moves.categories.get(old)
        or (old in after.moves.relabel) != (old in before.moves.relabel)
        or not stale.isdisjoint(targets)
    ]


def _save_severities(version: models.TaxonomyVersion, before: Content, after: Content) -> None:
    if before.severities == after.severities:
        return
    kept = {one.key for one in after.severities} & {one.key for one in before.severities}
    gone = [one.key for one in before.severities if one.key not in kept]
    with connection.cursor() as cursor:
        cursor.execute(_FREE_SEVERITY_MOVES, [version.pk, gone])
        cursor.execute(
            "UPDATE taxonomy_severity SET hotkey = '' WHERE version_id = %s", [version.pk]
        )
    rows = models.Severity.objects.filter(version=version)
    for position, one in enumerate(after.severities):
        if one.key in kept:
            rows.filter(key=one.key).update(**vars(one), position=position)
        else:
            models.Severity.objects.create(version=version, position=position, **vars(one))
    with connection.cursor() as cursor:
        statement = "DELETE FROM taxonomy_severity WHERE version_id = %s AND key = ANY (%s)"
        cursor.execute(statement, [version.pk, gone])


def _insert(version: models.TaxonomyVersion, fresh: list[Category]) -> None:
    if not fresh:
        return
    severities = dict(models.Severity.objects.filter(version=version).values_list("key", "pk"))
    rows = {}
    for one in fresh:
        values = vars(one) | {
            "parent": None,
            "examples": [as_dict(example) for example in one.examples],
            "default_severity_id": severities.get(one.default_severity),
        }
        del values["weights"], values["default_severity"]
        rows[one.key] = models.Category(version=version, position=0, **values)
    models.Category.objects.bulk_create(rows.values())
    models.CategoryWeight.objects.bulk_create(
        models.CategoryWeight(category=rows[one.key], severity_id=severities[key], weight=weight)
        for one in fresh
        for key, weight in one.weights.items()
    )


def _save_moves(
    version: models.TaxonomyVersion, before: Draft, after: Draft, olds: list[str]
) -> None:
    base = version.based_on
    if base is None:
        return
    if olds:
        old = dict(base.categories.filter(key__in=olds).values_list("key", "pk"))
        new: dict[str | None, int | None] = dict(version.categories.values_list("key", "pk"))
        models.CategoryMove.objects.bulk_create(
            models.CategoryMove(
                version=version,
                old_id=old[key],
                new_id=new.get(target),
                relabel=key in after.moves.relabel,
            )
            for key in olds
            for target in after.moves.categories[key] or (None,)
        )
    if (before.moves.severities, before.new.severities) == (
        after.moves.severities,
        after.new.severities,
    ):
        return
    severities = dict(version.severities.values_list("key", "pk"))
    for move in version.severity_moves.select_related("old"):
        target = severities.get(after.moves.severities[move.old.key])
        if target != move.new_id:
            models.SeverityMove.objects.filter(pk=move.pk).update(new_id=target)


_DROP_MOVES = """
    DELETE FROM taxonomy_categorymove WHERE version_id = %s AND old_id IN
        (SELECT o.id FROM taxonomy_category o WHERE o.key = ANY (%s))"""
_DROP_WEIGHTS = """
    DELETE FROM taxonomy_categoryweight WHERE category_id IN
        (SELECT id FROM taxonomy_category WHERE version_id = %s AND key = ANY (%s))"""
_DROP_CATEGORIES = "DELETE FROM taxonomy_category WHERE version_id = %s AND key = ANY (%s)"
_FREE_SEVERITY_MOVES = """
    UPDATE taxonomy_severitymove SET new_id = NULL WHERE version_id = %s AND new_id IN
        (SELECT id FROM taxonomy_severity WHERE key = ANY (%s))"""
#: Position and parent of all, in the order given; only rows that change are written.
_PLACE = """
    UPDATE taxonomy_category c SET position = n.place - 1, parent_id = p.id
    FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS n(key, parent, place)
    LEFT JOIN taxonomy_category p ON p.version_id = %s AND p.key = n.parent
    WHERE c.version_id = %s AND c.key = n.key
      AND (c.position, c.parent_id) IS DISTINCT FROM (n.place - 1, p.id)"""
