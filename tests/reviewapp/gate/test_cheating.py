"""Ways to get a pass that is not deserved: what the gate says, and what it tells whoever signs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evals import recompute
from evals.metrics.looks import scheduled_looks
from evals.models import Run
from evals.sampling import SamplingPlan
from reviewapp.actions import comparators, items, projects, redraw, reports, reviews, runs
from reviewapp.actions.several_raters import set_several_raters
from reviewapp.gate.judge import judge_run
from reviewapp.gate.looks import Plan
from reviewapp.gate.notes import notes
from reviewapp.models import AuditEvent, Look
from reviewapp.reports import core
from tests.reviewapp.actions.scenes import DIFFER, SAME, recorded, review, review_all
from tests.reviewapp.gate.test_gate import rule as counted
from tests.reviewapp.gate.test_looks import finish, rule
from tests.reviewapp.labelling.importing.scenes import bare, bring, record
from tests.reviewapp.test_crossed import BRACKETS

MISSED = "label.missed"


@pytest.fixture
def raters(project, rater, bob, dana):
    return [rater(project, one) for one in (bob, dana)]


def scene(project, models, plan=None, **more):
    """Twelve discrepancies among 200 requests."""
    pairs = [DIFFER] * 12 + [SAME] * 188
    return recorded(project, models, pairs, plan=plan or SamplingPlan(labels=12), **more)


@pytest.fixture
def run(project, models):
    return scene(project, models)


def policy(project, by, margin=0.03, **more):
    return projects.set_policy(
        project=project, margin=margin, critical_margin=margin, by=by, **more
    )


def gate(run):
    run.refresh_from_db()
    return core.assemble(run).data["gate"]


class TestUnknownIsNoPass:
    def test_where_everything_is_skipped(self, project, run, raters, alice):
        policy(project, alice)
        for item in run.items.all():
            for rater in raters:
                assert reviews.claim_item(item=item, rater=rater)
                reviews.skip(item=item, rater=rater, reason="", by="test")
        found = gate(run)
        assert found["waiting"] == []
        assert (found["verdict"], found["outlook"]) == ("undecided", "undecided")

    def test_where_the_bad_ones_are_skipped(self, project, run, raters, alice):
        """What would be found there counts as found: nothing is gained by leaving it out."""
        policy(project, alice)
        first, *rest = run.items.order_by("position")
        for item in rest:
            review(item, raters[0])
        for rater in raters:
            assert reviews.claim_item(item=first, rater=rater)
            reviews.skip(item=first, rater=rater, reason="", by="test")
        skipped = gate(run)["rules"][0]
        items.requeue(item=first, by="test")
        assert (
            reviews.claim_item(item=first, rater=raters[0]) is None
        )  # who skipped does not get it
        assert gate(run)["verdict"] == "undecided"
        assert skipped["verdict"] in ("undecided", "pass")

    @pytest.mark.parametrize("unknown", [1, 50, 1000])
    def test_a_rule_of_nothing_but_unknown_labels(self, project, finished_run, alice, unknown):
        policy(project, alice, margin=0.0005 * unknown)
        finish(finished_run)
        one = counted(0, 0, 0, unknown, unknown)
        assert judge_run(finished_run, [one], 1000).data["verdict"] == "undecided"

    def test_nothing_was_drawn(self, project, models, alice):
        policy(project, alice, margin=1.0)
        run = scene(project, models, SamplingPlan(labels=0, equivalent=0, identical=0))
        assert gate(run)["verdict"] == "undecided"

    @pytest.mark.parametrize("budget", [None, 14])
    def test_a_margin_of_nothing_is_never_inside(self, project, finished_run, alice, budget):
        """None among ever so many labels is not zero for traffic to come."""
        projects.set_policy(
            project=project, margin=0.5, critical_margin=0.0, label_budget=budget, by=alice
        )
        finish(finished_run)
        found = judge_run(
            finished_run, [counted(0, 0, 1000, 1000, critical=True)], 1000, labels=1000
        ).data
        assert found["verdict"] == "undecided"
        assert found["rules"][0]["labels_needed"] is None
        assert found["smallest_margin"] > 0


class TestStoppingWhenItPleases:
    @pytest.fixture
    def planned(self, project, finished_run, alice):
        """It takes traffic for another week, with a plan of 400 labels in ten looks."""
        later = timezone.now() + timedelta(days=7)
        Run.objects.filter(pk=finished_run.pk).update(
            state="running", finished_at=None, closes_at=later
        )
        finished_run.refresh_from_db()
        policy(project, alice, margin=0.02, label_budget=400, looks=10)
        return finished_run

    def close(self, run, raters):
        review_all(run, raters[0])
        runs.close(run=run, by="test")
        finish(Run.objects.get(pk=run.pk))
        run.refresh_from_db()

    def test_the_last_look_is_worth_its_labels(self, project, planned, raters):
        self.close(planned, raters)
        due = Plan(planned, project.policies.first()).due(100, 1, full=True)
        assert (due.number, due.last, due.fraction) == (10, True, 0.25)
        assert due.level == scheduled_looks([0.25], 1.0)[0].confidence > 0.99

    def test_what_would_pass_at_the_end_does_not_then(self, project, planned, raters):
        open_end = judge_run(planned, [rule(0, 100)], 10_000, labels=100)
        assert open_end.data["outlook"] == "pass"
        self.close(planned, raters)
        judged = judge_run(planned, [rule(0, 100)], 10_000, labels=100)
        assert judged.look.fraction == 0.25
        assert judged.data["verdict"] == "undecided"
        assert any("closed by hand" in note for note in judged.data["notes"])

    def test_there_is_no_look_after_it(self, project, planned, raters):
        self.close(planned, raters)
        judge_run(planned, [rule(0, 100)], 10_000, labels=100).look.save()
        later = judge_run(planned, [rule(0, 400)], 10_000, labels=400)
        assert (later.look, later.data["verdict"]) == (None, "undecided")
        assert later.data["plan"]["over"]

    def test_a_window_that_ends_by_itself_spends_all(self, project, planned, raters):
        review_all(planned, raters[0])
        finish(planned)
        due = Plan(planned, project.policies.first()).due(100, 1, full=True)
        assert due.fraction == 1.0

    def test_nothing_was_to_be_seen_before_the_first_review(self, project, planned):
        runs.close(run=planned, by="test")
        planned.refresh_from_db()
        assert planned.cut_short_at
        assert notes(planned, project.policies.first(), []) == []


class TestOtherMargins:
    def test_after_the_labels_were_seen(self, project, run, raters, alice):
        policy(project, alice, margin=0.001)
        review_all(run, raters[0])
        assert gate(run)["notes"] == []
        policy(project, alice, margin=0.9)
        found = gate(run)
        assert found["verdict"] == "pass"
        (note,) = found["notes"]
        assert "by alice, when this run had" in note
        assert "they were 0.1 points" in note
        assert AuditEvent.objects.filter(verb="set the gate policy").count() == 2

    def test_it_is_frozen_with_the_verdict(self, project, run, raters, alice):
        review_all(run, raters[0])
        policy(project, alice, margin=0.9)
        reports.refresh(run=run)
        frozen = reports.freeze(run=run, by=alice)
        assert "there were none before" in frozen.data["gate"]["notes"][0]

    def test_a_fail_that_is_put_aside_is_told(self, project, finished_run, alice):
        Run.objects.filter(pk=finished_run.pk).update(state="running", finished_at=None)
        finished_run.refresh_from_db()
        policy(project, alice, margin=0.02, label_budget=400, looks=10)
        judge_run(finished_run, [rule(100, 200)], 10_000, labels=200).look.save()
        assert Look.objects.get().verdict == "fail"
        policy(project, alice, margin=0.5, label_budget=400, looks=10)
        found = judge_run(finished_run, [rule(100, 200)], 10_000, labels=200).data
        assert found["verdict"] == "undecided"
        assert any(
            "Look 5 said FAIL at 200 labels, under other margins" in n for n in found["notes"]
        )

    def test_a_pass_on_labels_that_cannot_decide_any_more(self, project, finished_run, alice):
        policy(project, alice, margin=0.5, label_budget=100, looks=10)
        finish(finished_run)

        def judged(*waiting):
            one = rule(0, 100)
            return judge_run(finished_run, [one], 10_000, labels=100, waiting=list(waiting))

        judged().look.save()
        assert judged().data["verdict"] == "pass"
        found = judged("how they were chosen is not known")
        assert (found.data["verdict"], found.look) == ("undecided", None)
        assert found.data["waiting"] == ["how they were chosen is not known"]
        assert "Look 10 of 10 passed, on labels" in found.data["plan"]["sentence"]
        (note,) = found.data["notes"]
        assert "Look 10 said PASS at 100 labels, of labels that cannot decide" in note
        assert judged().data["verdict"] == "pass"

    def test_a_fail_stays(self, project, finished_run, alice):
        policy(project, alice, margin=0.01, label_budget=100, looks=10)
        finish(finished_run)
        judge_run(finished_run, [rule(90, 100)], 10_000, labels=100, waiting=[]).look.save()
        found = judge_run(finished_run, [rule(90, 100)], 10_000, labels=100, waiting=["no"]).data
        assert (found["verdict"], found["waiting"]) == ("fail", ["no"])

    def test_on_the_page(self, project, run, raters, alice, as_user):
        review_all(run, raters[0])
        policy(project, alice, margin=0.9)
        reports.refresh(run=run)
        page = as_user(alice).get(f"/p/support/runs/{run.name}/report/").content.decode()
        assert "when this run had" in page


class TestAnotherRun:
    def test_earlier_ones_are_named(self, project, run, models, raters, alice):
        policy(project, alice)
        again = recorded(project, models, rows=[], name="run-2", plan=SamplingPlan(labels=12))
        assert gate(run)["notes"] == []
        (note,) = gate(again)["notes"]
        assert "1 earlier run compared the same two versions (run-1)" in note
        Run.objects.filter(name="run-1").update(state="cancelled", finished_at=None)
        assert gate(again)["notes"] == []


class TestLabelsFromElsewhere:
    @pytest.fixture
    def run(self, project, models, alice):
        made = bare(project, models)
        policy(project, alice)
        return made

    def test_margins_that_were_set_after_them(self, project, run, alice):
        bring(project, *(record(i) for i in (1, 2, 3, 4)))
        assert gate(run)["notes"] == []
        policy(project, alice, margin=0.9)
        (note,) = gate(run)["notes"]
        assert "when this run had 8 labels already" in note

    def test_what_was_said_of_them_afterwards(self, project, run, alice):
        bring(project, *(record(i) for i in (1, 2)), design="unknown")
        assert gate(run)["notes"] == []
        bring(project, *(record(i) for i in (3, 4)), design="census")
        set_several_raters(project=project, several="average", by=alice)
        several, design = gate(run)["notes"]
        assert "from adjudicate to average" in several
        assert "by alice, when this run had 8 labels already" in several
        assert "“imported” was said to be census" in design
        assert "when this run had 4 labels already; it was unknown before" in design


class TestOtherComparators:
    def test_errors_that_were_found_do_not_become_identical(self, project, models, raters, alice):
        """Comparators by which every pair is the same leave the labels, and the verdict."""
        policy(project, alice, margin=0.01)
        pairs = [("x [a]", "y [a]")] * 24 + [SAME] * 76
        run = recorded(project, models, pairs, plan=SamplingPlan(labels=24, identical=0))
        review_all(run, raters[0], lambda item: ("", MISSED))
        assert gate(run)["verdict"] == "fail"
        made = comparators.change(run=run, pipeline=BRACKETS, by=alice)
        recompute.recompute(made)
        made.refresh_from_db()
        redraw.draw_again(made=made)
        assert (
            core.assemble(Run.objects.get(pk=run.pk)).data["population"]["outcomes"]["differ"] == 0
        )
        assert gate(run)["verdict"] == "fail"
        assert AuditEvent.objects.filter(verb="changed the comparators of").exists()
