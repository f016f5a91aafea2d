import json
from uuid import uuid4

import pytest

from reviewapp.actions import reviews
from reviewapp.models import Membership, Review
from tests.reviewapp.judging import judge

QUEUE = "/p/support/queue/"


@pytest.fixture
def texts(item):
    return item.comparison.baseline_output.text, item.comparison.candidate_output.text


class TestItem:
    def test_unresolved_shows_no_text(self, as_user, bob, item, texts):
        page = as_user(bob).get(f"{QUEUE}{item.pk}/")
        assert page.status_code == 200
        assert "both" not in page.context
        assert "once this item is resolved" in page.content.decode()

    def test_resolved_names_the_sides(self, as_user, bob, item, texts, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        page = as_user(bob).get(f"{QUEUE}{item.pk}/")
        shown = [
            (side, "".join(p.text for p in pieces)) for side, _, pieces, _ in page.context["both"]
        ]
        assert shown == [("baseline", texts[0]), ("candidate", texts[1])]

    def test_who_may_not(self, closed, item):
        closed(f"{QUEUE}{item.pk}/")

    def test_an_item_that_is_not(self, as_user, bob, finished_run):
        assert as_user(bob).get(f"{QUEUE}987654/").status_code == 404


class TestJudge:
    def sent(self, **sides):
        return {"judgement": json.dumps({"sides": sides}), "submission": str(uuid4())}

    def test_adjudicates(self, as_user, alice, disputed):
        client, address = as_user(alice), f"{QUEUE}{disputed.pk}/"
        page = client.get(address)
        assert "Your review will be the one that counts" in page.content.decode()
        for name in ("bob", "dana", disputed.run.candidate.name, disputed.run.baseline.name):
            assert name not in page.content.decode()
        assert client.post(f"{address}judge/", self.sent(A="ok", B="ok")).status_code == 302
        assert Review.objects.get(authoritative=True).rater.user == alice

    def test_a_reviewer_may_not_adjudicate(self, as_user, disputed, charlie, project):
        Membership.objects.create(project=project, user=charlie, role="reviewer")
        answer = as_user(charlie).post(f"{QUEUE}{disputed.pk}/judge/", self.sent(A="ok", B="ok"))
        assert answer.status_code == 403

    def test_revises(self, as_user, bob, item, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        client, address = as_user(bob), f"{QUEUE}{item.pk}/"
        assert "not blind" in client.get(f"{address}?revise").content.decode()
        client.post(f"{address}judge/", self.sent(A="ok"))
        assert not Review.objects.get(item=item, live=True).blind

    def test_bad_input(self, as_user, alice, disputed):
        answer = as_user(alice).post(f"{QUEUE}{disputed.pk}/judge/", {"judgement": "{"})
        assert "not JSON" in answer.content.decode()
        assert not Review.objects.filter(authoritative=True).exists()


class TestRequeue:
    def test_it_works(self, as_user, alice, bob, dana, item, project, rater):
        for user in (bob, dana):
            reviews.claim_item(item=item, rater=rater(project, user))
            reviews.skip(item=item, rater=rater(project, user), reason="no idea", by=user)
        client, address = as_user(alice), f"{QUEUE}{item.pk}/"
        assert "no idea" in client.get(address).content.decode()
        client.post(f"{address}requeue/")
        item.refresh_from_db()
        assert item.state == "pending"

    def test_a_reviewer_may_not(self, as_user, bob, item):
        assert as_user(bob).post(f"{QUEUE}{item.pk}/requeue/").status_code == 403

    def test_nothing_to_requeue(self, as_user, alice, item):
        page = as_user(alice).post(f"{QUEUE}{item.pk}/requeue/", follow=True)
        assert "only a skipped item can be requeued" in page.content.decode()
