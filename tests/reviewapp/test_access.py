import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from reviewapp.access import ALLOWED, Action, open_project, projects_of
from reviewapp.actions import members, projects
from reviewapp.labelling.averaging import averages
from reviewapp.models import Rater, ReviewItem, Role
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401


class TestOpenProject:
    def test_it_works(self, project, alice):
        access = open_project(alice, "support", Action.DECIDE)
        assert (access.user, access.project, access.role) == (alice, project, "lead")

    def test_an_outsider_cannot_tell_that_it_exists(self, project, charlie):
        with pytest.raises(Http404) as there:
            open_project(charlie, "support")
        with pytest.raises(Http404) as nowhere:
            open_project(charlie, "nowhere")
        assert str(there.value) == str(nowhere.value)

    def test_nobody(self, project):
        with pytest.raises(Http404):
            open_project(AnonymousUser(), "support")

    def test_whoever_may_not_sign_in_any_more(self, project, alice):
        alice.is_active = False
        with pytest.raises(Http404):
            open_project(alice, "support")

    def test_a_superuser_is_an_outsider(self, project, charlie):
        charlie.is_superuser = charlie.is_staff = True
        with pytest.raises(Http404):
            open_project(charlie, "support")

    def test_a_reviewer_who_was_named_adjudicates(self, project, bob, alice):
        members.name_adjudicators(project=project, usernames=["bob"], by=alice)
        access = open_project(bob, "support", Action.ADJUDICATE)
        assert not access.may(Action.CONFIGURE)
        members.change_role(membership=bob.memberships.get(), role="engineer", by=alice)
        assert not open_project(bob, "support").may(Action.ADJUDICATE)

    def test_a_role_that_does_not_allow_it(self, project, bob):
        with pytest.raises(PermissionDenied, match="As reviewer of Support triage you may not"):
            open_project(bob, "support", Action.INGEST)


class TestItemToJudge:
    def test_what_decides_its_state_is_there(
        self, project, finished_run, bob, django_assert_num_queries
    ):
        access = open_project(bob, "support", Action.REVIEW)
        item = access.item_to_judge(finished_run.items.first().pk)
        with django_assert_num_queries(0):
            assert not averages(item.run)


class TestAllowed:
    def test_each_role_has_its_row(self):
        assert set(ALLOWED) == set(Role.values)

    @pytest.mark.parametrize(
        ("user", "may"),
        [
            ("bob", {"VIEW", "REVIEW"}),
            ("erin", {"VIEW", "INGEST", "RUN", "EVALSET"}),
            ("alice", {action.name for action in Action} - {"MEMBERS"}),
            ("olga", {action.name for action in Action}),
        ],
    )
    def test_what_each_may(self, project, user, may, request):
        access = open_project(request.getfixturevalue(user), "support")
        assert {action.name for action in Action if access.may(action)} == may
        assert {name.upper() for name, allowed in access.can.items() if allowed} == may


class TestWhatIsInIt:
    def test_it_works(self, finished_run, alice):
        access = open_project(alice, "support")
        item = ReviewItem.objects.first()
        assert access.run("shadow-11") == finished_run
        assert access.item(item.pk) == item

    def test_nothing_of_another_project(self, finished_run, charlie):
        projects.create(slug="other", name="Other", preset="assistant", by=charlie)
        access = open_project(charlie, "other")
        for get, name in (
            (access.run, "shadow-11"),
            (access.item, ReviewItem.objects.first().pk),
            (access.promotion, 1),
            (access.evalset, "gold"),
        ):
            with pytest.raises(Http404):
                get(name)

    def test_the_rater_is_one(self, project, alice):
        access = open_project(alice, "support")
        assert access.rater() == access.rater() == Rater.objects.get(user=alice)

    def test_an_item_comes_with_what_judging_needs(
        self, finished_run, bob, django_assert_num_queries
    ):
        pk = ReviewItem.objects.first().pk
        access = open_project(bob, "support")
        with django_assert_num_queries(1):
            item = access.item(pk)
            assert item.run.seed
            assert item.comparison.baseline_output.text
            assert item.run.taxonomy_version.taxonomy.name


class TestProjectsOf:
    def test_it_works(self, project, alice, charlie):
        assert [one.project for one in projects_of(alice)] == [project]
        assert list(projects_of(charlie)) == []
        assert list(projects_of(AnonymousUser())) == []
