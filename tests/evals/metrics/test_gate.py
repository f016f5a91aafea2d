import math

import pytest

from evals.metrics.estimate import Estimate
from evals.metrics.gate import combine, judge


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.01, 0.005, "pass"),
        (-0.01, 0.01, "pass"),
        (0.01, 0.02, "undecided"),
        (0.0, 0.02, "undecided"),
        (0.011, 0.02, "fail"),
        (-math.inf, math.inf, "undecided"),
        (math.nan, math.nan, "undecided"),
    ],
)
def test_the_interval_is_held_to_the_margin(low, high, verdict):
    assert judge(Estimate((low + high) / 2, low, high), 0.01) == verdict


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "undecided", "fail"], "fail"),
        (["pass", "undecided"], "undecided"),
        ([], "undecided"),
    ],
)
def test_verdicts_are_combined(verdicts, together):
    assert combine(verdicts) == together
