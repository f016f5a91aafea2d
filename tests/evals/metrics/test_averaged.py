import csv
import json
import math
import os
from collections import Counter
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from evals.metrics.difference import future_difference, paired_difference, paired_p_value
from evals.metrics.planning import labels_needed
from evals.metrics.rates import stratified_rate
from evals.metrics.severity import (
    future_severity_difference,
    severity_difference,
    severity_score,
)
from tests.evals.metrics.mean_over_raters import mean_over_raters

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
        name: fmean(mine)
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
    """One kind a weight and a number of times: their sum is the score, and the interval is near
    that of the normal theory, which five hundred segments are enough for."""
    per_item = {"ref": {}, "Facebook-AI": {}}
    for row in mqm[0]:
        if row["system"] in per_item:
            found = per_item[row["system"]].setdefault(int(row["seg_id"]), Counter())
            found[points(row)] += 1
    sides = [Counter(), Counter()]
    for side, items in zip(sides, per_item.values(), strict=True):
        for found in items.values():
            side.update((v, k + 1) for v, times in found.items() if v for k in range(times))
    kinds = sorted({*sides[0], *sides[1]})
    rows = [[[side[kind]] for kind in kinds] for side in sides]
    n, weights = len(per_item["ref"]), [v for v, _ in kinds]
    arguments = (weights, rows[1], rows[0], [n], [n], n)
    window = severity_difference(*arguments, kinds=weights)
    later = future_severity_difference(*arguments, kinds=weights)
    scores = segment_scores(mqm[0])
    d = [scores["Facebook-AI", at] - scores["ref", at] for at in per_item["ref"]]
    assert window.low == window.high == pytest.approx(fmean(d))
    low, high = DescrStatsW(d).tconfint_mean()
    assert later.low < low < high < later.high
    assert (later.high - later.low) / (high - low) < 1.35


def test_a_hand_worked_mean_over_raters():
    scores = mean_over_raters("aaabb", ["x", "x", "y", "x", "y"], [5, 1, 0, 0.1, 1])
    assert scores == {"a": 3.0, "b": pytest.approx(0.55)}


@st.composite
def samples(draw):
    """d of labelled items in a few strata, each a mean over one to four raters; sizes; N."""
    rows, sizes = [], []
    for _ in range(draw(st.integers(1, 3))):
        row = []
        for _ in range(draw(st.integers(1, 12))):
            raters = draw(st.integers(1, 4))
            row.append(draw(st.integers(-raters, raters)) / raters)
        rows.append(row)
        sizes.append(len(row) + draw(st.integers(0, 40)))
    return rows, sizes, sum(sizes) + draw(st.integers(0, 50))


def columns(rows):
    worse = [sum(max(d, 0.0) for d in row) for row in rows]
    better = [sum(max(-d, 0.0) for d in row) for row in rows]
    return worse, better, [len(row) for row in rows]


@settings(deadline=None)
@given(samples())
def test_fractions_are_held_and_ends_are_possible(sample):
    rows, sizes, population = sample
    worse, better, n = columns(rows)
    e = paired_difference(worse, better, n, sizes, population, averaged=True)
    later = future_difference(worse, better, n, sizes, population, averaged=True)
    left = sum(sizes) - sum(n)
    net = sum(worse) - sum(better)
    assert (net - left) / population - 1e-6 <= e.low <= e.value <= e.high
    assert e.high <= (net + left) / population + 1e-6
    assert later.low <= e.low + 1e-12
    assert e.high <= later.high + 1e-12
    p = paired_p_value(worse, better, n, sizes, population, averaged=True)
    assert (p < 0.05) == (e.low > 0 or e.high < 0) or p == pytest.approx(0.05)
    rate = stratified_rate(worse, n, sizes, population, averaged=True)
    assert sum(worse) / population - 1e-6 <= rate.low <= rate.value <= rate.high


def test_whole_sums_are_counts():
    counted = paired_difference([9], [4], [100], [500], 2000)
    assert paired_difference([9.0], [4.0], [100], [500], 2000, averaged=True) == counted
    thirds = [27 * (1 / 3)]
    assert paired_difference(thirds, [4], [100], [500], 2000, averaged=True) == counted


def test_what_cancels_in_a_census_is_nothing():
    third = sum([1 / 3] * 3)
    for function in (paired_difference, future_difference):
        assert function([third], [1], [9], [9], 9, averaged=True).value == 0
    assert paired_p_value([third, 1 / 3], [1, 1 / 3], [9, 9], [9, 9], 18, averaged=True) == 1


def test_a_side_has_a_score_of_its_own():
    # 5 and 12.5 items stand behind each of the two strata's labels.
    weights, found = [1, 25], [[6.5, 2], [1, 0]]
    e = severity_score(weights, found, [60, 40], [300, 500], 2000, averaged=True)
    assert e.value == pytest.approx((6.5 * 5 + 2 * 12.5 + 25 * 5) / 2000)
    assert 0 <= e.low < e.value < e.high
    census = severity_score(weights, found, [60, 40], [60, 40], 2000, averaged=True)
    assert census.low == census.value == census.high == pytest.approx((8.5 + 25) / 2000)
    nothing = severity_score([], [], [60], [300], 2000)
    assert (nothing.low, nothing.value, nothing.high) == (0, 0, 0)


def test_what_is_not_known_of_a_side_is_all_or_nothing():
    known = severity_score([5], [[2]], [10], [10], 100)
    e = severity_score([5], [[2]], [10], [14], 100, unknown=[4])
    assert e.low == pytest.approx(known.value)
    assert e.high == pytest.approx((2 + 4) * 5 / 100)
    unseen = severity_score([5], [[2, 0]], [10, 0], [10, 3], 100)
    assert (unseen.low, unseen.high) == pytest.approx((known.value, (2 + 3) * 5 / 100))


def test_labels_are_planned_for_from_fractions():
    counts = ([3.5, 3], [3, 2.5], [30, 50], [3000, 1500], 20_000)
    assert labels_needed(*counts, margin=0.01, budget=4400, averaged=True) > 0


@pytest.mark.parametrize(
    ("worse", "message"), [([-0.5], r"worse\[0\] is -0.5: a sum of shares"), ([math.nan], "nan")]
)
def test_bad_sums_are_named(worse, message):
    with pytest.raises(ValueError, match=message):
        paired_difference(worse, [0], [5], [9], 10, averaged=True)
    with pytest.raises(ValueError, match=r"sampled\[0\] is 5.5: a count is a whole number"):
        paired_difference([0.5], [0], [5.5], [9], 10, averaged=True)


def test_bad_findings_are_named():
    with pytest.raises(ValueError, match="2 raters"):
        mean_over_raters("a", "xy", [1])
    with pytest.raises(ValueError, match=r"points\[0\] is nan"):
        mean_over_raters("a", "x", [math.nan])
