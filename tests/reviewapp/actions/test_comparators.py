"""The comparators of a run that has begun are changed: audited, and no review is lost."""

import pytest

from evals import recompute
from evals.comparators import ConfigError
from evals.models import ComparisonSet
from evals.sampling import SamplingPlan
from reviewapp.actions import comparators, items, redraw, reports, runs
from reviewapp.models import AuditEvent, Review, ReviewItem
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401
from tests.reviewapp.actions.scenes import DIFFER, SAME, review

pytestmark = pytest.mark.django_db

LABEL = {"comparators": [{"kind": "label"}]}
CASE = ("aaaa", "AAAA")


@pytest.fixture
def run(project, models):
    """Four pairs that differ by their case alone, four that differ, two that are the same."""
    plan = SamplingPlan(labels=4, equivalent=1, identical=1)
    return scenes.recorded(project, models, [CASE] * 4 + [DIFFER] * 4 + [SAME] * 2, plan=plan)


def change(run, pipeline=LABEL, by="test"):
    made = comparators.change(run=run, pipeline=pipeline, by=by)
    recompute.recompute(made)
    made.refresh_from_db()
    redraw.draw_again(made=made)
    run.refresh_from_db()
    return made


class TestChange:
    def test_it_works(self, run, alice):
        before = run.pipeline_digest
        made = comparators.change(run=run, pipeline=LABEL, by=alice)
        run.refresh_from_db()
        assert (run.pipeline, run.comparison_set) == (LABEL, 2)
        assert (made.number, made.made_by, made.drawn) == (2, "alice", ["all"])
        first = ComparisonSet.objects.get(run=run, number=1)
        assert (first.pipeline, first.pipeline_digest) == ({}, before)
        event = AuditEvent.objects.get(verb="changed the comparators of")
        assert event.data["before"] == before
        assert event.data["comparators"] == run.pipeline_digest
        assert event.data["items"] == 5

    def test_reviews_and_places_stay(self, run, project, rater, bob):
        for item in run.items.all():
            review(item, rater(project, bob))
        fields = ("comparison", "batch", "stratum", "position", "inclusion", "state")
        before = list(run.items.order_by("pk").values(*fields))
        reviews = list(Review.objects.order_by("pk").values())
        change(run)
        assert list(run.items.order_by("pk").values(*fields)[: len(before)]) == before
        assert list(Review.objects.order_by("pk").values()) == reviews

    def test_bad_comparators_change_nothing(self, run):
        with pytest.raises(ConfigError):
            comparators.change(run=run, pipeline={"comparators": [{"kind": "odd"}]}, by="test")
        run.refresh_from_db()
        assert run.comparison_set == 1

    def test_the_same_again(self, run):
        with pytest.raises(comparators.ComparatorsError, match="has these comparators already"):
            comparators.change(run=run, pipeline={}, by="test")

    def test_one_at_a_time(self, run):
        comparators.change(run=run, pipeline=LABEL, by="test")
        run.refresh_from_db()
        with pytest.raises(comparators.ComparatorsError, match="compared again already"):
            comparators.change(run=run, pipeline={}, by="test")

    def test_a_cancelled_run(self, run):
        runs.cancel(run=run, by="test")
        with pytest.raises(comparators.ComparatorsError, match="cancelled"):
            comparators.change(run=run, pipeline=LABEL, by="test")

    def test_not_for_ever(self, run, monkeypatch):
        monkeypatch.setattr(comparators, "CHANGES", 1)
        change(run)
        with pytest.raises(comparators.ComparatorsError, match="start another run"):
            comparators.change(run=run, pipeline={}, by="test")

    def test_a_line_of_every_change_fits(self, run):
        names = sorted(("differ/near", "differ/mid", "differ/far", "equivalent", "identical"))
        longest = max(map(len, names)) + len(recompute.THEN)
        field = run.comparisons.model._meta.get_field("line")
        assert comparators.CHANGES * longest <= field.max_length


class TestReportMeanwhile:
    def test_the_one_of_before_stays(self, run, alice):
        before = reports.refresh(run=run).data
        made = comparators.change(run=run, pipeline=LABEL, by="test")
        assert reports.refresh(run=run).data == before
        with pytest.raises(reports.ComparedAgain, match="wait until that is done"):
            reports.freeze(run=run, by=alice)
        recompute.recompute(made)
        assert reports.up_to_date(run=run).data == before  # what is to be drawn is not drawn
        redraw.draw_again(made=ComparisonSet.objects.get(pk=made.pk))
        after = reports.up_to_date(run=run).data
        assert after["population"]["outcomes"]["equivalent"] == 4
        assert before["population"]["outcomes"]["equivalent"] == 0

    def test_a_frozen_one_keeps_its_numbers(self, run, alice):
        frozen = reports.freeze(run=run, by=alice)
        data = frozen.data
        change(run)
        frozen.refresh_from_db()
        assert frozen.data == data

    def test_the_first_of_all_is_made_all_the_same(self, run):
        comparators.change(run=run, pipeline=LABEL, by="test")
        assert reports.up_to_date(run=run).data["population"]["requests"] == 10


class TestDrawAgain:
    def test_it_works(self, run):
        """One equivalent pair is due by the plan; the discrepancies drawn before are enough or
        are filled up."""
        before = set(run.items.values_list("pk", flat=True))
        change(run)
        new = run.items.exclude(pk__in=before)
        now = ReviewItem.objects.filter(run=run, comparison__stratum="differ/far").count()
        assert now >= 4
        assert set(new.values_list("comparison_set", flat=True)) <= {2}
        assert all(item.stratum == item.comparison.stratum for item in new)
        places = list(run.items.values_list("batch", "stratum", "position"))
        assert len(set(places)) == len(places)

    def test_the_next_by_u_in_each_cell(self, run):
        change(run)
        for cell in set(run.comparisons.values_list("line", "stratum")):
            line = run.comparisons.filter(line=cell[0], stratum=cell[1]).order_by("u")
            drawn = [hasattr(one, "item") for one in line]
            assert drawn == sorted(drawn, reverse=True)

    def test_once(self, run):
        made = change(run)
        assert redraw.draw_again(made=made) == 0

    def test_not_before_all_is_compared(self, run):
        made = comparators.change(run=run, pipeline=LABEL, by="test")
        assert redraw.draw_again(made=made) == 0
        made.refresh_from_db()
        assert made.redrawn_at is None

    def test_batches_that_are_not_drawn_wait(self, run):
        run.items.all().delete()
        comparators.change(run=run, pipeline=LABEL, by="test")
        assert items.draw(run=run) == 0

    def test_before_the_first_draw_lines_are_as_if_it_had_never_been_otherwise(self, run):
        run.items.all().delete()
        made = change(run)
        assert made.drawn == []
        assert set(run.comparisons.values_list("line", flat=True)) == {""}
        assert items.draw(run=run) > 0


class TestShares:
    @pytest.mark.parametrize(
        ("more", "left", "found"),
        [
            (3, {"a": 10, "b": 20}, {"a": 1, "b": 2}),
            (5, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
            (1, {"a": 5, "b": 5}, {"a": 1}),
            (0, {"a": 5}, {}),
            (-2, {"a": 5}, {}),
            (2, {"a": 0}, {}),
        ],
    )
    def test_largest_remainders(self, more, left, found):
        assert redraw.shares(more, left) == found
