import math

import numpy as np
import pytest

from evals.metrics.difference import future_difference
from evals.metrics.planning import labels_needed, smallest_margin, spread

COUNTS = ([3, 3], [3, 2], [30, 50], [3000, 1500], 20_000)


def test_the_labels_it_asks_for_decide_four_times_in_five():
    needed = labels_needed(*COUNTS, margin=0.01, budget=4000)
    worse, better, sampled, sizes = (np.array(x) for x in COUNTS[:4])
    plus, minus = (np.round(sizes * x / sampled).astype(int) for x in (worse, better))
    left = sizes - sampled
    more = np.round(spread(needed, left.astype(float), left.astype(float))).astype(int)
    random, decided = np.random.default_rng(8), 0
    for _ in range(500):
        a = random.hypergeometric(plus - worse, left - plus + worse, more)
        b = random.hypergeometric(minus - better, left - plus + worse - minus + better, more - a)
        e = future_difference(worse + a, better + b, sampled + more, sizes, COUNTS[4])
        decided += e.high <= 0.01 or e.low > 0.01
    assert decided / 500 == pytest.approx(0.8, abs=0.06)


def test_it_is_nothing_where_the_rule_is_decided():
    assert labels_needed(*COUNTS, margin=0.5, budget=0) == 0
    assert labels_needed([40], [0], [50], [2000], 10_000, margin=0.01, budget=0) == 0


def test_it_is_none_where_the_budget_is_too_small_or_no_number_decides():
    needed = labels_needed(*COUNTS, margin=0.01, budget=4000)
    assert labels_needed(*COUNTS, margin=0.01, budget=needed) == needed
    assert labels_needed(*COUNTS, margin=0.01, budget=needed - 1) is None
    assert labels_needed(*COUNTS, margin=0.0016, budget=10**6) is None
    assert labels_needed([0], [0], [0], [2000], 10_000, margin=0.01, budget=500) is None


def test_a_margin_further_off_needs_fewer():
    needed = [labels_needed(*COUNTS, margin=m, budget=4400) for m in (0.008, 0.01, 0.014, 0.02)]
    assert needed == sorted(set(needed), reverse=True)


def test_a_failing_rule_is_planned_for_as_well():
    assert labels_needed([8], [2], [60], [900], 3000, margin=0.01, budget=800) > 0


def test_an_allocation_says_where_further_labels_go():
    one = labels_needed(*COUNTS, margin=0.01, budget=4000, allocation=[2, 1])
    other = labels_needed(*COUNTS, margin=0.01, budget=4000, allocation=[1, 20])
    assert one < other
    with pytest.raises(ValueError, match="for each of 2 strata"):
        labels_needed(*COUNTS, margin=0.01, budget=4000, allocation=[1])


def test_labels_are_spread_within_the_room_there_is():
    given = spread(10, np.array([1.0, 1.0, 2.0]), np.array([1.0, 9.0, 4.0]))
    assert given.tolist() == pytest.approx([1.0, 5.0, 4.0])


def test_the_smallest_margin_is_near_the_normal_approximation():
    # 3,000 requests, 4 % against 2 %: 1.96 * sqrt((0.06 - 0.02^2) / 3000) = 0.87 points.
    normal = 1.96 * math.sqrt((0.06 - 0.02**2) / 3000)
    assert normal == pytest.approx(0.0087, abs=5e-5)
    assert normal <= smallest_margin(3000, 0.04, 0.02) <= 1.06 * normal
    assert smallest_margin(3000, 0.04, 0.02, design_effect=4) > 1.9 * normal


def test_a_budget_or_share_that_cannot_be_is_named():
    with pytest.raises(ValueError, match="budget is -1"):
        labels_needed(*COUNTS, margin=0.01, budget=-1)
    with pytest.raises(ValueError, match=r"shares of 0\.7 and 0\.6"):
        smallest_margin(3000, 0.7, 0.6)
    with pytest.raises(ValueError, match="population is 0"):
        smallest_margin(0, 0.1, 0.1)
