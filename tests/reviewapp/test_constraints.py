"""What the database refuses, whoever asks: each constraint and each trigger of reviewapp."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from evals.models import Comparison
from evals.sampling import SamplingPlan
from reviewapp.actions import audit, projects, promotions, reports
from reviewapp.models import (
    ApiToken,
    AuditEvent,
    Decision,
    Draft,
    Finding,
    GatePolicy,
    Invitation,
    Membership,
    Promotion,
    Rater,
    Report,
    Review,
    ReviewItem,
    Slot,
)
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401

NOW = timezone.now()


@pytest.fixture
def world(project, models, rater, alice, bob, dana):
    """One of everything: two of three pairs drawn for two reviewers each, the first with Bob's
    review."""

    class World:
        pass

    w = World()
    plan = SamplingPlan(labels=2, slots=2)
    w.project, w.alice, w.bob = project, alice, bob
    w.run = scenes.recorded(project, models, [scenes.DIFFER] * 3, plan=plan)
    w.item, w.other = w.run.items.order_by("position")
    w.not_drawn = Comparison.objects.get(run=w.run, item=None)
    w.rater, w.second = rater(project, bob), rater(project, dana)
    w.review = scenes.review(w.item, w.rater, "", "label.missed")
    w.finding = w.review.findings.get()
    w.policy = projects.set_policy(project=project, margin=0.1, critical_margin=0.1, by=alice)
    frozen = {"run": w.run, "data": {}, "computed_at": NOW, "frozen_at": NOW}
    w.promotion, w.undecided = (
        Promotion.objects.create(
            project=project,
            number=number,
            report=Report.objects.create(digest="d" * 64, **frozen),
            opened_by=alice,
        )
        for number in (1, 2)
    )
    w.unused = Report.objects.create(digest="d" * 64, **frozen)
    w.decision = promotions.decide(promotion=w.promotion, verdict="refuse", reason="no", by=alice)
    w.invitation = {"digest": "d" * 64, "expires_at": NOW}
    return w


def change(thing, **fields):
    type(thing).objects.filter(pk=thing.pk).update(**fields)


def another_review(w, **fields):
    return Review.objects.create(
        **{
            "item": w.item,
            "rater": w.second,
            "baseline": "ok",
            "submission": uuid4(),
            **fields,
        }
    )


def twice(model, **fields):
    for _ in range(2):
        model.objects.create(**fields)


def another_slot(w, **fields):
    return Slot.objects.create(
        **{"item": w.item, "number": 3, "project": w.project, "rank": 0.5, **fields}
    )


def another_item(w, **fields):
    return ReviewItem.objects.create(
        **{
            "project": w.project,
            "run": w.run,
            "comparison": w.not_drawn,
            "batch": w.item.batch,
            "stratum": w.item.stratum,
            "position": 3,
            "inclusion": 1,
            "rank": 0.5,
            **fields,
        }
    )


def two_authoritative(w):
    for one in (w.second, Rater.objects.create(project=w.project, kind="script", name="s")):
        another_review(w, rater=one, authoritative=True)


def two_leases(w):
    held = {"state": "claimed", "rater": w.second, "lease_until": NOW}
    for item in (w.item, w.other):
        another_slot(w, item=item, **held)


#: How to break each constraint, by its name.
BREAK = {
    "membership_one_per_user": lambda w: Membership.objects.create(
        project=w.project, user=w.bob, role="lead"
    ),
    "invitation_to_a_role": lambda w: Invitation.objects.create(
        project=w.project, role="", **w.invitation
    ),
    "invitation_accepted_by_someone": lambda w: Invitation.objects.create(
        accepted_at=NOW, **w.invitation
    ),
    "rater_one_per_member": lambda w: Rater.objects.create(
        project=w.project, kind="member", user=w.bob, name="bob again"
    ),
    "rater_one_per_name": lambda w: twice(Rater, project=w.project, kind="script", name="s"),
    "rater_member_is_a_user": lambda w: Rater.objects.create(
        project=w.project, kind="member", name="nobody"
    ),
    "item_one_per_place": lambda w: another_item(w, position=1),
    "item_inclusion_is_probability": lambda w: another_item(w, inclusion=0),
    "item_resolved_has_date": lambda w: change(w.item, state="resolved"),
    "slot_one_per_number": lambda w: another_slot(w, number=1),
    "slot_one_per_rater": lambda w: another_slot(
        w, state="claimed", rater=w.rater, lease_until=NOW
    ),
    "slot_one_lease_per_rater": two_leases,
    "slot_number_from_1_to_9": lambda w: another_slot(w, number=10),
    "slot_state_is_whole": lambda w: another_slot(w, state="claimed"),
    "draft_one_per_rater": lambda w: twice(Draft, item=w.item, rater=w.rater, body={}),
    "review_one_per_revision": lambda w: another_review(w, rater=w.rater, live=False),
    "review_one_live_per_rater": lambda w: another_review(w, rater=w.rater, revision=2),
    "review_one_authoritative": two_authoritative,
    "review_judges_a_side": lambda w: another_review(w, baseline=""),
    "review_duration_not_negative": lambda w: another_review(w, duration_s=-1),
    "finding_has_category_or_note": lambda w: Finding.objects.create(
        review=w.review, side="candidate"
    ),
    "finding_span_is_whole": lambda w: Finding.objects.create(
        review=w.review, side="candidate", note="x", span_start=3, span_end=3
    ),
    "policy_margins_are_shares": lambda w: GatePolicy.objects.create(
        project=w.project, margin=0.1, critical_margin=1.5
    ),
    "report_one_current": lambda w: twice(Report, run=w.run, data={}, computed_at=NOW),
    "report_frozen_has_digest": lambda w: Report.objects.create(
        run=w.run, data={}, computed_at=NOW, frozen_at=NOW
    ),
    "promotion_one_per_number": lambda w: Promotion.objects.create(
        project=w.project,
        number=1,
        report=w.unused,
        opened_by=w.alice,
    ),
    "decision_has_reason": lambda w: Decision.objects.create(
        promotion=w.undecided,
        verdict="approve",
        reason="",
        against_gate=True,
        decided_by=w.alice,
    ),
    "event_one_per_place": lambda w: twice(
        AuditEvent, project=w.project, actor="x", verb="x", sequence=99, digest="d"
    ),
    "event_sealed_has_digest": lambda w: AuditEvent.objects.create(
        project=w.project, actor="x", verb="x", sequence=99
    ),
}


def test_none_is_left_out():
    """A new constraint needs its line above."""
    models = apps.get_app_config("reviewapp").get_models()
    assert {one.name for model in models for one in model._meta.constraints} == set(BREAK)


@pytest.mark.parametrize("name", list(BREAK))
def test_refused(world, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        BREAK[name](world)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda w: Invitation.objects.create(role="lead", **w.invitation),
        lambda w: Invitation.objects.create(accepted_by=w.bob, **w.invitation),
        lambda w: twice(Invitation, **w.invitation),
        lambda w: twice(
            ApiToken, project=w.project, user=w.bob, name="x", prefix="x", digest="d" * 64
        ),
        lambda w: Rater.objects.create(project=w.project, kind="script", user=w.alice, name="s"),
        lambda w: change(w.other, resolved_at=NOW),
        lambda w: another_item(w, inclusion=1.01),
        lambda w: another_slot(w, number=0),
        lambda w: another_slot(w, rater=w.second),
        lambda w: another_slot(w, lease_until=NOW),
        lambda w: another_slot(w, closed_at=NOW),
        lambda w: another_slot(w, state="claimed", rater=w.second),
        lambda w: another_slot(w, state="claimed", lease_until=NOW),
        lambda w: another_slot(w, state="submitted", rater=w.second),
        lambda w: another_slot(w, state="skipped", closed_at=NOW),
        lambda w: another_slot(
            w, state="submitted", rater=w.second, closed_at=NOW, lease_until=NOW
        ),
        lambda w: another_slot(w, state="asleep"),
        lambda w: another_review(w, submission=w.review.submission),
        lambda w: Finding.objects.create(review=w.review, side="x", note="x", span_end=3),
        lambda w: Finding.objects.create(review=w.review, side="x", note="x", span_start=3),
        lambda w: Finding.objects.create(
            review=w.review, side="x", note="x", span_start=3, span_end=1
        ),
        lambda w: GatePolicy.objects.create(
            project=w.project, margin=float("nan"), critical_margin=0.1
        ),
        lambda w: Report.objects.create(run=w.run, data={}, computed_at=NOW, digest="d"),
        lambda w: Promotion.objects.create(
            project=w.project, number=9, report=w.promotion.report, opened_by=w.alice
        ),
        lambda w: Decision.objects.create(
            promotion=w.promotion, verdict="approve", reason="x", against_gate=1, decided_by=w.bob
        ),
        lambda w: AuditEvent.objects.create(project=w.project, actor="x", verb="x", digest="d"),
    ],
)
def test_refused_as_well(world, attempt):
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt(world)


class TestAppendOnly:
    @pytest.mark.parametrize(
        ("what", "changes"),
        [
            ("review", {"candidate": "ok"}),
            ("review", {"blind": False}),
            ("review", {"authoritative": True}),
            ("review", {"note": "on second thoughts"}),
            ("review", {"created_at": NOW - timedelta(days=9)}),
            ("review", {"live": False, "note": "both at once"}),
            ("finding", {"note": "x"}),
            ("finding", {"category": None}),
            ("policy", {"margin": 0.5}),
            ("decision", {"verdict": "approve"}),
            ("decision", {"reason": "x"}),
        ],
    )
    def test_no_change(self, world, what, changes):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change(getattr(world, what), **changes)

    @pytest.mark.parametrize("what", ["finding", "review", "policy", "decision"])
    def test_no_deletion(self, world, what):
        thing = getattr(world, what)
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {thing._meta.db_table} WHERE id = %s", [thing.pk])

    def test_a_review_is_superseded_and_not_revived(self, world):
        change(world.review, live=False)
        with pytest.raises(IntegrityError, match="make a revision"), transaction.atomic():
            change(world.review, live=True)

    def test_a_change_that_changes_nothing(self, world):
        change(world.review, candidate="error")


class TestAuditEvents:
    @pytest.mark.parametrize("sealed", [False, True])
    @pytest.mark.parametrize(
        "changes", [{"actor": "x"}, {"verb": "x"}, {"data": {}}, {"subject": "x"}, {"at": NOW}]
    )
    def test_no_change(self, world, sealed, changes):
        if sealed:
            audit.seal(world.project)
        event = AuditEvent.objects.filter(verb="refused").get()
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change(event, **changes)

    def test_not_sealed_twice(self, world):
        audit.seal(world.project)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change(AuditEvent.objects.first(), sequence=99, digest="d")

    def test_no_deletion(self, world):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            AuditEvent.objects.all().delete()

    def test_a_project_with_a_history_stays(self, world):
        with pytest.raises(IntegrityError), transaction.atomic():
            world.project.delete()


class TestItems:
    @pytest.mark.parametrize(
        "changes",
        [{"stratum": "identical"}, {"position": 7}, {"inclusion": 0.5}, {"batch": "2026-01-01"}],
    )
    def test_one_keeps_its_place(self, world, changes):
        with pytest.raises(IntegrityError, match="keeps its stratum"), transaction.atomic():
            change(world.other, **changes)

    def test_its_state_is_free(self, world):
        change(world.other, state="skipped")

    def test_a_comparison_is_drawn_once(self, world):
        with pytest.raises(IntegrityError), transaction.atomic():
            another_item(world, comparison=world.item.comparison)


class TestReports:
    def test_a_current_one_may_go(self, world):
        current = reports.refresh(run=world.run)
        change(current, data={})
        current.delete()

    def test_a_frozen_one_stays(self, world):
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            change(world.promotion.report, data={})
