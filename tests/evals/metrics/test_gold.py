import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from evals.metrics.estimate import Estimate
from evals.metrics.gold import accuracy_by_reviewer, against_gold, held_margin


def labels(hits, misses, false, right):
    found = [True] * hits + [False] * misses + [True] * false + [False] * right
    return found, [True] * (hits + misses) + [False] * (false + right)


def test_youdens_own_example_of_a_perfect_and_a_worthless_test():
    perfect = against_gold(*labels(100, 0, 0, 100))
    assert (perfect.j.value, perfect.j.high) == (1.0, 1.0)
    worthless = against_gold(*labels(30, 70, 30, 70))
    assert worthless.j.value == 0
    assert worthless.j.low < 0 < worthless.j.high


def test_rates_are_exact_and_j_is_newcombes_with_exact_ends():
    result = against_gold(*labels(18, 2, 3, 57))
    for rate, hits, n in ((result.sensitivity, 18, 20), (result.false_positive_rate, 3, 60)):
        low, high = proportion_confint(hits, n, method="beta")
        assert (rate.value, rate.low, rate.high) == pytest.approx((hits / n, low, high))
    s, f = result.sensitivity, result.false_positive_rate
    low = 0.85 - ((0.9 - s.low) ** 2 + (f.high - 0.05) ** 2) ** 0.5
    assert (result.j.value, result.j.low) == pytest.approx((0.85, low))
    assert (result.positives, result.negatives) == (20, 60)


def test_what_gold_does_not_show_is_not_known():
    only_negatives = against_gold([True, False], [False, False])
    assert only_negatives.sensitivity is None
    assert only_negatives.j is None
    assert only_negatives.false_positive_rate.value == 0.5
    empty = against_gold([], [])
    assert (empty.sensitivity, empty.false_positive_rate, empty.j) == (None, None, None)


def test_labels_of_one_item_are_worth_less_than_labels_of_many():
    found, gold = labels(40, 20, 10, 50)
    many = against_gold(found, gold)
    same = against_gold(found, gold, items=[at // 5 for at in range(120)])
    assert same.j.value == many.j.value
    assert same.j.high - same.j.low > 1.5 * (many.j.high - many.j.low)


def test_the_interval_of_j_covers_with_several_reviewers_an_item():
    random = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        hard = random.beta(4, 1, 40)[:, None]  # sensitivity 0.8 on average, not the same everywhere
        found = np.vstack([random.random((40, 3)) < hard, random.random((60, 3)) < 0.1])
        gold = np.repeat([True] * 40 + [False] * 60, 3)
        j = against_gold(found.ravel().tolist(), gold, items=np.repeat(range(100), 3).tolist()).j
        held += j.low <= 0.7 <= j.high
    assert held / 400 >= 0.935


def test_a_margin_is_held_to_the_lower_end_of_j():
    assert held_margin(0.01, Estimate(0.8, 0.6, 0.9)) == pytest.approx(0.006)
    assert held_margin(0.01, Estimate(0.1, -0.2, 0.4)) == 0
    assert held_margin(0.01, None) is None
    with pytest.raises(ValueError, match=r"margin is -0\.01"):
        held_margin(-0.01, Estimate(0.8, 0.6, 0.9))


def test_each_reviewer_has_an_accuracy_of_their_own():
    rows = accuracy_by_reviewer(["bob", "dana", "bob", "bob"], [True, False, True, False])
    n, bob = rows["bob"]
    exact = stats.binomtest(2, 3).proportion_ci(method="exact")
    assert (n, bob.value, bob.low, bob.high) == pytest.approx((3, 2 / 3, exact.low, exact.high))
    assert rows["dana"][1].value == 0
    assert accuracy_by_reviewer([], []) == {}


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 6)), max_size=40))
def test_the_value_is_inside_and_order_does_not_matter(rows):
    found, gold, items = zip(*rows, strict=True) if rows else ((), (), ())
    result = against_gold(found, gold, items)
    other = against_gold(found[::-1], gold[::-1], items[::-1])
    for one, again in zip(
        (result.sensitivity, result.false_positive_rate, result.j),
        (other.sensitivity, other.false_positive_rate, other.j),
        strict=True,
    ):
        if one is not None:
            assert -1 <= one.low <= one.value <= one.high <= 1
            assert (one.low, one.high) == pytest.approx((again.low, again.high))


def test_unequal_lengths_are_named():
    with pytest.raises(ValueError, match="'gold': 2"):
        against_gold([True], [True, False])
    with pytest.raises(ValueError, match="'right': 0"):
        accuracy_by_reviewer(["bob"], [])
