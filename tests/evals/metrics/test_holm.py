import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from evals.metrics.holm import holm


def test_a_hand_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_it_stops_at_one_and_takes_nothing():
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


@settings(max_examples=15, deadline=None)  # multipletests collects garbage: slow
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_it_agrees_with_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_value_that_is_no_p_is_named(p):
    with pytest.raises(ValueError, match=r"p_values\[1\]"):
        holm([0.5, p])
