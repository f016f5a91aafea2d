import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.metrics.difference import future_difference, paired_difference, paired_p_value

from .simulation import plain_korn_graubard

BAD = [
    ({"worse": [-1]}, "worse[0] is -1"),
    ({"worse": [1.5]}, "worse[0] is 1.5"),
    ({"sampled": [41]}, "sampled[0] is 41, more than sizes[0], 40"),
    ({"worse": [20]}, "worse + better[0] is 22, more than sampled[0], 20"),
    ({"sizes": [101]}, "sizes sum to 101, more than the population, 100"),
    ({"better": [1, 1]}, "lengths"),
    ({"worse": [[1]]}, "worse: one count a stratum is needed"),
    ({"population": 0, "sizes": [0]}, "sampled[0] is 20"),
    ({"population": 0}, "population is 0"),
    ({"confidence": 1.0}, "confidence is 1.0"),
    ({"confidence": 0}, "confidence is 0"),
    ({"unknown": [21]}, "sampled + unknown[0] is 41"),
]


@st.composite
def samples(draw, census=False):
    """worse, better, sampled, sizes, population."""
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        size = draw(st.integers(1, 400))
        n = size if census else draw(st.integers(0, size))
        a = draw(st.integers(0, n))
        rows.append((a, draw(st.integers(0, n - a)), n, size))
    columns = [list(column) for column in zip(*rows, strict=True)]
    return (*columns, sum(columns[3]) + draw(st.integers(0, 2000)))


def test_a_hand_worked_stratum():
    # n_eff = 200 / (1 - 200/240) = 1200; nothing found: 1200 * (1 - 0.025 ** (1/1200)) = 3.68 of
    # 1200, that is 0.736 of 240 on each side, outward to one request of 2,000.
    estimate = paired_difference([0], [0], [200], [240], 2000)
    assert (estimate.value, estimate.low, estimate.high) == (0.0, -1 / 2000, 1 / 2000)


def test_one_stratum_agrees_with_an_independent_implementation():
    mine = paired_difference([9], [4], [100], [5000], 10**9, 0.9)
    other = plain_korn_graubard([9], [4], [100], [5000], 10**9, 0.9)
    assert mine.value == pytest.approx(other.value)
    assert mine.low == pytest.approx(other.low, abs=1.001e-9)
    assert mine.high == pytest.approx(other.high, abs=1.001e-9)


def test_ends_are_rounded_outward_to_whole_requests():
    estimate = paired_difference([9, 1], [4, 0], [100, 20], [5000, 300], 9000)
    for end in (estimate.low, estimate.high):
        assert end * 9000 == pytest.approx(round(end * 9000), abs=1e-9)


def test_an_unseen_stratum_adds_its_share_to_both_sides():
    seen = paired_difference([9], [4], [100], [500], 2000)
    both = paired_difference([9, 0], [4, 0], [100, 0], [500, 60], 2000)
    assert both.value == seen.value
    assert both.low == pytest.approx(seen.low - 60 / 2000)
    assert both.high == pytest.approx(seen.high + 60 / 2000)


def test_unknown_items_count_as_the_worst_case_on_either_side():
    estimate = paired_difference([9], [4], [100], [500], 2000, unknown=[5])
    assert estimate.value == paired_difference([9], [4], [100], [500], 2000).value
    assert estimate.low == paired_difference([9], [9], [105], [500], 2000).low
    assert estimate.high == paired_difference([14], [4], [105], [500], 2000).high


def test_unknown_items_of_a_census_leave_their_own_room_only():
    estimate = paired_difference([3], [1], [8], [10], 100, unknown=[2])
    assert (estimate.low, estimate.high) == (0.0, 0.04)
    assert paired_p_value([3], [1], [8], [10], 100, unknown=[2]) == 1.0


def test_no_strata_is_exactly_zero():
    estimate = paired_difference([], [], [], [], 10)
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)
    assert paired_p_value([], [], [], [], 10) == 1.0


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_is_named(change, message):
    given = {"worse": [3], "better": [2], "sampled": [20], "sizes": [40], "population": 100}
    for function in (paired_difference, future_difference, paired_p_value):
        if function is paired_p_value and "confidence" in change:
            continue
        with pytest.raises(ValueError, match=re.escape(message)):
            function(**(given | change))


def test_a_design_effect_is_positive():
    with pytest.raises(ValueError, match="design_effect is 0"):
        future_difference([1], [0], [5], [9], 20, design_effect=0)


@settings(deadline=None)
@given(samples(census=True))
def test_a_census_is_exact(sample):
    worse, better, _, _, population = sample
    estimate = paired_difference(*sample)
    truth = (sum(worse) - sum(better)) / population
    assert estimate.value == estimate.low == estimate.high == truth
    assert paired_p_value(*sample) == (1.0 if truth == 0 else 0.0)


@settings(deadline=None)
@given(samples())
def test_swapping_the_sides_flips_the_sign(sample):
    worse, better, *rest = sample
    for function in (paired_difference, future_difference):
        one, other = function(worse, better, *rest), function(better, worse, *rest)
        expected = (-other.value, -other.high, -other.low)
        assert (one.value, one.low, one.high) == pytest.approx(expected, abs=1e-12)
    assert paired_p_value(worse, better, *rest) == pytest.approx(
        paired_p_value(better, worse, *rest), rel=1e-9
    )


@settings(deadline=None)
@given(samples(), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_more_confidence_is_never_narrower_and_the_value_is_inside(sample, one, other):
    for function in (paired_difference, future_difference):
        narrow = function(*sample, confidence=min(one, other))
        wide = function(*sample, confidence=max(one, other))
        assert wide.low <= narrow.low + 1e-12
        assert narrow.high <= wide.high + 1e-12
        assert narrow.low <= narrow.value <= narrow.high


@settings(deadline=None)
@given(samples(), st.floats(1e-6, 0.9))
def test_p_and_interval_never_disagree(sample, alpha):
    p = paired_p_value(*sample)
    estimate = paired_difference(*sample, confidence=1 - alpha)
    if math.isclose(p, alpha, rel_tol=1e-6):
        return
    assert (p < alpha) == (estimate.low > 0 or estimate.high < 0)


def test_p_falls_as_the_evidence_grows():
    p = [paired_p_value([a], [2], [100], [900], 3000) for a in range(2, 80, 4)]
    assert p[0] == 1.0
    assert all(later < earlier for earlier, later in pairwise(p))
    assert p[-1] < 1e-20


@settings(deadline=None)
@given(samples())
def test_the_future_is_never_more_certain_than_the_window(sample):
    now, later = paired_difference(*sample), future_difference(*sample)
    assert later.low <= now.low <= now.high <= later.high


@settings(max_examples=30, deadline=None)
@given(samples(census=True))
def test_a_census_keeps_a_width_for_traffic_to_come(sample):
    now, later = paired_difference(*sample), future_difference(*sample)
    assert later.value == now.value
    assert later.low < now.low or later.low == -1
    assert later.high > now.high or later.high == 1


def test_no_strata_leave_the_future_a_rare_event():
    estimate = future_difference([], [], [], [], 1000)
    rule_of_three = 1 - 0.025 ** (1 / 1000)
    assert (estimate.value, estimate.high) == (0.0, pytest.approx(rule_of_three))


def test_groups_widen_the_future():
    sample = ([9], [4], [100], [500], 2000)
    widths = [
        e.high - e.low for e in (future_difference(*sample, design_effect=x) for x in (1, 2, 5))
    ]
    assert widths == sorted(set(widths))


def test_a_future_census_is_newcombe_on_all_requests():
    # All N in one stratum: the interval is that of a simple random sample of N.
    mine = future_difference([30], [12], [400], [400], 400)
    other = plain_korn_graubard([30], [12], [400], [10**12], 10**12)
    assert (mine.low, mine.high) == pytest.approx((other.low, other.high), abs=1e-6)


def test_eighty_strata_take_numpy_counts():
    random = np.random.default_rng(1)
    sizes = random.integers(5, 200, 80)
    sampled = np.minimum(sizes, random.integers(1, 12, 80))
    worse = random.binomial(sampled, 0.2)
    estimate = paired_difference(worse, 0 * worse, sampled, sizes, int(sizes.sum()))
    assert 0 < estimate.low < estimate.value < estimate.high
