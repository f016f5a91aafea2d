"""A run that goes to another taxonomy version, with what was said in the one before."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviewapp.actions import (
    claims,
    exposures,
    members,
    projects,
    relabel,
    reports,
    reviews,
    runs,
)
from reviewapp.labelling import labels, moving
from reviewapp.labelling.reading import Reader
from reviewapp.models import (
    AuditEvent,
    Draft,
    Exposure,
    Finding,
    Membership,
    Report,
    Review,
    ReviewItem,
    Slot,
)
from reviewapp.reports import lines
from taxonomy.models import Category, TaxonomyVersion
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.scenes import at_once, judged, review
from tests.reviewapp.versions import further

#: "Missed" became two.
SPLIT = {
    "new": ("late", "never"),
    "out": ("label.missed",),
    "became": {"label.missed": "late never"},
}


@pytest.fixture
def split(project):
    return further(project, **SPLIT)


@pytest.fixture
def move(run, alice):
    def to(version, run=run):
        seen = relabel.move_run(run=run, version=version, by=alice)
        run.refresh_from_db()
        return seen

    return to


def again(item, rater, baseline="", candidate="", submission=None):
    """Claims what is kept for this rater, which is this item, and says it in the words of now."""
    item = ReviewItem.objects.select_related("run__taxonomy_version", "project").get(pk=item.pk)
    assert reviews.claim(project=item.project, rater=rater).item_id == item.pk
    return reviews.submit(
        item=item,
        rater=rater,
        judgement=judged(item, baseline, candidate),
        submission=submission or uuid4(),
        by=rater.name,
    )


def state(item):
    return ReviewItem.objects.get(pk=item.pk).state


def said_of(item):
    """The label that counts, as the keys of its categories by side, in its own version."""
    label = labels.labels(item.run)[item.pk]
    keys = dict(label_categories(label))
    return {(side, keys[category]) for side, category, _ in label.findings}


def label_categories(label):
    return Category.objects.filter(version=label.version_id).values_list("pk", "key")


class TestMoveRun:
    def test_it_works(self, run, item, split, move, as_rater, bob, alice):
        review(item, as_rater(bob), "", "label.missed")
        seen = move(split)
        assert (seen.items, seen.follow, seen.split) == (1, 0, {"Missed": 1})
        assert run.taxonomy_version == split
        slot = item.slots.get()
        assert (slot.state, slot.rater, slot.reserved_for) == ("open", None, as_rater(bob))
        assert slot.relabels == Review.objects.get()
        item.refresh_from_db()
        assert (item.state, item.resolved_at) == ("pending", None)
        assert item.reopened_at
        event = AuditEvent.objects.get(verb="moved to another taxonomy version")
        assert event.by == alice
        assert (event.data["from"], event.data["to"]) == ("classification@1", "classification@2")
        assert (event.data["items"], event.data["again"]) == (1, 1)

    def test_labels_keep_their_version(self, run, item, split, move, as_rater, bob):
        made = review(item, as_rater(bob), "", "label.missed")
        move(split)
        made.refresh_from_db()
        assert made.live
        assert str(made.taxonomy_version) == "classification@1"
        assert made.findings.get().category.key == "label.missed"

    def test_what_is_kept_renamed_or_merged_follows(self, project, run, move, as_rater, bob):
        version = further(
            project,
            new=("overlooked",),
            out=("label.missed", "label.none"),
            became={"label.missed": "overlooked", "label.none": "label.false-alarm"},
        )
        said = ["label.missed", "label.none", "label.false-alarm", "value.wrong"]
        found = list(run.items.order_by("pk")[:4])
        for item, key in zip(found, said, strict=True):
            review(item, as_rater(bob), "", key)
        seen = move(version)
        assert (seen.follow, seen.items, seen.untranslatable) == (4, 0, 0)
        assert {state(item) for item in found} == {"resolved"}
        reader, keys = Reader(version), dict(version.categories.values_list("pk", "key"))
        now = [reader.read(labels.labels(run)[item.pk]) for item in found]
        assert [{keys[c] for _, c, _ in label.findings} for label in now] == [
            {"overlooked"},
            {"label.false-alarm"},
            {"label.false-alarm"},
            {"value.wrong"},
        ]

    def test_what_was_retired_stays_and_is_said(self, project, run, item, move, as_rater, bob):
        version = further(project, out=("label.missed",))
        review(item, as_rater(bob), "", "label.missed")
        seen = move(version)
        assert (seen.untranslatable, seen.lost, seen.items) == (1, {"Missed": 1}, 0)
        assert state(item) == "resolved"

    def test_a_changed_meaning_is_asked_for_again(self, project, run, item, move, as_rater, bob):
        version = further(
            project, new=("x",), became={"label.missed": "label.missed"}, relabel=("label.missed",)
        )
        review(item, as_rater(bob), "", "label.missed")
        seen = move(version)
        assert (seen.items, seen.unasked) == (1, ["X"])

    def test_a_retired_severity_is_counted(self, project, run, item, move, as_rater, bob):
        version = further(project, severities={"major": ""})
        review(item, as_rater(bob), "", "label.missed")
        seen = move(version)
        assert (seen.severities, seen.items, seen.follow) == (1, 0, 1)

    def test_back_again_gives_the_places_back(self, run, item, split, move, as_rater, bob):
        before = run.taxonomy_version
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        seen = move(before)
        assert (seen.items, seen.follow) == (0, 1)
        slot = item.slots.get()
        assert (slot.state, slot.rater, slot.relabels) == ("submitted", as_rater(bob), None)
        assert state(item) == "resolved"

    def test_labels_made_after_it_go_back_too(self, run, item, split, move, as_rater, bob):
        before = run.taxonomy_version
        move(split)
        item = ReviewItem.objects.get(pk=item.pk)
        review(item, as_rater(bob), "", "late")
        assert move(before).follow == 1
        assert state(item) == "resolved"

    def test_refused(self, run, split, move, alice):
        with pytest.raises(relabel.RelabelError, match="already"):
            move(run.taxonomy_version)
        runs.cancel(run=run, by=alice)
        with pytest.raises(relabel.RelabelError, match="cancelled"):
            move(split)

    def test_not_a_draft_or_another_taxonomy(self, run, split, move, charlie):
        other = projects.create(slug="other", name="Other", preset="assistant", by=charlie)
        with pytest.raises(relabel.RelabelError, match="another taxonomy"):
            move(other.taxonomy_version)
        draft = TaxonomyVersion.objects.create(
            taxonomy=split.taxonomy, number=9, based_on=split, title="d"
        )
        with pytest.raises(relabel.RelabelError, match="draft"):
            move(draft)

    def test_versions_without_a_map(self, run, split, move):
        alone = TaxonomyVersion.objects.create(
            taxonomy=split.taxonomy,
            number=9,
            title="d",
            state="published",
            digest="d",
            published_at=timezone.now(),
        )
        with pytest.raises(relabel.RelabelError, match="common"):
            move(alone)
        assert str(run.taxonomy_version) == "classification@1"

    def test_all_or_nothing(self, run, item, split, as_rater, bob, alice, monkeypatch):
        """A worker that dies in the middle leaves everything as it was."""
        review(item, as_rater(bob), "", "label.missed")
        monkeypatch.setattr(relabel, "settle", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            relabel.move_run(run=run, version=split, by=alice)
        run.refresh_from_db()
        assert str(run.taxonomy_version) == "classification@1"
        assert item.slots.get().state == "submitted"
        assert not AuditEvent.objects.filter(verb__startswith="moved").exists()

    def test_frozen_reports_stay(self, run, item, split, move, as_rater, bob, alice):
        review(item, as_rater(bob), "", "label.missed")
        frozen = reports.freeze(run=run, by=alice)
        move(split)
        reports.refresh(run=run)
        again = Report.objects.get(pk=frozen.pk)
        assert again.data["run"]["taxonomy"] == "classification@1"
        assert again.taxonomy_version == frozen.taxonomy_version
        assert Report.objects.current(run).taxonomy_version == split

    def test_a_move_costs_the_same_for_many(self, run, split, as_rater, bob, alice):
        found = list(run.items.order_by("pk")[:6])
        review(found[0], as_rater(bob), "", "label.missed")
        with CaptureQueriesContext(connection) as few, transaction.atomic():
            relabel.move_run(run=run, version=split, by=alice)
            transaction.set_rollback(True)
        for item in found[1:]:
            review(item, as_rater(bob), "", "label.missed")
        with CaptureQueriesContext(connection) as many:
            relabel.move_run(run=run, version=split, by=alice)
        assert Slot.objects.relabelling().count() == 6
        assert len(many) <= len(few)

    @pytest.mark.django_db(transaction=True)
    def test_a_submission_at_the_same_time(self, run, item, split, as_rater, bob, alice):
        """What was checked in the version before is not stored after the move; what was stored
        before it is asked for again."""
        rater = as_rater(bob)
        reviews.claim_item(item=item, rater=rater)
        fresh = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=item.pk)
        judgement = replace(judged(fresh, "", "label.missed"), version_id=run.taxonomy_version_id)
        results = at_once(
            lambda: reviews.submit(
                item=fresh, rater=rater, judgement=judgement, submission=uuid4(), by="bob"
            ),
            lambda: relabel.move_run(run=run, version=split, by=alice),
        )
        assert not isinstance(results[1], Exception), results
        if isinstance(results[0], reviews.SlotLost):
            assert not Review.objects.exists()
        else:
            assert Slot.objects.get(item=item).relabels == results[0]


class TestRelabelling:
    def test_it_works(self, run, item, split, move, as_rater, bob):
        old = review(item, as_rater(bob), "", "label.missed")
        move(split)
        new = again(item, as_rater(bob), "", "late")
        old.refresh_from_db()
        assert (old.live, new.live, new.revision, new.supersedes) == (False, True, 2, old)
        assert (new.blind, new.taxonomy_version) == (True, split)
        assert state(item) == "resolved"
        assert said_of(item) == {("candidate", "late")}
        slot = item.slots.get()
        assert (slot.state, slot.reserved_for) == ("submitted", None)
        assert AuditEvent.objects.get(verb="relabelled").data == {"review": old.pk, "blind": True}

    def test_whoever_saw_the_sides_is_not_blind(self, run, item, split, move, as_rater, bob):
        review(item, as_rater(bob), "", "label.missed")
        exposures.show(items=[item.pk], to=bob)
        move(split)
        new = again(item, as_rater(bob), "", "late")
        assert not new.blind
        label = Reader(split).read(labels.labels(run)[item.pk])
        assert not label.findings
        assert label.possible == {
            ("candidate", frozenset(split.categories.get(key=k).pk for k in ("late", "never")))
        }

    def test_two_raters(self, double, project, split, as_rater, bob, dana, alice):
        for user in (bob, dana):
            review(double, as_rater(user), "", "label.missed")
        seen = relabel.move_run(run=double.run, version=split, by=alice)
        assert (len(seen.again), seen.items) == (2, 1)
        again(double, as_rater(bob), "", "late")
        assert state(double) == "pending"
        assert labels.labels(double.run)[double.pk].held
        again(double, as_rater(dana), "", "late")
        assert state(double) == "resolved"
        assert said_of(double) == {("candidate", "late")}

    def test_two_raters_who_differ_now(self, double, split, as_rater, bob, dana, alice, olga):
        for user in (bob, dana):
            review(double, as_rater(user), "", "label.missed")
        relabel.move_run(run=double.run, version=split, by=alice)
        again(double, as_rater(bob), "", "late")
        again(double, as_rater(dana), "", "never")
        assert state(double) == "disputed"
        # Until it is adjudicated the label of before counts, which says neither.
        label = Reader(split).read(labels.labels(double.run)[double.pk])
        assert label.held
        assert label.has("candidate", split.categories.get(key="late").pk) is None
        found = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=double.pk)
        made = reviews.adjudicate(
            item=found,
            rater=as_rater(olga),
            judgement=judged(found, "", "late"),
            submission=uuid4(),
            by=olga,
        )
        assert made.blind
        assert said_of(double) == {("candidate", "late")}

    def test_one_reviewed_in_each_version(self, double, split, as_rater, bob, dana, alice):
        """What the first said is uncertain now, and agrees with either; it is asked for again."""
        review(double, as_rater(bob), "", "label.missed")
        relabel.move_run(run=double.run, version=split, by=alice)
        double.refresh_from_db()
        assert double.reopened_at is None
        found = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=double.pk)
        review(found, as_rater(dana), "", "late")
        assert state(double) == "pending"
        again(double, as_rater(bob), "", "late")
        assert state(double) == "resolved"

    def test_a_dispute_that_the_new_version_ends(self, double, project, as_rater, bob, dana, alice):
        review(double, as_rater(bob), "", "label.missed")
        review(double, as_rater(dana), "", "label.none")
        assert state(double) == "disputed"
        version = further(project, out=("label.none",), became={"label.none": "label.missed"})
        relabel.move_run(run=double.run, version=version, by=alice)
        assert state(double) == "resolved"

    def test_an_adjudicated_item_asks_the_adjudicator(
        self, double, split, as_rater, bob, dana, alice, olga
    ):
        review(double, as_rater(bob), "", "label.missed")
        review(double, as_rater(dana), "label.missed", "")
        found = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=double.pk)
        reviews.adjudicate(
            item=found,
            rater=as_rater(alice),
            judgement=judged(found, "", "label.missed"),
            submission=uuid4(),
            by=alice,
        )
        seen = relabel.move_run(run=double.run, version=split, by=olga)
        assert len(seen.again) == 1
        slot = double.slots.get(state="open")
        assert (slot.number, slot.reserved_for) == (3, as_rater(alice))
        new = again(double, as_rater(alice), "", "never")
        assert (new.authoritative, new.blind, state(double)) == (True, True, "resolved")
        assert said_of(double) == {("candidate", "never")}

    def test_by_another_rater(self, run, item, split, move, as_rater, bob, dana, alice):
        old = review(item, as_rater(bob), "", "label.missed")
        move(split)
        assert reviews.claim_item(item=item, rater=as_rater(dana)) is None
        assert relabel.release(run=run, rater=as_rater(bob), by=alice) == 1
        found = ReviewItem.objects.select_related("run__taxonomy_version", "project").get(
            pk=item.pk
        )
        assert reviews.claim_item(item=found, rater=as_rater(dana))
        new = reviews.submit(
            item=found,
            rater=as_rater(dana),
            judgement=judged(found, "", "late"),
            submission=uuid4(),
            by=dana,
        )
        assert (new.supersedes, new.revision, new.blind) == (old, 1, True)
        assert list(item.reviews.filter(live=True)) == [new]
        assert labels.labels(run)[item.pk].rater_id == as_rater(dana).pk

    def test_a_stranger_s_that_is_not_blind_leaves_the_old_one(
        self, run, item, split, move, as_rater, bob, dana, alice
    ):
        review(item, as_rater(bob), "", "label.missed")
        exposures.show(items=[item.pk], to=dana)
        move(split)
        relabel.release(run=run, rater=as_rater(bob), by=alice)
        found = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=item.pk)
        review(found, as_rater(dana), "", "late")
        assert said_of(item) == {("candidate", "label.missed")}

    def test_whoever_has_left(self, run, item, split, move, project, as_rater, bob, dana, olga):
        review(item, as_rater(bob), "", "label.missed")
        members.remove(membership=Membership.objects.get(user=bob), by=olga)
        move(split)
        assert item.slots.get().reserved_for is None

    def test_whoever_leaves(self, run, item, split, move, as_rater, bob, dana, olga):
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        members.remove(membership=Membership.objects.get(user=bob), by=olga)
        assert item.slots.get().reserved_for is None
        found = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=item.pk)
        review(found, as_rater(dana), "", "late")
        assert state(item) == "resolved"

    def test_whoever_may_not_review_any_more(self, run, item, split, move, as_rater, bob, olga):
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        members.change_role(membership=Membership.objects.get(user=bob), role="engineer", by=olga)
        assert item.slots.get().reserved_for is None

    def test_skipping_gives_it_to_others(self, run, item, split, move, as_rater, bob, dana):
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        reviews.claim_item(item=item, rater=as_rater(bob))
        reviews.skip(item=item, rater=as_rater(bob), reason="cannot tell", by=bob)
        assert state(item) == "pending"
        reviews.claim_item(item=item, rater=as_rater(dana))
        reviews.skip(item=item, rater=as_rater(dana), reason="nor I", by=dana)
        assert state(item) == "resolved"  # by what was said before, which stays unknown
        assert said_of(item) == {("candidate", "label.missed")}

    def test_a_revision_waits_for_it(self, run, item, split, move, as_rater, bob):
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        item = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=item.pk)
        with pytest.raises(reviews.SlotLost, match="relabelled"):
            reviews.revise(
                item=item,
                rater=as_rater(bob),
                judgement=judged(item),
                submission=uuid4(),
                by=bob,
            )

    def test_a_revision_afterwards_is_not_blind(self, run, item, split, move, as_rater, bob):
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        again(item, as_rater(bob), "", "late")
        item = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=item.pk)
        made = reviews.revise(
            item=item, rater=as_rater(bob), judgement=judged(item), submission=uuid4(), by=bob
        )
        assert not made.blind
        assert said_of(item) == {("candidate", "late")}

    def test_a_second_move_before_it_was_done(self, project, run, item, move, as_rater, bob):
        review(item, as_rater(bob), "", "label.missed")
        move(further(project, **SPLIT))
        third = further(
            project, new=("soon",), out=("late",), became={"late": "soon", "never": "never"}
        )
        assert move(third).items == 1
        assert item.slots.get().relabels == Review.objects.get()
        again(item, as_rater(bob), "", "soon")
        assert said_of(item) == {("candidate", "soon")}

    def test_cancelling_keeps_the_labels(self, run, item, split, move, as_rater, bob, alice):
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        runs.cancel(run=run, by=alice)
        assert state(item) == "resolved"
        assert len(list(labels.records(run))) == 1

    def test_the_same_submission_again(self, run, item, split, move, as_rater, bob):
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        key = uuid4()
        first = again(item, as_rater(bob), "", "late", submission=key)
        found = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=item.pk)
        second = reviews.submit(
            item=found,
            rater=as_rater(bob),
            judgement=judged(found, "", "late"),
            submission=key,
            by=bob,
        )
        assert first == second


class TestRelease:
    def test_nothing_is_kept(self, run, as_rater, bob, alice):
        with pytest.raises(relabel.RelabelError, match="Nothing"):
            relabel.release(run=run, rater=as_rater(bob), by=alice)

    def test_not_what_they_are_at(self, run, item, split, move, as_rater, bob, alice, project):
        review(item, as_rater(bob), "", "label.missed")
        move(split)
        reviews.claim(project=project, rater=as_rater(bob))
        with pytest.raises(relabel.RelabelError):
            relabel.release(run=run, rater=as_rater(bob), by=alice)
        item.slots.update(lease_until=timezone.now() - timedelta(hours=1))
        assert relabel.release(run=run, rater=as_rater(bob), by=alice) == 1

    def test_an_adjudication_goes_to_another_lead(
        self, double, split, as_rater, bob, dana, alice, olga
    ):
        review(double, as_rater(bob), "", "label.missed")
        review(double, as_rater(dana), "label.missed", "")
        found = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=double.pk)
        reviews.adjudicate(
            item=found,
            rater=as_rater(alice),
            judgement=judged(found, "", "label.missed"),
            submission=uuid4(),
            by=alice,
        )
        relabel.move_run(run=double.run, version=split, by=olga)
        assert reviews.claim(project=double.project, rater=as_rater(bob)) is None
        with pytest.raises(relabel.RelabelError):
            relabel.release(run=double.run, rater=as_rater(alice), by=alice)
        relabel.release(run=double.run, rater=as_rater(alice), by=olga)
        new = again(double, as_rater(olga), "", "late")
        assert (new.authoritative, new.rater) == (True, as_rater(olga))
        assert Review.objects.filter(live=True, authoritative=True).count() == 1


class TestClaim:
    def test_what_is_kept_comes_first(self, run, split, move, project, as_rater, bob, dana):
        last = run.items.order_by("-rank", "-pk").first()
        review(last, as_rater(bob), "", "label.missed")
        move(split)
        assert reviews.claim(project=project, rater=as_rater(dana)).item_id != last.pk
        assert reviews.claim(project=project, rater=as_rater(bob)).item_id == last.pk

    def test_never_twice_on_one_item(self, double, project, split, as_rater, bob, alice):
        """A place of the item that nobody has taken is not for whoever is to relabel it."""
        review(double, as_rater(bob), "", "label.missed")
        relabel.move_run(run=double.run, version=split, by=alice)
        relabel.release(run=double.run, rater=as_rater(bob), by=alice)
        slot = double.slots.exclude(relabels=None).get()
        assert reviews.claim(project=project, rater=as_rater(bob)).item_id == double.pk
        assert Slot.objects.get(state="claimed").pk == slot.pk

    def test_it_reads_the_indexes(self, run, project, as_rater, bob):
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
        assert "slot_reserved" in plan
        assert "Sort" not in plan

    @pytest.mark.django_db(transaction=True)
    def test_everybody_at_once(self, project, models, rater, alice, bob, dana, split):
        """Each gets what is kept for them, and nobody the same place as another."""
        run = scenes.recorded(project, models, [scenes.DIFFER] * 24)
        raters = [rater(project, user) for user in (bob, dana)]
        for i, item in enumerate(run.items.order_by("pk")[:16]):
            review(item, raters[i % 2], "", "label.missed")
        relabel.move_run(run=run, version=split, by=alice)

        def work(one):
            def call():
                got = []
                while claim := reviews.claim(project=project, rater=one):
                    item = ReviewItem.objects.select_related("run__taxonomy_version").get(
                        pk=claim.item_id
                    )
                    reviews.submit(
                        item=item,
                        rater=one,
                        judgement=judged(item, "", "late"),
                        submission=uuid4(),
                        by=one.name,
                    )
                    got.append(item.pk)
                return got

            return call

        results = at_once(*[work(one) for one in raters])
        assert sum(len(got) for got in results) == 24
        mended = Review.objects.filter(supersedes__isnull=False)
        assert mended.count() == 16
        assert all(one.rater_id == one.supersedes.rater_id for one in mended)
        assert set(run.items.values_list("state", flat=True)) == {"resolved"}


class TestMeanwhile:
    def test_the_line_goes_on(self, run, split, move, as_rater, bob):
        """One split does not empty the lines: the label of before counts for everything else."""
        for item in run.items.order_by("stratum", "position"):
            review(item, as_rater(bob), "", "label.missed")
        before = lines.lines(run, labels.labels(run))
        move(split)
        after = lines.lines(run, labels.labels(run))
        assert [len(line.labels) for line in after] == [len(line.labels) for line in before]
        assert sum(len(line.labels) for line in after) == 12

    def test_it_does_not_move_with_one_rater(self, double, split, as_rater, bob, dana, alice):
        for user in (bob, dana):
            review(double, as_rater(user), "", "label.missed")
        relabel.move_run(run=double.run, version=split, by=alice)
        before = labels.labels(double.run)[double.pk]
        again(double, as_rater(bob), "", "late")
        after = labels.labels(double.run)[double.pk]
        assert (after.findings, after.version_id) == (before.findings, before.version_id)

    def test_nothing_shows_the_sides(self, run, item, split, move, as_rater, bob):
        review(item, as_rater(bob), "", "label.missed")
        assert len(list(labels.records(run))) == 1
        move(split)
        assert list(labels.records(run)) == []
        assert list(labels.examples(run)) == []

    def test_drafts_keep_their_version(self, run, item, split, move, as_rater, bob):
        reviews.claim_item(item=item, rater=as_rater(bob))
        reviews.save_draft(item=item, rater=as_rater(bob), body={"note": "x"})
        assert move(split).drafts == 1
        assert str(Draft.objects.get().taxonomy_version) == "classification@1"
        # A page that was loaded before says so itself.
        late = {"taxonomy": "classification@1", "note": "xy"}
        fresh = ReviewItem.objects.get(pk=item.pk)
        reviews.save_draft(item=fresh, rater=as_rater(bob), body=late)
        assert str(Draft.objects.get().taxonomy_version) == "classification@1"
        reviews.save_draft(item=fresh, rater=as_rater(bob), body={"taxonomy": "odd@7"})
        assert Draft.objects.get().taxonomy_version == split


class TestTheDatabase:
    """What it refuses, whoever asks."""

    def test_a_category_of_another_version(self, run, item, split, as_rater, bob):
        made = review(item, as_rater(bob))
        for fields in (
            {"category": split.categories.get(key="late")},
            {"category": made.taxonomy_version.categories.get(key="label")},
            {"category": None, "note": "x", "severity": split.severities.first()},
        ):
            with pytest.raises(Exception, match="version"), transaction.atomic():
                Finding.objects.create(review=made, side="candidate", **fields)

    def test_a_review_in_another_taxonomy(self, item, as_rater, bob, charlie):
        other = projects.create(slug="other", name="Other", preset="assistant", by=charlie)
        with pytest.raises(Exception, match="published version"), transaction.atomic():
            Review.objects.create(
                item=item,
                rater=as_rater(bob),
                baseline="ok",
                submission=uuid4(),
                taxonomy_version=other.taxonomy_version,
            )

    def test_superseding_what_is_live(self, item, as_rater, bob, dana):
        old = review(item, as_rater(bob))
        with pytest.raises(Exception, match="not live"), transaction.atomic():
            Review.objects.create(
                item=item,
                rater=as_rater(dana),
                baseline="ok",
                submission=uuid4(),
                taxonomy_version=old.taxonomy_version,
                supersedes=old,
            )


class TestExposures:
    def test_of_runs_in_one_statement(
        self, run, item, as_rater, bob, erin, django_assert_num_queries
    ):
        review(item, as_rater(bob))
        for _ in range(2):
            with django_assert_num_queries(1):
                exposures.show_runs(runs=[run], to=erin)
        assert Exposure.objects.get().item == item

    def test_records_are_of_what_is_kept(self, run, item, as_rater, bob, erin):
        review(item, as_rater(bob))
        assert list(labels.records(run, erin)) == []
        exposures.show_runs(runs=[run], to=erin)
        assert len(list(labels.records(run, erin))) == 1


def test_looking_changes_nothing(run, item, split, as_rater, bob):
    review(item, as_rater(bob), "", "label.missed")
    seen = moving.look(run, split)
    assert seen.items == 1
    assert state(item) == "resolved"
    assert not ReviewItem.objects.filter(reopened_at__isnull=False).exists()
