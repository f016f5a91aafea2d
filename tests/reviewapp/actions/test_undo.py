from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from evals.models import Run
from evals.sampling import SamplingPlan
from reviewapp.actions import claims, exposures, projects, reports, reviews
from reviewapp.actions.undo import TooLate, undo
from reviewapp.labelling import labels
from reviewapp.models import AuditEvent, Draft, Exposure, Look, Review, Slot
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.scenes import at_once, judged, review


def submit(item, rater, candidate="", submission=None):
    return reviews.submit(
        item=item,
        rater=rater,
        judgement=judged(item, "", candidate),
        submission=submission or uuid4(),
        by=rater.name,
    )


def take_back(rater):
    return undo(project=rater.project, rater=rater, by=rater.name)


@pytest.fixture
def made(item, as_rater, bob):
    return review(item, as_rater(bob), "", "label.missed")


class TestUndo:
    def test_it_works(self, made, item, as_rater, bob):
        claim = take_back(as_rater(bob))
        assert claim.item_id == item.pk
        made.refresh_from_db()
        assert made.withdrawn_at
        assert not made.live
        item.refresh_from_db()
        assert (item.state, item.resolved_at) == ("pending", None)
        slot = item.slots.get()
        assert (slot.state, slot.rater, slot.ahead) == ("claimed", as_rater(bob), False)
        assert AuditEvent.objects.get(verb="undid").data == {"review": made.pk}
        assert not labels.labels(item.run)

    def test_what_was_said_is_there_again(self, made, item, as_rater, bob):
        take_back(as_rater(bob))
        (finding,) = Draft.objects.get(item=item, rater=as_rater(bob)).body["findings"]
        assert finding["category"] == "label.missed"

    def test_said_again_it_is_the_next_revision(self, made, item, as_rater, bob):
        take_back(as_rater(bob))
        again = submit(item, as_rater(bob))
        assert (again.revision, again.blind, again.live) == (2, True, True)
        item.refresh_from_db()
        assert item.state == "resolved"
        assert labels.labels(item.run)[item.pk].candidate == "ok"

    def test_undone_twice(self, made, item, as_rater, bob):
        take_back(as_rater(bob))
        submit(item, as_rater(bob))
        take_back(as_rater(bob))
        assert submit(item, as_rater(bob)).revision == 3

    def test_its_number_makes_no_other_review(self, made, item, as_rater, bob):
        take_back(as_rater(bob))
        with pytest.raises(reviews.Undone, match="needs a new one"):
            submit(item, as_rater(bob), submission=made.submission)
        assert Review.objects.count() == 1

    def test_what_was_held_goes_ahead(self, run, project, as_rater, bob):
        first = claims.claim(project=project, rater=as_rater(bob))
        item = run.items.get(pk=first.item_id)
        submit(item, as_rater(bob))
        here = claims.claim(project=project, rater=as_rater(bob))
        ahead = claims.claim(project=project, rater=as_rater(bob), ahead=True)
        reviews.save_draft(
            item=run.items.get(pk=here.item_id), rater=as_rater(bob), body={"note": "x"}
        )
        assert take_back(as_rater(bob)).item_id == item.pk
        assert Slot.objects.get(ahead=True).item_id == here.item_id
        assert Slot.objects.get(item=ahead.item_id).state == "open"
        assert Draft.objects.get(item=here.item_id).body == {"note": "x"}

    def test_one_of_two(self, double, as_rater, bob, dana):
        review(double, as_rater(bob))
        review(double, as_rater(dana), "", "label.missed")
        take_back(as_rater(dana))
        double.refresh_from_db()
        assert double.state == "pending"
        submit(double, as_rater(dana))
        double.refresh_from_db()
        assert double.state == "resolved"

    def test_a_report_of_now_is_not_that_of_before(self, made, item, as_rater, bob):
        before = reports.up_to_date(run=item.run).data["basis"]
        take_back(as_rater(bob))
        submit(item, as_rater(bob))
        assert reports.up_to_date(run=item.run).data["basis"] != before


class TestTooLate:
    def refused(self, rater, why):
        with pytest.raises(TooLate, match=why) as error:
            take_back(rater)
        assert not Review.objects.filter(withdrawn_at__isnull=False).exists()
        return error.value

    def test_nothing_to_undo(self, item, as_rater, bob):
        assert self.refused(as_rater(bob), "no review").review is None

    def test_the_sides_were_shown(self, made, item, as_rater, bob, dana):
        exposures.show(items=[item.pk], to=dana)
        assert self.refused(as_rater(bob), "have been shown").review == made

    def test_after_ten_minutes(self, made, as_rater, bob, monkeypatch):
        later = timezone.now() + timedelta(minutes=11)
        monkeypatch.setattr("reviewapp.actions.undo.timezone.now", lambda: later)
        self.refused(as_rater(bob), "ten minutes")

    def test_adjudicated(self, double, as_rater, bob, dana, alice):
        review(double, as_rater(bob))
        review(double, as_rater(dana), "", "label.missed")
        reviews.adjudicate(
            item=double,
            rater=as_rater(alice),
            judgement=judged(double, "", ""),
            submission=uuid4(),
            by=alice,
        )
        self.refused(as_rater(dana), "adjudicated")
        self.refused(as_rater(alice), "adjudicated")  # where it was said: undo.take_back

    def test_a_frozen_report_stands_on_it(self, made, item, as_rater, bob, alice):
        reports.freeze(run=item.run, by=alice)
        self.refused(as_rater(bob), "frozen report")

    def test_the_gate_has_looked_at_it(self, made, item, project, as_rater, bob, alice):
        policy = projects.set_policy(project=project, margin=0.1, critical_margin=0.1, by=alice)
        Look.objects.create(
            run=item.run,
            policy=policy,
            number=1,
            labels=1,
            fraction=0.1,
            verdict="undecided",
            taxonomy_version=item.run.taxonomy_version,
            data=[],
            taken_at=timezone.now(),
        )
        self.refused(as_rater(bob), "taken a look")

    def test_a_revision(self, made, item, as_rater, bob):
        reviews.revise(
            item=item,
            rater=as_rater(bob),
            judgement=judged(item, "", ""),
            submission=uuid4(),
            by=bob,
        )
        self.refused(as_rater(bob), "revision")

    def test_a_cancelled_run(self, made, item, as_rater, bob):
        Run.objects.filter(pk=item.run_id).update(state="cancelled", finished_at=None)
        self.refused(as_rater(bob), "cancelled")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_submission_and_an_undo(self, project, models, as_rater, bob):
        """Whichever comes first, each item is in one state and no review is lost."""
        run = scenes.recorded(project, models, [scenes.DIFFER] * 12)
        rater = as_rater(bob)
        items = list(run.items.select_related("run__taxonomy_version").order_by("rank"))
        review(items[0], rater)
        for item in items[1:8]:
            reviews.claim_item(item=item, rater=rater)
            made, undone = at_once(lambda item=item: submit(item, rater), lambda: take_back(rater))
            assert isinstance(made, Review)
            assert isinstance(undone, claims.Claim)
            for one in Review.objects.filter(rater=rater).select_related("item"):
                assert (one.withdrawn_at is None) == one.live
            held = claims.holds(rater=rater)
            assert held.item_id == undone.item_id
            submit(run.items.get(pk=held.item_id), rater)

    def test_two_tabs_undo(self, run, as_rater, bob):
        """Each takes back one, the last and the one before: never the same twice."""
        rater = as_rater(bob)
        for item in run.items.select_related("run__taxonomy_version")[:2]:
            review(item, rater)
        results = at_once(*[lambda: take_back(rater)] * 2)
        assert all(isinstance(one, claims.Claim) for one in results)
        assert len({one.item_id for one in results}) == 2
        assert Slot.objects.filter(state="claimed").count() == 2

    def test_a_lead_adjudicates_meanwhile(self, project, models, as_rater, bob, dana, alice):
        run = scenes.recorded(
            project, models, [scenes.DIFFER] * 6, plan=SamplingPlan(slots=2), name="both"
        )
        lead, second = as_rater(alice), as_rater(dana)
        for item in run.items.select_related("run__taxonomy_version"):
            review(item, as_rater(bob))
            review(item, second, "", "label.missed")
            word, undone = at_once(
                lambda item=item: reviews.adjudicate(
                    item=item,
                    rater=lead,
                    judgement=judged(item, "", ""),
                    submission=uuid4(),
                    by=alice,
                ),
                lambda: take_back(second),
            )
            assert isinstance(word, Review) != isinstance(undone, claims.Claim), (word, undone)
            item.refresh_from_db()
            assert item.state == ("resolved" if isinstance(word, Review) else "pending")
            reviews.release(rater=second)

    def test_somebody_looks_meanwhile(self, project, models, as_rater, bob, dana):
        """They are shown the sides, or it is undone: never both."""
        run = scenes.recorded(project, models, [scenes.DIFFER] * 10)
        rater = as_rater(bob)
        for item in run.items.select_related("run__taxonomy_version"):
            review(item, rater)
            shown, undone = at_once(
                lambda item=item: exposures.show(items=[item.pk], to=dana),
                lambda: take_back(rater),
            )
            assert (shown == {item.pk}) != isinstance(undone, claims.Claim), (shown, undone)
            assert Exposure.objects.filter(item=item).exists() == bool(shown)
            reviews.release(rater=rater)
