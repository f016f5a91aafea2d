import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.metrics.rates import blocks_of, stratified_rate

AUDITED = ([300, 2, 1], [600, 60, 100], [1000, 300, 1700], 3000)  # differ, equivalent, identical


def test_one_stratum_of_a_large_window_is_clopper_pearson():
    estimate = stratified_rate([7], [80], [10**9], 10**9)
    exact = stats.binomtest(7, 80).proportion_ci(method="exact")
    assert estimate.value == pytest.approx(7 / 80)
    assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high), abs=1e-6)


def test_a_hand_worked_value():
    assert stratified_rate(*AUDITED).value == pytest.approx((500 + 10 + 17) / 3000)


def test_a_census_block_is_exact_and_adds_no_width():
    with_census = stratified_rate([300, 5], [1000, 60], [1000, 300], 3000)
    without = stratified_rate([5], [60], [300], 3000)
    assert with_census.low - without.low == pytest.approx(0.1)
    assert with_census.high - without.high == pytest.approx(0.1)
    only = stratified_rate([300], [1000], [1000], 3000)
    assert only.value == only.low == only.high == 0.1


def test_an_unseen_block_is_bounded_by_none_and_all():
    estimate = stratified_rate([300, 0], [1000, 0], [1000, 500], 3000)
    assert (estimate.low, estimate.value, estimate.high) == (0.1, 0.1, 800 / 3000)


def test_unknown_items_are_no_hit_below_and_a_hit_above():
    estimate = stratified_rate([5], [50], [300], 3000, unknown=[4])
    assert estimate.low == stratified_rate([5], [54], [300], 3000).low
    assert estimate.high == stratified_rate([9], [54], [300], 3000).high
    assert estimate.value == stratified_rate([5], [50], [300], 3000).value


def test_blocks_are_strata_sampled_alike():
    blocks = blocks_of(np.array([0.5, 0.01, 0.015, 0.9, 0.03]))
    assert [block.tolist() for block in blocks] == [[1, 2], [4], [0, 3]]


def test_nothing_anywhere_is_zero():
    estimate = stratified_rate([], [], [], 10)
    assert (estimate.low, estimate.value, estimate.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("hits", "sampled", "sizes", "population", "message"),
    [
        ([3], [2], [9], 10, r"hits\[0\] is 3, more than sampled\[0\], 2"),
        ([3], [10], [9], 10, r"sampled\[0\] is 10, more than sizes\[0\], 9"),
        ([3], [5], [9], 8, "sizes sum to 9"),
        ([3, 1], [5], [9], 10, "lengths"),
        ([-3], [5], [9], 10, r"hits\[0\] is -3"),
    ],
)
def test_bad_input_is_named(hits, sampled, sizes, population, message):
    with pytest.raises(ValueError, match=message):
        stratified_rate(hits, sampled, sizes, population)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 200)] * 3), min_size=1, max_size=6))
def test_the_value_lies_within_possible_ends(rows):
    hits, sampled, sizes = zip(*(sorted(row) for row in rows), strict=True)
    population = sum(sizes) + 100
    estimate = stratified_rate(hits, sampled, sizes, population)
    assert sum(hits) / population - 1e-12 <= estimate.low <= estimate.value + 1e-12
    most = sum(sizes) - sum(sampled) + sum(hits)
    assert estimate.value <= estimate.high <= most / population + 1e-12


def covers(hits, sampled, sizes, population, repeats=800):
    random = np.random.default_rng(3)
    found = random.hypergeometric(hits, np.array(sizes) - hits, sampled, (repeats, len(sizes)))
    rates = [stratified_rate(row, sampled, sizes, population) for row in found]
    return sum(e.low - 1e-12 <= sum(hits) / population <= e.high + 1e-12 for e in rates) / repeats


def test_the_interval_covers_with_an_audit():
    assert covers([500, 15, 14], [200, 60, 60], [1000, 300, 1400], 3000) >= 0.935


def test_the_interval_covers_over_many_thin_batches():
    # A block for each of these 42 strata covers 88 %.
    hits = [22] * 14 + [1] * 14 + [1] * 14
    assert covers(hits, [4] * 14 + [2] * 28, [80] * 14 + [40] * 14 + [90] * 14, 3000) >= 0.935
