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
    Agreement,
    ApiToken,
    AuditEvent,
    Comment,
    Decision,
    Draft,
    Exposure,
    Finding,
    Flag,
    GatePolicy,
    GoldItem,
    Invitation,
    LabelSet,
    Look,
    Membership,
    OutputFinding,
    OutputJudgement,
    Promotion,
    Rater,
    Report,
    ReportPart,
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
    w.said_in = {"run": w.run, "taxonomy_version": w.run.taxonomy_version}
    frozen = {**w.said_in, "data": {}, "computed_at": NOW, "frozen_at": NOW}
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
            "taxonomy_version": w.run.taxonomy_version,
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


def judgement(w, **more):
    """Of the candidate's output, by Bob, as it came with the set "elsewhere"."""
    labels, _ = LabelSet.objects.get_or_create(project=w.project, name="elsewhere")
    output = w.item.comparison.candidate_output
    about = {"output": output, "model": output.model, "taxonomy_version": w.run.taxonomy_version}
    given = {"label_set": labels, "rater": w.rater, "verdict": "error"} | about | more
    return OutputJudgement.objects.create(**given)


def two_authoritative_judgements(w):
    for one in (w.rater, w.second):
        judgement(w, rater=one, authoritative=True)


def two_gold(w):
    for revision in (1, 2):
        another_review(w, gold=True, live=False, revision=revision)


def look_of(w, **changes):
    said = {"number": 1, "labels": 1, "fraction": 0.1, "verdict": "undecided", "data": {}}
    return {**w.said_in, "policy": w.policy, "taken_at": NOW, **said, **changes}


def part_of(w, **changes):
    part = {"run": w.run, "name": "days", "why": "x", "basis": {}, "seconds": 0}
    return {**part, "computed_at": NOW, **changes}


#: How to break each constraint, by its name.
BREAK = {
    "membership_one_per_user": lambda w: Membership.objects.create(
        project=w.project, user=w.bob, role="lead"
    ),
    "membership_named_is_a_reviewer": lambda w: Membership.objects.filter(user=w.alice).update(
        adjudicates=True
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
    "slot_one_lease_and_one_ahead": two_leases,
    "slot_number_from_1_to_9": lambda w: another_slot(w, number=10),
    "slot_state_is_whole": lambda w: another_slot(w, state="claimed"),
    "slot_ahead_is_claimed": lambda w: another_slot(w, ahead=True),
    "slot_gold_is_its_raters": lambda w: another_slot(w, gold=True, number=0),
    "slot_reserved_to_relabel": lambda w: another_slot(w, reserved_for=w.rater),
    "slot_reserved_is_kept": lambda w: another_slot(
        w,
        state="claimed",
        rater=w.second,
        lease_until=NOW,
        relabels=w.review,
        reserved_for=w.rater,
    ),
    "exposure_once": lambda w: twice(Exposure, item=w.item, user=w.bob),
    "draft_one_per_rater": lambda w: twice(
        Draft, item=w.item, rater=w.rater, body={}, taxonomy_version=w.run.taxonomy_version
    ),
    "review_one_per_revision": lambda w: another_review(w, rater=w.rater, live=False),
    "review_one_live_per_rater": lambda w: another_review(w, rater=w.rater, revision=2),
    "review_one_authoritative": two_authoritative,
    "review_one_gold_per_rater": two_gold,
    "label_set_one_per_name": lambda w: twice(LabelSet, project=w.project, name="elsewhere"),
    "judgement_one_per_revision": lambda w: [judgement(w, live=False) for _ in range(2)],
    "judgement_one_live_per_rater": lambda w: [judgement(w, revision=i) for i in (1, 2)],
    "judgement_one_authoritative": two_authoritative_judgements,
    "judgement_duration_not_negative": lambda w: judgement(w, duration_s=-1),
    "output_finding_has_category_or_note": lambda w: OutputFinding.objects.create(
        judgement=judgement(w)
    ),
    "output_finding_span_is_whole": lambda w: OutputFinding.objects.create(
        judgement=judgement(w), note="odd", span_start=3, span_end=3
    ),
    "review_live_is_a_label": lambda w: another_review(w, counted=False),
    "review_gold_is_blind": lambda w: another_review(w, gold=True, live=False, blind=False),
    "gold_one_per_item": lambda w: twice(GoldItem, item=w.item, review=w.review),
    "flag_one_open_per_item": lambda w: twice(Flag, item=w.item, by=w.bob),
    "flag_settled_by_somebody": lambda w: Flag.objects.create(
        item=w.item, by=w.bob, settled_at=NOW
    ),
    "comment_says_something": lambda w: Comment.objects.create(item=w.item, by=w.bob, text=""),
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
    "policy_looks_in_range": lambda w: GatePolicy.objects.create(
        project=w.project, margin=0.1, critical_margin=0.1, label_budget=9, looks=10
    ),
    "look_once": lambda w: twice(Look, **look_of(w)),
    "look_is_of_a_plan": lambda w: Look.objects.create(**look_of(w, fraction=1.1)),
    "look_decides_at_a_level": lambda w: Look.objects.create(**look_of(w, verdict="pass")),
    "part_one_per_name": lambda w: twice(ReportPart, **part_of(w)),
    "part_shows_or_says_why": lambda w: ReportPart.objects.create(**part_of(w, why="")),
    "agreement_shows_or_says_why": lambda w: Agreement.objects.create(
        project=w.project, why="", basis={}, seconds=1, computed_at=NOW
    ),
    "report_one_current": lambda w: twice(Report, **w.said_in, data={}, computed_at=NOW),
    "report_frozen_has_digest": lambda w: Report.objects.create(
        **w.said_in, data={}, computed_at=NOW, frozen_at=NOW
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
        lambda w: Report.objects.create(**w.said_in, data={}, computed_at=NOW, digest="d"),
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

    def test_a_review_is_withdrawn_once(self, world):
        change(world.review, live=False, withdrawn_at=NOW)
        for again in ({"withdrawn_at": None}, {"withdrawn_at": NOW + timedelta(1)}, {"live": True}):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                change(world.review, **again)

    def test_not_after_it_was_superseded(self, world):
        change(world.review, live=False)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change(world.review, withdrawn_at=NOW)

    def test_not_once_the_sides_were_shown(self, world):
        Exposure.objects.create(item=world.item, user=world.alice)
        with pytest.raises(IntegrityError, match="were shown"), transaction.atomic():
            change(world.review, live=False, withdrawn_at=NOW)

    def test_gold_is_of_those_who_have_not_seen_it(self, world):
        Exposure.objects.create(item=world.other, user=world.bob)
        with pytest.raises(IntegrityError, match="cannot be tried"), transaction.atomic():
            another_review(world, item=world.other, rater=world.rater, gold=True, live=False)


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
