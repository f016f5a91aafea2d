import time
from datetime import timedelta
from threading import Event

import pytest
from django.db import transaction
from django.utils import timezone

from evals import compare
from evals.comparators.pipeline import Pipeline
from evals.models import Comparison, Run
from evals.records import decode_lines
from reviewapp.actions import evalsets, items, projects, reviews, runs
from reviewapp.models import AuditEvent, Slot
from tests.reviewapp.actions import scenes


@pytest.fixture
def shadow(project, models, erin):
    return runs.start(
        project=project, name="live", baseline=models[0], candidate=models[1], by=erin
    )


class TestStart:
    def test_a_live_shadow(self, shadow, erin, project):
        assert (shadow.kind, shadow.state) == ("shadow", "running")
        assert shadow.closes_at - shadow.opens_at == timedelta(days=14)
        assert shadow.by_day
        assert shadow.pipeline_digest == Pipeline.parse({}).digest
        assert AuditEvent.objects.get(verb="started").by == erin

    def test_recorded(self, project, models, erin):
        scenes.send(project, scenes.records([scenes.SAME]))
        run = runs.start(
            project=project,
            name="old",
            baseline=models[0],
            candidate=models[1],
            recorded=True,
            by=erin,
        )
        assert run.opens_at.year == 2026
        assert not run.by_day

    def test_offline(self, project, models, erin):
        version = an_evalset(project, erin)
        run = runs.start(
            project=project,
            name="offline",
            baseline=models[0],
            candidate=models[1],
            evalset_version=version,
            by=erin,
        )
        assert run.kind == "offline"
        assert run.closes_at is None
        assert not run.by_day

    def test_what_holds_is_pinned(self, shadow, project, alice):
        pipeline = {"comparators": [{"kind": "text"}]}
        projects.set_pipeline(project=project, pipeline=pipeline, by=alice)
        shadow.refresh_from_db()
        assert shadow.pipeline == {}

    def test_two_runs_have_two_seeds(self, shadow, project, models, erin):
        other = runs.start(
            project=project, name="b", baseline=models[0], candidate=models[1], by=erin
        )
        assert len(shadow.seed) == 32
        assert shadow.seed != other.seed

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"name": "live"}, "exists"),
            ({"candidate": 0}, "same model version"),
            ({"recorded": True}, "No traffic"),
            ({"days": 0}, "window"),
            ({"days": 400}, "window"),
            ({"days": float("nan")}, "window"),
            ({"days": 1e12}, "window"),
        ],
    )
    def test_refused(self, shadow, project, models, erin, changes, words):
        given = {"name": "x", "baseline": models[0], "candidate": models[1], **changes}
        if changes.get("candidate") == 0:
            given["candidate"] = models[0]
        with pytest.raises(ValueError, match=words):
            runs.start(project=project, by=erin, **given)
        assert Run.objects.count() == 1

    def test_an_eval_set_has_no_window(self, project, models, erin):
        with pytest.raises(runs.RunError, match="eval set"):
            runs.start(
                project=project,
                name="x",
                baseline=models[0],
                candidate=models[1],
                evalset_version=an_evalset(project, erin),
                days=3,
                by=erin,
            )

    def test_traffic_from_the_future_only(self, project, models, erin):
        later = (timezone.now() + timedelta(days=9)).isoformat()
        scenes.send(project, scenes.records([scenes.SAME], occurred_at=later))
        with pytest.raises(runs.RunError, match="future"):
            runs.start(
                project=project,
                name="x",
                baseline=models[0],
                candidate=models[1],
                recorded=True,
                by=erin,
            )


def an_evalset(project, by):
    lines = decode_lines([b'{"id":"e1","input":"hello","expected":"billing"}\n'])
    return evalsets.create(project=project, name="gold", lines=lines, by=by)


class TestStates:
    """Each change from each state: what is allowed, and that a refusal changes nothing."""

    ALLOWED = {
        "running": {"pause", "close", "cancel"},
        "paused": {"resume", "cancel"},
        "finished": {"cancel"},
        "cancelled": set(),
    }
    AFTER = {"pause": "paused", "resume": "running", "close": "running", "cancel": "cancelled"}

    @pytest.mark.parametrize("state", list(ALLOWED))
    @pytest.mark.parametrize("verb", list(AFTER))
    def test_every_change(self, shadow, erin, state, verb):
        done = timezone.now() if state == "finished" else None
        Run.objects.filter(pk=shadow.pk).update(state=state, finished_at=done)
        act = getattr(runs, verb)
        before = AuditEvent.objects.count()
        if verb in self.ALLOWED[state]:
            act(run=shadow, by=erin)
            assert AuditEvent.objects.count() == before + 1
        else:
            with pytest.raises(runs.RunError, match=state):
                act(run=shadow, by=erin)
            assert AuditEvent.objects.count() == before
        shadow.refresh_from_db()
        expected = self.AFTER[verb] if verb in self.ALLOWED[state] else state
        assert shadow.state == expected

    def test_a_paused_run_says_why_and_a_resumed_one_does_not(self, shadow, erin):
        runs.pause(run=shadow, by=erin)
        shadow.refresh_from_db()
        assert shadow.state_reason == "by hand"
        runs.resume(run=shadow, by=erin)
        shadow.refresh_from_db()
        assert shadow.state_reason == ""


class TestClose:
    def test_what_has_no_output_has_failed(self, shadow, project, erin):
        now = timezone.now().isoformat()
        scenes.send(project, scenes.records([("a", None)], occurred_at=now))
        compare.enrol(shadow)
        assert compare.settle(shadow) == 0
        runs.close(run=shadow, by=erin)
        shadow.refresh_from_db()
        assert compare.settle(shadow) == 1
        assert Comparison.objects.get().failed_side == "candidate"

    def test_a_window_that_has_ended_stays_as_it_was(self, project, models, erin):
        """Else a run over recorded traffic would take in what came later."""
        scenes.send(project, scenes.records([scenes.SAME]))
        run = runs.start(
            project=project,
            name="old",
            baseline=models[0],
            candidate=models[1],
            recorded=True,
            by=erin,
        )
        closed = run.closes_at
        with pytest.raises(runs.RunError, match="nothing more"):
            runs.close(run=run, by=erin)
        run.refresh_from_db()
        assert run.closes_at == closed
        assert not run.by_day


class TestCancel:
    def test_its_items_leave_the_queue(self, run, project, erin, as_rater, bob):
        runs.cancel(run=run, by=erin)
        assert reviews.claim(project=project, rater=as_rater(bob)) is None

    def test_also_what_somebody_held(self, run, project, erin, as_rater, bob, dana):
        """Its lease would run out, and count as open."""
        reviews.claim(project=project, rater=as_rater(bob))
        runs.cancel(run=run, by=erin)
        Slot.objects.filter(state="claimed").update(lease_until=timezone.now() - timedelta(hours=1))
        assert reviews.claim(project=project, rater=as_rater(dana)) is None

    @pytest.mark.django_db(transaction=True)
    def test_also_a_place_that_is_being_opened(self, item, project, erin, as_rater, bob, dana):
        """A skip that has not been committed yet has made another place on its item."""
        skipped, rater = Event(), as_rater(bob)
        reviews.claim_item(item=item, rater=rater)

        def skip_slowly():
            with transaction.atomic():
                reviews.skip(item=item, rater=rater, reason="", by=bob)
                skipped.set()
                time.sleep(0.3)

        def cancel():
            skipped.wait(5)
            runs.cancel(run=item.run, by=erin)

        assert scenes.at_once(skip_slowly, cancel) == [None, None]
        assert reviews.claim(project=project, rater=as_rater(dana)) is None

    def test_whoever_held_it_is_told(self, item, erin, as_rater, bob):
        rater = as_rater(bob)
        reviews.claim_item(item=item, rater=rater)
        reviews.save_draft(item=item, rater=rater, body={"note": "half a thought"})
        runs.cancel(run=item.run, by=erin)
        with pytest.raises(reviews.SlotLost, match="cancelled"):
            reviews.skip(item=item, rater=rater, reason="", by=bob)
        assert item.drafts.get().body == {"note": "half a thought"}

    def test_nothing_is_drawn_from_it(self, shadow, erin):
        runs.cancel(run=shadow, by=erin)
        assert items.draw(run=shadow) == 0

    def test_reviews_stay(self, item, erin, as_rater, bob):
        scenes.review(item, as_rater(bob))
        runs.cancel(run=item.run, by=erin)
        assert item.reviews.count() == 1
