"""Flags, comments and gold on an item's page, and what the page keeps to itself."""

import random
from uuid import uuid4

import pytest

from evals.sampling import SamplingPlan
from reviewapp.actions import claims, gold, projects, reviews
from reviewapp.actions.undo import TooLate, undo
from reviewapp.models import Exposure, Flag, GoldItem, Membership
from tests.reviewapp.actions.scenes import judged, review

QUEUE = "/p/support/queue/"


@pytest.fixture
def item(finished_run):
    return finished_run.items.select_related("run__taxonomy_version").first()


@pytest.fixture
def resolved(item, project, rater, bob):
    review(item, rater(project, bob), "", "label.missed")
    return item


class TestFlag:
    def test_it_works(self, item, as_user, bob):
        answer = as_user(bob).post(f"{QUEUE}{item.pk}/flag/", {"text": "hm"})
        assert answer.url == f"{QUEUE}{item.pk}/#discussion"
        assert Flag.objects.get().item == item

    def test_the_script(self, item, as_user, bob):
        client, headers = as_user(bob), {"X-Desk": "ahead"}
        told = client.post(f"{QUEUE}{item.pk}/flag/", {"text": "hm"}, headers=headers).json()
        assert (told["flagged"], told["comments"][0]["text"]) == (True, "hm")
        answer = client.post(f"{QUEUE}{item.pk}/comment/", {"text": ""}, headers=headers)
        assert answer.status_code == 422

    def test_back_at_the_desk(self, item, as_user, bob):
        sent = {"text": "hm", "next": "desk"}
        assert as_user(bob).post(f"{QUEUE}{item.pk}/flag/", sent).url == "/p/support/review/"

    def test_what_was_said_before(self, item, as_user, alice, bob, dana, closed):
        """As much of it as each may read, for the dialog at the desk."""
        as_user(bob).post(f"{QUEUE}{item.pk}/flag/", {"text": "hm"})
        address = f"{QUEUE}{item.pk}/comments/"
        for who, said in ((bob, ["hm"]), (alice, ["hm"]), (dana, [])):
            told = as_user(who).get(address).json()
            assert [one["text"] for one in told["comments"]] == said
        closed(address)

    def test_settled_by_a_lead(self, item, as_user, alice, bob):
        as_user(bob).post(f"{QUEUE}{item.pk}/flag/", {"text": "hm"})
        address = f"{QUEUE}{item.pk}/flag/settle/"
        assert as_user(bob).post(address).status_code == 403
        as_user(alice).post(address)
        assert Flag.objects.get().settled_by == alice

    def test_not_by_an_outsider(self, item, as_user, charlie):
        answer = as_user(charlie).post(f"{QUEUE}{item.pk}/flag/", {"text": "hm"})
        assert answer.status_code == 404


class TestGold:
    def test_it_works(self, resolved, as_user, alice):
        as_user(alice).post(f"{QUEUE}{resolved.pk}/gold/")
        assert GoldItem.objects.get().marked_by == alice
        assert b"marked by alice" in as_user(alice).get(f"{QUEUE}gold/").content
        as_user(alice).post(f"{QUEUE}{resolved.pk}/gold/retire/")
        assert GoldItem.objects.get().retired_at

    def test_not_before_it_is_resolved(self, item, as_user, alice):
        page = as_user(alice).post(f"{QUEUE}{item.pk}/gold/", follow=True)
        assert b"only a resolved item has a known answer" in page.content

    def test_not_by_a_reviewer(self, resolved, as_user, bob):
        for address in (f"{resolved.pk}/gold/", f"{resolved.pk}/gold/retire/"):
            assert as_user(bob).post(QUEUE + address).status_code == 403
        assert as_user(bob).get(f"{QUEUE}gold/").status_code == 403

    def test_hits(self, resolved, project, as_user, rater, alice, dana, monkeypatch):
        self.give(resolved, project, rater(project, dana), alice, monkeypatch)
        review_of_gold(resolved, rater(project, dana))
        page = as_user(alice).get(f"{QUEUE}gold/").content.decode()
        assert "dana" in page
        assert "50.0 %" in page or "50 %" in page

    def give(self, item, project, to, lead, monkeypatch):
        gold.mark(item=item, by=lead)
        projects.set_sampling(project=project, plan=SamplingPlan(gold_share=0.5), by=lead)
        project.refresh_from_db()
        monkeypatch.setattr(random, "random", lambda: 0.0)
        assert claims.claim(project=project, rater=to).item_id == item.pk

    def test_who_reads_its_discussion_was_shown_its_sides(
        self, resolved, project, as_user, rater, alice, bob, dana, monkeypatch
    ):
        as_user(bob).post(f"{QUEUE}{resolved.pk}/comment/", {"text": "the candidate is wrong"})
        theirs, address = rater(project, dana), f"{QUEUE}{resolved.pk}/comments/"
        self.give(resolved, project, theirs, alice, monkeypatch)
        assert as_user(dana).get(address).json()["comments"] == []
        assert not Exposure.objects.filter(user=dana).exists()
        review_of_gold(resolved, theirs)
        assert as_user(dana).get(address).json()["comments"]
        with pytest.raises(TooLate, match="shown"):
            undo(project=project, rater=theirs, by=dana)

    def test_its_page_looks_like_any_other(
        self, resolved, project, as_user, rater, alice, dana, monkeypatch
    ):
        """To whoever is at it: as an item that waits, with their place on it alone."""
        waiting = resolved.run.items.exclude(pk=resolved.pk).filter(state="pending").last()
        self.give(resolved, project, rater(project, dana), alice, monkeypatch)
        pages = [
            as_user(dana).get(f"{QUEUE}{one.pk}/").content.decode() for one in (resolved, waiting)
        ]
        for page in pages:
            assert '<span class="tag">pending</span>' in page
            assert "It waits for its reviewers" in page
            assert "baseline" not in page.split("<h1>")[1]
        assert "bob" not in pages[0].split("<h1>")[1]
        assert b"Reviews" in as_user(alice).get(f"{QUEUE}{resolved.pk}/").content


def review_of_gold(item, rater):
    return reviews.submit(
        item=item, rater=rater, judgement=judged(item, "", ""), submission=uuid4(), by=rater.name
    )


class TestAdjudicators:
    address = "/p/support/settings/sampling/adjudicators/"

    def named(self):
        rows = Membership.objects.filter(adjudicates=True)
        return list(rows.values_list("user__username", flat=True))

    def test_it_works(self, project, as_user, alice, bob, dana):
        page = as_user(alice).post(self.address, {"adjudicator": ["bob"]}, follow=True)
        assert self.named() == ["bob"]
        assert b'value="bob" checked' in page.content
        as_user(alice).post(self.address, {"adjudicator": ["dana"]})
        assert self.named() == ["dana"]
        assert as_user(dana).get("/p/support/").context["access"].can["adjudicate"]

    def test_a_stranger(self, project, as_user, alice, charlie, bob):
        as_user(alice).post(self.address, {"adjudicator": ["bob", "charlie"]})
        assert self.named() == []

    def test_not_by_a_reviewer(self, project, as_user, bob):
        assert as_user(bob).post(self.address, {"adjudicator": ["bob"]}).status_code == 403
