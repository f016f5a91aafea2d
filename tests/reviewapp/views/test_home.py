import pytest
from django.test import Client

from evals.models import Project, Run
from reviewapp.actions import projects, reports
from reviewapp.models import Membership, Rater, User
from reviewapp.views import home
from reviewapp.views.home import waiting_for

pytestmark = pytest.mark.django_db


class TestHome:
    def test_it_works(self, as_user, bob: User, finished_run: Run) -> None:
        reports.refresh(run=finished_run)
        page = as_user(bob).get("/").content.decode()
        assert "Support triage" in page
        assert "12 items wait for you" in page
        assert 'href="/p/support/runs/shadow-11/"' in page
        assert "no margins set" in page

    def test_an_empty_one_says_what_to_do(self, as_user, charlie: User) -> None:
        page = as_user(charlie).get("/").content.decode()
        assert "You are in no project yet" in page
        assert "/projects/new/" in page

    def test_an_engineer_has_nothing_to_review(self, as_user, erin: User, finished_run) -> None:
        assert "for you" not in as_user(erin).get("/").content.decode()

    def test_others_projects_are_not_there(self, as_user, charlie: User, project) -> None:
        assert "Support triage" not in as_user(charlie).get("/").content.decode()

    def test_anonymous_signs_in(self, db: None) -> None:
        assert Client().get("/")["Location"] == "/accounts/login/?next=/"

    def test_queries_do_not_grow(self, as_user, queries, bob: User, olga: User, project) -> None:
        client = as_user(bob)
        before = queries(client, "/")
        for i in range(5):
            made = projects.create(slug=f"p{i}", name=f"P{i}", preset="assistant", by=olga)
            Membership.objects.create(project=made, user=bob, role="reviewer")
        assert queries(client, "/") == before


class TestWaitingFor:
    def test_what_others_hold_does_not_wait(self, bob, dana, finished_run, project, rater) -> None:
        from reviewapp.actions import reviews

        reviews.claim(project=project, rater=rater(project, dana))
        assert waiting_for(bob, [project.pk]) == {project.pk: 11}
        assert waiting_for(dana, [project.pk]) == {project.pk: 12}

    def test_what_one_has_skipped_does_not_wait(self, bob, finished_run, project, rater) -> None:
        from reviewapp.actions import reviews
        from reviewapp.models import ReviewItem

        mine: Rater = rater(project, bob)
        claim = reviews.claim(project=project, rater=mine)
        item = ReviewItem.objects.get(pk=claim.item_id)
        reviews.skip(item=item, rater=mine, reason="not my language", by=bob)
        assert waiting_for(bob, [project.pk]) == {project.pk: 11}

    def test_up_to_where_counting_stops(self, as_user, bob, finished_run, monkeypatch) -> None:
        monkeypatch.setattr(home, "MOST", 5)
        assert "Review: 5+ items wait for you" in as_user(bob).get("/").content.decode()
        assert "5+ items wait for you." in as_user(bob).get("/p/support/").content.decode()


class TestNewProject:
    address = "/projects/new/"

    def test_it_works(self, as_user, charlie: User) -> None:
        body = {"name": "Contract extraction", "preset": "assistant"}
        answer = as_user(charlie).post(self.address, body)
        assert answer["Location"] == "/p/contract-extraction/"
        assert Membership.objects.get(user=charlie).role == "owner"

    def test_the_presets_are_described(self, as_user, charlie: User) -> None:
        page = as_user(charlie).get(self.address).content.decode()
        assert "Classification and structured extraction" in page
        assert "categories" in page

    def test_a_slug_that_is_taken(self, as_user, charlie: User, project: Project) -> None:
        body = {"name": "Mine", "slug": "support", "preset": "assistant"}
        assert "is taken" in as_user(charlie).post(self.address, body).content.decode()

    def test_a_name_that_makes_no_slug(self, as_user, charlie: User) -> None:
        page = as_user(charlie).post(self.address, {"name": "???", "preset": "assistant"})
        assert "No address can be made" in page.content.decode()
        assert not Project.objects.exists()

    def test_an_unknown_preset(self, as_user, charlie: User) -> None:
        assert as_user(charlie).post(self.address, {"name": "A", "preset": "x"}).status_code == 200
        assert not Project.objects.exists()
