from reviewapp.api.shown_items import _words
from taxonomy.models import Category, TaxonomyVersion


class TestWords:
    def test_a_draft_is_read_anew(self, project):
        """Its categories are the same rows after an edit."""
        taxonomy = project.taxonomy_version.taxonomy
        draft = TaxonomyVersion.objects.create(taxonomy=taxonomy, number=2)
        made = Category.objects.create(
            version=draft, key="odd", name="Odd", definition="Odd.", position=1
        )
        assert [one["name"] for one in _words(draft)["categories"]] == ["Odd"]
        Category.objects.filter(pk=made.pk).update(name="Peculiar")
        assert [one["name"] for one in _words(draft)["categories"]] == ["Peculiar"]

    def test_a_published_version_is_put_into_words_once(self, project, django_assert_num_queries):
        _words(project.taxonomy_version)
        with django_assert_num_queries(0):
            assert _words(project.taxonomy_version)["categories"]
