from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from evals.metrics.benjamini_hochberg import benjamini_hochberg
from evals.metrics.difference import paired_difference, paired_p_value
from evals.metrics.shrinkage import drawn_together
from evals.metrics.slices import SliceCounts, between_variance, compare_slices


def one(worse, better, sampled=60, size=400, population=1000):
    return SliceCounts([worse], [better], [sampled], [size], population)


FIVE = {"de": one(20, 2), "en": one(4, 3), "fr": one(3, 4), "it": one(2, 6), "pl": one(5, 3)}


def test_a_slice_by_itself_is_the_paired_difference_with_its_own_weights():
    counts = SliceCounts([9, 1], [2, 1], [40, 20], [300, 500], 2000)
    result = compare_slices({"de": counts}).ranked[0]
    arguments = ([9, 1], [2, 1], [40, 20], [300, 500], 2000)
    assert result.difference == paired_difference(*arguments)
    assert result.p_harm == paired_p_value(*arguments) / 2
    assert result.labels == 60


def test_the_most_harmed_comes_first_and_is_flagged():
    result = compare_slices(FIVE)
    assert result.ranked[0].name == "de"
    assert [row.name for row in result.ranked if row.flagged] == ["de"]
    assert [row.p_harm for row in result.ranked] == sorted(row.p_harm for row in result.ranked)
    assert result.ranked[-1].name == "it"


def test_slices_are_drawn_towards_their_mean():
    result = compare_slices(FIVE)
    for row in result.ranked:
        ends = sorted([row.difference.value, result.mean])
        assert ends[0] - 1e-12 <= row.shrunk.value <= ends[1] + 1e-12
        assert row.shrunk.low < row.shrunk.value < row.shrunk.high


def test_slices_that_only_differ_by_chance_are_drawn_nearly_all_the_way():
    """The more there are, for three tell little of how far slices may differ."""
    left = []
    for times in (1, 10):
        counts = {f"{i}{k}": one(*k) for i in range(times) for k in ((4, 3), (3, 3), (4, 4))}
        same = compare_slices(counts)
        assert same.between == 0
        row = next(row for row in same.ranked if row.name == "0(4, 3)")
        left.append((row.shrunk.value - same.mean) / (row.difference.value - same.mean))
    assert 0.4 < left[0] < 0.7
    assert 0 < left[1] < 0.2


def test_three_slices_are_hardly_surer_together_than_apart():
    three, many = (
        compare_slices({f"{i}{k}": one(*k) for i in range(times) for k in ((9, 3), (3, 3), (2, 6))})
        for times in (1, 6)
    )
    widths = [
        np.mean([(row.shrunk.high - row.shrunk.low) for row in found.ranked])
        / np.mean([row.difference.high - row.difference.low for row in found.ranked])
        for found in (three, many)
    ]
    assert widths[1] < 0.85
    assert widths[1] < widths[0] < 1


def test_what_is_drawn_together_is_the_posterior_of_its_model():
    """Against a sum over a fine grid of deviations and normal draws of each."""
    values, v = np.array([0.2, 0.05, -0.02, 0.04]), np.array([0.004, 0.002, 0.003, 0.002])
    found = drawn_together(values, v, v, ["a"] * 4, 1.0, 0.9)
    random, deviations = np.random.default_rng(1), np.linspace(0.0005, 1, 2000)
    w = 1 / (deviations[:, None] ** 2 + v)
    mean = (w * values).sum(1) / w.sum(1)
    likely = np.exp(-0.5 * (w * (values - mean[:, None]) ** 2).sum(1))
    likely *= np.sqrt(w.prod(1) / w.sum(1))
    t = random.choice(deviations, 400_000, p=likely / likely.sum())
    w = 1 / (t[:, None] ** 2 + v)
    m = (w * values).sum(1) / w.sum(1) + random.normal(size=len(t)) / np.sqrt(w.sum(1))
    keep = t[:, None] ** 2 * w
    theta = (
        m[:, None] + keep * (values - m[:, None]) + np.sqrt(keep * v) * random.normal(size=w.shape)
    )
    assert found.centre == pytest.approx(theta.mean(0), abs=0.002)
    low, high = np.quantile(theta, [0.05, 0.95], axis=0)
    assert (*found.low, *found.high) == pytest.approx((*low, *high), abs=0.003)


def test_a_slice_with_more_findings_than_the_others_is_less_sure():
    quiet = {str(i): one(2, 1) for i in range(6)}
    rows = compare_slices({**quiet, "loud": one(24, 22)}).ranked
    widths = {row.name: row.shrunk.high - row.shrunk.low for row in rows}
    assert widths["loud"] > 1.2 * widths["0"]


def test_a_census_stays_where_it_is():
    counts = {"whole": SliceCounts([40], [0], [50], [50], 100), **FIVE}
    row = next(row for row in compare_slices(counts).ranked if row.name == "whole")
    assert (row.shrunk.low, row.shrunk.value, row.shrunk.high) == pytest.approx((0.4, 0.4, 0.4))


def test_pairs_that_count_without_a_label_are_no_labels():
    whole = {"sizes": [400, 500], "population": 1000, "assumed": 500}
    few = SliceCounts([1, 0], [0, 0], [3, 500], **whole)
    enough = SliceCounts([4, 0], [1, 0], [60, 500], **whole)
    result = compare_slices({**FIVE, "few": few, "enough": enough})
    assert result.too_few == {"few": 3}
    row = next(row for row in result.ranked if row.name == "enough")
    assert row.labels == 60
    assert row.difference.value == pytest.approx(3 * 400 / 60 / 1000)


def test_they_make_no_mean_of_two_families_less_certain():
    """A label is in a slice of both families however many pairs of one count without any."""
    own = [replace(one(4, 3), family="a"), replace(one(3, 4), family="b")]
    more = replace(
        own[0], worse=[4, 0], better=[3, 0], sampled=[60, 600], sizes=[400, 600], assumed=600
    )
    widths = [
        [row.shrunk.high - row.shrunk.low for row in compare_slices({"a": a, "b": own[1]}).ranked]
        for a in (own[0], more)
    ]
    assert sorted(widths[0]) == pytest.approx(sorted(widths[1]))


def test_too_few_labels_are_said_and_not_estimated():
    result = compare_slices({**FIVE, "mt": one(5, 0, sampled=29)})
    assert result.too_few == {"mt": 29}
    assert "mt" not in [row.name for row in result.ranked]
    nothing = compare_slices({})
    assert (nothing.ranked, nothing.mean, nothing.between) == ([], None, None)


def test_the_variance_between_slices_is_dersimonian_and_lairds():
    values, variances = np.array([0.1, 0.4, 0.35, -0.1]), np.array([0.01, 0.02, 0.005, 0.03])
    theirs = combine_effects(values, variances, method_re="dl")
    assert between_variance(values, variances) == pytest.approx(theirs.tau2)


def test_a_label_that_is_in_a_slice_of_every_family_counts_once():
    """Three attributes of one traffic without any true difference between their values: what is
    drawn together is as sure as all the labels, and not as three times as many."""
    generator = np.random.default_rng(7)
    labels, requests, truth = 360, 36_000, 0.05
    covered = []
    for _ in range(200):
        d = generator.choice([1, 0, -1], labels, p=[0.1, 0.85, 0.05])
        counts = {}
        for family in ("tier", "locale", "channel"):
            of = generator.integers(3, size=labels)
            for value in range(3):
                own = d[of == value]
                four = ([(own > 0).sum()], [(own < 0).sum()], [len(own)], [requests // 3])
                counts[f"{family} {value}"] = SliceCounts(*four, requests // 3, family=family)
        rows = compare_slices(counts).ranked
        covered.append(np.mean([row.shrunk.low <= truth <= row.shrunk.high for row in rows]))
    assert np.mean(covered) > 0.93


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_adjustment_is_scipys(p_values):
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values))


def test_a_p_value_that_is_none_is_named():
    with pytest.raises(ValueError, match=r"p_values\[1\] is 1\.2"):
        benjamini_hochberg([0.1, 1.2])


def test_shrunk_values_miss_by_less_and_few_flags_are_false():
    random = np.random.default_rng(6)
    raw = shrunk = 0.0
    false, flagged = [], 0
    for _ in range(60):
        harm = np.where(random.random(12) < 0.25, 0.12, 0.0)
        plus = random.binomial(500, 0.04 + harm)
        minus = random.binomial(500 - plus, 0.04)
        a = random.hypergeometric(plus, 500 - plus, 100)
        b = random.hypergeometric(minus, 500 - plus - minus, 100 - a)
        result = compare_slices(
            {str(i): one(int(a[i]), int(b[i]), 100, 500, 500) for i in range(12)}
        )
        truth = {str(i): (plus[i] - minus[i]) / 500 for i in range(12)}
        for row in result.ranked:
            raw += (row.difference.value - truth[row.name]) ** 2
            shrunk += (row.shrunk.value - truth[row.name]) ** 2
        picked = [truth[row.name] for row in result.ranked if row.flagged]
        flagged += len(picked)
        false.append(sum(one <= 0 for one in picked) / max(len(picked), 1))
    assert shrunk < 0.9 * raw
    assert flagged > 60
    assert np.mean(false) <= 0.1


def test_every_label_worse_is_no_error():
    found = compare_slices({"de": one(60, 0), "en": one(60, 0)})
    assert all(row.shrunk.low < row.shrunk.value < row.shrunk.high for row in found.ranked)
