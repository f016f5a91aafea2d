import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.metrics.nested import added, lowest_correlation

ONE, SIZE = np.array([100.0]), np.array([500.0])


def counted(numbers):
    """Of 100 items with so many findings each: items with at least one, two, ... of them."""
    return [np.array([float(np.sum(numbers >= j))]) for j in range(1, int(numbers.max()) + 1)]


@given(st.integers(0, 2**32 - 1))
def test_standard_errors_of_nested_rows_add_up_to_that_of_the_number(seed):
    """d proportional to each row's standard error gives the number's own."""
    numbers = np.random.default_rng(seed).poisson(1, 100)
    numbers[:2] = 0, 1
    rows = counted(numbers)
    parts = [
        (p, p - e, p + e)
        for p in (float(row[0]) / 100 for row in rows)
        for e in [(p * (1 - p)) ** 0.5]
    ]
    value, low, high = added(parts, rows, ONE, SIZE)
    assert value == pytest.approx(numbers.mean())
    assert (value - low, high - value) == pytest.approx([numbers.std()] * 2)


def test_a_row_that_nothing_is_known_of_goes_with_the_others():
    parts = [(0.2, 0.1, 0.4), (0.0, 0.0, 0.1)]
    rows = [np.array([20.0]), np.array([0.0])]
    assert added(parts, rows, ONE, SIZE) == pytest.approx((0.2, 0.1, 0.5))


def test_a_stratum_with_few_labels_may_be_what_two_rows_have_in_common():
    rows = [np.array([20.0, 2.0]), np.array([0.0, 2.0])]
    sizes = np.array([500.0, 500.0])
    parts = [(0.2, 0.1, 0.3), (0.1, 0.0, 0.2)]
    even, thin = (
        added(parts, [row * share for row in rows], np.array(labels), sizes)
        for share, labels in (([1, 5], [50.0, 50.0]), ([1, 1], [50.0, 10.0]))
    )
    assert thin[2] > even[2]


class TestLowestCorrelation:
    def test_with_a_row_each_it_is_that_of_two_shares(self):
        p, q = 0.3, 0.4
        expected = -p * q / (p * (1 - p) * q * (1 - q)) ** 0.5
        assert lowest_correlation([p], [q]) == pytest.approx(expected)
        crowded = (0.5 - 0.56) / (0.7 * 0.3 * 0.8 * 0.2) ** 0.5
        assert lowest_correlation([0.7], [0.8]) == pytest.approx(crowded)

    def test_it_is_that_of_the_items_sorted_the_other_way(self):
        numbers = np.random.default_rng(3).poisson(0.8, (2, 100))
        shares = [[float(row[0]) / 100 for row in counted(one)] for one in numbers]
        apart = np.corrcoef(np.sort(numbers[0]), -np.sort(-numbers[1]))[0, 1]
        assert lowest_correlation(*shares) == pytest.approx(apart)

    def test_of_nothing(self):
        assert lowest_correlation([0.0], [0.2]) == 0
