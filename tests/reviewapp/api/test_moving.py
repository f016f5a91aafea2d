"""A run goes to another taxonomy version, and its labels are said again, through the API."""

import json
from uuid import uuid4

import pytest

from reviewapp.actions import reports
from reviewapp.models import Draft, Exposure, Review, ReviewItem
from tests.reviewapp.actions.scenes import review
from tests.reviewapp.versions import further

RUN = "runs/shadow-11/taxonomy/"


@pytest.fixture
def second(project):
    return further(
        project,
        new=("late", "never"),
        out=("label.missed",),
        became={"label.missed": "late never"},
    )


@pytest.fixture
def item(finished_run, rater, project, bob):
    found = ReviewItem.objects.select_related("run__taxonomy_version")
    found = found.filter(run=finished_run, stratum__startswith="differ").first()
    review(found, rater(project, bob), "", "label.missed")
    return found


class TestMoving:
    def test_it_says_what_it_would_do(self, api, bob, item, second):
        told = api(bob).get(f"{RUN}?version=classification@2").json()
        assert (told["version"], told["to"]) == ("classification@1", "classification@2")
        assert (told["items"], told["again"], told["split"]) == (1, 1, {"Missed": 1})

    def test_it_works(self, api, alice, item, second, finished_run):
        answer = api(alice).post(RUN, {"version": "classification@2"})
        assert answer.status_code == 200, answer.content
        assert answer.json()["version"] == "classification@2"
        finished_run.refresh_from_db()
        assert finished_run.taxonomy_version == second

    def test_who_may_not(self, api, bob, charlie, item, second):
        assert api(bob).post(RUN, {"version": str(second)}).status_code == 403
        assert api(charlie).post(RUN, {"version": str(second)}).status_code == 404

    @pytest.mark.parametrize(
        ("body", "status"),
        [({}, 400), ({"version": "x"}, 400), ({"version": "classification@1"}, 409)],
    )
    def test_bad_input(self, api, alice, item, second, body, status):
        answer = api(alice).post(RUN, body)
        assert answer.status_code == status
        assert answer.json()["error"]["what"]


class TestRelabel:
    @pytest.fixture
    def moved(self, item, second, api, alice):
        assert api(alice).post(RUN, {"version": str(second)}).status_code == 200
        return item

    def test_it_works(self, moved, api, bob):
        client = api(bob)
        claimed = client.post("queue/claim/").json()
        assert (claimed["item"], claimed["relabels"]) == (moved.pk, "classification@1")
        assert claimed["taxonomy"] == "classification@2"
        body = {"item": moved.pk, "submission": str(uuid4()), **claimed["draft"]}
        refused = client.post("reviews/", body)
        assert refused.status_code == 400
        assert "choose Late or Never" in refused.json()["error"]["what"]
        body["findings"][0]["category"] = "never"
        body["taxonomy"] = claimed["taxonomy"]
        made = client.post("reviews/", body)
        assert (made.status_code, made.json()["revision"]) == (201, 2)
        assert Review.objects.get(live=True).blind

    def test_in_the_version_before(self, moved, api, bob):
        client = api(bob)
        client.post("queue/claim/")
        body = {"item": moved.pk, "submission": str(uuid4()), "taxonomy": "classification@1"}
        answer = client.post("reviews/", {**body, "sides": {"A": "ok", "B": "ok"}, "note": "long"})
        assert answer.status_code == 400
        assert answer.json()["error"]["where"] == "taxonomy"
        assert Draft.objects.get().body["note"] == "long"

    def test_a_repeat_from_before_the_move(self, api, bob, alice, item, second):
        client = api(bob)
        claimed = client.post("queue/claim/").json()
        body = {
            "item": claimed["item"],
            "submission": str(uuid4()),
            "taxonomy": claimed["taxonomy"],
        }
        body["sides"] = {"A": "ok", "B": "ok"}
        first = client.post("reviews/", body)
        api(alice).post(RUN, {"version": str(second)})
        again = client.post("reviews/", body)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()

    def test_whoever_exported_is_not_blind(self, item, second, api, alice, bob):
        """Alice may both export and review."""
        lines = api(alice).get("labels/").getvalue().decode().splitlines()
        assert json.loads(lines[0])["taxonomy"] == "classification@1"
        assert Exposure.objects.get().user == alice

    def test_constant_queries(self, moved, api, bob, django_assert_max_num_queries):
        client = api(bob)
        client.post("queue/claim/")
        with django_assert_max_num_queries(32):
            client.post("queue/claim/")


class TestReport:
    def test_it_works(self, api, bob, item, second, finished_run):
        reports.refresh(run=finished_run, version=second)
        answer = api(bob).get("runs/shadow-11/report/?taxonomy=classification@2").json()
        assert answer["data"]["taxonomy"]["version"] == "classification@2"
        assert api(bob).get("runs/shadow-11/report/").status_code == 404  # not computed yet

    def test_no_such_version(self, api, bob, finished_run):
        answer = api(bob).get("runs/shadow-11/report/?taxonomy=x")
        assert answer.status_code == 400
        assert "classification@1" in answer.json()["error"]["what"]
