import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.metrics.latency import paired_latency


def test_the_median_lies_between_the_textbooks_order_statistics():
    # n = 100: the 40th and 61st smallest, as in the tables of the sign test.
    values = np.arange(1.0, 101.0)
    (row,) = paired_latency(values, 2 * values, [0.5])
    assert (row.baseline.low, row.baseline.value, row.baseline.high) == (40, 50.5, 61)
    assert row.ratio.value == 2.0
    assert (row.ratio.low, row.ratio.high) == pytest.approx((2.0, 2.0), rel=0.05)


def test_it_agrees_with_scipys_quantile_test():
    values = np.random.default_rng(1).lognormal(6, 1, 700)
    for row in paired_latency(values, values):
        ends = stats.quantile_test(values, p=row.share).confidence_interval()
        assert (row.baseline.low, row.baseline.high) == (ends.low, ends.high)


def test_too_few_requests_leave_an_end_unbounded():
    p99 = paired_latency(range(1, 101), range(1, 101), [0.99])[0]
    assert p99.baseline.high == math.inf
    assert (p99.ratio.value, p99.ratio.low, p99.ratio.high) == (1.0, 0.0, math.inf)
    assert (p99.difference.low, p99.difference.value) == (-math.inf, 0.0)
    assert p99.difference.high == math.inf


def test_there_is_no_ratio_to_zero():
    assert paired_latency([0.0] * 50, [1.0] * 50, [0.5])[0].ratio is None


def test_the_same_requests_being_slow_narrows_the_ratio():
    random = np.random.default_rng(3)
    before = random.lognormal(6, 0.8, 2000)
    after = before * random.lognormal(0.1, 0.1, 2000)
    (paired,) = paired_latency(before, after, [0.5])
    (shuffled,) = paired_latency(before, random.permutation(after), [0.5])
    assert paired.ratio.low < paired.ratio.value < paired.ratio.high
    assert paired.ratio.high - paired.ratio.low < (shuffled.ratio.high - shuffled.ratio.low) / 2


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_the_intervals_of_ratio_and_difference_cover(share):
    random = np.random.default_rng(6)
    before, after = (math.exp(m + s * stats.norm.ppf(share)) for m, s in ((6, 0.5), (6.2, 0.6)))
    ratio = difference = 0
    for _ in range(400):
        x, y = random.standard_normal((2, 500))
        slower = np.exp(6.2 + 0.6 * (0.7 * x + math.sqrt(1 - 0.49) * y))
        (row,) = paired_latency(np.exp(6 + 0.5 * x), slower, [share])
        ratio += row.ratio.low <= after / before <= row.ratio.high
        difference += row.difference.low <= after - before <= row.difference.high
    assert ratio / 400 >= 0.935
    assert difference / 400 >= 0.935


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 1e6)] * 2), min_size=1, max_size=60))
def test_values_lie_inside_their_ends(pairs):
    for row in paired_latency(*zip(*pairs, strict=True)):
        for estimate in (row.baseline, row.candidate, row.difference, row.ratio):
            assert estimate is None or estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize(
    ("baseline", "candidate", "quantiles", "message"),
    [
        ([], [], [0.5], "got 0 and 0"),
        ([1.0], [1.0, 2.0], [0.5], "got 1 and 2"),
        ([1.0, -2.0], [1.0, 2.0], [0.5], r"baseline\[1\] is -2"),
        ([1.0], [math.nan], [0.5], r"candidate\[0\] is nan"),
        ([1.0], [1.0], [95], "quantile 95"),
    ],
)
def test_bad_input_is_named(baseline, candidate, quantiles, message):
    with pytest.raises(ValueError, match=message):
        paired_latency(baseline, candidate, quantiles)
