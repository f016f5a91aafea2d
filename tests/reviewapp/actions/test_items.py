import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db.models import Count

from evals import compare, sampling
from evals.models import Comparison, Stratum
from evals.sampling import SamplingPlan
from reviewapp.actions import items, projects, reviews, runs
from reviewapp.models import AuditEvent, ReviewItem, Slot
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.scenes import DIFFER, SAME, at_once, review

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class TestDraw:
    def test_it_works(self, run):
        drawn = ReviewItem.objects.filter(run=run)
        assert Counter(drawn.values_list("stratum", flat=True)) == {
            "differ/far": 8,
            "identical": 4,
        }
        assert Slot.objects.filter(item__run=run, state="open").count() == 12
        assert AuditEvent.objects.get(verb="drew").data == {"items": 12}

    def test_again_draws_nothing(self, run):
        assert items.draw(run=run) == 0
        assert AuditEvent.objects.filter(verb="drew").count() == 1

    def test_places_are_the_order_of_u(self, project, models):
        plan = SamplingPlan(labels=5, identical=3)
        run = scenes.recorded(project, models, [DIFFER] * 20 + [SAME] * 10, plan=plan)
        for stratum, drawn, size in (("differ/far", 5, 20), ("identical", 3, 10)):
            line = list(Comparison.objects.filter(run=run, stratum=stratum).order_by("u")[:drawn])
            rows = ReviewItem.objects.filter(run=run, stratum=stratum).order_by("position")
            assert [row.comparison for row in rows] == line
            expected = sampling.places(drawn, size)
            assert [sampling.Place(r.position, r.inclusion, r.rank) for r in rows] == expected
            assert all(row.inclusion == drawn / size for row in rows)

    def test_failed_pairs_are_not_drawn(self, project, models):
        run = scenes.recorded(project, models, [("a", None), (None, "b"), DIFFER])
        assert ReviewItem.objects.get(run=run).stratum == "differ/far"

    def test_nothing_to_draw(self, project, models):
        plan = SamplingPlan(identical=0)
        run = scenes.recorded(project, models, [SAME] * 3, plan=plan)
        assert not ReviewItem.objects.exists()
        assert items.draw(run=run) == 0

    def test_a_share_gets_one_reviewer_more(self, project, models):
        plan = SamplingPlan(labels=300, double_share=0.3)
        run = scenes.recorded(project, models, [DIFFER] * 300, plan=plan)
        slots = run.items.annotate(n=Count("slots")).values_list("comparison_id", "n")
        for comparison, n in slots:
            double = sampling.uniform(run.seed, str(comparison), "double") < 0.3
            assert n == 1 + double
        assert 55 < sum(n == 2 for _, n in slots) < 125  # 90 ± 4.4 standard deviations

    def test_never_more_than_five_reviewers(self, project, models):
        plan = SamplingPlan(slots=5, double_share=1)
        run = scenes.recorded(project, models, [DIFFER], plan=plan)
        assert run.items.get().slots.count() == 5

    @pytest.mark.django_db(transaction=True)
    def test_two_workers_at_once(self, project, models, monkeypatch):
        scenes.send(project, scenes.records([DIFFER] * 40))
        run = runs.start(
            project=project,
            name="r",
            baseline=models[0],
            candidate=models[1],
            recorded=True,
            by="test",
        )
        scenes.finish(run)
        first, read, later = [], items._undrawn, []

        def read_while_another_begins(of):
            found = read(of)
            if not first:
                first.append(Thread(target=lambda: later.extend(at_once(draw))))
                first[0].start()
                time.sleep(0.3)
            return found

        def draw():
            return items.draw(run=run)

        monkeypatch.setattr(items, "_undrawn", read_while_another_begins)
        assert draw() == 40
        first[0].join()
        assert later == [0]
        assert ReviewItem.objects.count() == Slot.objects.count() == 40


class TestShadowDays:
    @pytest.fixture
    def clock(self, monkeypatch):
        def at(moment):
            monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

        at(START)
        return at

    @pytest.fixture
    def live(self, clock, project, models):
        plan = SamplingPlan(labels=28, identical=14)
        projects.set_sampling(project=project, plan=plan, by="test")
        return runs.start(
            project=project, name="live", baseline=models[0], candidate=models[1], by="test"
        )

    def day(self, run, clock, number, pairs):
        """One day of traffic, compared at noon."""
        noon = START + timedelta(days=number, hours=3)
        clock(noon)
        rows = scenes.records(pairs, occurred_at=noon.isoformat())
        for row in rows:
            row["id"] = f"day{number}-{row['id']}"
        scenes.send(run.project, rows)
        compare.enrol(run)
        compare.settle(run)

    def test_only_closed_days_are_drawn(self, live, clock):
        self.day(live, clock, 0, [DIFFER] * 9)
        assert items.draw(run=live) == 0
        clock(datetime(2026, 3, 3, 0, 9, tzinfo=UTC))
        assert items.draw(run=live) == 0  # what was being compared at midnight may still commit
        clock(datetime(2026, 3, 3, 0, 11, tzinfo=UTC))
        assert items.draw(run=live) == 2  # 28 labels over 14 days
        assert set(live.items.values_list("batch", flat=True)) == {"2026-03-02"}

    def test_a_day_is_drawn_once(self, live, clock):
        self.day(live, clock, 0, [DIFFER] * 9)
        self.day(live, clock, 1, [DIFFER] * 5 + [SAME] * 5)
        assert items.draw(run=live) == 2
        clock(START + timedelta(days=2))
        assert items.draw(run=live) == 3
        assert items.draw(run=live) == 0
        assert live.items.get(stratum="identical").inclusion == 0.2

    def test_the_last_day_when_the_run_has_finished(self, live, clock):
        self.day(live, clock, 0, [DIFFER] * 9)
        runs.close(run=live, by="test")
        live.refresh_from_db()
        scenes.finish(live)
        assert items.draw(run=live) == 9  # one day is all that it had: the whole budget

    def test_traffic_that_arrives_late_waits_for_its_own_day(self, live, clock):
        """A day that was drawn stays as it was; what came after is of the day on which it came."""
        self.day(live, clock, 0, [DIFFER] * 9)
        clock(START + timedelta(days=1))
        assert items.draw(run=live) == 2
        late = scenes.records([DIFFER] * 5, occurred_at=START.isoformat())
        scenes.send(live.project, late)
        compare.enrol(live)
        compare.settle(live)
        assert items.draw(run=live) == 0
        clock(START + timedelta(days=2))
        assert items.draw(run=live) == 2
        drawn = live.items.values_list("batch", "inclusion").order_by("batch").distinct()
        assert list(drawn) == [("2026-03-02", 2 / 9), ("2026-03-03", 2 / 5)]

    def test_sizes_are_those_of_the_day(self, live, clock):
        self.day(live, clock, 0, [DIFFER] * 9)
        self.day(live, clock, 1, [DIFFER] * 4)
        sizes = Stratum.objects.filter(run=live).values_list("batch", "size")
        assert sorted(sizes) == [("2026-03-02", 9), ("2026-03-03", 4)]


class TestRequeue:
    def skipped(self, item, *raters):
        for rater in raters:
            reviews.claim_item(item=item, rater=rater)
            reviews.skip(item=item, rater=rater, reason="no idea", by="test")
        item.refresh_from_db()

    def test_it_works(self, item, as_rater, alice, bob, dana):
        self.skipped(item, as_rater(bob), as_rater(dana))
        assert item.state == "skipped"
        items.requeue(item=item, by=alice)
        item.refresh_from_db()
        assert item.state == "pending"
        review(item, as_rater(alice))
        item.refresh_from_db()
        assert item.state == "resolved"

    def test_not_what_is_not_skipped(self, item, alice):
        with pytest.raises(ValueError, match="pending"):
            items.requeue(item=item, by=alice)

    def test_not_for_ever(self, item, as_rater, alice, bob, dana):
        self.skipped(item, as_rater(bob), as_rater(dana))
        for number in range(3, items.PLACES + 1):
            Slot.objects.create(
                item=item,
                number=number,
                project=item.project,
                rank=item.rank,
                state="skipped",
                rater=item.project.raters.create(kind="script", name=f"s{number}"),
                closed_at=item.drawn_at,
            )
        with pytest.raises(ValueError, match="stays skipped"):
            items.requeue(item=item, by=alice)

    def test_not_of_a_cancelled_run(self, item, as_rater, alice, bob, dana):
        self.skipped(item, as_rater(bob), as_rater(dana))
        runs.cancel(run=item.run, by=alice)
        with pytest.raises(ValueError, match="cancelled"):
            items.requeue(item=item, by=alice)


class TestResolve:
    """An item's state from its slots and live reviews."""

    @pytest.mark.parametrize(
        ("first", "second", "state"),
        [
            (("", ""), ("", ""), "resolved"),
            (("", "label.missed"), ("", "label.missed"), "resolved"),
            (("", "label.missed"), ("", "label.none"), "disputed"),
            (("", "label.missed"), ("label.missed", ""), "disputed"),
            (("", ""), ("", "label.missed"), "disputed"),
            (("", "label.missed"), ("", "note"), "disputed"),
        ],
    )
    def test_two_reviewers(self, double, as_rater, bob, dana, first, second, state):
        review(double, as_rater(bob), *first)
        double.refresh_from_db()
        assert double.state == "pending"
        review(double, as_rater(dana), *second)
        double.refresh_from_db()
        assert double.state == state
        assert (double.resolved_at is not None) == (state == "resolved")

    def test_one_judges_and_two_skip(self, double, as_rater, alice, bob, dana):
        review(double, as_rater(bob), "", "label.missed")
        for user in (alice, dana):
            reviews.claim_item(item=double, rater=as_rater(user))
            reviews.skip(item=double, rater=as_rater(user), reason="", by=user)
        double.refresh_from_db()
        assert double.state == "resolved"
