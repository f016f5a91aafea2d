"""Gold items: given to reviewers among others, and never a label."""

import random
from uuid import uuid4

import pytest

from evals.sampling import SamplingPlan
from reviewapp.actions import claims, exposures, projects, reviews
from reviewapp.actions import gold as gold_actions
from reviewapp.actions.undo import undo
from reviewapp.desk import gold
from reviewapp.labelling import labels
from reviewapp.models import Exposure, GoldItem, Review, Slot
from reviewapp.reports import freshness
from tests.reviewapp.actions.scenes import judged, review


@pytest.fixture
def marked(item, as_rater, bob, alice, project, monkeypatch):
    """Bob's label of an item is gold, and the next claim of anybody is of a gold item."""
    review(item, as_rater(bob), "", "label.missed")
    gold_actions.mark(item=item, by=alice)
    projects.set_sampling(project=project, plan=SamplingPlan(gold_share=0.5), by=alice)
    project.refresh_from_db()
    monkeypatch.setattr(random, "random", lambda: 0.0)
    return item


def submit(item, rater, candidate="", submission=None):
    return reviews.submit(
        item=item,
        rater=rater,
        judgement=judged(item, "", candidate),
        submission=submission or uuid4(),
        by=rater.name,
    )


class TestMark:
    def test_it_works(self, item, as_rater, bob, alice):
        made = review(item, as_rater(bob), "", "label.missed")
        assert gold_actions.mark(item=item, by=alice).review == made

    def test_the_adjudicators_word(self, double, as_rater, bob, dana, alice):
        review(double, as_rater(bob))
        review(double, as_rater(dana), "", "label.missed")
        word = reviews.adjudicate(
            item=double,
            rater=as_rater(alice),
            judgement=judged(double, "", ""),
            submission=uuid4(),
            by=alice,
        )
        assert gold_actions.mark(item=double, by=alice).review == word

    def test_not_before_it_is_resolved(self, item, alice):
        with pytest.raises(gold_actions.NotGold, match="pending"):
            gold_actions.mark(item=item, by=alice)

    def test_not_twice(self, marked, alice):
        with pytest.raises(gold_actions.NotGold, match="already"):
            gold_actions.mark(item=marked, by=alice)

    def test_it_can_be_taken_out_and_marked_anew(self, marked, alice):
        gold_actions.retire(item=marked, by=alice)
        with pytest.raises(gold_actions.NotGold):
            gold_actions.retire(item=marked, by=alice)
        gold_actions.mark(item=marked, by=alice)
        assert GoldItem.objects.count() == 2


class TestClaim:
    def test_it_works(self, marked, project, as_rater, dana):
        assert claims.claim(project=project, rater=as_rater(dana)).item_id == marked.pk
        slot = Slot.objects.get(gold=True)
        assert (slot.rater, slot.state) == (as_rater(dana), "claimed")

    def test_ahead_too(self, marked, project, as_rater, dana, monkeypatch):
        monkeypatch.setattr(random, "random", lambda: 0.9)
        assert claims.claim(project=project, rater=as_rater(dana)).item_id != marked.pk
        monkeypatch.setattr(random, "random", lambda: 0.1)
        claim = claims.claim(project=project, rater=as_rater(dana), ahead=True)
        assert claim.item_id == marked.pk

    def test_not_to_whoever_judged_it(self, marked, project, as_rater, bob):
        assert claims.claim(project=project, rater=as_rater(bob)).item_id != marked.pk

    def test_not_to_whoever_saw_its_sides(self, marked, project, as_rater, dana):
        exposures.show(items=[marked.pk], to=dana)
        assert claims.claim(project=project, rater=as_rater(dana)).item_id != marked.pk

    def test_not_to_leads_who_know_which_these_are(self, marked, project, as_rater, olga):
        assert claims.claim(project=project, rater=as_rater(olga)).item_id != marked.pk

    def test_not_once_it_is_taken_out(self, marked, project, as_rater, dana, alice):
        gold_actions.retire(item=marked, by=alice)
        assert claims.claim(project=project, rater=as_rater(dana)).item_id != marked.pk

    def test_not_at_the_end_of_the_line(self, marked, project, as_rater, dana):
        """It would stand out: nothing else is left."""
        Slot.objects.exclude(item=marked).delete()
        assert claims.claim(project=project, rater=as_rater(dana)) is None

    def test_given_back_it_is_nobodys(self, marked, project, as_rater, dana):
        claims.claim(project=project, rater=as_rater(dana))
        claims.release(rater=as_rater(dana))
        assert not Slot.objects.filter(gold=True).exists()

    def test_one_that_lapsed_goes_to_nobody_else(self, marked, project, as_rater, dana, alice):
        claims.claim(project=project, rater=as_rater(dana))
        Slot.objects.exclude(gold=True).delete()
        Slot.objects.update(lease_until="2026-01-01T00:00Z")
        assert claims.claim(project=project, rater=as_rater(alice)) is None
        assert claims.claim(project=project, rater=as_rater(dana)).item_id == marked.pk


class TestSubmit:
    @pytest.fixture
    def at_it(self, marked, project, as_rater, dana):
        assert claims.claim(project=project, rater=as_rater(dana)).item_id == marked.pk
        return marked

    def test_it_works(self, at_it, as_rater, dana):
        made = submit(at_it, as_rater(dana))
        assert (made.gold, made.live, made.blind, made.counted) == (True, False, True, True)
        at_it.refresh_from_db()
        assert at_it.state == "resolved"

    def test_it_is_no_label_and_no_dispute(self, at_it, as_rater, bob, dana):
        before, basis = labels.labels(at_it.run), freshness.basis(at_it.run_id)
        submit(at_it, as_rater(dana))
        assert labels.labels(at_it.run) == before
        assert freshness.basis(at_it.run_id) == basis
        revised = reviews.revise(
            item=at_it,
            rater=as_rater(bob),
            judgement=judged(at_it, "", ""),
            submission=uuid4(),
            by=bob,
        )
        at_it.refresh_from_db()
        assert (at_it.state, revised.live) == ("resolved", True)

    def test_its_sides_are_hidden_from_whoever_is_at_it(self, at_it, dana, alice):
        assert exposures.show(items=[at_it.pk], to=dana) == set()
        assert exposures.show(items=[at_it.pk], to=alice) == {at_it.pk}
        exposures.show_runs(runs=[at_it.run], to=dana)
        assert not Exposure.objects.filter(user=dana).exists()

    def test_and_shown_afterwards(self, at_it, as_rater, dana):
        submit(at_it, as_rater(dana))
        assert exposures.show(items=[at_it.pk], to=dana) == {at_it.pk}

    def test_whoever_has_seen_the_sides_all_the_same(self, at_it, as_rater, dana):
        Exposure.objects.create(item=at_it, user=dana)
        made = submit(at_it, as_rater(dana))
        assert (made.gold, made.counted, made.live, made.blind) == (False, False, False, False)

    def test_skipped_it_is_over(self, at_it, as_rater, dana):
        reviews.skip(item=at_it, rater=as_rater(dana), reason="x", by=dana)
        at_it.refresh_from_db()
        assert at_it.state == "resolved"
        assert at_it.slots.count() == 2

    def test_undone_like_any_other(self, at_it, project, as_rater, dana, alice):
        """Others have seen the sides; a refusal would tell that it is gold."""
        exposures.show(items=[at_it.pk], to=alice)
        submit(at_it, as_rater(dana))
        assert undo(project=project, rater=as_rater(dana), by=dana).item_id == at_it.pk
        assert submit(at_it, as_rater(dana), "label.missed").gold
        assert Review.objects.get(gold=True, withdrawn_at=None).revision == 2


class TestHits:
    def test_by_category(self, marked, project, as_rater, dana):
        claims.claim(project=project, rater=as_rater(dana))
        submit(marked, as_rater(dana), "label.missed")
        found = gold.per_category(project)["label.missed"]
        assert (found.positives, found.negatives) == (1, 1)
        assert (found.sensitivity.value, found.false_positive_rate.value) == (1, 0)
        assert found.j.value == 1

    def test_by_reviewer(self, marked, project, as_rater, dana):
        claims.claim(project=project, rater=as_rater(dana))
        submit(marked, as_rater(dana))
        (row,) = gold.per_reviewer(project)
        assert (row["reviewer"], row["sides"], row["right"].value) == ("dana", 2, 0.5)
        ((category, found),) = row["categories"]
        assert (category.key, found.sensitivity.value) == ("label.missed", 0)

    def test_nobody_was_tried(self, marked, project):
        assert gold.per_category(project) == {}
        assert gold.per_reviewer(project) == []

    def test_the_answer_of_then(self, marked, project, as_rater, bob, dana, alice):
        """An answer that changes says nothing of what was right before."""
        claims.claim(project=project, rater=as_rater(dana))
        submit(marked, as_rater(dana), "label.missed")
        gold_actions.retire(item=marked, by=alice)
        reviews.revise(
            item=marked,
            rater=as_rater(bob),
            judgement=judged(marked, "", ""),
            submission=uuid4(),
            by=bob,
        )
        gold_actions.mark(item=marked, by=alice)
        assert gold.per_reviewer(project)[0]["right"].value == 1
