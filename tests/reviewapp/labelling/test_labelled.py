import pytest

from reviewapp.actions import projects
from reviewapp.imports import SaidMap
from reviewapp.labelling.labelled import difference, findings_by_category
from reviewapp.models import Review
from taxonomy.interchange import create_version
from taxonomy.models import TaxonomyVersion
from tests.reviewapp.labelled_scene import label, without


@pytest.fixture
def labelled(project, models, rater, bob):
    return label(project, models, rater(project, bob))


def goes_on(project, *keys, said=(), relabel=(), **changed):
    """The next version, in force."""
    return projects.import_taxonomy(
        project=project,
        name="classification",
        content=without(project, *keys, **changed),
        said=SaidMap(tuple(said), relabel=tuple(relabel)),
        confirmed=True,
        by="test",
    )


class TestFindingsByCategory:
    def test_it_works(self, labelled):
        assert findings_by_category(labelled.taxonomy_version) == {
            "label.missed": 3,
            "value.wrong": 2,
            "label.none": 1,
        }

    def test_counts_what_is_known_in_another_version(self, labelled, project):
        merged = goes_on(project, "label.missed", said=["label.missed=label.none"])
        assert findings_by_category(merged) == {"label.none": 4, "value.wrong": 2}
        narrower = {"definition": "Narrower."}
        said = ["label.none=label.none,label.wrong-class"]
        split = goes_on(project, said=said, label__none=narrower)
        assert findings_by_category(split) == {"value.wrong": 2}
        gone = goes_on(project, "value.wrong")
        assert findings_by_category(gone) == {}
        assert findings_by_category(labelled.taxonomy_version)["label.missed"] == 3

    def test_leaves_out_what_was_superseded_and_other_projects(self, labelled, project, olga):
        Review.objects.filter(item__run=labelled, candidate="error").update(live=False)
        assert findings_by_category(labelled.taxonomy_version) == {}
        other = projects.create(slug="other", name="Other", preset="classification", by=olga)
        assert findings_by_category(other.taxonomy_version) == {}

    def test_a_fixed_number_of_queries(self, labelled, django_assert_max_num_queries):
        version = TaxonomyVersion.objects.select_related("taxonomy").get()
        with django_assert_max_num_queries(4):
            findings_by_category(version)


class TestDifference:
    def test_between_any_two(self, labelled, project):
        first = project.taxonomy_version
        said = ["label.missed=label.missed,label.none"]
        goes_on(project, said=said, label__none={"name": "None"})
        third = goes_on(project, "label.none", said=["label.none=label.missed"])
        found = difference(first, third)
        assert found.changes[0].sentence == (
            "merged “Missed” and “No usable label” into “Missed”; 4 labels follow"
        )
        back = difference(third, first)
        assert "split “Missed” into “Missed” and “No usable label”" in back.changes[0].sentence

    def test_without_a_map(self, project, olga):
        content = without(project)
        other = create_version(project="support", name="other", content=content)
        found = difference(project.taxonomy_version, other)
        assert found.moves is None
        assert [one.kind for one in found.changes] == ["unmapped"]
