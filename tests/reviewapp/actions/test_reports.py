import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from evals import values
from reviewapp import tasks
from reviewapp.actions import projects, promotions, reports
from reviewapp.labelling import labels
from reviewapp.models import AuditEvent, Decision, Promotion, Report
from reviewapp.reports.freshness import is_fresh
from reviewapp.reports.snapshot import one_at_a_time
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.scenes import DIFFER, at_once, review, review_all


class TestRefresh:
    def test_it_works(self, run):
        made = reports.refresh(run=run)
        assert made.data["population"]["requests"] == 12
        assert made.frozen_at is None

    def test_the_current_one_is_replaced(self, run, item, as_rater, bob):
        first = reports.refresh(run=run)
        review(item, as_rater(bob))
        second = reports.refresh(run=run)
        assert second.pk == first.pk
        assert Report.objects.get().data["labels"]["resolved"] == 1

    def test_an_earlier_computation_does_not_replace_a_later_one(self, run, item, as_rater, bob):
        early = reports.compute(run)
        review(item, as_rater(bob))
        late = reports.refresh(run=run)
        with transaction.atomic():
            kept = reports._keep(run, early)
        assert kept.computed_at == late.computed_at
        assert Report.objects.get().data["labels"]["resolved"] == 1

    def test_up_to_date(self, run, item, as_rater, bob):
        first = reports.up_to_date(run=run)
        assert reports.up_to_date(run=run).computed_at == first.computed_at
        review(item, as_rater(bob))
        assert reports.up_to_date(run=run).computed_at > first.computed_at

    @pytest.mark.django_db(transaction=True)
    def test_two_workers_at_once(self, run):
        assert len({one.pk for one in at_once(*[lambda: reports.refresh(run=run)] * 4)}) == 1
        assert Report.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_all_of_it_is_of_one_moment(self, run, item, as_rater, bob, monkeypatch):
        """A review that is committed between two of its queries is not in it, and it is behind."""
        rater, read = as_rater(bob), labels.labels

        def read_and_then_commit(of):
            found = read(of)
            if not item.reviews.exists():
                at_once(lambda: review(item, rater, "", "label.missed"))
            return found

        monkeypatch.setattr(labels, "labels", read_and_then_commit)
        made = reports.refresh(run=run)
        assert item.reviews.exists()
        assert made.data["labels"]["resolved"] == made.data["labels"]["skipped"] == 0
        assert not is_fresh(made)
        monkeypatch.undo()
        assert reports.refresh(run=run).data["labels"]["used"] == 1

    @pytest.mark.django_db(transaction=True)
    def test_what_commits_late_is_noticed(self, run, item, as_rater, bob):
        """Its date is earlier than the report's, and it is not in the report."""
        with transaction.atomic():
            made = review(item, as_rater(bob))
            (current,) = at_once(lambda: reports.refresh(run=run))
        assert current.computed_at > made.created_at
        assert not is_fresh(current)


class TestFreeze:
    def test_it_works(self, run, alice):
        frozen = reports.freeze(run=run, by=alice)
        assert frozen.frozen_by == alice
        event = AuditEvent.objects.get(verb="froze the report on")
        assert event.data == {"report": frozen.pk, "digest": frozen.digest}

    def test_the_digest_recomputes(self, run, alice, as_rater, bob, project):
        projects.set_policy(project=project, margin=0.01, critical_margin=0.005, by=alice)
        review_all(run, as_rater(bob), lambda item: ("", "label.missed"))
        frozen = Report.objects.get(pk=reports.freeze(run=run, by=alice).pk)
        assert values.digest(frozen.data) == frozen.digest
        through_json = json.loads(json.dumps(frozen.data, allow_nan=False))
        assert values.digest(through_json) == frozen.digest

    def test_a_current_one_goes_on(self, run, item, alice, as_rater, bob):
        frozen = reports.freeze(run=run, by=alice)
        review(item, as_rater(bob))
        reports.refresh(run=run)
        frozen.refresh_from_db()
        assert frozen.data["labels"]["resolved"] == 0
        assert Report.objects.get(run=run, frozen_at=None).data["labels"]["resolved"] == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"data": {}},
            {"digest": "0" * 64},
            {"frozen_at": None, "digest": ""},
            {"frozen_by": None},
        ],
    )
    def test_it_never_changes(self, run, alice, changes):
        frozen = reports.freeze(run=run, by=alice)
        with pytest.raises(IntegrityError, match="frozen and cannot change"):
            Report.objects.filter(pk=frozen.pk).update(**changes)

    def test_nor_goes(self, run, alice):
        frozen = reports.freeze(run=run, by=alice)
        with pytest.raises(IntegrityError, match="frozen"):
            frozen.delete()

    @pytest.mark.django_db(transaction=True)
    def test_two_leads_at_once(self, run, alice, olga):
        made = at_once(
            lambda: reports.freeze(run=run, by=alice), lambda: reports.freeze(run=run, by=olga)
        )
        assert len({one.pk for one in made}) == 2
        assert Report.objects.filter(frozen_at__isnull=False).count() == 2


class TestTasks:
    def test_keep_up_draws_and_asks_for_a_report(self, project, models, monkeypatch):
        asked = []
        monkeypatch.setattr(tasks, "soon", lambda *sent: asked.append(sent))
        run = scenes.recorded(project, models, [DIFFER] * 3)
        tasks.keep_up()
        assert asked == [("reviewapp.tasks.refresh_report", run.pk)]
        tasks.refresh_report(run.pk)
        tasks.keep_up()
        assert len(asked) == 1

    def test_a_report_that_is_fresh_is_not_computed_again(self, run):
        tasks.refresh_report(run.pk)
        first = Report.objects.get().computed_at
        tasks.refresh_report(run.pk)
        assert Report.objects.get().computed_at == first

    @pytest.mark.django_db(transaction=True)
    def test_while_one_computes_others_ask_again(self, run, monkeypatch):
        asked = []
        monkeypatch.setattr(reports, "soon", lambda *task, countdown: asked.append(task))
        with one_at_a_time(run.pk, run.taxonomy_version_id) as mine:
            assert mine
            at_once(*[lambda: tasks.refresh_report(run.pk)] * 3)
            assert not Report.objects.exists()
        assert asked == [("reviewapp.tasks.refresh_report", run.pk)]
        at_once(lambda: tasks.refresh_report(run.pk))
        assert Report.objects.exists()

    def test_one_broken_run_does_not_stop_the_others(self, project, models, monkeypatch, caplog):
        monkeypatch.setattr(tasks, "soon", lambda *sent: None)
        broken = scenes.recorded(project, models, [DIFFER] * 3)
        type(broken).objects.filter(pk=broken.pk).update(sampling={"labels": "many"})
        other = scenes.recorded(project, models, [DIFFER] * 3, name="run-2")
        other.items.all().delete()
        tasks.keep_up()
        assert other.items.count() == 3
        assert f"nothing was drawn from run {broken.pk}" in caplog.text

    def test_seal(self, project):
        tasks.seal_audit()
        assert not AuditEvent.objects.filter(sequence=None).exists()


class TestPromotions:
    def test_open_on_a_frozen_report(self, run, alice):
        """Nothing more is frozen, and asking twice makes one promotion."""
        frozen = reports.freeze(run=run, by=alice)
        promotion = promotions.open(run=run, by=alice, frozen=frozen)
        assert promotion.report == frozen
        assert promotions.open(run=run, by=alice, frozen=frozen) == promotion
        assert Report.objects.filter(run=run, frozen_at__isnull=False).count() == 1

    def test_open(self, run, alice):
        promotion = promotions.open(run=run, by=alice, note="  Friday?  ")
        assert (promotion.number, promotion.state, promotion.note) == (1, "open", "Friday?")
        assert promotion.gate == "no policy"
        assert promotion.report.frozen_at
        assert promotions.open(run=run, by=alice).number == 2

    @pytest.mark.parametrize(
        ("verdict", "state", "against"),
        [("approve", "approved", True), ("refuse", "refused", False)],
    )
    def test_decide(self, run, alice, verdict, state, against):
        promotion = promotions.open(run=run, by=alice)
        made = promotions.decide(promotion=promotion, verdict=verdict, reason=" Why. ", by=alice)
        promotion.refresh_from_db()
        assert promotion.state == state
        assert (made.against_gate, made.reason) == (against, "Why.")
        assert AuditEvent.objects.filter(verb=state).exists()

    def test_with_the_gate(self, project, models, alice, as_rater, bob):
        """30 requests can pass a margin of a fifth: none of them has an error."""
        projects.set_policy(project=project, margin=0.2, critical_margin=0.2, by=alice)
        run = scenes.recorded(project, models, [DIFFER] * 30)
        review_all(run, as_rater(bob))
        promotion = promotions.open(run=run, by=alice)
        assert promotion.gate == "pass"
        made = promotions.decide(promotion=promotion, verdict="approve", reason="ok", by=alice)
        assert not made.against_gate

    def test_decided_once(self, run, alice, olga):
        promotion = promotions.open(run=run, by=alice)
        promotions.decide(promotion=promotion, verdict="refuse", reason="no", by=alice)
        with pytest.raises(promotions.AlreadyDecided):
            promotions.decide(promotion=promotion, verdict="approve", reason="yes", by=olga)
        assert Decision.objects.get().verdict == "refuse"

    @pytest.mark.parametrize("verdict", ["", "maybe", "approved"])
    def test_no_such_verdict(self, run, alice, verdict):
        promotion = promotions.open(run=run, by=alice)
        with pytest.raises(ValueError, match="Verdict"):
            promotions.decide(promotion=promotion, verdict=verdict, reason="x", by=alice)

    def test_without_a_reason(self, run, alice):
        promotion = promotions.open(run=run, by=alice)
        with pytest.raises(IntegrityError), transaction.atomic():
            promotions.decide(promotion=promotion, verdict="refuse", reason="  ", by=alice)
        promotion.refresh_from_db()
        assert promotion.state == "open"

    @pytest.mark.django_db(transaction=True)
    def test_two_leads_at_once(self, run, alice, olga):
        promotion = promotions.open(run=run, by=alice)
        results = at_once(
            *[
                lambda verdict=verdict, by=by: promotions.decide(
                    promotion=promotion, verdict=verdict, reason="x", by=by
                )
                for verdict, by in (("approve", alice), ("refuse", olga))
            ]
        )
        assert sum(isinstance(one, promotions.AlreadyDecided) for one in results) == 1
        promotion.refresh_from_db()
        assert (
            promotion.state
            == {"approve": "approved", "refuse": "refused"}[Decision.objects.get().verdict]
        )

    @pytest.mark.django_db(transaction=True)
    def test_opened_at_once(self, run, alice, olga):
        at_once(*[lambda: promotions.open(run=run, by=alice)] * 4)
        assert sorted(Promotion.objects.values_list("number", flat=True)) == [1, 2, 3, 4]

    def test_what_was_signed_stays(self, run, item, alice, as_rater, bob):
        promotion = promotions.open(run=run, by=alice)
        before = promotion.report.digest
        review(item, as_rater(bob), "", "label.missed")
        reports.refresh(run=run)
        promotion.report.refresh_from_db()
        assert promotion.report.digest == before == values.digest(promotion.report.data)
        assert promotion.report.computed_at <= timezone.now()


class TestRefreshSoon:
    @pytest.fixture
    def asked(self, monkeypatch):
        sent = []
        monkeypatch.setattr(reports, "soon", lambda *task, **more: sent.append(task))
        return sent

    def test_many_at_once_ask_once(self, run, asked, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(5):
                reports.refresh_soon(run.pk)
        assert asked == [("reviewapp.tasks.refresh_report", run.pk)]

    def test_a_report_that_rests_is_asked_for_by_whoever_looks(
        self, run, monkeypatch, django_capture_on_commit_callbacks
    ):
        asked = []
        monkeypatch.setattr(reports, "soon", lambda *task, countdown: asked.append(countdown))
        reports.refresh(run=run)
        computed = timezone.now() - timedelta(seconds=10)
        Report.objects.update(seconds=3, computed_at=computed)
        for looked_at in (False, True, True):
            with django_capture_on_commit_callbacks(execute=True):
                reports.refresh_soon(run.pk, looked_at=looked_at)
        assert asked == [0]

    def test_keep_up_lets_it_rest(self, run, item, as_rater, bob, monkeypatch):
        sent = []
        monkeypatch.setattr(tasks, "soon", lambda *task: sent.append(task))
        reports.refresh(run=run)
        review(item, as_rater(bob))
        tasks.keep_up()
        assert sent == []
        Report.objects.update(computed_at=timezone.now() - timedelta(hours=1))
        tasks.keep_up()
        assert sent == [("reviewapp.tasks.refresh_report", run.pk)]

    def test_not_before_the_commit(self, item, as_rater, bob, asked):
        """Redis may hang, and the item's lock would wait with it."""
        review(item, as_rater(bob))
        assert asked == []

    @pytest.mark.parametrize("error", [RedisError("away"), RuntimeError("odd")])
    def test_without_redis_a_review_is_stored_all_the_same(
        self, item, as_rater, bob, monkeypatch, django_capture_on_commit_callbacks, error
    ):
        def away(*args, **more):
            raise error

        monkeypatch.setattr(reports.cache, "add", away)
        with django_capture_on_commit_callbacks(execute=True):
            assert review(item, as_rater(bob)).pk
