import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.metrics.looks import boundaries, information, scheduled_looks, spent_by

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]


def test_five_equal_looks_are_the_published_ones():
    # Lan and DeMets 1983, as in Reboussin et al. 2000 (the program ld98) and gsDesign's sfLDOF.
    assert boundaries(FIVE) == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=5e-4)


def test_unequal_looks_are_those_that_gsdesign_prints():
    # The manual of gs_b in gsDesign: alpha 0.025, sfLDOF, timing 0.5, 0.75, 1.
    printed = [2.962588, 2.359018, 2.014084]
    assert boundaries([0.5, 0.75, 1.0]) == pytest.approx(printed, abs=2e-6)


def test_one_look_is_the_usual_quantile():
    assert boundaries([1.0]) == pytest.approx([1.959964], abs=1e-6)
    (look,) = scheduled_looks([400], 400)
    assert look.confidence == pytest.approx(0.95)


@pytest.mark.parametrize("fractions", [[0.3, 0.5, 1.0], [0.6, 0.65, 0.97]])
def test_it_agrees_with_the_multivariate_normal(fractions):
    z = boundaries(fractions, 0.05)
    t = np.array(fractions)
    correlation = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    below = stats.multivariate_normal(np.zeros(3), correlation).cdf(np.array(z))
    assert 1 - below == pytest.approx(spent_by(fractions[-1], 0.05), abs=2e-5)


def test_fourteen_looks_of_a_wiener_process_cross_as_often_as_they_should():
    t = np.arange(1, 15) / 14
    random = np.random.default_rng(3)
    steps = random.standard_normal((100_000, 14)) / math.sqrt(14)
    z = np.cumsum(steps, axis=1) / np.sqrt(t)
    crossed = (z > np.array(boundaries(t.tolist()))).any(axis=1).mean()
    assert crossed == pytest.approx(0.025, abs=0.0015)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=8))
def test_later_looks_do_not_move_earlier_ones(fractions):
    fractions = sorted(fractions)
    z = boundaries(fractions)
    assert boundaries(fractions[:-1]) == z[:-1]
    assert all(one is None or one >= stats.norm.isf(0.025) - 1e-6 for one in z)


def test_a_look_without_new_labels_decides_nothing_and_spends_nothing():
    looks = scheduled_looks([100, 100, 400], 400)
    assert (looks[1].z, looks[1].confidence) == (None, None)
    assert looks[2].z == scheduled_looks([100, 400], 400)[1].z


def test_a_level_that_is_too_near_to_one_decides_nothing():
    first = scheduled_looks([1, 20], 20)[0]
    assert first.z == pytest.approx(9.955, abs=1e-3)
    assert first.confidence is None
    assert scheduled_looks([0], 14)[0].z is None


def test_information_counts_what_is_left():
    assert information(50, 200) == pytest.approx(50 / 0.75)
    assert information(50, math.inf) == 50
    assert information(200, 200) == math.inf
    assert information(0, 200) == information(0, 0.5) == 0
    with pytest.raises(ValueError, match="201 labelled of 200"):
        information(201, 200)


def test_a_census_is_decided_at_its_end_only():
    reached = [information(n, 200) for n in (50, 150, 200)]
    looks = scheduled_looks(reached, information(200, 200))
    assert [look.z for look in looks[:2]] == [None, None]
    assert looks[2].confidence == pytest.approx(0.95)


@pytest.mark.parametrize("reached", [[10, 5], [-1], [41], [math.nan]])
def test_information_that_cannot_be_is_named(reached):
    with pytest.raises(ValueError, match=r"reached\["):
        scheduled_looks(reached, 40)


def test_a_plan_and_an_alpha_that_cannot_be_are_named():
    with pytest.raises(ValueError, match="plan's information is 0"):
        scheduled_looks([], 0)
    with pytest.raises(ValueError, match=r"alpha is 0\.7"):
        spent_by(1, 0.7)
