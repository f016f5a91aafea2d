import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from evals.metrics.flips import compare_flips, flip_rate


def test_a_hand_worked_rate():
    # a flips, b does not, c has one known outcome only, d none.
    rate = flip_rate("aabbbcddc", [1, 0, 1, 1, 1, 1, None, None, None])
    exact = stats.binomtest(1, 2).proportion_ci(method="exact")
    assert (rate.groups, rate.flipped) == (2, 1)
    assert (rate.rate.low, rate.rate.value, rate.rate.high) == pytest.approx(
        (exact.low, 0.5, exact.high)
    )


def test_without_a_group_there_is_no_rate():
    assert flip_rate([], []).rate is None
    assert flip_rate("abc", [1, 1, 0]).rate is None
    nothing = compare_flips("ab", [1, 0], [0, 1])
    assert (nothing.difference, nothing.p) == (None, None)


def test_two_models_are_compared_over_the_same_groups():
    groups = [g for g in range(40) for _ in range(3)]
    baseline = [int(g < 4 and v == 0) for g in range(40) for v in range(3)]
    candidate = [int(2 <= g < 20 and v == 1) for g in range(40) for v in range(3)]
    result = compare_flips(groups, baseline, candidate)
    assert (result.baseline.flipped, result.candidate.flipped) == (4, 18)
    assert (result.only_candidate, result.only_baseline) == (16, 2)
    assert result.difference.value == pytest.approx(14 / 40)
    assert result.p == pytest.approx(mcnemar([[20, 2], [16, 2]], exact=True).pvalue)
    assert result.difference.low > 0


def test_an_item_counts_where_both_outcomes_are_known():
    result = compare_flips("aabb", [1, 0, 1, 0], [1, None, 1, 1])
    assert (result.baseline.groups, result.candidate.groups) == (1, 1)
    assert (result.only_baseline, result.only_candidate) == (1, 0)


def test_unequal_lengths_are_named():
    with pytest.raises(ValueError, match="2 groups, 1 outcomes"):
        flip_rate("ab", [1])
    with pytest.raises(ValueError, match="2 groups, 1 outcomes of the baseline"):
        compare_flips("ab", [1], [1, 0])


rows = st.lists(st.tuples(st.integers(0, 8), st.sampled_from("xyz"), st.sampled_from("xyz")))


@given(rows)
def test_order_does_not_matter_and_sides_mirror(items):
    groups, before, after = zip(*items, strict=True) if items else ((), (), ())
    one = compare_flips(groups, before, after)
    assert compare_flips(groups[::-1], before[::-1], after[::-1]) == one
    other = compare_flips(groups, after, before)
    assert (other.only_baseline, other.p) == (one.only_candidate, one.p)
    assert one.baseline.flipped <= one.baseline.groups <= len(set(groups))
