import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.metrics.cost import paired_cost, projected, skewed_mean


def test_a_hand_worked_cost():
    cost = paired_cost([0.001, 0.003], [0.002, 0.006])
    assert (cost.baseline.value, cost.candidate.value, cost.difference.value) == pytest.approx(
        (2, 4, 2)
    )
    assert cost.ratio == 2


def test_values_without_skewness_are_the_normal_interval():
    e = skewed_mean(np.array([-1.0, 0, 1]), 0.95)
    assert (e.low, e.high) == pytest.approx((-1.96 / 3**0.5, 1.96 / 3**0.5), rel=1e-4)


def test_a_month_is_in_proportion():
    cost = paired_cost([0.001, 0.003, 0.002], [0.002, 0.006, 0.003])
    assert projected(cost.baseline, 50_000).value == pytest.approx(100)
    assert projected(cost.difference, 50_000).low == pytest.approx(50 * cost.difference.low)
    assert projected(cost.baseline, 0).high == 0
    with pytest.raises(ValueError, match="requests is -1"):
        projected(cost.baseline, -1)


def test_one_request_bounds_nothing_and_free_has_no_ratio():
    one = paired_cost([0.0], [0.002])
    assert one.ratio is None
    assert (one.candidate.low, one.candidate.high) == (-math.inf, math.inf)
    same = paired_cost([0.001] * 5, [0.001] * 5)
    assert (same.difference.low, same.difference.high) == (0, 0)


def test_being_paired_narrows_the_difference():
    random = np.random.default_rng(1)
    before = random.lognormal(-6, 1, 500)
    cost = paired_cost(before, before * 1.1)
    assert cost.difference.high - cost.difference.low < 0.2 * (
        cost.baseline.high - cost.baseline.low
    )
    assert cost.difference.low > 0


def test_skewed_costs_are_covered():
    random = np.random.default_rng(2)
    held = normal = 0
    for _ in range(1500):
        values = random.lognormal(0, 1, 100)
        e = skewed_mean(values, 0.95)
        held += e.low <= math.exp(0.5) <= e.high
        normal += abs(values.mean() - math.exp(0.5)) <= 1.96 * values.std(ddof=1) / 10
    assert held / 1500 >= 0.92
    assert normal < held


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 2), min_size=1, max_size=30))
def test_values_lie_inside_their_ends(pairs):
    cost = paired_cost(*zip(*pairs, strict=True))
    for e in (cost.baseline, cost.candidate, cost.difference):
        assert e.low <= e.value <= e.high


@pytest.mark.parametrize(
    ("baseline", "candidate", "message"),
    [([], [], "got 0 and 0"), ([1], [], "got 1 and 0"), ([-1], [1], r"baseline\[0\] is -1")],
)
def test_bad_input_is_named(baseline, candidate, message):
    with pytest.raises(ValueError, match=message):
        paired_cost(baseline, candidate)
