"""Families of versions for tests: small contents, and versions that stand on any earlier one."""

from django.utils import timezone

from taxonomy.interchange import Category, Content, Severity, digest, store
from taxonomy.maps import Moves
from taxonomy.models import Taxonomy, TaxonomyVersion

MINOR_MAJOR = (
    Severity(key="minor", name="Minor", weight=1),
    Severity(key="major", name="Major", weight=5),
)


def category(key, **more):
    return Category(**{"key": key, "name": key.capitalize(), "definition": f"Is {key}."} | more)


def content(*keys, severities=MINOR_MAJOR, **more):
    """A content of these categories: keys, or whole categories."""
    categories = tuple(category(one) if isinstance(one, str) else one for one in keys)
    return Content(**{"title": "Test"} | more, severities=severities, categories=categories)


def moves(relabel=(), severities=None, **categories):
    """`moves(a="b c", d="")`: a became b and c, d was retired."""
    return Moves(
        categories={key: tuple(targets.split()) for key, targets in categories.items()},
        severities=severities or {"minor": "minor", "major": "major"},
        relabel=frozenset(relabel),
    )


def draft(said, became=None, on=None, taxonomy=None):
    taxonomy = taxonomy or (on and on.taxonomy) or Taxonomy.objects.create(project="p", name="t")
    last = taxonomy.versions.order_by("number").last()
    version = TaxonomyVersion.objects.create(
        taxonomy=taxonomy,
        number=last.number + 1 if last else 1,
        based_on=on,
        title=said.title,
    )
    store(version, said, became)
    return version


def publish(version, said=None):
    version.state = "published"
    version.digest = digest(said) if said else "d" * 64
    version.published_at = timezone.now()
    version.save()
    return version


def published(said, became=None, on=None, taxonomy=None):
    """A published version; without `became` it maps by key."""
    return publish(draft(said, became, on, taxonomy), said)


def reads(found):
    """A translation by keys: {old: "new" | {what it could be}}, and what was not asked."""
    old = dict(found.source.categories.values_list("pk", "key"))
    new = dict(found.target.categories.values_list("pk", "key"))
    return {
        old[pk]: new[one.category] if one.category else {new[pk] for pk in one.possible}
        for pk, one in found.categories.items()
    }, {new[pk] for pk in found.unasked}
