"""Further versions of a project's taxonomy, with what became of the one before."""

from dataclasses import replace

from taxonomy.interchange import Category, content_of, create_version
from taxonomy.maps import by_key


def further(project, *, new=(), out=(), became=None, relabel=(), severities=None):
    """The next version, published: without the categories `out`, with those of the keys `new`.
    `became`: {old key: "new keys"} where it is not the same key; `severities`: {old: new or ""},
    of which those that become "" are taken out."""
    versions = project.taxonomy_version.taxonomy.versions
    before = content_of(versions.order_by("number").last())
    added = tuple(Category(key=key, name=key.title(), definition=f"Is {key}.") for key in new)
    gone = {old for old, now in (severities or {}).items() if not now}
    kept = tuple(
        replace(
            one,
            default_severity="" if one.default_severity in gone else one.default_severity,
            weights={key: weight for key, weight in one.weights.items() if key not in gone},
        )
        for one in before.categories
        if one.key not in out
    )
    content = replace(
        before,
        title=f"{before.title} further",
        categories=(*kept, *added),
        severities=tuple(one for one in before.severities if one.key not in gone),
    )
    moves = by_key(before, content)
    targets = {key: tuple(said.split()) for key, said in (became or {}).items()}
    moves = replace(
        moves,
        categories={**moves.categories, **targets},
        severities={**moves.severities, **(severities or {})},
        relabel=frozenset(relabel),
    )
    return create_version(
        project=project.slug, name=versions.first().taxonomy.name, content=content, moves=moves
    )
