"""The pairs behind the numbers of a report that stands on labels from elsewhere."""

import pytest

from evals.sampling import SamplingPlan
from reviewapp.actions import reports
from reviewapp.actions.several_raters import set_several_raters
from reviewapp.models import Exposure
from tests.reviewapp.actions import scenes
from tests.reviewapp.labelling.importing.scenes import bare, bring, record
from tests.reviewapp.labelling.test_elsewhere import of

ITEMS = "/p/support/runs/run-1/report/items/"
MISSED = "label.missed"


@pytest.fixture
def run(project, models):
    """A census of four pairs: the first worse, the second better, the third bad on both sides."""
    made = bare(project, models, pairs=4)
    bring(
        project,
        of(1, new=[MISSED]),
        of(2, old=[MISSED]),
        of(3, old=[MISSED], new=[MISSED]),
        of(4),
    )
    reports.refresh(run=made)
    return made


def shown(client, **query):
    page = client.get(ITEMS, query)
    assert page.status_code == 200
    return [row["of"].request.key for row in page.context["rows"]]


class TestPairs:
    @pytest.mark.parametrize(
        ("query", "at"),
        [
            ({}, [1, 2, 3]),
            ({"category": MISSED}, [1, 2, 3]),
            ({"category": MISSED, "side": "candidate"}, [1, 3]),
            ({"category": MISSED, "d": "worse"}, [1]),
            ({"d": "better"}, [2]),
        ],
    )
    def test_the_very_pairs_behind_each_number(self, as_user, alice, run, query, at):
        assert shown(as_user(alice), **query) == [f"r{i:05}" for i in at]

    def test_as_many_as_the_report_says(self, as_user, alice, run):
        client = as_user(alice)
        for row in reports.refresh(run=run).data["categories"]:
            for d in ("worse", "better"):
                assert len(shown(client, category=row["key"], d=d)) == row[d]

    def test_who_found_what(self, as_user, alice, run):
        page = as_user(alice).get(ITEMS, {"d": "worse"}).content.decode()
        assert "1 pair of outputs whose labels come from elsewhere" in page
        assert "candidate: Missed" in page
        assert "ann" in page

    def test_where_raters_are_averaged(self, as_user, alice, project, run):
        set_several_raters(project=project, several="average", by="test")
        bring(project, of(4, "ben", new=[MISSED]))
        reports.refresh(run=run)
        assert shown(as_user(alice), category=MISSED, d="worse") == ["r00001", "r00004"]

    def test_where_they_are_not_the_one_that_decides(self, as_user, alice, project, run):
        bring(project, of(4, "ben", new=[MISSED]), of(4, "eve", authoritative=True))
        assert shown(as_user(alice), category=MISSED, d="worse") == ["r00001"]

    def test_what_waits_for_a_reviewer_of_another_run_stays_blind(
        self, as_user, alice, project, models, run, rater, bob
    ):
        plan = SamplingPlan(labels=4, identical=0, equivalent=0)
        other = scenes.recorded(project, models, rows=[], name="other", plan=plan)
        first = other.items.get(comparison__request__key="r00001")
        page = as_user(alice).get(ITEMS, {"d": "worse"})
        assert page.context["rows"] == []
        assert "has to stay blind" in page.content.decode()
        scenes.review(first, rater(project, bob))
        assert shown(as_user(alice), d="worse") == ["r00001"]
        assert Exposure.objects.get(user=alice).item == first

    def test_records_that_name_the_run(self, as_user, alice, project, run):
        found = {"side": "candidate", "category": MISSED, "severity": "major"}
        sides = {"baseline": "ok", "candidate": "error"}
        bring(project, record(4, "eve", sides, [found], run="run-1", authoritative=True))
        reports.refresh(run=run)
        page = as_user(alice).get(ITEMS, {"d": "worse"})
        assert [row["of"].request.key for row in page.context["rows"]] == ["r00001", "r00004"]
        assert page.context["rows"][1]["item"].run == run

    def test_pages_and_queries(self, as_user, alice, run, queries, monkeypatch):
        client = as_user(alice)
        queries(client, ITEMS)
        few = queries(client, f"{ITEMS}?d=worse")
        assert queries(client, ITEMS) == few
        monkeypatch.setattr("reviewapp.views.report_items.PAGE", 2)
        first = client.get(ITEMS)
        second = client.get(f"{ITEMS}?{first.context['more']}")
        assert [len(page.context["rows"]) for page in (first, second)] == [2, 1]

    def test_who_may_not(self, closed, run):
        closed(ITEMS)
