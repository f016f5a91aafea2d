from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.sampling import SamplingPlan
from reviewapp.actions import items as item_actions
from reviewapp.actions import reviews
from reviewapp.desk.judgement import Judgement
from reviewapp.labelling import labels
from reviewapp.labelling.labels import Label
from reviewapp.reports.lines import Counts, Line, counts, lines, merged
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401
from tests.reviewapp.actions.scenes import DIFFER, review

OK = Label("ok", "ok", 1)
WORSE = Label("ok", "error", 1)
BETTER = Label("error", "ok", 1)
BOTH = Label("error", "error", 1)


@pytest.fixture
def run(project, models):
    """Six discrepancies, of which five are drawn."""
    return scenes.recorded(project, models, [DIFFER] * 6, plan=SamplingPlan(labels=5))


@pytest.fixture
def items(run):
    return list(run.items.order_by("position"))


@pytest.fixture
def raters(project, rater, alice, bob, dana):
    return [rater(project, user) for user in (bob, dana, alice)]


def only_line(run):
    (line,) = lines(run, labels.labels(run))
    return line


def skip(item, *raters):
    for rater in raters:
        assert reviews.claim_item(item=item, rater=rater)
        reviews.skip(item=item, rater=rater, reason="", by=rater.name)


class TestLines:
    def test_nothing_labelled(self, run):
        line = only_line(run)
        assert (line.size, line.drawn, line.resolved, line.skipped) == (6, 5, 0, 0)
        assert line.labels == []

    def test_the_prefix_stops_at_the_first_open_item(self, run, items, raters):
        for i in (0, 1, 3, 4):
            review(items[i], raters[0], "", "label.missed")
        line = only_line(run)
        assert line.resolved == 4
        assert len(line.labels) == 2
        review(items[2], raters[0])
        assert len(only_line(run).labels) == 5

    def test_a_skipped_item_stays_and_is_unknown(self, run, items, raters):
        review(items[0], raters[0])
        skip(items[1], raters[0], raters[1])
        review(items[2], raters[0])
        line = only_line(run)
        assert (len(line.labels), line.skipped) == (2, 1)

    def test_a_requeued_item_is_open_again(self, run, items, raters):
        skip(items[0], raters[0], raters[1])
        review(items[1], raters[0])
        item_actions.requeue(item=items[0], by="test")
        line = only_line(run)
        assert (len(line.labels), line.skipped) == (0, 0)

    def test_a_disputed_item_stays_and_is_unknown(self, project, models, raters):
        """Its label would tie what was said of A to a side before the item is resolved."""
        run = scenes.recorded(project, models, [DIFFER] * 2, plan=SamplingPlan(slots=2))
        first = run.items.get(position=1)
        review(first, raters[0], "", "label.missed")
        assert len(only_line(run).labels) == 0
        review(first, raters[1])
        line = only_line(run)
        assert (len(line.labels), line.skipped, line.resolved) == (0, 1, 0)

    def test_half_a_judgement_says_nothing_of_the_difference(self, run, items, raters):
        """Else the side that nobody judged would count as free of errors."""
        assert reviews.claim_item(item=items[0], rater=raters[0])
        reviews.submit(
            item=items[0],
            rater=raters[0],
            judgement=Judgement(baseline="", candidate="error"),
            submission=uuid4(),
            by="test",
        )
        line = only_line(run)
        assert (len(line.labels), line.skipped) == (0, 1)

    def test_failed_pairs_are_in_none(self, project, models):
        run = scenes.recorded(project, models, [("a", None), ("same", "same")])
        assert only_line(run).stratum == "identical"


a_line = st.tuples(
    st.sampled_from(["differ/near", "differ/far", "equivalent"]),
    st.integers(0, 6),
    st.integers(0, 3),
    st.integers(0, 4),
).map(
    lambda one: Line(
        one[0], [""], one[1] + one[2] + one[3], one[1] + one[2], one[1], one[2], [OK] * one[1]
    )
)


def numbered(found):
    """One batch a line, as `lines` gives them: by stratum and batch."""
    found = sorted(found, key=lambda line: line.stratum)
    for i, line in enumerate(found):
        line.batches = [f"{i:03}"]
    return [line for line in found if line.size]


class TestMerged:
    @given(st.lists(a_line, max_size=12).map(numbered))
    def test_nothing_is_lost(self, found):
        for what in ("size", "drawn", "resolved", "skipped"):
            assert sum(getattr(one, what) for one in merged(found)) == sum(
                getattr(one, what) for one in found
            )
        before = sorted((line.stratum, batch) for line in found for batch in line.batches)
        after = sorted((line.stratum, batch) for line in merged(found) for batch in line.batches)
        assert before == after
        assert sum(len(one.labels) for one in merged(found)) == sum(
            len(one.labels) for one in found
        )

    @given(st.lists(a_line, max_size=12).map(numbered))
    def test_no_line_is_thin_unless_its_stratum_is(self, found):
        after = merged(found)
        for line in after:
            alone = sum(other.stratum == line.stratum for other in after) == 1
            assert len(line.labels) >= min(2, line.size) or alone

    @given(st.lists(a_line, max_size=12).map(numbered))
    def test_only_neighbours_come_together(self, found):
        order = [batch for line in merged(found) for batch in line.batches]
        assert order == sorted(order)

    def test_a_full_batch_of_one_stays_by_itself(self):
        full = Line("differ/far", ["1"], 1, 1, 1, 0, [OK])
        rest = Line("differ/far", ["2"], 9, 4, 4, 0, [OK] * 4)
        assert merged([full, rest]) == [full, rest]

    def test_the_last_ones_go_back_as_far_as_needed(self):
        """A batch without labels and a full one of one item are still too few together."""
        rows = [
            Line("differ/far", ["1"], 10, 3, 3, 0, [OK] * 3),
            Line("differ/far", ["2"], 1, 1, 1, 0, [OK]),
            Line("differ/far", ["3"], 5),
        ]
        (line,) = merged(rows)
        assert (line.batches, line.size, len(line.labels)) == (["1", "2", "3"], 16, 4)


class TestCounts:
    def test_by_hand(self):
        chosen = [
            Line("differ/far", ["1"], 20, 6, 5, 1, [OK, WORSE, WORSE, BETTER, BOTH]),
            Line("equivalent", ["1"], 7),
        ]
        found = counts(chosen, lambda label, side: getattr(label, side) == "error")
        assert found.paired == ([2, 0], [1, 0], [5, 0], [20, 7])
        assert (found.baseline, found.candidate) == ([2, 0], [3, 0])
        assert found.unknown == [1, 0]

    def test_no_lines(self):
        assert counts([], lambda label, side: True).paired == ([], [], [], [])

    def test_census(self):
        assert Counts.census(worse=3, better=1).paired == ([3], [1], [4], [4])
