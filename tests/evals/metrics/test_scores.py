import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from evals.metrics.scores import MOST, score_rows
from evals.metrics.severity import (
    future_severity_difference,
    severity_difference,
    severity_score,
)

numbers = st.lists(st.lists(st.floats(-1e4, 1e4, width=32), max_size=8), min_size=1, max_size=3)


def difference(rows, sampled, sizes, population, function=severity_difference):
    columns = (sampled, sizes, population)
    return function(rows.weights, rows.plus, rows.minus, *columns, kinds=rows.kinds, averaged=True)


def test_a_row_for_each_size():
    rows = score_rows([[1, 5, 5, -1], [0, 6]], heaviest=25)
    assert rows.weights == [1, 4, 1, 19]
    assert rows.plus == [[3, 1], [2, 1], [0, 1], [0, 0]]
    assert rows.minus == [[1, 0], [0, 0], [0, 0], [0, 0]]
    assert rows.up_to == 25


@settings(deadline=None)
@given(numbers, st.floats(0, 1e4))
def test_rows_add_up_to_the_numbers(given_, heaviest):
    rows = score_rows(given_, heaviest)
    for stratum, of in enumerate(given_):
        up, down = (
            sum(w * row[stratum] for w, row in zip(rows.weights, side, strict=True))
            for side in (rows.plus, rows.minus)
        )
        assert up - down == pytest.approx(sum(of), rel=1e-6, abs=1e-6)
    assert rows.up_to == pytest.approx(max([heaviest, *(abs(x) for of in given_ for x in of)]))


def test_more_different_numbers_than_rows():
    many = np.random.default_rng(1).exponential(5, 400)
    rows = score_rows([many], 25)
    assert len(rows.weights) == MOST
    added = sum(w * row[0] for w, row in zip(rows.weights, rows.plus, strict=True))
    assert added == pytest.approx(many.sum())


def test_the_interval_is_near_the_normal_theory_where_that_holds():
    random = np.random.default_rng(5)
    d = random.poisson(2, 800) - random.poisson(1.5, 800)
    rows = score_rows([d], 0)
    e = difference(rows, [800], [800], 800, future_severity_difference)
    low, high = DescrStatsW(d).tconfint_mean()
    assert e.value == pytest.approx(d.mean())
    assert e.low < low < high < e.high
    assert (e.high - e.low) / (high - low) < 1.2


def test_kinds_that_go_together_are_wider_than_kinds_by_themselves():
    """Ten of a hundred items have one finding of each of five kinds."""
    together = difference(score_rows([[5] * 10], 1), [100], [1000], 1000)
    apart = severity_difference([1] * 5, [[10]] * 5, [[0]] * 5, [100], [1000], 1000)
    assert together.value == apart.value
    assert together.high - together.low > 1.8 * (apart.high - apart.low)


def test_what_both_sides_have_cancels():
    alike = difference(score_rows([[0] * 30 + [1]], 1), [100], [1000], 1000)
    by_side = severity_difference([1], [[31]], [[30]], [100], [1000], 1000)
    assert alike.value == by_side.value
    assert alike.high - alike.low < (by_side.high - by_side.low) / 2


def test_a_kind_that_no_label_has_is_in_the_interval():
    """Of none in 60 labels up to 6 % may have it, the rule of three at 2.5 %."""
    seen = difference(score_rows([[1, 1]], 1), [60], [100_000], 100_000)
    heavy = difference(score_rows([[1, 1]], 25), [60], [100_000], 100_000)
    assert heavy.value == seen.value
    more = 24 * (1 - 0.025 ** (1 / 60))
    assert heavy.high - seen.high == pytest.approx(more, rel=0.12)
    score = severity_score([1, 24], [[2], [0]], [60], [100_000], 100_000, kinds="aa")
    assert score.high > more


def test_an_unknown_item_is_as_heavy_as_the_heaviest():
    rows = score_rows([[1, 1]], 25)
    e = severity_difference(
        rows.weights, rows.plus, rows.minus, [9], [10], 10, unknown=[1], kinds=rows.kinds
    )
    assert (e.low, e.high) == pytest.approx(((2 - 25) / 10, (2 + 25) / 10))
    assert e.value == pytest.approx(2 * 10 / 9 / 10)


def test_nothing_that_weighs_anything():
    rows = score_rows([[], [0]], 0)
    assert rows.weights == []
    assert difference(rows, [5, 1], [9, 9], 18).high == 0
