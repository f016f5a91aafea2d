import numpy as np
import pytest

from evals.metrics.difference import paired_difference
from evals.metrics.severity import (
    future_severity_difference,
    severity_difference,
    severity_score,
)

WEIGHTS = [1, 5, 25]
CANDIDATE, BASELINE = [[6, 2], [3, 0], [1, 0]], [[4, 1], [2, 1], [0, 0]]
SAMPLED, SIZES = [60, 40], [300, 500]


def test_a_hand_worked_value():
    # 5 and 12.5 items stand behind each of the two strata's labels.
    minor, major, critical = 2 * 5 + 1 * 12.5, 1 * 5 - 1 * 12.5, 1 * 5
    estimate = severity_difference(WEIGHTS, CANDIDATE, BASELINE, SAMPLED, SIZES, 2000)
    assert estimate.value == pytest.approx((minor + 5 * major + 25 * critical) / 2000)
    assert estimate.low < estimate.value < estimate.high


def test_a_census_is_exact():
    estimate = severity_difference([1, 25], [[4], [1]], [[2], [0]], [9], [9], 100)
    assert estimate.low == estimate.value == estimate.high == 0.27


def test_one_weight_is_no_narrower_than_the_paired_difference():
    one = severity_difference([1], [[9]], [[4]], [100], [500], 2000)
    paired = paired_difference([9], [4], [100], [500], 2000)
    assert one.value == paired.value
    assert one.low <= paired.low
    assert one.high >= paired.high


def test_an_unseen_stratum_may_hold_every_finding():
    seen = severity_difference([1, 25], [[4], [1]], [[2], [0]], [9], [9], 100)
    both = severity_difference([1, 25], [[4, 0], [1, 0]], [[2, 0], [0, 0]], [9, 0], [9, 3], 100)
    assert (both.low, both.high) == pytest.approx((seen.low - 0.78, seen.high + 0.78))


def test_five_findings_an_item_are_five_times_one():
    one = severity_difference([25], [[9]], [[4]], [100], [500], 2000)
    five = ([25] * 5, [[9]] * 5, [[4]] * 5, [100], [500], 2000)
    together = severity_difference(*five, kinds="aaaaa")
    ends = [5 * end for end in (one.low, one.value, one.high)]
    assert [together.low, together.value, together.high] == pytest.approx(ends)
    assert severity_difference(*five).high < together.high
    score = severity_score([25] * 5, [[9]] * 5, [100], [500], 2000, kinds="aaaaa")
    assert score.high == pytest.approx(5 * severity_score([25], [[9]], [100], [500], 2000).high)


def test_swapping_the_sides_flips_the_sign():
    for function in (severity_difference, future_severity_difference):
        one = function(WEIGHTS, CANDIDATE, BASELINE, SAMPLED, SIZES, 2000)
        other = function(WEIGHTS, BASELINE, CANDIDATE, SAMPLED, SIZES, 2000)
        expected = (-other.value, -other.high, -other.low)
        assert (one.value, one.low, one.high) == pytest.approx(expected)


def test_traffic_to_come_is_less_certain():
    now = severity_difference(WEIGHTS, CANDIDATE, BASELINE, SIZES, SIZES, 2000)
    later = future_severity_difference(WEIGHTS, CANDIDATE, BASELINE, SIZES, SIZES, 2000)
    assert later.value == now.value
    assert later.low < now.low
    assert later.high > now.high


def test_unknown_items_carry_every_kind_on_the_worse_side():
    known = (WEIGHTS, CANDIDATE, BASELINE, SAMPLED, SIZES, 2000)
    unknown = [2, 0]
    drawn = [n + u for n, u in zip(SAMPLED, unknown, strict=True)]
    most_c, most_b = (
        [[x + u for x, u in zip(row, unknown, strict=True)] for row in side]
        for side in (CANDIDATE, BASELINE)
    )
    for function in (severity_difference, future_severity_difference):
        e = function(*known, unknown=unknown)
        assert e.value == function(*known).value
        assert e.low == function(WEIGHTS, CANDIDATE, most_b, drawn, SIZES, 2000).low
        assert e.high == function(WEIGHTS, most_c, BASELINE, drawn, SIZES, 2000).high


def test_unknown_items_of_a_census_leave_their_own_room_only():
    e = severity_difference([1, 25], [[4], [1]], [[2], [0]], [8], [9], 100, unknown=[1])
    assert (e.low, e.high) == pytest.approx((0.27 - 0.26, 0.27 + 0.26))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [1, 5]}, "2 weights need as many rows of counts"),
        ({"weights": [1, -5, 25]}, r"weights\[1\] is -5"),
        ({"candidate": [[61, 2], [3, 0], [1, 0]]}, r"candidate\[0\]\[0\] is 61"),
        ({"baseline": [[4, 1], [2], [0, 0]]}, "lengths"),
        ({"population": 10}, "sizes sum to 800"),
        ({"kinds": ["a", "b"]}, "3 rows need as many names of their kinds, got 2"),
        ({"unknown": [241, 0]}, r"sampled \+ unknown\[0\] is 301"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {
        "weights": WEIGHTS,
        "candidate": CANDIDATE,
        "baseline": BASELINE,
        "sampled": SAMPLED,
        "sizes": SIZES,
        "population": 2000,
    }
    with pytest.raises(ValueError, match=message):
        severity_difference(**(given | change))


def test_the_interval_covers_when_one_heavy_finding_may_hide():
    random = np.random.default_rng(2)
    candidate, baseline = (
        np.repeat([0, 1, 5, 25], [221, 15, 3, 1]),
        np.repeat([0, 1, 5], [222, 15, 3]),
    )
    baseline = random.permutation(baseline)
    truth = (candidate.sum() - baseline.sum()) / 2000
    held = 0
    for _ in range(600):
        drawn = random.permutation(240)[:200]
        rows = [
            [[int((side[drawn] == v).sum())] for v in WEIGHTS] for side in (candidate, baseline)
        ]
        estimate = severity_difference(WEIGHTS, *rows, [200], [240], 2000)
        held += estimate.low <= truth <= estimate.high
    assert held / 600 >= 0.95
