"""Taxonomies in the database: what is published never changes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from taxonomy import presets
from taxonomy.interchange import TaxonomyError, content_of, create_version, digest, read
from taxonomy.models import Category, CategoryWeight, Severity, Taxonomy, TaxonomyVersion

from .examples import SMALL


def create(content=None, **more):
    return create_version(project="support", name="small", content=content or read(SMALL), **more)


@pytest.mark.django_db
class TestCreateVersion:
    def test_it_works(self):
        version = create()
        assert str(version) == "small@1"
        assert version.state == "published"
        assert version.digest == digest(read(SMALL))
        assert content_of(version) == read(SMALL)

    @pytest.mark.parametrize("key", [key for key, _ in presets.names()])
    def test_every_preset_comes_back_as_it_was(self, key):
        version = create_version(project="support", name=key, content=presets.load(key))
        version = TaxonomyVersion.objects.get(pk=version.pk)
        assert content_of(version) == presets.load(key)
        assert digest(content_of(version)) == version.digest

    def test_keeps_description_and_source_apart(self):
        content = replace(read(SMALL), description="See\n\nSource: below", source="A book")
        version = create(content)
        assert (version.description, version.source) == ("See\n\nSource: below", "A book")
        assert content_of(version) == content

    def test_the_same_content_is_the_same_version(self):
        assert create() == create()
        assert TaxonomyVersion.objects.count() == 1

    def test_another_content_is_the_next_number(self):
        first = create()
        second = create(replace(read(SMALL), title="Other"))
        assert (first.number, second.number) == (1, 2)
        assert create().number == 3  # the latest says something else

    def test_a_draft_is_a_version_of_its_own(self):
        create()
        draft = create(publish=False)
        assert (draft.number, draft.state, draft.digest) == (2, "draft", "")
        draft.categories.update(name="Renamed")

    def test_projects_do_not_share(self):
        other = create_version(project="sales", name="small", content=read(SMALL))
        assert other != create()
        assert Taxonomy.objects.count() == 2

    def test_bad_content_and_bad_names_leave_nothing_behind(self):
        with pytest.raises(TaxonomyError, match="title: missing"):
            create(replace(read(SMALL), title=""))
        with pytest.raises(TaxonomyError, match="name: “a b” cannot be one"):
            create_version(project="support", name="a b", content=read(SMALL))
        assert not Taxonomy.objects.exists()

    def test_reading_takes_four_queries(self, django_assert_num_queries):
        version = create_version(project="p", name="n", content=presets.load("translation"))
        with django_assert_num_queries(4):
            content_of(version)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def create(self, title):
        try:
            return create(replace(read(SMALL), title=title)).number
        finally:
            connection.close()

    def test_take_turns(self):
        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(self.create, "abcd")) == [1, 2, 3, 4]

    def test_with_the_same_content_get_the_same_version(self):
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(self.create, "aaaa")) == [1, 1, 1, 1]


@pytest.mark.django_db
class TestPublished:
    def refuses(self, change):
        with pytest.raises(IntegrityError, match="make a new version"), transaction.atomic():
            change()

    def test_may_be_retired_and_nothing_else(self):
        version = create()
        self.refuses(lambda: TaxonomyVersion.objects.update(title="Other"))
        self.refuses(lambda: TaxonomyVersion.objects.update(state="retired", number=7))
        TaxonomyVersion.objects.update(state="retired")
        self.refuses(lambda: TaxonomyVersion.objects.update(state="draft"))
        assert content_of(version) == read(SMALL)

    def test_cannot_be_deleted(self):
        version = create()
        with pytest.raises(IntegrityError), transaction.atomic():
            version.delete()
        with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute("DELETE FROM taxonomy_taxonomyversion")

    @pytest.mark.parametrize(
        ("part", "values"),
        [(Category, {"name": "x"}), (Severity, {"weight": 2}), (CategoryWeight, {"weight": 2})],
    )
    def test_its_parts_cannot_change(self, part, values):
        create()
        self.refuses(lambda: part.objects.update(**values))
        self.refuses(lambda: part.objects.all()._raw_delete("default"))

    def test_nothing_can_be_added(self):
        version = create()
        category, severity = version.categories.all()[0], version.severities.all()[0]
        new = {"version": version, "key": "new", "name": "New", "position": 9}
        self.refuses(lambda: Category.objects.create(**new, definition="x"))
        self.refuses(lambda: Severity.objects.create(**new, weight=1))
        self.refuses(
            lambda: CategoryWeight.objects.create(category=category, severity=severity, weight=1)
        )

    def test_nothing_can_be_moved_in_or_out(self):
        version = create()
        draft = create(replace(read(SMALL), title="Draft"), publish=False)
        self.refuses(lambda: draft.categories.update(version=version, key="moved", hotkey=""))
        self.refuses(lambda: version.severities.update(version=draft))
