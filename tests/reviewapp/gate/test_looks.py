"""The gate's scheduled looks at a run: when they are due, how sure they are, what they decide."""

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from evals.metrics.looks import scheduled_looks
from evals.models import Run
from reviewapp.actions import projects, reports
from reviewapp.gate.judge import judge_run
from reviewapp.gate.looks import Plan
from reviewapp.gate.rules import Rule
from reviewapp.models import AuditEvent, Look
from reviewapp.reports.lines import Counts
from tests.reviewapp.actions.scenes import DIFFER, recorded, review

BUDGET, LOOKS = 400, 10


def rule(worse, labels, *, key="tone", size=2000, unknown=0):
    counts = Counts([worse], [0], [0], [worse], [labels], [unknown], [size])
    return Rule(key, key.title(), False, counts)


@pytest.fixture
def run(finished_run):
    """It still takes traffic."""
    Run.objects.filter(pk=finished_run.pk).update(state="running", finished_at=None)
    finished_run.refresh_from_db()
    return finished_run


@pytest.fixture
def policy(project, alice):
    return projects.set_policy(
        project=project,
        margin=0.02,
        critical_margin=0.005,
        label_budget=BUDGET,
        looks=LOOKS,
        by=alice,
    )


def look(run, labels, worse, *, store=True):
    """What the gate says with so many labels of 2,000 discrepancies in 10,000 requests."""
    judged = judge_run(run, [rule(worse, labels)], 10_000, labels=labels)
    if judged.look and store:
        judged.look.save()
    return judged


def finish(run):
    run.items.update(state="resolved", resolved_at=timezone.now())
    run.state, run.finished_at = "finished", timezone.now()
    run.save()


class TestDue:
    @pytest.mark.parametrize(
        ("labels", "number"), [(0, None), (39, None), (40, 1), (79, 1), (80, 2), (395, 9), (900, 9)]
    )
    def test_by_labels(self, run, policy, labels, number):
        due = Plan(run, policy).due(labels, 1, full=False)
        assert (due.number if due else None) == number

    def test_each_once(self, run, policy):
        assert look(run, 80, 0).look.number == 2
        assert look(run, 90, 0).look is None
        assert look(run, 120, 0).look.number == 3

    def test_the_last_one_takes_the_whole_window(self, run, policy):
        look(run, 400, 0)
        assert Plan(run, policy).due(400, 1, full=False) is None
        due = Plan(run, policy).due(400, 1, full=True)
        assert (due.number, due.fraction, due.last) == (LOOKS, 1.0, True)

    def test_the_next_is_named(self, run, policy):
        assert Plan(run, policy).next_at(10) == 40
        look(run, 95, 0)
        assert Plan(run, policy).next_at(95) == 120
        look(run, 399, 0)
        assert Plan(run, policy).next_at(399) is None

    def test_levels_are_those_of_the_schedule(self, run, policy):
        look(run, 80, 0)
        due = Plan(run, policy).due(200, 3, full=False)
        assert due.level == scheduled_looks([0.2, 0.5], 1.0)[-1].confidence
        assert due.strict == scheduled_looks([0.2, 0.5], 1.0, 0.025 / 3)[-1].confidence
        assert 0.99 < due.level < due.strict

    def test_labels_beyond_the_plan_are_left_for_the_last(self, run, policy):
        assert Plan(run, policy).due(1000, 1, full=False).fraction == pytest.approx(0.9)


class TestVerdict:
    def test_a_fail_may_come_early(self, run, policy):
        judged = look(run, 200, 100)
        assert judged.data["verdict"] == "fail"
        assert judged.data["plan"]["decided_by"] == 5
        assert judged.data["waiting"] == []

    def test_a_pass_needs_the_window(self, run, policy):
        judged = look(run, 360, 0)
        assert (judged.data["outlook"], judged.data["verdict"]) == ("pass", "undecided")
        finish(run)
        assert look(run, 400, 0).data["verdict"] == "pass"

    def test_a_run_that_draws_fewer_has_its_last_look_at_its_end(self, run, policy):
        finish(run)
        judged = look(run, 390, 0)
        assert (judged.look.number, judged.look.fraction) == (LOOKS, 1.0)
        assert judged.data["verdict"] == "pass"

    def test_open_items_beyond_the_budget_are_not_waited_for(self, run, policy):
        finish(run)
        run.items.update(state="pending", resolved_at=None)
        assert look(run, 390, 0).data["verdict"] == "undecided"
        assert look(run, 400, 0).data["verdict"] == "pass"

    def test_between_looks_nothing_is_decided(self, run, policy):
        """However bad it looks: the next look is at 40."""
        judged = look(run, 39, 39)
        assert (judged.data["outlook"], judged.data["verdict"]) == ("fail", "undecided")
        assert judged.look is None

    def test_an_early_look_is_surer(self, run, policy):
        """At 95 % this fails; at the level of the first look it does not."""
        judged = look(run, 40, 12)
        assert (judged.data["outlook"], judged.data["verdict"]) == ("fail", "undecided")

    def test_what_decided_stays(self, run, policy):
        look(run, 200, 100)
        later = look(run, 400, 0)
        assert later.look is None
        assert later.data["verdict"] == "fail"
        assert later.data["outlook"] == "pass"

    def test_used_up(self, run, policy):
        """Labels beyond the plan inform: the gate does not decide by them."""
        finish(run)
        assert look(run, 400, 47).data["verdict"] == "undecided"
        later = look(run, 1900, 0)
        assert (later.data["verdict"], later.data["outlook"]) == ("undecided", "pass")
        assert later.data["plan"]["over"]
        assert "used up" in later.data["plan"]["sentence"]


class TestOtherPolicies:
    def test_what_was_spent_stays_spent(self, run, policy, project, alice):
        look(run, 200, 45)
        second = projects.set_policy(
            project=project, margin=0.05, critical_margin=0.05, label_budget=800, by=alice
        )
        due = Plan(run, second).due(400, 1, full=False)
        assert due.level == scheduled_looks([0.5, 0.5], 1.0)[-1].confidence is None
        assert due.fraction == 0.5

    def test_a_fail_under_other_margins_does_not_count(self, run, policy, project, alice):
        look(run, 200, 100)
        projects.set_policy(
            project=project, margin=0.5, critical_margin=0.5, label_budget=400, looks=10, by=alice
        )
        later = look(run, 300, 150)
        assert later.data["verdict"] == "undecided"
        assert [one["counts"] for one in later.data["plan"]["taken"]] == [False, True]

    def test_no_second_chance_after_the_last(self, run, policy, project, alice):
        finish(run)
        look(run, 400, 47)
        second = projects.set_policy(
            project=project, margin=0.5, critical_margin=0.5, label_budget=900, by=alice
        )
        plan = Plan(run, second)
        assert plan.over
        assert plan.due(900, 1, full=True) is None


class TestStored:
    @pytest.fixture
    def labelled(self, project, models, rater, bob, alice):
        projects.set_policy(
            project=project, margin=0.2, critical_margin=0.2, label_budget=4, looks=4, by=alice
        )
        run = recorded(project, models, [DIFFER] * 4)
        for item in run.items.order_by("position")[:2]:
            review(item, rater(project, bob), "", "label.missed")
        return run

    def test_by_whoever_refreshes(self, labelled):
        plan = reports.refresh(run=labelled).data["gate"]["plan"]
        assert [(one["number"], one["labels"]) for one in plan["taken"]] == [(2, 2)]
        assert Look.objects.get().number == 2
        assert AuditEvent.objects.filter(verb__contains="look").count() == 1

    def test_the_report_is_fresh_afterwards(self, labelled):
        from reviewapp.reports.freshness import is_fresh

        assert is_fresh(reports.refresh(run=labelled))

    def test_once(self, labelled):
        for _ in range(2):
            reports.refresh(run=labelled)
        assert Look.objects.count() == 1

    def test_overtaken(self, labelled, project):
        """Two workers saw that it is due: the second computes again."""
        early = reports.compute(labelled)
        reports.refresh(run=labelled)
        with transaction.atomic():
            kept = reports._keep(labelled, early)
        assert Look.objects.count() == 1
        assert len(kept.data["gate"]["plan"]["taken"]) == 1

    def test_append_only(self, labelled):
        reports.refresh(run=labelled)
        with pytest.raises(DatabaseError), transaction.atomic():
            Look.objects.update(verdict="pass")
        with pytest.raises(DatabaseError), transaction.atomic():
            Look.objects.all().delete()
