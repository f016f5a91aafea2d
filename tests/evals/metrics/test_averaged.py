import csv
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from evals.metrics.averaged import averaged_mean, mean_over_raters

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def mqm():
    folder = Path(os.environ.get("CROSSCHECK_SHARED_DATA", SHARED)) / "mqm_ende"
    if not folder.exists():
        pytest.skip(f"no published error labels at {folder} (set CROSSCHECK_SHARED_DATA)")
    with (folder / "labels.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    with (folder / "published_segment_scores.tsv").open() as file:
        segments = [line.split() for line in list(file)[1:]]
    published = json.loads((folder / "published_scores.json").read_text())["scores"]
    return rows, segments, published


def points(row):
    if row["category"].startswith("Non-translation"):
        return 25.0
    if row["severity"] == "Minor":
        return 0.1 if row["category"] == "Fluency/Punctuation" else 1.0
    return 5.0 if row["severity"] == "Major" else 0.0


def segment_scores(rows):
    items = [(row["system"], int(row["seg_id"])) for row in rows]
    return mean_over_raters(items, [row["rater"] for row in rows], [points(row) for row in rows])


def test_it_is_the_published_score_of_each_system(mqm):
    rows, _, published = mqm
    assert len(rows) == 8435
    scores = segment_scores(rows)
    systems = {
        name: averaged_mean([mine], [len(mine)], len(mine)).this_window.value
        for name in published
        for mine in [[score for (system, _), score in scores.items() if system == name]]
    }
    assert len(systems) == 14
    assert systems == {name: pytest.approx(score, abs=0.01) for name, score in published.items()}
    ranking = sorted(systems, key=systems.get)
    assert ranking == sorted(published, key=published.get)


def test_it_is_the_published_score_of_each_segment(mqm):
    rows, segments, _ = mqm
    scores = segment_scores(rows)
    given = {
        ("ref" if system == "ref-A" else system, int(at)): -float(score)
        for system, score, at in segments
        if score != "None"
    }
    assert given.keys() == scores.keys()
    assert all(scores[key] == pytest.approx(score, abs=1e-5) for key, score in given.items())


def test_a_human_translation_beats_a_system_in_the_published_labels(mqm):
    scores = segment_scores(mqm[0])
    both = [at for (name, at) in scores if name == "ref" and ("Facebook-AI", at) in scores]
    d = [scores["Facebook-AI", at] - scores["ref", at] for at in both]
    result = averaged_mean([d], [len(d)], len(d))
    theirs = DescrStatsW(d).tconfint_mean()
    assert (result.traffic.low, result.traffic.high) == pytest.approx(theirs, abs=1e-3)
    assert result.this_window.low == result.this_window.high


def test_a_hand_worked_mean_over_raters():
    scores = mean_over_raters("aaabb", ["x", "x", "y", "x", "y"], [5, 1, 0, 0.1, 1])
    assert scores == {"a": 3.0, "b": pytest.approx(0.55)}


def test_one_stratum_of_a_large_window_is_students_interval():
    values = np.random.default_rng(1).exponential(2, 30)
    result = averaged_mean([values], [10**9], 10**9)
    low, high = DescrStatsW(values).tconfint_mean()
    assert (result.this_window.low, result.this_window.high) == pytest.approx((low, high))
    assert result.freedom == 29


def test_a_hand_worked_stratified_mean():
    # W = 0.3 and 0.04, means 2 and 1, variances 1 and 2, fractions 0.1 and 0.5.
    result = averaged_mean([[1, 2, 3], [0, 2]], [30, 4], 100)
    v = 0.09 * 0.9 * 1 / 3 + 0.04**2 * 0.5 * 2 / 2
    assert result.this_window.value == pytest.approx(0.3 * 2 + 0.04 * 1)
    reach = result.this_window.high - result.this_window.value
    freedom = v**2 / ((0.027) ** 2 / 2 + 0.0008**2 / 1)
    assert result.freedom == pytest.approx(freedom)
    assert reach == pytest.approx(stats.t.ppf(0.975, freedom) * v**0.5)


@pytest.mark.parametrize(
    ("values", "sizes"), [([[1.0]], [3]), ([[]], [3]), ([[1, 2], []], [5, 3]), ([[2, 2, 2]], [9])]
)
def test_what_nothing_bounds_is_unbounded(values, sizes):
    window = averaged_mean(values, sizes, 100).this_window
    assert (window.low, window.high) == (-math.inf, math.inf)


def test_a_census_is_exact_for_the_window_alone():
    result = averaged_mean([[1, 0, 0.5], [2]], [3, 1], 10)
    assert result.this_window.low == result.this_window.value == result.this_window.high == 0.35
    assert result.traffic.low < 0.35 < result.traffic.high
    assert averaged_mean([], [], 10).this_window.high == 0
    assert averaged_mean([], [], 10).traffic.high == math.inf


@pytest.mark.parametrize("draws", [20, 60])
def test_the_intervals_cover(draws):
    random = np.random.default_rng(8)
    held = later = 0
    for _ in range(500):
        window = [random.gamma(0.6, 2, 300) - random.gamma(0.5, 2, 300), random.gamma(1, 1, 100)]
        drawn = [window[0][:draws], window[1][: draws // 2]]
        result = averaged_mean(drawn, [300, 100], 1000)
        truth = sum(float(stratum.sum()) for stratum in window) / 1000
        held += result.this_window.low <= truth <= result.this_window.high
        later += result.traffic.low <= 0.3 * 0.2 + 0.1 <= result.traffic.high
    assert held / 500 >= 0.92
    assert later / 500 >= 0.92


@given(st.lists(st.lists(st.floats(-25, 25), max_size=8), max_size=4), st.integers(0, 9))
def test_the_value_is_inside_and_nothing_is_nan(values, more):
    sizes = [len(row) + more for row in values]
    result = averaged_mean(values, sizes, sum(sizes) + 1)
    for e in (result.this_window, result.traffic):
        assert e.low <= e.value <= e.high


@pytest.mark.parametrize(
    ("values", "sizes", "message"),
    [
        ([[1, 2]], [1], r"values\[0\] has 2 items"),
        ([[1, math.nan]], [3], r"values\[0\]\[1\]"),
        ([[1]], [], "1 strata and 0 sizes"),
    ],
)
def test_bad_input_is_named(values, sizes, message):
    with pytest.raises(ValueError, match=message):
        averaged_mean(values, sizes, 10)


def test_bad_findings_are_named():
    with pytest.raises(ValueError, match="2 raters"):
        mean_over_raters("a", "xy", [1])
    with pytest.raises(ValueError, match=r"points\[0\] is nan"):
        mean_over_raters("a", "x", [math.nan])
