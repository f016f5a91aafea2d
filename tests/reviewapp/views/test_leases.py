"""The addresses that the desk's script asks."""

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from reviewapp.actions import claims, exposures, reviews
from reviewapp.models import Draft, Review, ReviewItem, Slot

DESK = "/p/support/review/"
SCRIPT = {"X-Desk": "ahead"}
FINE = {"sides": {"A": "ok", "B": "ok"}}


@pytest.fixture
def bobs(finished_run, as_user, bob):
    return as_user(bob)


@pytest.fixture
def held(bobs):
    return bobs.get(DESK).context["item"].pk


def post(client, path, judgement=None, **data):
    if judgement is not None:
        data |= {"judgement": json.dumps(judgement)}
        data.setdefault("submission", str(uuid4()))
    return client.post(DESK + path, data, headers=SCRIPT)


def lapse():
    Slot.objects.filter(state="claimed").update(lease_until="2026-01-01T00:00Z")


class TestAhead:
    def test_it_works(self, bobs, held):
        response = post(bobs, "ahead/")
        assert response.status_code == 200
        assert int(response["X-Item"]) != held
        assert f"/review/{response['X-Item']}/submit/" in response.content.decode()
        assert b"<html" not in response.content

    def test_nothing_is_left(self, bobs, held):
        Slot.objects.exclude(item=held).delete()
        assert post(bobs, "ahead/").status_code == 204

    def test_given_back(self, bobs, held):
        ahead = post(bobs, "ahead/")["X-Item"]
        assert post(bobs, "ahead/release/", item=ahead).status_code == 204
        assert Slot.objects.get(item=ahead).state == "open"
        assert Slot.objects.get(item=held).state == "claimed"

    def test_nobody_who_does_not_review(self, finished_run, as_user, erin, charlie):
        assert post(as_user(erin), "ahead/").status_code == 403
        assert post(as_user(charlie), "ahead/").status_code == 404


class TestRenew:
    def test_it_works(self, bobs, held):
        lapse()
        told = post(bobs, f"{held}/renew/").json()
        assert told["lease_until"] > timezone.now().isoformat()
        assert (told["item"], told["ahead"]) == (held, False)

    def test_not_theirs(self, bobs, held):
        Slot.objects.filter(item=held).update(state="open", rater=None, lease_until=None)
        assert post(bobs, f"{held}/renew/").status_code == 409


class TestSubmit:
    def test_the_script_hears_what_it_holds(self, bobs, held):
        ahead = int(post(bobs, "ahead/")["X-Item"])
        told = post(bobs, f"{held}/submit/", FINE).json()
        assert told["held"]["item"] == ahead
        assert told["counts"] == {"left": 10, "left_more": False, "today": 1}
        assert told["undo"]["item"] == told["item"] == held

    def test_nothing_was_ahead(self, bobs, held):
        assert post(bobs, f"{held}/submit/", FINE).json()["held"] is None

    def test_what_is_wrong(self, bobs, held):
        response = post(bobs, f"{held}/submit/", {"sides": {"A": "error"}})
        assert response.status_code == 422
        assert b"say which, with a finding" in response.content

    def test_the_lease_is_lost(self, bobs, held, as_user, dana):
        lapse()
        Slot.objects.exclude(item=held).delete()
        as_user(dana).get(DESK)
        response = post(bobs, f"{held}/submit/", FINE)
        assert response.status_code == 409
        assert b"somebody else has taken it" in response.content
        assert b"Claim it again" not in response.content
        assert Draft.objects.get().body == FINE

    def test_sent_twice(self, bobs, held):
        ahead, key = post(bobs, "ahead/")["X-Item"], str(uuid4())
        first = post(bobs, f"{held}/submit/", FINE, submission=key).json()
        again = post(bobs, f"{held}/submit/", FINE, submission=key).json()
        assert first["review"] == again["review"]
        assert again["held"]["item"] == int(ahead)
        assert Review.objects.count() == 1

    def test_few_statements(self, bobs, held, django_assert_max_num_queries):
        """Session, user, membership, item; two savepoints of the tests' own; the lock, the place,
        the review, closing it, what decides the item's state, the state, what was ahead, the audit;
        what is held, left, done today."""
        post(bobs, "ahead/")
        post(bobs, f"{held}/submit/", FINE)
        here = Slot.objects.get(state="claimed").item_id
        with django_assert_max_num_queries(17):
            assert post(bobs, f"{here}/submit/", FINE).status_code == 200

    def test_not_as_somebody_who_has_no_place_here(self, finished_run, as_user, charlie, erin):
        item = ReviewItem.objects.first().pk
        assert post(as_user(erin), f"{item}/submit/", FINE).status_code == 403
        assert post(as_user(charlie), f"{item}/submit/", FINE).status_code == 404


class TestKeep:
    def test_it_works(self, bobs, held, project, rater, bob, dana):
        claims.release(rater=rater(project, bob))
        told = post(bobs, f"{held}/keep/", FINE).json()
        assert not Review.objects.get(pk=told["review"]).counted
        assert "undo" not in told

    def test_still_theirs(self, bobs, held):
        response = post(bobs, f"{held}/keep/", FINE)
        assert response.status_code == 409
        assert b"still yours" in response.content

    def test_without_the_script(self, bobs, held, project, rater, bob):
        claims.release(rater=rater(project, bob))
        sent = {"judgement": json.dumps(FINE), "submission": str(uuid4())}
        assert bobs.post(f"{DESK}{held}/keep/", sent).status_code == 302


class TestSkip:
    def test_it_works(self, bobs, held):
        told = post(bobs, f"{held}/skip/", kind="field").json()
        assert told["item"] == held
        assert Slot.objects.get(item=held, state="skipped").skip_kind == "field"

    @pytest.mark.parametrize("sent", [{"kind": "because"}, {"kind": "other"}, {}])
    def test_a_reason_is_wanted(self, bobs, held, sent):
        assert post(bobs, f"{held}/skip/", **sent).status_code == 422


class TestUndo:
    def test_it_works(self, bobs, held):
        ahead = post(bobs, "ahead/")["X-Item"]
        post(bobs, f"{held}/submit/", {**FINE, "note": "hm"})
        response = post(bobs, "undo/")
        assert int(response["X-Item"]) == held
        assert b'"note": "hm"' in response.content
        assert post(bobs, "ahead/")["X-Item"] == ahead

    def test_too_late(self, bobs, held, dana):
        post(bobs, f"{held}/submit/", FINE)
        exposures.show(items=[held], to=dana)
        response = post(bobs, "undo/")
        assert response.status_code == 409
        assert "have been shown" in response.json()["error"]
        assert response.json()["revise"] == f"/p/support/queue/{held}/?revise"

    def test_the_number_is_spent(self, bobs, held):
        key = str(uuid4())
        post(bobs, f"{held}/submit/", FINE, submission=key)
        post(bobs, "undo/")
        response = post(bobs, f"{held}/submit/", FINE, submission=key)
        assert response.status_code == 409
        assert response["X-Desk-Reload"] == "yes"
        assert b"taken this judgement back" in response.content
        assert Review.objects.get().withdrawn_at

    def test_without_the_script(self, bobs, held):
        post(bobs, f"{held}/submit/", FINE)
        assert bobs.post(f"{DESK}undo/").url == DESK
        bobs.post(f"{DESK}release/")
        assert bobs.post(f"{DESK}undo/").status_code == 302


class TestClaimAgain:
    def test_it_works(self, bobs, held):
        lapse()
        assert int(post(bobs, f"{held}/claim/")["X-Item"]) == held

    def test_taken(self, bobs, held, project, rater, dana):
        Slot.objects.exclude(item=held).delete()
        lapse()
        reviews.claim(project=project, rater=rater(project, dana))
        response = post(bobs, f"{held}/claim/")
        assert response.status_code == 409
        assert b"your draft on it is kept" in response.content
