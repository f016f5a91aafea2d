import json
from uuid import uuid4

import pytest

from reviewapp.desk.judgement import sides_of
from reviewapp.models import Draft, Exposure, Rater, Review, ReviewItem, Slot

WORDS = ("triage-09", "triage-11", "baseline", "candidate", "latency", "cost", "shadow-11")


def sent(item, **more):
    sides = {"A": "ok", "B": "ok"}
    return {"item": item, "submission": str(uuid4()), "sides": sides, **more}


def error(claimed, side="B"):
    severity = claimed["severities"][0]["key"]
    category = next(c for c in claimed["categories"] if not c["evidence_required"])
    sides = {"A": "ok", "B": "ok"} | {side: "error"}
    return {
        "sides": sides,
        "findings": [{"side": side, "category": category["key"], "severity": severity}],
    }


class TestClaim:
    def test_it_works(self, api, bob, finished_run, rater, project):
        response = api(bob).post("queue/claim/")
        assert response.status_code == 200
        claimed = response.json()
        item = ReviewItem.objects.get(pk=claimed["item"])
        real = sides_of(item, rater(project, bob))
        for letter in "AB":
            output = getattr(item.comparison, f"{real[letter]}_output")
            assert claimed["sides"][letter] == {"text": output.text, "value": output.value}
        assert claimed["request"]["id"] == item.comparison.request.key
        assert claimed["request"]["expected"] == item.comparison.expected
        assert claimed["taxonomy"] == "classification@1"
        assert claimed["categories"][0]["definition"]

    def test_again_gives_the_same(self, api, bob, finished_run):
        client = api(bob)
        first, second = client.post("queue/claim/").json(), client.post("queue/claim/").json()
        assert first["item"] == second["item"]

    def test_two_never_get_the_same(self, api, bob, dana, finished_run):
        claims = [api(person).post("queue/claim/").json()["item"] for person in (bob, dana)]
        assert len(set(claims)) == 2

    def test_nothing_left(self, api, bob, project):
        response = api(bob).post("queue/claim/")
        assert response.status_code == 204
        assert not response.content

    def test_who_may_not(self, api, erin, charlie, finished_run):
        assert api(erin).post("queue/claim/").status_code == 403
        assert api(charlie).post("queue/claim/").status_code == 404

    def test_constant_queries(self, api, bob, finished_run, django_assert_max_num_queries):
        client = api(bob)
        client.post("queue/claim/")
        with django_assert_max_num_queries(14):
            client.post("queue/claim/")


class TestRelease:
    def test_it_works(self, api, bob, finished_run):
        client = api(bob)
        client.post("queue/claim/")
        assert client.post("queue/release/").status_code == 204
        assert not Slot.objects.filter(state="claimed").exists()


class TestSkip:
    def test_it_works(self, api, bob, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        assert client.post(f"queue/{item}/skip/", {"reason": "cannot tell"}).status_code == 204
        assert client.post("queue/claim/").json()["item"] != item

    def test_bad_input(self, api, bob, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        assert client.post(f"queue/{item}/skip/", {}).status_code == 400
        assert client.post("queue/999999/skip/", {"reason": "x"}).status_code == 404
        other = ReviewItem.objects.exclude(pk=item).first()
        assert client.post(f"queue/{other.pk}/skip/", {"reason": "x"}).status_code == 409


class TestSubmit:
    def test_it_works(self, api, bob, finished_run, rater, project):
        client = api(bob)
        claimed = client.post("queue/claim/").json()
        body = sent(claimed["item"], **error(claimed), duration_s=3.5)
        response = client.post("reviews/?sides=true", body)
        assert response.status_code == 201, response.content
        review = Review.objects.get()
        real = sides_of(review.item, rater(project, bob))
        assert getattr(review, real["B"]) == "error"
        assert review.findings.get().side == real["B"]
        assert response.json()["state"] == "resolved"
        assert response.json()["sides"] == real
        assert Exposure.objects.get().user == bob

    def test_sides_are_told_to_whoever_asks(self, api, bob, finished_run):
        client = api(bob)
        answer = client.post("reviews/", sent(client.post("queue/claim/").json()["item"]))
        assert (answer.json()["state"], answer.json()["sides"]) == ("resolved", None)
        assert not Exposure.objects.exists()

    def test_twice_is_once(self, api, bob, finished_run):
        client = api(bob)
        body = sent(client.post("queue/claim/").json()["item"])
        first, second = client.post("reviews/", body), client.post("reviews/", body)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert Review.objects.count() == 1

    def test_sides_stay_hidden_until_resolved(self, api, bob, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        slot = Slot.objects.get(item=item)
        Slot.objects.create(item_id=item, number=2, project=slot.project, rank=slot.rank)
        answer = client.post("reviews/", sent(item))
        assert answer.json()["state"] == "pending"
        assert answer.json()["sides"] is None
        assert not any(word in answer.content.decode() for word in WORDS)

    def test_a_lost_slot_keeps_what_was_typed(self, api, bob, dana, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        Slot.objects.filter(item=item).update(
            rater=Rater.objects.create(project=finished_run.project, kind="script", name="thief")
        )
        response = client.post("reviews/", sent(item, note="typed for an hour"))
        assert response.status_code == 409
        assert response.json()["error"]["code"] == "slot_lost"
        assert Draft.objects.get().body["note"] == "typed for an hour"

    def test_a_draft_comes_back(self, api, bob, finished_run, rater, project):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        body = {"sides": {"A": "ok"}, "note": "half"}
        version = finished_run.taxonomy_version
        Draft.objects.create(
            item_id=item, rater=rater(project, bob), body=body, taxonomy_version=version
        )
        assert client.post("queue/claim/").json()["draft"] == body

    @pytest.mark.parametrize(
        ("change", "where"),
        [
            ({"sides": {"C": "ok"}}, "sides"),
            ({"sides": {"A": "error"}}, "sides"),
            ({"sides": {}}, "sides"),
            ({"what": 1}, "judgement"),
            (
                {"sides": {"A": "error"}, "findings": [{"side": "A", "category": "no"}]},
                "findings[0].category",
            ),
            ({"submission": "x"}, "submission"),
            ({"note": "\0"}, "note"),
            ({"note": "\ud800"}, "note"),
        ],
    )
    def test_bad_input(self, api, bob, finished_run, change, where):
        client = api(bob)
        body = sent(client.post("queue/claim/").json()["item"])
        response = client.post("reviews/", body | change)
        assert response.status_code == 400
        assert response.json()["error"]["where"] == where
        assert not Review.objects.exists()

    def test_no_object(self, api, bob, finished_run):
        client = api(bob)
        assert client.post("reviews/", [1]).status_code == 400
        assert client.post("reviews/", {}).status_code == 400
        assert client.post("reviews/", sent(999_999)).status_code == 404
        assert client.post("reviews/", sent(2**70)).status_code == 400

    def test_who_may_not(self, api, erin, finished_run):
        item = ReviewItem.objects.first()
        assert api(erin).post("reviews/", sent(item.pk)).status_code == 403

    def test_anothers_submission(self, api, bob, dana, finished_run):
        first, second = api(bob), api(dana)
        body = sent(first.post("queue/claim/").json()["item"])
        first.post("reviews/", body)
        mine = sent(second.post("queue/claim/").json()["item"], submission=body["submission"])
        assert second.post("reviews/", mine).status_code == 409


class TestBlindness:
    """Nothing that a reviewer can ask for ties a text of an unresolved item to its side."""

    def test_the_queue_has_neither_names_nor_sides(self, api, bob, finished_run):
        client = api(bob)
        for _ in range(12):
            response = client.post("queue/claim/")
            claimed = response.json()
            about = {k: v for k, v in claimed.items() if k not in ("categories", "severities")}
            assert not any(word in json.dumps(about) for word in WORDS)
            skipped = client.post(f"queue/{claimed['item']}/skip/", {"reason": "next"})
            assert not any(word in skipped.content.decode() for word in WORDS)

    def test_errors_have_neither(self, api, bob, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        for body in (
            {"sides": {"baseline": "ok"}},
            {"sides": {"A": "error"}, "findings": [{"side": "A", "note": "x", "span": [0, 999]}]},
        ):
            response = client.post("reviews/", sent(item) | body)
            assert response.status_code == 400
            assert not any(w in response.content.decode() for w in WORDS)

    def test_no_text_anywhere_else(self, api, bob, finished_run):
        from reviewapp.actions import reports

        reports.refresh(run=finished_run)
        client = api(bob)
        for path in (
            "",
            "members/",
            "tokens/",
            "models/",
            "models/triage-09/",
            "runs/",
            "runs/shadow-11/",
            "runs/shadow-11/report/",
            "runs/shadow-11/gate/",
            "promotions/",
            "evalsets/",
            "taxonomies/",
        ):
            response = client.get(path)
            assert response.status_code == 200, path
            assert "refund please" not in response.content.decode()
            assert "message number" not in response.content.decode()

    def test_exports_are_closed(self, api, bob, finished_run):
        client = api(bob)
        for path in ("labels/", "labels/?run=shadow-11", "evalsets/gold/export/"):
            assert client.get(path).status_code == 403

    def test_sides_are_shuffled(self, finished_run, bob, dana, rater, project):
        people = [rater(project, bob), rater(project, dana)]
        firsts = {sides_of(i, p)["A"] for i in ReviewItem.objects.all() for p in people}
        assert firsts == {"baseline", "candidate"}


class TestAhead:
    def test_it_works(self, api, bob, finished_run):
        client = api(bob)
        here = client.post("queue/claim/").json()
        ahead = client.post("queue/claim/?ahead=true").json()
        assert ahead["item"] != here["item"]
        assert ahead["lease_until"] < here["lease_until"]
        client.post("reviews/", sent(here["item"]))
        assert client.post("queue/claim/").json()["item"] == ahead["item"]

    def test_given_back(self, api, bob, finished_run):
        client = api(bob)
        here = client.post("queue/claim/").json()
        client.post("queue/claim/?ahead=true")
        assert client.post("queue/release/?ahead=true").status_code == 204
        assert Slot.objects.get(state="claimed").item_id == here["item"]


class TestUndo:
    def test_it_works(self, api, bob, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        first = sent(item, note="hm")
        client.post("reviews/", first)
        assert client.post("reviews/undo/").json()["item"] == item
        assert client.post("queue/claim/").json()["draft"]["note"] == "hm"
        refused = client.post("reviews/", first)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "undone")
        assert client.post("reviews/", sent(item)).json()["revision"] == 2

    def test_once_somebody_was_told_the_sides(self, api, bob, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        assert client.post("reviews/?sides=true", sent(item)).json()["sides"]
        refused = client.post("reviews/undo/")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "too_late")

    def test_who_may_not(self, api, erin, charlie, finished_run):
        assert api(erin).post("reviews/undo/").status_code == 403
        assert api(charlie).post("reviews/undo/").status_code == 404


class TestNotCounted:
    def test_it_works(self, api, bob, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        client.post("queue/release/")
        kept = client.post("reviews/?counted=false", sent(item)).json()
        assert (kept["counted"], kept["state"]) == (False, "pending")
        assert not Review.objects.get().live


class TestSkipKinds:
    def test_it_works(self, api, bob, finished_run):
        client = api(bob)
        item = client.post("queue/claim/").json()["item"]
        assert client.post(f"queue/{item}/skip/", {"kind": "field"}).status_code == 204
        assert Slot.objects.get(state="skipped").skip_kind == "field"


class TestAdjudicators:
    def test_it_works(self, api, alice, bob):
        client = api(alice)
        assert client.put("adjudicators/", {"usernames": ["bob"]}).json() == {"usernames": ["bob"]}
        assert client.get("adjudicators/").json() == {"usernames": ["bob"]}

    def test_nobody_but_reviewers(self, api, alice, project):
        assert api(alice).put("adjudicators/", {"usernames": ["alice"]}).status_code == 400

    def test_who_may_not(self, api, bob):
        assert api(bob).put("adjudicators/", {"usernames": ["bob"]}).status_code == 403
