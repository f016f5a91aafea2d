"""Records that name a run: reviews of its items."""

import json

import pytest

from evals.sampling import SamplingPlan
from reviewapp.actions import reviews
from reviewapp.labelling import label_records, labels
from reviewapp.models import Exposure, Finding, Review, ReviewItem, Slot
from tests.reviewapp.actions import scenes
from tests.reviewapp.labelling.importing.scenes import bare, bring, found, record


def of_run(request=1, reviewer="ann", baseline="ok", candidate="ok", **more):
    sides = {"baseline": baseline, "candidate": candidate}
    sides = {name: verdict for name, verdict in sides.items() if verdict}
    findings = [found(side=name) for name, verdict in sides.items() if verdict == "error"]
    return record(request, reviewer, sides, findings, run="run-1", **more)


class TestARunThatDrawsNothing:
    @pytest.fixture
    def run(self, project, models):
        return bare(project, models)

    def test_gets_items(self, project, run):
        result = bring(project, of_run(1, candidate="error"), of_run(2), kind="expert")
        assert (result.stored, result.problems) == (2, [])
        items = ReviewItem.objects.order_by("position")
        assert {item.state for item in items} == {"resolved"}
        assert [(item.position, item.inclusion) for item in items] == [(1, 1.0), (2, 1.0)]
        assert {item.stratum for item in items} == {"differ/far"}
        assert {item.label_set.name for item in items} == {"imported"}
        assert Finding.objects.get().side == "candidate"
        assert not Slot.objects.exists()
        assert bring(project, of_run(1, candidate="error"), of_run(2)).unchanged == 2

    def test_chosen_at_random(self, project, run):
        bring(project, of_run(1), of_run(2, inclusion=0.25), design="random")
        assert list(run.items.order_by("pk").values_list("inclusion", flat=True)) == [None, 0.25]

    def test_sides_that_come_apart_merge(self, project, run):
        result = bring(project, of_run(baseline=""), of_run(candidate=""), of_run(2, candidate=""))
        assert (result.stored, result.added) == (2, 1)
        assert bring(project, of_run(2, baseline="")).added == 1
        assert bring(project, of_run(2, baseline=""), of_run(2, candidate="")).unchanged == 2
        for review in Review.objects.filter(live=True):
            assert (review.baseline, review.candidate) == ("ok", "ok")

    def test_raters_who_differ_leave_it_disputed(self, project, run, alice, rater):
        bring(project, of_run(1), of_run(1, "ben", candidate="error"))
        item = ReviewItem.objects.get()
        assert item.state == "disputed"
        reviews.adjudicate(
            item=item,
            rater=rater(project, alice),
            judgement=scenes.judged(item),
            submission="6c84fb90-12c4-11e1-840d-7b25c5ee775a",
            by=alice,
        )
        item.refresh_from_db()
        assert item.state == "resolved"

    def test_an_authoritative_one_decides(self, project, run):
        bring(project, of_run(1), of_run(1, "ben", candidate="error", authoritative=True))
        assert ReviewItem.objects.get().state == "resolved"

    def test_out_and_in_again(self, project, run):
        moment = "2026-01-02T03:04:05+00:00"
        bring(project, of_run(1, candidate="error", note="all", reviewed_at=moment))
        (out,) = label_records.of(project, [run])
        assert (out["reviewed_at"], out["reviewer_kind"]) == (moment, "imported")
        assert bring(project, json.loads(json.dumps(out))).unchanged == 1

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"request": "r00009"}, "send traffic"),
            ({"taxonomy": "other@1"}, "no published version"),
            ({"findings": [found(side="candidate", span=[3, 9])]}, "4 characters"),
        ],
    )
    def test_bad_lines(self, project, run, change, reason):
        result = bring(project, {**of_run(1, candidate="error"), **change})
        assert (result.rejected, ReviewItem.objects.count()) == (1, 0)
        assert reason in result.problems[0].reason

    def test_a_pair_with_a_side_that_failed(self, project, models):
        scenes.recorded(project, models, [("a", None)], plan=SamplingPlan(0, 0, 0), name="run-1")
        result = bring(project, of_run(1, candidate=""))
        assert "no pair" in result.problems[0].reason


class TestARunThatDraws:
    @pytest.fixture
    def run(self, project, models):
        plan = SamplingPlan(labels=2, equivalent=0, identical=0)
        return scenes.recorded(project, models, [scenes.DIFFER] * 4, plan=plan)

    def drawn(self, run):
        return [
            int(key[1:]) for key in run.items.values_list("comparison__request__key", flat=True)
        ]

    def test_takes_them_on_drawn_items_only(self, project, run, olga):
        drawn = self.drawn(run)
        result = bring(project, *(of_run(i) for i in (1, 2, 3, 4)), by=olga)
        assert (result.stored, result.rejected) == (2, 2)
        assert "was not drawn in run-1" in result.problems[0].reason
        assert {one.line for one in result.problems} == {1, 2, 3, 4} - set(drawn)
        assert {item.state for item in run.items.all()} == {"resolved"}
        assert len(labels.labels(run)) == 2
        assert set(Exposure.objects.values_list("user", flat=True)) == {olga.pk}

    def test_one_that_is_not_blind_takes_no_place(self, project, run, bob, rater):
        first = self.drawn(run)[0]
        bring(project, of_run(first, blind=None))
        item = run.items.first()
        assert item.state == "pending"
        assert scenes.review(item, rater(project, bob)).blind

    def test_one_that_comes_after_it_was_resolved_is_not_blind(self, project, run, bob, rater):
        item = run.items.first()
        scenes.review(item, rater(project, bob), "", "label.missed")
        request = int(item.comparison.request.key[1:])
        assert bring(project, of_run(request)).stored == 1
        item.refresh_from_db()
        assert (item.state, item.reviews.get(rater__name="ann").blind) == ("resolved", False)
        assert bring(project, of_run(request)).unchanged == 1

    def test_the_members_own_come_back(self, project, run, bob, rater):
        item = run.items.first()
        scenes.review(item, rater(project, bob))
        (out,) = label_records.of(project, [run])
        assert bring(project, out).unchanged == 1
        out["sides"]["candidate"] = "error"
        result = bring(project, out)
        assert (result.conflicting, Review.objects.count()) == (1, 1)
        assert "as a member" in result.problems[0].reason

    def test_nobody_adjudicates_by_import(self, project, run):
        result = bring(project, of_run(self.drawn(run)[0], authoritative=True))
        assert result.problems[0].path == "$.authoritative"
