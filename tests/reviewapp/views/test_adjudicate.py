import json
from uuid import uuid4

import pytest

from reviewapp.actions import flags
from reviewapp.disagreement import adjudicating
from reviewapp.models import Membership, Review, Role

HERE = "/p/support/adjudicate/"


def sent(**sides):
    return {"judgement": json.dumps({"sides": sides}), "submission": str(uuid4())}


@pytest.fixture
def lead(as_user, alice):
    return as_user(alice)


class TestAdjudicate:
    def test_reviews_stand_side_by_side_without_names(self, lead, disputed):
        page = lead.get(HERE)
        text = page.content.decode()
        assert page.context["item"] == disputed
        assert "Review 1" in text
        assert "Review 2" in text
        for name in ("bob", "dana", disputed.run.candidate.name, disputed.run.baseline.name):
            assert name not in text

    def test_what_differs_is_marked(self, lead, disputed):
        beside = lead.get(HERE).context["beside"]
        assert sum(row["differs"] for row in beside.rows) == 2  # a verdict and a category
        assert not beside.same

    def test_one_that_is_asked_for(self, lead, as_user, olga, disputed):
        assert lead.get(f"{HERE}?item={disputed.pk}").context["item"] == disputed
        page = as_user(olga).get(f"{HERE}?item={disputed.pk}")  # alice is at it
        assert page.context["item"] is None
        assert "does not wait for you" in page.content.decode()

    def test_what_is_said_about_it_is_shown_without_names(self, lead, disputed, bob):
        flags.flag(item=disputed, text="Is this one right?", by=bob)
        page = lead.get(HERE).content.decode()
        assert "Is this one right?" in page
        assert "bob" not in page

    def test_a_way_back_to_the_last_one(self, lead, disputed):
        page = lead.get(f"{HERE}?done={disputed.pk}").content.decode()
        assert f"{HERE}{disputed.pk}/undo/" in page
        assert "is adjudicated" not in lead.get(f"{HERE}?done=x").content.decode()

    def test_nothing_waits(self, lead, finished_run):
        assert "Nothing waits for your word" in lead.get(HERE).content.decode()

    def test_none_that_one_has_judged(self, as_user, bob, disputed):
        Membership.objects.filter(user=bob).update(role=Role.LEAD)
        assert as_user(bob).get(HERE).context["item"] is None

    def test_two_adjudicators_are_given_two_items(self, lead, as_user, olga, disputed):
        assert lead.get(HERE).context["item"] == disputed
        assert as_user(olga).get(HERE).context["item"] is None
        assert lead.get(HERE).context["item"] == disputed

    def test_a_named_reviewer_may(self, as_user, project, disputed, erin):
        Membership.objects.filter(user=erin).update(role=Role.REVIEWER, adjudicates=True)
        assert as_user(erin).get(HERE).context["item"] == disputed

    def test_who_may_not(self, as_user, closed, bob, disputed):
        closed(HERE)
        assert as_user(bob).get(HERE).status_code == 403

    def test_constant_number_of_queries(self, lead, disputed, queries):
        lead.get(HERE)
        assert queries(lead, HERE) <= 45


class TestSubmit:
    def test_it_works(self, lead, disputed, alice):
        answer = lead.post(f"{HERE}{disputed.pk}/", sent(A="ok", B="ok"))
        assert answer["Location"] == f"{HERE}?done={disputed.pk}"
        assert Review.objects.get(authoritative=True).rater.user == alice

    def test_with_script(self, lead, disputed):
        headers = {"hx-request": "true"}
        answer = lead.post(f"{HERE}{disputed.pk}/", sent(A="ok", B="ok"), headers=headers)
        assert answer["HX-Redirect"] == f"{HERE}?done={disputed.pk}"

    def test_bad_input(self, lead, disputed):
        answer = lead.post(f"{HERE}{disputed.pk}/", sent(A="error"))
        assert "say which, with a finding" in answer.content.decode()

    def test_too_late(self, lead, disputed):
        lead.post(f"{HERE}{disputed.pk}/", sent(A="ok", B="ok"))
        answer = lead.post(f"{HERE}{disputed.pk}/", sent(A="ok", B="ok"))
        assert "there is nothing to adjudicate" in answer.content.decode()
        assert Review.objects.filter(authoritative=True).count() == 1


class TestAccept:
    def accept(self, client, item, number):
        address = f"{HERE}{item.pk}/accept/"
        return client.post(address, {"number": number, "submission": str(uuid4())}, follow=True)

    def test_it_works(self, lead, disputed, alice, rater, project):
        said = adjudicating.beside(disputed, rater(project, alice)).reviews[1].review
        self.accept(lead, disputed, 2)
        word = Review.objects.get(authoritative=True)
        assert (word.baseline, word.candidate) == (said.baseline, said.candidate)
        was = {(one.side, one.category_id, one.severity_id) for one in said.findings.all()}
        assert {(o.side, o.category_id, o.severity_id) for o in word.findings.all()} == was
        disputed.refresh_from_db()
        assert disputed.state == "resolved"

    def test_no_such_review(self, lead, disputed):
        assert self.accept(lead, disputed, 3).status_code == 404
        assert self.accept(lead, disputed, "x").status_code == 404

    def test_begin_with_it(self, lead, disputed, alice, rater, project):
        said = adjudicating.beside(disputed, rater(project, alice)).reviews[0].review
        draft = lead.get(f"{HERE}?take=1").context["desk_data"]["draft"]
        assert len(draft["findings"]) == said.findings.count()

    def test_a_reviewer_may_not(self, as_user, bob, disputed):
        assert self.accept(as_user(bob), disputed, 1).status_code == 403


class TestUndo:
    @pytest.fixture
    def decided(self, lead, disputed):
        lead.post(f"{HERE}{disputed.pk}/", sent(A="ok", B="ok"))
        return disputed

    def undo(self, client, item):
        return client.post(f"{HERE}{item.pk}/undo/", follow=True)

    def test_it_works(self, lead, decided):
        page = self.undo(lead, decided)
        assert page.context["item"] == decided
        assert page.context["desk_data"]["draft"]["sides"] == {"A": "ok", "B": "ok"}
        decided.refresh_from_db()
        assert decided.state == "disputed"

    def test_said_again_it_is_as_blind(self, lead, decided):
        self.undo(lead, decided)
        lead.post(f"{HERE}{decided.pk}/", sent(A="ok", B="ok"))
        word = Review.objects.get(authoritative=True, live=True)
        assert (word.revision, word.blind) == (2, True)

    def test_too_late_leads_to_revising(self, lead, as_user, bob, decided):
        as_user(bob).get(f"/p/support/queue/{decided.pk}/")  # who is shown the sides
        page = self.undo(lead, decided)
        assert "have been shown to somebody" in page.content.decode()
        assert page.context["post_to"].endswith("/judge/")

    def test_of_somebody_else(self, as_user, olga, decided):
        assert "no word of yours" in self.undo(as_user(olga), decided).content.decode()

    def test_who_may_not(self, as_user, closed, bob, decided):
        assert self.undo(as_user(bob), decided).status_code == 403


class TestPassOn:
    def test_it_goes_to_somebody_else(self, lead, as_user, olga, disputed):
        lead.get(HERE)
        lead.post(f"{HERE}{disputed.pk}/pass/")
        assert lead.get(HERE).context["item"] is None
        assert as_user(olga).get(HERE).context["item"] == disputed
        lead.post(f"{HERE}{disputed.pk}/pass/", {"back": "yes"})
        adjudicating.let_go(disputed.pk)
        assert lead.get(HERE).context["item"] == disputed
