"""Reports at the edges of what can be known, as JSON and as the command prints them: a sentence
that says what is not known and why, never a NaN, never a zero that means "unknown"."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from evals.sampling import SamplingPlan
from reviewapp.actions import projects, reports, runs
from reviewapp.models import Membership
from tests.reviewapp.actions.scenes import DIFFER, SAME, recorded, review, review_all
from tests.reviewapp.versions import further

MISSED, FINE = ("", "label.missed"), ("", "")


@pytest.fixture(autouse=True)
def policy(project, alice):
    return projects.set_policy(project=project, margin=0.02, critical_margin=0.005, by=alice)


@pytest.fixture
def bobs(project, rater, bob):
    return rater(project, bob)


def printed(run, *options):
    out = StringIO()
    call_command("report", run.project.slug, run.name, *options, stdout=out)
    return out.getvalue()


def reported(run):
    """The JSON, which says what the text does."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no number that anybody can read")

    data = json.loads(printed(run, "--json"), parse_constant=refuse)
    text = printed(run)
    assert all(sentence in text for sentence in data["sentences"])
    assert all(one["sentence"] in text for one in data["missing"])
    assert "nan" not in text.lower().split()
    return data


def said(data):
    return " ".join(one["sentence"] for one in data["missing"])


def the(data, key):
    return next(row for row in data["categories"] if row["key"] == key)


class TestRequests:
    def test_none_at_all(self, project, models):
        run = runs.start(
            project=project,
            name="empty",
            baseline=models[0],
            candidate=models[1],
            by="test",
        )
        data = reported(run)
        assert "No request has been compared" in data["sentences"][0]
        assert "no number of any kind" in said(data)
        assert (data["overall"], data["failures"], data["categories"]) == (None, None, [])
        assert data["gate"]["verdict"] == "undecided"

    def test_one_side_fails(self, project, models):
        data = reported(recorded(project, models, [("a", None)] * 2 + [SAME]))
        assert "2 requests have no answer of one side or both" in said(data)
        assert data["failures"]["difference"]["value"] == pytest.approx(2 / 3)

    def test_all_alike(self, project, models):
        data = reported(recorded(project, models, [SAME] * 3))
        assert "No two outputs differ" in " ".join(data["sentences"])


class TestLabels:
    def test_none_yet(self, project, models):
        data = reported(recorded(project, models, [DIFFER] * 4 + [SAME]))
        assert "No discrepancy has been labelled yet" in said(data)
        assert data["missing"][0]["could_change"] == pytest.approx(0.8)
        row = the(data, "label.missed")
        assert (row["difference"]["low"], row["difference"]["high"]) == (-0.8, 0.8)
        assert row["verdict"] == "not decided"

    def test_one(self, project, models, bobs):
        run = recorded(project, models, [DIFFER] * 4)
        review(run.items.order_by("position").first(), bobs, *MISSED)
        data = reported(run)
        assert "One label" in said(data)
        row = the(data, "label.missed")
        assert row["difference"]["low"] < 0 < row["difference"]["high"]
        assert row["mcnemar"] is None

    def test_a_category_never_used(self, project, models, bobs):
        plan = SamplingPlan(labels=20, identical=0)
        run = recorded(project, models, [DIFFER] * 60, plan=plan)
        review_all(run, bobs, lambda _: MISSED)
        data = reported(run)
        assert "No finding of “" in said(data)
        never = next(row for row in data["categories"] if row["key"] != "label.missed")
        assert never["difference"]["value"] == 0
        assert never["difference"]["low"] < 0 < never["difference"]["high"]
        assert never["verdict"] == "not decided"

    def test_everything(self, project, models, bobs):
        run = recorded(project, models, [DIFFER] * 3 + [SAME] * 3)
        review_all(run, bobs, lambda _: FINE)
        data = reported(run)
        assert "audited" not in said(data)
        assert {row["verdict"] for row in data["categories"]} == {"no difference"}
        # Of nothing found in all of it nothing weighs anything; traffic like it may yet.
        assert data["severity"] == {"value": 0, "low": 0, "high": 0}
        assert data["severity_future"]["low"] < 0 < data["severity_future"]["high"]

    def test_the_score_says_up_to_what_it_holds(self, project, models, bobs, as_user, bob):
        run = recorded(project, models, [DIFFER] * 3 + [SAME] * 3)
        review_all(run, bobs, lambda _: FINE)
        report = reports.refresh(run=run)
        assert report.data["severity_up_to"] == 25
        page = f"/p/support/runs/{run.name}/report/"
        sentence = "It allows for outputs that weigh up to 25, whether or not a label has one."
        assert sentence in as_user(bob).get(page).content.decode()
        report.data.pop("severity_up_to")  # as one that was frozen before this was known
        report.save()
        assert "It allows for" not in as_user(bob).get(page).content.decode()

    def test_no_label_at_all(self, project, models):
        data = reported(recorded(project, models, [DIFFER] * 3))
        assert (data["severity"], data["severity_up_to"]) == (None, None)
        assert "no label" in data["severity_unknown"]

    def test_no_audit(self, project, models, bobs):
        run = recorded(project, models, [DIFFER, SAME], plan=SamplingPlan(identical=0))
        review_all(run, bobs, lambda _: FINE)
        assert "No identical pair was audited" in said(reported(run))

    def test_strata_with_one_item_or_none(self, project, models, bobs):
        """One of "differ/far", and none of any other: a census of one is exact."""
        run = recorded(project, models, [DIFFER] + [SAME] * 9)
        review_all(run, bobs, lambda item: MISSED if item.stratum != "identical" else FINE)
        row = the(reported(run), "label.missed")
        assert row["difference"] == {"value": 0.1, "low": 0.1, "high": 0.1}

    def test_waiting_behind_an_open_one(self, project, models, bobs):
        run = recorded(project, models, [DIFFER] * 4)
        for item in run.items.order_by("position")[1:]:
            review(item, bobs, *FINE)
        data = reported(run)
        assert "3 resolved items wait in line behind one that is open" in said(data)


class TestPeople:
    def test_one_reviewer_only(self, project, models, bobs):
        run = recorded(project, models, [DIFFER] * 2)
        review_all(run, bobs, lambda _: FINE)
        data = reported(run)
        assert "All labels are bob's" in said(data)
        assert data["agreement"] is None
        assert "several reviewers" in data["parts"]["agreement"]["why"]

    def test_all_agree(self, project, models, rater, bobs, dana):
        """On one thing throughout: agreement is undefined, not perfect."""
        run = recorded(project, models, [DIFFER] * 3, plan=SamplingPlan(slots=2))
        for one in (bobs, rater(project, dana)):
            review_all(run, one, lambda _: FINE)
        agreement = reported(run)["agreement"]
        assert (agreement["alpha"], agreement["interval"]) == (None, None)
        assert agreement["pairs"][0]["kappa"] is None

    def test_a_member_who_left(self, project, models, bobs, bob):
        run = recorded(project, models, [DIFFER] * 2)
        review_all(run, bobs, lambda _: MISSED)
        Membership.objects.filter(user=bob).delete()
        data = reported(run)
        assert "bob is no longer a member" in said(data)
        assert the(data, "label.missed")["difference"]["value"] == 1

    def test_relabelled(self, project, models, bobs, olga):
        """Labels of before say nothing of a category that is new."""
        from reviewapp.actions import relabel

        run = recorded(project, models, [DIFFER] * 3)
        review_all(run, bobs, lambda _: MISSED)
        relabel.move_run(run=run, version=further(project, new=["brand.new"]), by=olga)
        run.refresh_from_db()
        data = reported(run)
        assert "unknown" in " ".join(data["taxonomy"]["sentences"])
        new = the(data, "brand.new")
        assert (new["difference"]["low"], new["difference"]["high"]) == (-1, 1)
        assert the(data, "label.missed")["difference"]["value"] == 1
