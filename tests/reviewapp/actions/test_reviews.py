from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from evals.sampling import SamplingPlan
from reviewapp.actions import audit, claims, projects, reviews
from reviewapp.labelling import labels
from reviewapp.models import AuditEvent, Draft, Rater, Review, ReviewItem, Slot
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.scenes import DIFFER, at_once, judged, review


def lapse(item):
    """The lease on this item ran out an hour ago."""
    item.slots.filter(state="claimed").update(lease_until=timezone.now() - timedelta(hours=1))


def submit(item, rater, baseline="", candidate="", submission=None):
    return reviews.submit(
        item=item,
        rater=rater,
        judgement=judged(item, baseline, candidate),
        submission=submission or uuid4(),
        by=rater.name,
    )


def revise(item, rater, baseline="", candidate="", submission=None):
    item.refresh_from_db()
    return reviews.revise(
        item=item,
        rater=rater,
        judgement=judged(item, baseline, candidate),
        submission=submission or uuid4(),
        by=rater.name,
    )


def adjudicate(item, rater, baseline="", candidate="", submission=None):
    item.refresh_from_db()
    return reviews.adjudicate(
        item=item,
        rater=rater,
        judgement=judged(item, baseline, candidate),
        submission=submission or uuid4(),
        by=rater.name,
    )


@pytest.fixture
def disputed(double, as_rater, bob, dana):
    review(double, as_rater(bob), "", "label.missed")
    review(double, as_rater(dana), "label.none", "")
    double.refresh_from_db()
    assert double.state == "disputed"
    return double


class TestClaim:
    def test_it_works(self, run, project, as_rater, bob):
        claim = reviews.claim(project=project, rater=as_rater(bob))
        first = ReviewItem.objects.filter(run=run).order_by("rank", "id").first()
        assert claim.item_id == first.pk
        left = claim.lease_until - timezone.now()
        assert timedelta(minutes=14) < left <= timedelta(minutes=15)

    def test_ones_own_is_renewed(self, run, project, as_rater, bob):
        claim = reviews.claim(project=project, rater=as_rater(bob))
        lapse(ReviewItem.objects.get(pk=claim.item_id))
        again = reviews.claim(project=project, rater=as_rater(bob))
        assert again.item_id == claim.item_id
        assert again.lease_until > timezone.now()
        assert Slot.objects.filter(state="claimed").count() == 1

    def test_a_lease_that_ran_out_counts_as_open(self, item, project, as_rater, bob, dana):
        first = reviews.claim(project=project, rater=as_rater(bob))
        lapse(ReviewItem.objects.get(pk=first.item_id))
        assert reviews.claim(project=project, rater=as_rater(dana)).item_id == first.item_id

    def test_never_an_item_twice(self, double, project, as_rater, bob):
        review(double, as_rater(bob))
        assert reviews.claim(project=project, rater=as_rater(bob)) is None

    def test_two_places_for_two_reviewers(self, double, project, as_rater, bob, dana, alice):
        for user in (bob, dana):
            assert reviews.claim(project=project, rater=as_rater(user)).item_id == double.pk
        assert reviews.claim(project=project, rater=as_rater(alice)) is None

    def test_nothing_left(self, project, as_rater, bob):
        assert reviews.claim(project=project, rater=as_rater(bob)) is None

    def test_not_of_another_project(self, run, charlie, as_rater, rater):
        other = projects.create(slug="other", name="Other", preset="assistant", by=charlie)
        assert reviews.claim(project=other, rater=rater(other, charlie)) is None

    def test_the_lease_is_that_of_the_plan(self, run, project, alice, as_rater, bob):
        plan = SamplingPlan(lease_minutes=1)
        projects.set_sampling(project=project, plan=plan, by=alice)
        claim = reviews.claim(project=project, rater=as_rater(bob))
        assert claim.lease_until - timezone.now() <= timedelta(minutes=1)

    def test_three_statements_at_most(self, run, project, as_rater, bob, django_assert_num_queries):
        rater = as_rater(bob)
        # Renew, what was ahead, claim.
        with django_assert_num_queries(3):
            reviews.claim(project=project, rater=rater)

    @pytest.mark.django_db(transaction=True)
    def test_eight_reviewers_at_once(self, project, models):
        """Each item goes to exactly one of them, and all go."""
        scenes.recorded(project, models, [DIFFER] * 60)
        raters = [Rater.objects.create(project=project, kind="script", name=f"s{i}") for i in "ab"]
        raters += [
            Rater.objects.create(project=project, kind="script", name=f"s{i}") for i in range(6)
        ]

        def work(rater):
            def call():
                got = []
                while claim := reviews.claim(project=project, rater=rater):
                    item = ReviewItem.objects.select_related("run__taxonomy_version").get(
                        pk=claim.item_id
                    )
                    submit(item, rater)
                    got.append(item.pk)
                return got

            return call

        results = at_once(*[work(rater) for rater in raters])
        got = Counter(pk for one in results for pk in one)
        assert len(got) == 60
        assert set(got.values()) == {1}
        assert Review.objects.count() == 60

    @pytest.mark.django_db(transaction=True)
    def test_two_tabs_of_one_reviewer(self, run, project, as_rater, bob):
        rater = as_rater(bob)
        results = at_once(*[lambda: reviews.claim(project=project, rater=rater)] * 6)
        assert len({claim.item_id for claim in results}) == 1
        assert Slot.objects.filter(state="claimed").count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_many_claim_one_lapsed_place(self, item, project, as_rater, alice, bob, dana):
        Slot.objects.exclude(item=item).delete()
        reviews.claim(project=project, rater=as_rater(bob))
        lapse(item)
        raters = [as_rater(alice), as_rater(dana)]
        results = at_once(
            lambda: reviews.claim(project=project, rater=raters[0]),
            lambda: reviews.claim_item(item=item, rater=raters[1]),
        )
        assert sum(one is not None for one in results) == 1
        assert Slot.objects.get().rater in raters


class TestClaimItem:
    def test_it_works(self, item, as_rater, bob):
        claim = reviews.claim_item(item=item, rater=as_rater(bob))
        assert claim.item_id == item.pk
        assert item.slots.get().rater == as_rater(bob)

    def test_what_was_held_is_given_back(self, run, item, project, as_rater, bob):
        held = reviews.claim(project=project, rater=as_rater(bob))
        other = run.items.exclude(pk=held.item_id).first()
        reviews.claim_item(item=other, rater=as_rater(bob))
        assert Slot.objects.get(item=held.item_id).state == "open"
        assert Slot.objects.get(state="claimed").item == other

    def test_what_was_held_is_kept_where_nothing_is_free(self, run, item, as_rater, bob, dana):
        other = run.items.exclude(pk=item.pk).first()
        reviews.claim_item(item=other, rater=as_rater(dana))
        reviews.claim_item(item=item, rater=as_rater(bob))
        assert reviews.claim_item(item=other, rater=as_rater(bob)) is None
        assert item.slots.get().rater == as_rater(bob)

    def test_not_after_judging_it(self, double, as_rater, bob):
        review(double, as_rater(bob))
        assert reviews.claim_item(item=double, rater=as_rater(bob)) is None

    def test_a_lapsed_one_of_another(self, item, as_rater, bob, dana):
        reviews.claim_item(item=item, rater=as_rater(bob))
        before = item.slots.get().claimed_at
        lapse(item)
        assert reviews.claim_item(item=item, rater=as_rater(dana))
        assert item.slots.get().claimed_at > before

    @pytest.mark.django_db(transaction=True)
    def test_a_place_that_is_being_taken_is_not_claimed(
        self, item, project, as_rater, bob, dana, monkeypatch
    ):
        first, second, free = as_rater(bob), as_rater(dana), claims._free
        Slot.objects.exclude(item=item).delete()
        got = []

        def claim_in_between(*args):
            found = free(*args)
            got.extend(at_once(lambda: reviews.claim(project=project, rater=second)))
            return found

        monkeypatch.setattr(claims, "_free", claim_in_between)
        assert reviews.claim_item(item=item, rater=first)
        assert got == [None]
        assert item.slots.get().rater == first


class TestRelease:
    def test_it_works(self, item, as_rater, bob, dana):
        reviews.claim_item(item=item, rater=as_rater(bob))
        reviews.release(rater=as_rater(bob))
        assert item.slots.get().state == "open"
        assert reviews.claim_item(item=item, rater=as_rater(dana))

    def test_nothing_held(self, item, as_rater, bob):
        reviews.release(rater=as_rater(bob))
        assert item.slots.get().state == "open"


class TestSubmit:
    def test_it_works(self, item, as_rater, bob):
        made = review(item, as_rater(bob), "", "label.missed")
        assert (made.baseline, made.candidate, made.blind, made.live) == ("ok", "error", True, True)
        assert made.findings.get().category.key == "label.missed"
        item.refresh_from_db()
        assert item.state == "resolved"
        assert item.slots.get().state == "submitted"
        assert AuditEvent.objects.filter(verb="reviewed").count() == 1

    def test_the_draft_is_gone(self, item, as_rater, bob):
        reviews.save_draft(item=item, rater=as_rater(bob), body={"note": "x"})
        review(item, as_rater(bob))
        assert not Draft.objects.exists()

    def test_not_held(self, item, as_rater, bob):
        with pytest.raises(reviews.SlotLost):
            submit(item, as_rater(bob))
        assert not Review.objects.exists()

    def test_taken_by_another(self, item, as_rater, bob, dana):
        reviews.claim_item(item=item, rater=as_rater(bob))
        reviews.save_draft(item=item, rater=as_rater(bob), body={"note": "mine"})
        lapse(item)
        reviews.claim_item(item=item, rater=as_rater(dana))
        with pytest.raises(reviews.SlotLost, match="somebody else"):
            submit(item, as_rater(bob))
        assert Draft.objects.get().body == {"note": "mine"}
        assert item.slots.get().rater == as_rater(dana)

    def test_the_lease_ran_out_and_nobody_took_it(self, item, as_rater, bob):
        reviews.claim_item(item=item, rater=as_rater(bob))
        lapse(item)
        assert submit(item, as_rater(bob)).live

    def test_a_second_judgement(self, item, as_rater, bob):
        review(item, as_rater(bob))
        with pytest.raises(reviews.SlotLost, match="submitted"):
            submit(item, as_rater(bob))

    def test_the_same_submission_again(self, item, as_rater, bob):
        reviews.claim_item(item=item, rater=as_rater(bob))
        key = uuid4()
        first = submit(item, as_rater(bob), submission=key)
        assert submit(item, as_rater(bob), submission=key) == first
        assert AuditEvent.objects.filter(verb="reviewed").count() == 1

    def test_a_submission_of_another(self, run, as_rater, bob, dana):
        one, other = run.items.all()[:2]
        key = uuid4()
        reviews.claim_item(item=one, rater=as_rater(bob))
        submit(one, as_rater(bob), submission=key)
        reviews.claim_item(item=other, rater=as_rater(dana))
        with pytest.raises(reviews.SlotLost, match="another judgement"):
            submit(other, as_rater(dana), submission=key)

    @pytest.mark.django_db(transaction=True)
    def test_the_same_submission_at_once(self, item, as_rater, bob):
        rater, key = as_rater(bob), uuid4()
        reviews.claim_item(item=item, rater=rater)
        results = at_once(*[lambda: submit(item, rater, submission=key)] * 5)
        assert {one.pk for one in results} == {Review.objects.get().pk}
        assert AuditEvent.objects.filter(verb="reviewed").count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_a_lapsed_place_goes_to_one(self, project, models, as_rater, bob, dana):
        """One submits at the moment at which another claims: the place is never both's."""
        run = scenes.recorded(project, models, [DIFFER] * 12)
        first, second = as_rater(bob), as_rater(dana)
        for item in run.items.select_related("run__taxonomy_version"):
            reviews.claim_item(item=item, rater=first)
            lapse(item)
            late, claimed = at_once(
                lambda item=item: submit(item, first),
                lambda item=item: reviews.claim_item(item=item, rater=second),
            )
            assert isinstance(late, Review) != (claimed is not None)
            slot = item.slots.get()
            owner = first if isinstance(late, Review) else second
            assert slot.rater == owner
            reviews.release(rater=second)

    @pytest.mark.django_db(transaction=True)
    def test_a_place_that_is_being_submitted_is_not_claimed(
        self, item, as_rater, bob, dana, monkeypatch
    ):
        """The claim comes right after the place was found to be still the reviewer's."""
        first, second, store = as_rater(bob), as_rater(dana), reviews.store_at
        Slot.objects.exclude(item=item).delete()
        reviews.claim_item(item=item, rater=first)
        lapse(item)
        claims = []

        def claim_in_between(*args, **more):
            claims.extend(at_once(lambda: reviews.claim(project=item.project, rater=second)))
            return store(*args, **more)

        monkeypatch.setattr(reviews, "store_at", claim_in_between)
        submit(item, first)
        assert claims == [None]
        assert item.slots.get().rater == first

    @pytest.mark.django_db(transaction=True)
    def test_killed_before_the_commit(self, item, as_rater, bob):
        rater, key = as_rater(bob), uuid4()
        reviews.claim_item(item=item, rater=rater)
        with transaction.atomic():
            submit(item, rater, submission=key)
            transaction.set_rollback(True)
        assert not Review.objects.exists()
        assert submit(item, rater, submission=key).pk

    @pytest.mark.django_db(transaction=True)
    def test_sealing_does_not_hold_it_up(self, item, as_rater, bob, monkeypatch):
        """Else up to a thousand events would be sealed before a reviewer gets an answer."""
        reviews.claim_item(item=item, rater=as_rater(bob))
        rater, made, link = as_rater(bob), [], audit.link

        def submit_in_between(*args):
            if not made:
                made.extend(at_once(lambda: submit(item, rater)))
            return link(*args)

        monkeypatch.setattr(audit, "link", submit_in_between)
        audit.seal(item.project)
        assert made[0].pk


class TestSkip:
    def test_another_place_is_opened(self, item, as_rater, bob, dana):
        reviews.claim_item(item=item, rater=as_rater(bob))
        reviews.skip(item=item, rater=as_rater(bob), reason="in Dutch", by=bob)
        item.refresh_from_db()
        assert item.state == "pending"
        states = item.slots.values_list("number", "state", "skip_reason")
        assert list(states) == [(1, "skipped", "in Dutch"), (2, "open", "")]
        assert reviews.claim_item(item=item, rater=as_rater(bob)) is None
        assert reviews.claim_item(item=item, rater=as_rater(dana))

    def test_the_second_skip_leaves_it_to_a_lead(self, item, as_rater, bob, dana):
        for user in (bob, dana):
            reviews.claim_item(item=item, rater=as_rater(user))
            reviews.skip(item=item, rater=as_rater(user), reason="", by=user)
        item.refresh_from_db()
        assert item.state == "skipped"
        assert not item.slots.filter(state="open").exists()

    def test_not_held(self, item, as_rater, bob):
        with pytest.raises(reviews.SlotLost):
            reviews.skip(item=item, rater=as_rater(bob), reason="", by=bob)

    def test_twice_is_once(self, item, as_rater, bob):
        reviews.claim_item(item=item, rater=as_rater(bob))
        reviews.skip(item=item, rater=as_rater(bob), reason="", by=bob)
        reviews.skip(item=item, rater=as_rater(bob), reason="", by=bob)
        assert item.slots.count() == 2
        assert AuditEvent.objects.filter(verb="skipped").count() == 1

    def test_a_long_reason_is_cut(self, item, as_rater, bob):
        reviews.claim_item(item=item, rater=as_rater(bob))
        reviews.skip(item=item, rater=as_rater(bob), reason="x" * 900, by=bob)
        assert len(item.slots.first().skip_reason) == 300


class TestAdjudicate:
    def test_it_works(self, disputed, as_rater, alice):
        made = adjudicate(disputed, as_rater(alice), "label.none", "label.missed")
        disputed.refresh_from_db()
        assert disputed.state == "resolved"
        assert made.authoritative
        assert made.blind
        label = labels.labels(disputed.run)[disputed.pk]
        assert (label.baseline, label.candidate) == ("error", "error")
        assert label.rater_id == as_rater(alice).pk

    def test_not_by_one_of_its_raters(self, disputed, as_rater, bob):
        with pytest.raises(reviews.SlotLost, match="somebody else"):
            adjudicate(disputed, as_rater(bob))

    def test_not_what_is_not_disputed(self, item, as_rater, alice):
        with pytest.raises(reviews.SlotLost, match="pending"):
            adjudicate(item, as_rater(alice))

    def test_once(self, disputed, as_rater, alice, olga):
        adjudicate(disputed, as_rater(alice))
        with pytest.raises(reviews.SlotLost, match="resolved"):
            adjudicate(disputed, as_rater(olga))

    @pytest.mark.django_db(transaction=True)
    def test_two_leads_at_once(self, disputed, as_rater, alice, olga):
        raters = as_rater(alice), as_rater(olga)
        results = at_once(*[lambda r=r: adjudicate(disputed, r) for r in raters])
        assert Review.objects.filter(authoritative=True).count() == 1
        assert sum(isinstance(one, reviews.SlotLost) for one in results) == 1

    @pytest.mark.django_db(transaction=True)
    def test_the_same_submission_at_once(self, disputed, as_rater, alice):
        rater, key = as_rater(alice), uuid4()
        results = at_once(*[lambda: adjudicate(disputed, rater, submission=key)] * 3)
        assert {one.pk for one in results} == {Review.objects.get(authoritative=True).pk}


class TestRevise:
    def test_before_it_is_resolved_it_is_blind(self, double, as_rater, bob):
        review(double, as_rater(bob), "", "label.missed")
        made = revise(double, as_rater(bob), "", "label.none")
        assert (made.revision, made.blind, made.live) == (2, True, True)
        assert Review.objects.get(revision=1).live is False
        assert AuditEvent.objects.get(verb="revised").data == {"revision": 2, "blind": True}

    def test_afterwards_it_is_kept_and_left_out(self, item, as_rater, bob):
        review(item, as_rater(bob), "", "label.missed")
        made = revise(item, as_rater(bob), "label.missed", "")
        assert not made.blind
        assert Review.objects.filter(item=item).count() == 2
        label = labels.labels(item.run)[item.pk]
        assert (label.baseline, label.candidate) == ("ok", "error")

    def test_nor_is_what_follows_from_it(self, double, as_rater, alice, bob, dana):
        """The sides were visible for a while: whoever speaks later may have seen them."""
        for user in (bob, dana):
            review(double, as_rater(user), "", "label.missed")
        revise(double, as_rater(bob), "", "")
        double.refresh_from_db()
        assert double.state == "disputed"
        assert not revise(double, as_rater(dana), "", "label.none").blind
        assert not adjudicate(double, as_rater(alice), "label.none", "").blind
        label = labels.labels(double.run)[double.pk]
        assert (label.baseline, label.candidate) == ("ok", "error")

    def test_it_may_end_a_dispute(self, disputed, as_rater, dana):
        revise(disputed, as_rater(dana), "", "label.missed")
        disputed.refresh_from_db()
        assert disputed.state == "resolved"

    def test_the_authoritative_one(self, disputed, as_rater, alice):
        adjudicate(disputed, as_rater(alice), "", "label.missed")
        made = revise(disputed, as_rater(alice), "", "label.none")
        assert made.authoritative
        assert not made.blind
        assert Review.objects.filter(item=disputed, authoritative=True, live=True).count() == 1

    def test_nothing_to_revise(self, item, as_rater, bob):
        with pytest.raises(reviews.SlotLost, match="no review of yours"):
            revise(item, as_rater(bob))

    @pytest.mark.django_db(transaction=True)
    def test_the_same_submission_at_once(self, item, as_rater, bob):
        rater, key = as_rater(bob), uuid4()
        review(item, rater)
        results = at_once(*[lambda: revise(item, rater, submission=key)] * 4)
        assert len({one.pk for one in results}) == 1
        assert Review.objects.count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_two_revisions_at_once(self, item, as_rater, bob):
        rater = as_rater(bob)
        review(item, rater)
        at_once(*[lambda: revise(item, rater)] * 3)
        assert sorted(Review.objects.values_list("revision", "live")) == [
            (1, False),
            (2, False),
            (3, False),
            (4, True),
        ]


class TestDraft:
    def test_the_last_one_is_kept(self, item, as_rater, bob):
        for text in ("a", "ab"):
            reviews.save_draft(item=item, rater=as_rater(bob), body={"note": text})
        assert Draft.objects.get().body == {"note": "ab"}

    @pytest.mark.django_db(transaction=True)
    def test_two_tabs_at_once(self, item, as_rater, bob):
        rater = as_rater(bob)
        save = [lambda i=i: reviews.save_draft(item=item, rater=rater, body=i) for i in range(4)]
        assert at_once(*save) == [None] * 4
        assert Draft.objects.count() == 1


@pytest.mark.django_db
def test_the_claim_reads_one_index(run, project, as_rater, bob):
    """Not a sequential scan of all slots, however many there are."""
    values = {
        "project": project.pk,
        "rater": as_rater(bob).pk,
        "lease": timedelta(minutes=1),
        "ahead": False,
    }
    with connection.cursor() as cursor:
        for other in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{other} = off")
        cursor.execute("EXPLAIN " + claims._CLAIM.text, values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "slot_claimable" in plan
    assert "Sort" not in plan
