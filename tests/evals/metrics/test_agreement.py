import json
import os
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats import inter_rater

from evals.metrics.agreement import (
    alpha_interval,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
)

LEVELS = ["nominal", "ordinal", "interval", "ratio"]
SHARED = Path(__file__).parents[4] / "shared" / "data"
# Two raters, ten items: po = 0.7, pe = 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
FIRST = ["a"] * 5 + ["b"] * 5
SECOND = ["a", "a", "a", "a", "b", "b", "b", "b", "a", "a"]


@pytest.fixture(scope="module")
def published():
    path = Path(os.environ.get("CROSSCHECK_SHARED_DATA", SHARED)) / "agreement" / "canonical.json"
    if not path.exists():
        pytest.skip(f"no published rating tables at {path} (set CROSSCHECK_SHARED_DATA)")
    return json.loads(path.read_text())


def as_printed(value, printed):
    return round(value, len(str(printed).split(".")[1])) == printed


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_is_krippendorffs_own(published, level):
    table = published["krippendorff_2011_4coders_12units"]
    raters = list(zip(*table["ratings"], strict=True))
    assert as_printed(krippendorff_alpha(raters, level), table["published"][f"alpha_{level}"])


def test_fleiss_kappa_is_the_worked_example(published):
    table = published["fleiss_wikipedia_10x14"]
    assert as_printed(fleiss_kappa(table["counts"]), table["published"]["fleiss_kappa"])


@pytest.mark.parametrize("name", ["cont3x3abstractors", "cont4x4diagnosis"])
def test_cohen_kappa_is_that_of_another_program(published, name):
    table = published[f"irrCAC_table_{name}"]
    pairs = [
        (row, column)
        for row, counts in enumerate(table["table"])
        for column, count in enumerate(counts)
        for _ in range(count)
    ]
    assert as_printed(cohen_kappa(*zip(*pairs, strict=True)), table["irrCAC_run"]["cohen"])


@pytest.mark.parametrize("name", ["5observers", "g1g2", "gender"])
def test_alpha_with_gaps_is_that_of_another_program(published, name):
    table = published[f"irrCAC_raw_{name}"]
    raters = list(zip(*table["ratings"], strict=True))
    printed = table["irrCAC_run"]["krippendorff_nominal"]
    assert krippendorff_alpha(raters) == pytest.approx(printed, abs=1e-6)


def test_hand_worked_kappas():
    assert cohen_kappa(FIRST, SECOND) == pytest.approx((0.7 - 0.5) / 0.5)
    assert fleiss_kappa([[2, 0], [0, 2], [1, 1]]) == pytest.approx((2 / 3 - 1 / 2) / (1 / 2))


def test_gaps_are_left_out():
    assert cohen_kappa([*FIRST, None, "a"], [*SECOND, "b", None]) == cohen_kappa(FIRST, SECOND)
    gap = krippendorff_alpha([[*FIRST, None], [*SECOND, "b"], [None] * 11])
    assert gap == krippendorff_alpha([FIRST, SECOND])
    assert krippendorff_alpha([[1, 2, float("nan")], [1, 2, 1]]) == 1.0


@pytest.mark.parametrize("ratings", [[], [[]], [[1, 1], [1, 1]], [[1, None], [None, 2]], [[1, 2]]])
def test_undefined_is_none(ratings):
    assert krippendorff_alpha(ratings) is None
    assert alpha_interval(ratings) is None


def test_undefined_kappas_are_none():
    assert cohen_kappa([], []) is None
    assert cohen_kappa(["a", "a"], ["a", "a"]) is None
    assert fleiss_kappa([]) is None
    assert fleiss_kappa([[3, 0], [3, 0]]) is None


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="level is 'metric'"):
        krippendorff_alpha([[1], [2]], "metric")
    with pytest.raises(ValueError, match=r"rows of \[1, 2\]"):
        krippendorff_alpha([[1], [2, 3]])
    with pytest.raises(ValueError, match="'a' is not a number"):
        krippendorff_alpha([["a"], ["b"]], "ordinal")
    with pytest.raises(ValueError, match="-1 is negative"):
        krippendorff_alpha([[-1], [2]], "ratio")
    with pytest.raises(ValueError, match="got 1 and 2"):
        cohen_kappa(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="item 1 has 2"):
        fleiss_kappa([[3, 0], [1, 1]])


tables = st.integers(2, 12).flatmap(
    lambda items: st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=items, max_size=items),
        min_size=2,
        max_size=5,
    )
)


@settings(max_examples=60, deadline=None)
@given(tables, st.sampled_from(LEVELS))
def test_alpha_agrees_with_an_independent_implementation(ratings, level):
    mine = krippendorff_alpha(ratings, level)
    if mine is not None:
        data = np.array(ratings, dtype=float)
        other = krippendorff.alpha(reliability_data=data, level_of_measurement=level)
        assert mine == pytest.approx(other, abs=1e-9)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # statsmodels' own z
@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=2, max_size=30))
def test_kappas_agree_with_statsmodels(pairs):
    a, b = zip(*pairs, strict=True)
    table = np.zeros((4, 4))
    np.add.at(table, (list(a), list(b)), 1)
    mine = cohen_kappa(a, b)
    if mine is not None:
        assert mine == pytest.approx(inter_rater.cohens_kappa(table).kappa, abs=1e-9)
    counts, _ = inter_rater.aggregate_raters(np.array(pairs))
    if fleiss_kappa(counts) is not None:
        assert fleiss_kappa(counts) == pytest.approx(inter_rater.fleiss_kappa(counts), abs=1e-9)


def test_the_interval_is_reproducible_and_narrows_with_items():
    random = np.random.default_rng(4)
    truth = random.integers(0, 2, 400)
    raters = [np.where(random.random(400) < 0.1, 1 - truth, truth).tolist() for _ in range(3)]
    few = alpha_interval([row[:60] for row in raters], resamples=300)
    many = alpha_interval(raters, resamples=300)
    assert many == alpha_interval(raters, resamples=300)
    assert many.low < many.value < many.high
    assert many.high - many.low < few.high - few.low
    assert many.low < 0.64 < many.high  # (1 - 2 * 0.1)^2, two values used equally often
