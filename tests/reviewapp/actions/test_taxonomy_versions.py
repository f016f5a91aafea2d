"""Importing, adopting and retiring versions of a taxonomy."""

import pytest

from reviewapp.actions import projects
from reviewapp.imports import SaidMap, Unconfirmed
from reviewapp.models import AuditEvent
from taxonomy.interchange import TaxonomyError, create_version, moves_of
from taxonomy.models import TaxonomyVersion
from tests.reviewapp.labelled_scene import label, without


def bring(project, content, by="test", confirmed=True, **more):
    return projects.import_taxonomy(
        project=project,
        name="classification",
        content=content,
        by=by,
        confirmed=confirmed,
        **more,
    )


@pytest.fixture
def labelled(project, models, as_rater, bob):
    return label(project, models, as_rater(bob))


@pytest.fixture
def second(project, alice):
    return bring(project, without(project, "value.place"), by=alice)


class TestImport:
    def test_with_a_map(self, project, alice):
        said = SaidMap(("label.missed=label.none,label.wrong-class",), relabel=("value.wrong",))
        version = bring(project, without(project, "label.missed"), said=said, by=alice)
        moves = moves_of(version)
        assert set(moves.categories["label.missed"]) == {"label.none", "label.wrong-class"}
        assert moves.relabel == {"value.wrong"}
        assert str(version.based_on) == "classification@1"

    def test_what_changes_is_in_the_audit(self, project, alice, second):
        event = AuditEvent.objects.get(verb="adopted taxonomy")
        assert event.subject == "classification@2"
        assert event.data == {"changes": ["retired “Wrong place”"]}

    @pytest.mark.parametrize(
        ("gone", "changed", "said", "word"),
        [
            (["label.missed"], {}, SaidMap(), "retired “Missed”; 3 labels keep it"),
            ([], {"value__wrong": {"definition": "Other."}}, SaidMap(), "changed the definition"),
            ([], {"label__none": {"name": "No"}}, SaidMap(relabel=("label.none",)), "1 label goes"),
            ([], {}, SaidMap(("label.none=label.none,label.missed",)), "already: there is nothing"),
        ],
    )
    def test_labels_change_their_meaning_only_when_confirmed(
        self, labelled, project, gone, changed, said, word
    ):
        content = without(project, *gone, **changed)
        with pytest.raises((Unconfirmed, TaxonomyError), match=word):
            bring(project, content, said=said, confirmed=False)
        assert TaxonomyVersion.objects.count() == 1
        if "nothing" not in word:
            assert bring(project, content, said=said).number == 2

    def test_what_has_no_labels_needs_no_word(self, labelled, project):
        content = without(project, "value.place", value__partial={"definition": "Other."})
        assert bring(project, content, confirmed=False).number == 2

    def test_into_a_draft(self, labelled, project, alice):
        draft = bring(project, without(project, "label.missed"), draft=True, confirmed=False)
        project.refresh_from_db()
        assert (draft.state, str(project.taxonomy_version)) == ("draft", "classification@1")
        assert TaxonomyVersion.objects.get(pk=draft.pk).edited_by == "test"
        for into in (True, False):
            with pytest.raises(TaxonomyError, match="is a draft that somebody works on"):
                bring(project, without(project, "value.wrong"), draft=into)

    def test_a_map_from_nothing(self, project):
        with pytest.raises(TaxonomyError, match="new has no version yet"):
            projects.import_taxonomy(
                project=project,
                name="new",
                content=without(project),
                said=SaidMap(("a=b",)),
                by="test",
            )


class TestAdopt:
    def test_it_works(self, project, second, alice):
        first = second.based_on
        projects.set_taxonomy(project=project, version=first, by=alice)
        project.refresh_from_db()
        assert project.taxonomy_version == first
        events = AuditEvent.objects.count()
        projects.set_taxonomy(project=project, version=first, by=alice)
        assert AuditEvent.objects.count() == events

    def test_not_a_draft_nor_one_of_others(self, project, alice):
        draft = bring(project, without(project, "value.place"), draft=True)
        other = create_version(project="other", name="x", content=without(project))
        for version, word in ((draft, "is a draft"), (other, "of another project")):
            with pytest.raises(TaxonomyError, match=word):
                projects.set_taxonomy(project=project, version=version, by=alice)


class TestRetire:
    def test_and_back(self, project, second, alice):
        first = second.based_on
        retired = projects.retire_taxonomy(project=project, version=first, by=alice)
        assert retired.state == "retired"
        with pytest.raises(TaxonomyError, match="is retired: take it back into use first"):
            projects.set_taxonomy(project=project, version=first, by=alice)
        projects.unretire_taxonomy(project=project, version=first, by=alice)
        projects.set_taxonomy(project=project, version=first, by=alice)
        verbs = list(AuditEvent.objects.order_by("id").values_list("verb", flat=True))[-3:]
        assert verbs == ["retired taxonomy", "unretired taxonomy", "adopted taxonomy"]

    def test_not_the_one_in_force_nor_a_draft(self, project, second, alice):
        with pytest.raises(TaxonomyError, match="is in force: adopt another"):
            projects.retire_taxonomy(project=project, version=second, by=alice)
        draft = bring(project, without(project, "value.partial"), draft=True)
        for act in (projects.retire_taxonomy, projects.unretire_taxonomy):
            with pytest.raises(TaxonomyError, match="is a draft"):
                act(project=project, version=draft, by=alice)

    def test_runs_that_have_it_go_on(self, project, models, as_rater, bob, alice):
        run = label(project, models, as_rater(bob))
        bring(project, without(project, "value.place"))
        projects.retire_taxonomy(project=project, version=run.taxonomy_version, by=alice)
        item = run.items.first()
        run.refresh_from_db()
        assert str(run.taxonomy_version) == "classification@1"
        assert item.reviews.count() == 1

    def test_the_next_version_stands_on_it_all_the_same(self, project, second, alice):
        projects.set_taxonomy(project=project, version=second.based_on, by=alice)
        projects.retire_taxonomy(project=project, version=second, by=alice)
        assert bring(project, without(project, "value.partial")).based_on == second
