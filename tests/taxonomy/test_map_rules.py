"""The database holds the rules of maps itself, whoever writes to it."""

from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from taxonomy.interchange import moves_of
from taxonomy.models import (
    Category,
    CategoryMove,
    SeverityMove,
    Taxonomy,
    TaxonomyVersion,
)
from taxonomy.translation import translation

from .families import category, content, draft, moves, publish, published, reads

migration = import_module("taxonomy.migrations.0004_maps_hold")


def refused(change, *words):
    with pytest.raises(IntegrityError) as told, transaction.atomic():
        change()
    assert all(word in str(told.value) for word in words), told.value


@pytest.fixture
def first():
    return published(content("a", "b"))


@pytest.fixture
def second(first):
    """A draft on the first one."""
    return draft(content(category("top"), category("a", parent="top"), "b", "c"), on=first)


def of(version, key):
    return version.categories.get(key=key)


@pytest.mark.django_db
class TestVersions:
    def test_one_draft_a_taxonomy(self, second):
        refused(lambda: draft(content("a"), on=second.based_on), "version_one_draft")
        draft(content("a"), taxonomy=Taxonomy.objects.create(project="p", name="other"))

    def test_stand_on_an_earlier_published_one_of_their_own(self, first):
        other = published(content("a"), taxonomy=Taxonomy.objects.create(project="p", name="o"))
        fields = {"taxonomy": first.taxonomy, "title": "x"}
        words = "based on an earlier published one of its own taxonomy"
        make = TaxonomyVersion.objects.create
        refused(lambda: make(**fields, number=2, based_on=other), words)
        refused(lambda: make(**fields, number=0, based_on=first), words)
        third = make(**fields, number=3)
        refused(lambda: TaxonomyVersion.objects.filter(pk=third.pk).update(based_on=third))
        refused(
            lambda: make(taxonomy=other.taxonomy, number=2, title="x", based_on=third),
            words,
        )

    def test_cannot_be_based_on_a_draft(self, first, second):
        TaxonomyVersion.objects.filter(pk=second.pk).update(state="draft")
        make = TaxonomyVersion.objects.create
        fields = {"state": "published", "digest": "d", "published_at": timezone.now()}
        refused(
            lambda: make(taxonomy=first.taxonomy, number=3, title="x", based_on=second, **fields),
            "based on an earlier published one",
        )

    def test_cannot_change_what_they_are_based_on_while_a_map_is_there(self, first, second):
        refused(lambda: TaxonomyVersion.objects.filter(pk=second.pk).update(based_on=None), "map")
        second.category_moves.all().delete()
        TaxonomyVersion.objects.filter(pk=second.pk).update(based_on=None)

    def test_cannot_be_born_published_without_a_map(self, first):
        refused(
            lambda: TaxonomyVersion.objects.create(
                taxonomy=first.taxonomy, number=2, title="x", based_on=first,
                state="published", digest="d", published_at=timezone.now(),
            ),
            "does not say what became of every part",
        )  # fmt: skip

    def test_one_that_others_stand_on_stays(self, first, second):
        refused(first.delete)


@pytest.mark.django_db
class TestMoves:
    def test_go_from_the_version_before_to_their_own(self, first, second):
        make = CategoryMove.objects.create
        words = "from a part of the version before to one of version"
        refused(lambda: make(version=second, old=of(second, "a"), new=of(second, "b")), words)
        refused(lambda: make(version=second, old=of(first, "a"), new=of(first, "b")), words)
        refused(lambda: second.category_moves.update(new=of(first, "a")), words)
        severity = first.severities.first()
        second.severity_moves.all().delete()
        refused(
            lambda: SeverityMove.objects.create(version=second, old=severity, new=severity), words
        )
        root = published(content("a"), taxonomy=Taxonomy.objects.create(project="p", name="o"))
        refused(lambda: make(version=root, old=of(first, "a")))  # it is based on nothing

    def test_are_said_once(self, first, second):
        a = of(first, "a")
        make = CategoryMove.objects.create
        refused(lambda: make(version=second, old=a, new=of(second, "a")), "move_once")
        make(version=second, old=a)
        refused(lambda: make(version=second, old=a), "move_once")
        old = first.severities.first()
        refused(lambda: SeverityMove.objects.create(version=second, old=old), "severity_moves_once")

    def test_what_is_retired_is_not_relabelled(self, first, second):
        refused(
            lambda: CategoryMove.objects.create(version=second, old=of(first, "a"), relabel=True),
            "move_retired_is_not_relabelled",
        )

    @pytest.mark.parametrize("part", ["category_moves", "severity_moves"])
    def test_are_whole_when_published(self, second, part):
        getattr(second, part).first().delete()
        refused(lambda: publish(second), "does not say what became of every part")

    def test_name_no_heading_when_published(self, first, second):
        second.category_moves.filter(old=of(first, "a")).update(new=of(second, "top"))
        refused(lambda: publish(second), "maps a heading")

    def test_do_not_retire_and_keep(self, first, second):
        CategoryMove.objects.create(version=second, old=of(first, "a"))
        refused(lambda: publish(second), "retires a category and keeps it")

    def test_go_with_a_target_that_is_taken_away_and_are_missed(self, first, second):
        of(second, "a").delete()
        assert second.category_moves.count() == 1
        refused(lambda: publish(second), "does not say what became of every part")

    def test_are_frozen_with_their_version(self, first, second):
        publish(second)
        words = "cannot change; make a new version"
        for moves_there in (second.category_moves, second.severity_moves):
            refused(lambda rows=moves_there: rows.update(new=None), words)
            refused(lambda rows=moves_there: rows.all()._raw_delete("default"), words)
        refused(
            lambda: CategoryMove.objects.create(
                version=second, old=of(first, "a"), new=of(second, "c")
            ),
            words,
        )

    def test_a_published_version_may_still_be_retired(self, second):
        publish(second)
        TaxonomyVersion.objects.update(state="retired")
        third = draft(content("a", "b", "c"), on=second)
        assert third.based_on == second

    def test_are_read_as_they_were_said(self, first):
        said = moves(a="c d", b="d", relabel="a", severities={"minor": "", "major": "minor"})
        assert moves_of(draft(content("c", "d"), said, on=first)) == said


@pytest.mark.django_db
class TestFromBeforeThereWereMaps:
    """The migration, on versions that people have."""

    def run(self, sql):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            cursor.execute(sql)

    def test_versions_get_the_map_by_key(self):
        first = published(content("a", "b", category("top"), category("c", parent="top")))
        plain = content("a", "c", "d", category("b"), category("b.one", parent="b"))
        published(plain, taxonomy=first.taxonomy)
        draft(plain, taxonomy=first.taxonomy)
        self.run(migration.BACKWARD)
        self.run(migration.FORWARD)
        first, second, third = TaxonomyVersion.objects.order_by("number")
        assert (first.based_on, second.based_on, third.based_on) == (None, first, second)
        assert moves_of(second) == moves(a="a", b="", c="c")
        assert moves_of(third).categories["b.one"] == ("b.one",)
        assert reads(translation(first, third))[1] == {"d", "b.one"}

    def test_and_are_as_frozen_as_before(self):
        first = published(content("a", "b"))
        published(content("a"), taxonomy=first.taxonomy)
        self.run(migration.BACKWARD)
        self.run(migration.FORWARD)
        refused(lambda: CategoryMove.objects.all()._raw_delete("default"), "cannot change")
        refused(lambda: Category.objects.update(name="x"), "cannot change")
        refused(lambda: TaxonomyVersion.objects.update(title="x"), "cannot change")
