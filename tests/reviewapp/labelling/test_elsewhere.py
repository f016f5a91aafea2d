"""Reports that stand on labels from elsewhere, worked out by hand."""

import json

import pytest

from evals.metrics.severity import future_severity_difference
from evals.sampling import SamplingPlan
from reviewapp.actions import projects, reports
from reviewapp.actions.imported import describe
from reviewapp.actions.several_raters import set_several_raters
from reviewapp.labelling import label_sets, labels
from reviewapp.labelling.importing import Statement
from reviewapp.models import LabelSet, OutputJudgement
from reviewapp.reports import core
from reviewapp.reports.freshness import is_fresh
from reviewapp.reports.parts import agreement, slices
from tests.reviewapp.actions import scenes
from tests.reviewapp.labelling.importing.scenes import NEW, OLD, bare, bring, found, record
from tests.reviewapp.reports.test_report_schema import problems


@pytest.fixture
def run(project, models):
    return bare(project, models, pairs=4)


def of(request, reviewer="ann", old=(), new=(), **more):
    """A record of one rater's findings, categories, on each version's output."""
    sides = {OLD: "error" if old else "ok", NEW: "error" if new else "ok"}
    findings = [found(OLD, one) for one in old] + [found(NEW, one) for one in new]
    return record(request, reviewer, sides, findings, **more)


def assembled(run):
    data = reports.refresh(run=run).data
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert problems(data) == []
    return data


def the(data, key):
    return next(row for row in data["categories"] if row["key"] == key)


class TestACensus:
    def test_is_exact(self, project, run):
        rows = [of(1, new=["label.missed"]), of(2, new=["label.missed"]), of(3), of(4)]
        bring(project, *rows, kind="expert")
        data = assembled(run)
        row = the(data, "label.missed")
        assert row["difference"] == {"value": 0.5, "low": 0.5, "high": 0.5}
        assert (row["worse"], row["better"], row["p"]) == (2, 0, 0.0)
        assert (data["labels"]["used"], data["labels"]["skipped"]) == (4, 0)
        assert [(one["kind"], one["about"]) for one in data["raters"]] == [("imported", "expert")]
        assert data["elsewhere"]["sets"][0] == {
            "name": "imported",
            "design": "census",
            "kind": "expert",
            "labels": 8,
        }
        assert "all there are" in data["sentences"][-1]

    def test_each_side_may_have_a_rater_of_its_own(self, project, run):
        for i in (1, 2, 3, 4):
            bring(project, record(i, "ann", {OLD: "ok"}))
            bring(project, record(i, "ben", {NEW: "error"}, [found()]))
        assert the(assembled(run), "label.missed")["difference"]["value"] == 1.0

    def test_what_is_missing_counts_both_ways(self, project, run):
        bring(project, of(1, new=["label.missed"]), of(2), of(3))
        row = the(assembled(run), "label.missed")
        assert (row["difference"]["low"], row["difference"]["high"]) == (0.0, 0.5)

    def test_any_two_versions_see_them_once(self, project, run, models, olga):
        bring(project, of(1, new=["label.missed"]), of(2), of(3), of(4))
        back = scenes.recorded(project, models[::-1], rows=[], name="back")
        assert the(assembled(run), "label.missed")["difference"]["value"] == 0.25
        assert the(assembled(back), "label.missed")["difference"]["value"] == -0.25
        assert OutputJudgement.objects.count() == 8

    def test_not_blind_ones_are_left_out(self, project, run):
        bring(project, *(of(i, new=["label.missed"], blind=None) for i in (1, 2, 3, 4)))
        data = assembled(run)
        assert (data["labels"]["used"], data["elsewhere"]["not_blind"]) == (0, 8)
        assert any("not known to be blind" in one for one in data["sentences"])
        describe(
            label_set=LabelSet.objects.get(), statement=Statement("imported", blind=True), by="test"
        )
        assert assembled(run)["labels"]["used"] == 4

    def test_raters_who_differ_are_unknown_until_one_decides(self, project, run):
        bring(project, *(of(i) for i in (1, 2, 3, 4)), of(1, "ben", new=["label.missed"]))
        data = assembled(run)
        row = the(data, "label.missed")
        assert (data["labels"]["used"], data["labels"]["skipped"]) == (3, 1)
        assert row["difference"]["high"] == 0.25
        agreed = agreement.compute(run)
        assert (agreed["items"], agreed["raters"]) == (1, 2)
        bring(project, of(1, "eve", new=["label.missed"], authoritative=True))
        assert the(assembled(run), "label.missed")["difference"]["value"] == 0.25

    def test_an_error_of_which_nothing_is_said_may_be_of_any_category(self, project, run):
        bring(project, record(1, sides={OLD: "ok", NEW: "error"}), of(2), of(3), of(4))
        data = assembled(run)
        assert data["overall"]["difference"]["low"] == 0.25
        row = the(data, "label.missed")
        assert row["difference"]["low"] < 0 < row["difference"]["high"]
        assert data["severity"] is None or data["severity"]["low"] < data["severity"]["high"]

    def test_on_the_page_and_in_json(self, project, run, as_user, olga):
        bring(project, *(of(i) for i in (1, 2, 3)), of(4, new=["label.missed"]), kind="expert")
        assembled(run)
        client = as_user(olga)
        text = client.get("/p/support/runs/run-1/report/").content.decode()
        assert "Labels come from elsewhere: “imported”, 8 judgements of outputs" in text
        assert "imported, expert" in text
        data = client.get("/p/support/runs/run-1/report/?as=json").json()
        assert data["elsewhere"]["design"] == "census"


class TestOtherDesigns:
    def test_random_is_a_sample(self, project, run):
        bring(
            project,
            of(1, new=["label.missed"]),
            of(2),
            record(3, sides={OLD: "ok"}),
            design="random",
        )
        data = assembled(run)
        row = the(data, "label.missed")
        assert row["difference"]["value"] == 0.5
        assert row["difference"]["low"] < 0.5 < row["difference"]["high"]
        assert (data["labels"]["used"], data["labels"]["skipped"]) == (2, 0)

    def test_unknown_assumes_nothing_and_has_no_gate(self, project, run):
        projects.set_policy(project=project, margin=1.0, critical_margin=1.0, by="test")
        bring(project, of(1), of(2), of(3), design="unknown")
        data = assembled(run)
        row = the(data, "label.missed")
        assert (row["difference"]["low"], row["difference"]["high"]) == (-0.25, 0.25)
        assert data["gate"]["verdict"] == "undecided"
        assert data["gate"]["waiting"] == [label_sets.NO_DESIGN]
        bring(project, of(1), of(2), of(3), of(4), design="census")
        assert assembled(run)["gate"]["waiting"] == []

    def test_sets_that_were_chosen_differently(self, project, run):
        bring(project, of(1), of(2), design="census", name="one")
        bring(project, of(3, "ben"), of(4, "ben"), design="random", name="two")
        assert assembled(run)["elsewhere"]["design"] == "unknown"


class TestAveraged:
    @pytest.fixture(autouse=True)
    def average(self, project):
        set_several_raters(project=project, several="average", by="test")

    def test_labels_are_fractions(self, project, run):
        rows = [of(i, "ann", new=["label.missed"]) for i in (1, 2)] + [of(3), of(4)]
        bring(project, *rows, of(1, "ben"), of(2, "ben", new=["label.missed"]))
        data = assembled(run)
        row = the(data, "label.missed")
        assert row["difference"] == {"value": 0.375, "low": 0.375, "high": 0.375}
        assert row["candidate"]["value"] == 0.375
        assert row["future"]["low"] < 0.375 < row["future"]["high"]
        assert (row["worse"], data["labels"]["skipped"]) == (2, 0)
        assert any("averaged" in one for one in data["sentences"])

    def test_the_score_counts_every_finding(self, project, run):
        weight = float(project.taxonomy_version.severities.get(key="major").weight)
        twice = ["label.missed", "label.missed"]
        bring(project, of(1, new=twice), of(1, "ben"), of(2), of(3), of(4))
        data = assembled(run)
        assert data["severity"]["value"] == pytest.approx(weight / 4)
        assert data["severity_scores"]["candidate"]["value"] == pytest.approx(weight / 4)
        assert data["severity_scores"]["baseline"]["value"] == 0
        # One pair of 10 points by one of two raters; and none of the 25 that a finding may weigh.
        rows = [weight, 25 - weight], [[1], [0]], [[0], [0]]
        as_one = future_severity_difference(*rows, [4], [4], 4, kinds=["score"] * 2)
        later = data["severity_future"]
        assert (later["low"], later["high"]) == pytest.approx((as_one.low, as_one.high))
        (scored,) = label_sets.scores(project).values()
        assert {one["model"]: one["score"] for one in scored} == {
            OLD: 0,
            NEW: pytest.approx(weight / 4),
        }

    def test_an_error_without_a_weight_is_unknown(self, project, run):
        bring(project, record(1, sides={OLD: "ok", NEW: "error"}), of(2), of(3), of(4))
        data = assembled(run)
        assert (data["severity"], data["severity_unknown"] != "") == (None, True)
        (scored,) = label_sets.scores(project).values()
        assert {one["unweighed"] for one in scored} == {0, 1}

    def test_a_pair_that_is_missing(self, project, run):
        bring(project, of(1, new=["label.missed"]), of(1, "ben"), of(2), of(3))
        data = assembled(run)
        row = the(data, "label.missed")
        assert row["difference"]["low"] == pytest.approx((0.5 - 1) / 4)
        assert row["difference"]["high"] == pytest.approx((0.5 + 1) / 4)
        assert data["severity"] is None

    def test_who_decides_is_none_of_them(self, project, run):
        rows = [of(1, new=["label.missed"]), of(1, "ben"), of(2), of(3), of(4)]
        bring(project, *rows, of(1, "eve", new=["label.missed"], authoritative=True))
        data = assembled(run)
        assert the(data, "label.missed")["difference"]["value"] == 0.5 / 4
        weight = float(project.taxonomy_version.severities.get(key="major").weight)
        assert data["severity"]["value"] == pytest.approx(0.5 * weight / 4)

    def test_but_where_nobody_else_spoke(self, project, run):
        bring(project, of(1, new=["label.missed"], authoritative=True), of(2), of(3), of(4))
        assert the(assembled(run), "label.missed")["difference"]["value"] == 0.25

    def test_the_report_says_so(self, project, run):
        assert run.several_raters == "average"
        run.several_raters = "adjudicate"
        run.save()
        assert core.assemble(run).data["run"]["several_raters"] == "average"

    def test_nothing_is_disputed(self, project, run):
        sides = {"baseline": "ok", "candidate": "error"}
        found = {"side": "candidate", "category": "label.missed", "severity": "major"}
        fine = {"baseline": "ok", "candidate": "ok"}
        bring(
            project,
            record(1, "ann", sides, [found], run="run-1"),
            record(1, "ben", fine, run="run-1"),
        )
        assert run.items.get().state == "resolved"
        assert list(labels.examples(run)) == []  # whose answer is right is not known
        set_several_raters(project=project, several="adjudicate", by="test")
        assert (run.items.get().state, run.items.get().resolved_at) == ("disputed", None)
        set_several_raters(project=project, several="average", by="test")
        assert run.items.get().state == "resolved"

    def test_the_gate(self, project, run):
        projects.set_policy(project=project, margin=0.9, critical_margin=0.9, by="test")
        rows = [of(i, name) for i in (1, 2, 3, 4) for name in ("ann", "ben")]
        bring(project, *rows, of(1, "eve", new=["label.missed"]))
        data = assembled(run)
        assert data["gate"]["waiting"] == []
        assert data["gate"]["verdict"] in ("pass", "undecided")

    def test_identical_texts_that_were_rated_apart(self, project, models):
        same = bare(project, models, pairs=0, rows=scenes.records([scenes.SAME] * 2), name="same")
        bring(project, of(1, new=["label.missed"]), of(2))
        assert the(assembled(same), "label.missed")["difference"]["value"] == 0.5

    def test_identical_texts_without_a_label_are_no_labels_of_a_slice(self, project, models):
        texts = [scenes.DIFFER] * 3 + [scenes.SAME] * 40
        rows = scenes.records(texts, segment={"locale": "de"})
        mostly = bare(project, models, pairs=0, rows=rows, name="mostly")
        bring(project, of(1, new=["label.missed"]), of(2), of(3))
        found = slices.compute(mostly)
        assert found["outcomes"][0]["ranked"] == []
        assert found["too_few"] == [{"segment": "locale", "value": "de", "labels": 3}]


class TestOthers:
    def test_a_run_that_draws_stands_on_its_own(self, project, models):
        run = scenes.recorded(
            project, models, [scenes.DIFFER] * 4, plan=SamplingPlan(labels=4, identical=0)
        )
        bring(project, *(of(i) for i in (1, 2, 3, 4)))
        data = assembled(run)
        assert (data["elsewhere"], data["labels"]["used"]) == (None, 0)

    def test_no_labels_at_all(self, run):
        data = assembled(run)
        assert (data["elsewhere"], data["labels"]["used"]) == (None, 0)

    def test_reports_see_what_comes(self, project, run):
        current = reports.refresh(run=run)
        assert is_fresh(current)
        bring(project, of(1))
        assert not is_fresh(current)
        current = reports.refresh(run=run)
        set_several_raters(project=project, several="average", by="test")
        assert not is_fresh(current)
