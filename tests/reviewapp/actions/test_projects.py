import pytest
from django.db import IntegrityError

from evals.comparators.config import ConfigError
from evals.sampling import SamplingPlan
from reviewapp.actions import projects
from reviewapp.models import AuditEvent, GatePolicy, Membership
from taxonomy import interchange


def content(**changes):
    return interchange.from_dict(
        {
            "title": "Two kinds",
            "severities": [{"key": "major", "name": "Major", "weight": 5}],
            "categories": [{"key": "wrong", "name": "Wrong", "definition": "It is wrong."}],
            **changes,
        }
    )


class TestCreate:
    def test_it_works(self, project, olga):
        assert Membership.objects.get(project=project).user == olga
        assert Membership.objects.get(project=project).role == "owner"
        assert str(project.taxonomy_version) == "classification@1"
        assert SamplingPlan.parse(project.sampling) == SamplingPlan()
        event = AuditEvent.objects.get(project=project, verb="created")
        assert event.by == olga
        assert event.actor == "olga"

    def test_unknown_preset(self, olga):
        with pytest.raises(Exception, match="tarot"):
            projects.create(slug="x", name="X", preset="tarot", by=olga)
        assert not Membership.objects.exists()

    def test_slug_taken(self, project, charlie):
        with pytest.raises(IntegrityError):
            projects.create_with(
                slug="support", name="Mine", content=content(), taxonomy="mine", by=charlie
            )


class TestConfigure:
    def test_pipeline(self, project, alice):
        projects.set_pipeline(project=project, pipeline={"comparators": []}, by=alice)
        project.refresh_from_db()
        assert project.pipeline == {"comparators": []}
        assert AuditEvent.objects.get(subject="comparators").by == alice

    def test_bad_pipeline_changes_nothing(self, project, alice):
        with pytest.raises(ConfigError):
            projects.set_pipeline(project=project, pipeline={"comparators": [{}]}, by=alice)
        project.refresh_from_db()
        assert project.pipeline == {}
        assert not AuditEvent.objects.filter(subject="comparators").exists()

    def test_sampling(self, project, alice):
        projects.set_sampling(project=project, plan=SamplingPlan(labels=7), by=alice)
        project.refresh_from_db()
        assert project.sampling["labels"] == 7

    def test_policy_is_a_new_row(self, project, alice):
        for margin in (0.01, 0.02):
            projects.set_policy(project=project, margin=margin, critical_margin=0, by=alice)
        assert list(GatePolicy.objects.values_list("margin", flat=True)) == [0.02, 0.01]

    @pytest.mark.parametrize("margin", [-0.1, 1.1, float("nan"), float("inf")])
    def test_policy_of_no_share(self, project, alice, margin):
        with pytest.raises(IntegrityError):
            projects.set_policy(project=project, margin=margin, critical_margin=0.1, by=alice)


class TestTaxonomy:
    def test_the_next_version_is_adopted(self, project, alice):
        version = projects.import_taxonomy(
            project=project, name="classification", content=content(), by=alice
        )
        project.refresh_from_db()
        assert str(version) == str(project.taxonomy_version) == "classification@2"

    def test_import_of_the_same_changes_nothing(self, project, alice):
        first = projects.import_taxonomy(project=project, name="mine", content=content(), by=alice)
        events = AuditEvent.objects.count()
        again = projects.import_taxonomy(project=project, name="mine", content=content(), by=alice)
        assert again == first
        assert AuditEvent.objects.count() == events

    def test_without_categories(self, project, alice):
        with pytest.raises(interchange.TaxonomyError):
            projects.import_taxonomy(
                project=project, name="none", content=content(categories=[]), by=alice
            )
