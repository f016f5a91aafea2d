"""Two leases: the item that a reviewer is at, and one fetched ahead."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from reviewapp.actions import claims, reviews
from reviewapp.models import Draft, Review, Slot
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.scenes import at_once, judged


def hold(project, rater):
    """The item that they are at, and the one ahead."""
    here = claims.claim(project=project, rater=rater)
    return here, claims.claim(project=project, rater=rater, ahead=True)


def submit(pk, rater):
    item = rater.project.items.select_related("run__taxonomy_version").get(pk=pk)
    return reviews.submit(
        item=item, rater=rater, judgement=judged(item, "", ""), submission=uuid4(), by="test"
    )


def lapse(slots):
    slots.update(lease_until=timezone.now() - timedelta(hours=1))


def minutes(claim):
    return (claim.lease_until - timezone.now()).total_seconds() / 60


class TestAhead:
    def test_it_works(self, run, project, as_rater, bob):
        here, ahead = hold(project, as_rater(bob))
        assert here.item_id != ahead.item_id
        assert 14 < minutes(here) <= 15
        assert 1 < minutes(ahead) <= 2
        assert Slot.objects.get(ahead=True).item_id == ahead.item_id

    def test_asked_again_it_is_the_same(self, run, project, as_rater, bob):
        _, ahead = hold(project, as_rater(bob))
        lapse(Slot.objects.filter(ahead=True))
        again = claims.claim(project=project, rater=as_rater(bob), ahead=True)
        assert again.item_id == ahead.item_id
        assert minutes(again) > 1
        assert Slot.objects.filter(state="claimed").count() == 2

    def test_its_lease_begins_when_it_is_shown(self, run, project, as_rater, bob):
        here, ahead = hold(project, as_rater(bob))
        submit(here.item_id, as_rater(bob))
        held = claims.holds(rater=as_rater(bob))
        assert held.item_id == ahead.item_id
        assert 14 < minutes(held) <= 15
        assert not Slot.objects.filter(ahead=True).exists()

    def test_nor_is_it_lost_by_a_skip(self, run, project, as_rater, bob):
        here, ahead = hold(project, as_rater(bob))
        item = project.items.get(pk=here.item_id)
        reviews.skip(item=item, rater=as_rater(bob), reason="x", kind="field", by=bob)
        assert claims.claim(project=project, rater=as_rater(bob)).item_id == ahead.item_id
        assert item.slots.get(state="skipped").skip_kind == "field"

    def test_the_desk_takes_it_where_nothing_is_held(self, run, project, as_rater, bob):
        here, ahead = hold(project, as_rater(bob))
        claims.give_back(Slot.objects.filter(item=here.item_id))
        held = claims.claim(project=project, rater=as_rater(bob))
        assert held.item_id == ahead.item_id
        assert minutes(held) > 14

    def test_one_that_lapsed_goes_to_another(self, run, project, as_rater, bob, dana):
        here, ahead = hold(project, as_rater(bob))
        Slot.objects.exclude(state="claimed").delete()
        lapse(Slot.objects.filter(ahead=True))
        assert claims.claim(project=project, rater=as_rater(dana)).item_id == ahead.item_id
        submit(here.item_id, as_rater(bob))
        assert claims.holds(rater=as_rater(bob)) is None

    def test_nothing_left(self, double, project, as_rater, bob):
        assert claims.claim(project=project, rater=as_rater(bob))
        assert claims.claim(project=project, rater=as_rater(bob), ahead=True) is None

    @pytest.mark.django_db(transaction=True)
    def test_two_tabs_claim_ahead(self, run, project, as_rater, bob):
        rater = as_rater(bob)
        claims.claim(project=project, rater=rater)
        call = lambda: claims.claim(project=project, rater=rater, ahead=True)  # noqa: E731
        assert len({claim.item_id for claim in at_once(*[call] * 6)}) == 1
        assert Slot.objects.filter(state="claimed").count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_two_tabs_and_a_submission(self, project, models, as_rater, bob):
        """Whoever is first: two leases at most, and the next item is held once."""
        scenes.recorded(project, models, [scenes.DIFFER] * 24)
        rater = as_rater(bob)
        for _ in range(10):
            here, _ = hold(project, rater)
            results = at_once(
                lambda here=here: submit(here.item_id, rater),
                lambda: claims.claim(project=project, rater=rater),
                lambda: claims.claim(project=project, rater=rater, ahead=True),
            )
            assert isinstance(results[0], Review), results
            assert not any(isinstance(one, Exception) for one in results)
            assert Slot.objects.filter(state="claimed", ahead=False).count() <= 1


class TestRenew:
    def test_it_works(self, run, project, as_rater, bob):
        here, ahead = hold(project, as_rater(bob))
        lapse(Slot.objects.filter(state="claimed"))
        item = project.items.get(pk=ahead.item_id)
        assert 1 < minutes(claims.renew(item=item, rater=as_rater(bob))) <= 2
        item = project.items.get(pk=here.item_id)
        assert minutes(claims.renew(item=item, rater=as_rater(bob))) > 14

    def test_not_what_is_somebody_elses(self, item, as_rater, bob, dana):
        reviews.claim_item(item=item, rater=as_rater(dana))
        assert claims.renew(item=item, rater=as_rater(bob)) is None


class TestReleaseAhead:
    def test_it_works(self, run, project, as_rater, bob):
        here, ahead = hold(project, as_rater(bob))
        claims.release_ahead(rater=as_rater(bob), item_id=ahead.item_id)
        assert Slot.objects.get(item=ahead.item_id).state == "open"
        assert Slot.objects.get(item=here.item_id).state == "claimed"

    def test_never_what_is_shown_by_now(self, run, project, as_rater, bob):
        here, ahead = hold(project, as_rater(bob))
        submit(here.item_id, as_rater(bob))
        claims.release_ahead(rater=as_rater(bob), item_id=ahead.item_id)
        assert claims.holds(rater=as_rater(bob)).item_id == ahead.item_id

    def test_not_that_of_another_page(self, run, project, as_rater, bob):
        here, ahead = hold(project, as_rater(bob))
        claims.release_ahead(rater=as_rater(bob), item_id=here.item_id)
        assert Slot.objects.get(item=ahead.item_id).ahead

    def test_both_are_given_back(self, run, project, as_rater, bob):
        hold(project, as_rater(bob))
        claims.release(rater=as_rater(bob))
        assert not Slot.objects.filter(state="claimed").exists()

    @pytest.mark.django_db(transaction=True)
    def test_at_the_moment_at_which_it_is_shown(self, project, models, as_rater, bob):
        """It is either given back, or held: never both, and never nobody's and closed."""
        scenes.recorded(project, models, [scenes.DIFFER] * 16)
        rater = as_rater(bob)
        for _ in range(6):
            here, ahead = hold(project, rater)
            made, _ = at_once(
                lambda here=here: submit(here.item_id, rater),
                lambda ahead=ahead: claims.release_ahead(rater=rater, item_id=ahead.item_id),
            )
            assert isinstance(made, Review)
            slot, held = Slot.objects.get(item=ahead.item_id), claims.holds(rater=rater)
            assert (slot.state == "claimed") == (held is not None)
            assert held is None or held.item_id == ahead.item_id


class TestKeep:
    """What was typed on an item that somebody else has by now."""

    @pytest.fixture
    def lost(self, item, as_rater, bob, dana):
        reviews.claim_item(item=item, rater=as_rater(bob))
        lapse(item.slots.all())
        reviews.claim_item(item=item, rater=as_rater(dana))
        return item

    def keep(self, item, rater, submission=None):
        return reviews.keep(
            item=item,
            rater=rater,
            judgement=judged(item, "", "label.missed"),
            submission=submission or uuid4(),
            by=rater.name,
        )

    def test_it_works(self, lost, as_rater, bob, dana):
        reviews.save_draft(item=lost, rater=as_rater(bob), body={})
        made = self.keep(lost, as_rater(bob))
        assert (made.counted, made.live, made.blind) == (False, False, True)
        assert made.findings.count() == 1
        assert not Draft.objects.exists()
        assert lost.slots.get().rater == as_rater(dana)

    def test_it_is_no_label(self, lost, as_rater, bob, dana):
        self.keep(lost, as_rater(bob))
        submit(lost.pk, as_rater(dana))
        lost.refresh_from_db()
        assert lost.state == "resolved"
        assert list(Review.objects.standing()) == [lost.reviews.get(live=True)]

    def test_sent_twice_it_is_the_same(self, lost, as_rater, bob):
        key = uuid4()
        assert self.keep(lost, as_rater(bob), key) == self.keep(lost, as_rater(bob), key)

    def test_what_is_still_theirs_is_submitted(self, item, as_rater, bob):
        reviews.claim_item(item=item, rater=as_rater(bob))
        with pytest.raises(reviews.SlotLost, match="still yours"):
            self.keep(item, as_rater(bob))

    def test_a_label_later_is_a_further_revision(self, lost, as_rater, bob, dana):
        self.keep(lost, as_rater(bob))
        reviews.release(rater=as_rater(dana))
        reviews.claim_item(item=lost, rater=as_rater(bob))
        made = submit(lost.pk, as_rater(bob))
        assert (made.revision, made.live) == (2, True)
