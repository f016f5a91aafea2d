import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from evals.metrics.mcnemar import mcnemar_exact


def test_hand_worked_values():
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(5, 0) == 2 / 2**5
    assert mcnemar_exact(4, 1) == pytest.approx(2 * (1 + 5) / 2**5)
    assert mcnemar_exact(3, 3) == 1.0


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_it_agrees_with_statsmodels(worse, better):
    table = [[10, worse], [better, 10]]
    other = mcnemar(table, exact=True).pvalue if worse + better else 1.0
    assert mcnemar_exact(worse, better) == pytest.approx(other, abs=1e-12)


def test_a_negative_count_is_named():
    with pytest.raises(ValueError, match=r"worse\[0\] is -1"):
        mcnemar_exact(-1, 3)
