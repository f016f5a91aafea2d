import pytest
from statsmodels.stats.contingency_tables import mcnemar

from evals.metrics.noise import excess_difference


def pairs(both, only_candidate, only_baseline, neither):
    rows = [(True, True)] * both + [(True, False)] * only_candidate
    rows += [(False, True)] * only_baseline + [(False, False)] * neither
    return zip(*rows, strict=True)


def test_a_hand_worked_value():
    estimate, p = excess_difference(*pairs(20, 12, 4, 64))
    assert estimate.value == pytest.approx(0.08)
    assert estimate.low < 0.08 < estimate.high
    assert p == pytest.approx(mcnemar([[20, 12], [4, 64]], exact=True).pvalue)


def test_a_comparator_that_fires_on_noise_has_found_nothing():
    estimate, p = excess_difference(*pairs(20, 9, 9, 62))
    assert estimate.value == 0
    assert estimate.low == pytest.approx(-estimate.high)
    assert p == 1.0


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="got 1 and 2"):
        excess_difference([True], [True, False])
    with pytest.raises(ValueError, match="no request"):
        excess_difference([], [])
