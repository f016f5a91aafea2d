"""Whatever numbers a public function of evals/metrics is given, it gives a documented answer or a
ValueError that says what is wrong: never a nan, a warning, or an exception of another kind."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.metrics import (
    agreement,
    cost,
    eval_set_size,
    flips,
    gold,
    latency,
    looks,
    noise,
    planning,
    sequence,
)
from evals.metrics.benjamini_hochberg import benjamini_hochberg
from evals.metrics.difference import future_difference, paired_difference, paired_p_value
from evals.metrics.drift import drift
from evals.metrics.estimate import Estimate
from evals.metrics.holm import holm
from evals.metrics.mcnemar import mcnemar_exact
from evals.metrics.rates import stratified_rate
from evals.metrics.severity import (
    future_severity_difference,
    severity_difference,
    severity_score,
)
from evals.metrics.slices import SliceCounts, compare_slices
from tests.evals.metrics.mean_over_raters import mean_over_raters

pytestmark = pytest.mark.filterwarnings("error")
quick = settings(deadline=None, max_examples=150)

odd = st.sampled_from([0, 1, 2, 3, 7, 30, 400, 10**9, -1, 1.5, math.nan, math.inf, -math.inf])
good = st.sampled_from([0, 0, 1, 2, 3, 7, 30, 400, 10**9])
count = st.one_of(good, good, good, odd)
level = st.sampled_from([0.5, 0.9, 0.95, 0.999999, 0, 1, -1, math.nan, 2, 1 - 1e-16])
shares = st.one_of(
    st.floats(0, 1), st.sampled_from([0, 1, -0.1, 1.1, math.nan, math.inf, 1e-300, 1e-9])
)
values = st.one_of(
    st.floats(0, 1e6),
    st.sampled_from([0, 1e-300, 1e300, -1, math.nan, math.inf, 5e-324]),
)


def numbers(answer):
    """Every number of an answer."""
    if dataclasses.is_dataclass(answer):
        answer = [getattr(answer, field.name) for field in dataclasses.fields(answer)]
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, (list, tuple)):
        for one in answer:
            yield from numbers(one)
    elif isinstance(answer, (int, float)) and not isinstance(answer, bool):
        yield answer


def estimates(answer):
    if isinstance(answer, Estimate):
        yield answer
    elif dataclasses.is_dataclass(answer):
        for field in dataclasses.fields(answer):
            yield from estimates(getattr(answer, field.name))
    elif isinstance(answer, (list, tuple)):
        for one in answer:
            yield from estimates(one)


def answer(function, *arguments, **more):
    """What it gives, or None where it says what is wrong with its input."""
    try:
        found = function(*arguments, **more)
    except ValueError:
        return None
    assert not any(math.isnan(one) for one in numbers(found)), found
    for one in estimates(found):
        assert one.low <= one.value <= one.high, one
    return found


def column(length, of=count):
    return st.lists(of, min_size=length, max_size=length)


@st.composite
def columns(draw, names=4):
    """Columns a stratum, mostly of one length and mostly in order of size."""
    strata = draw(st.integers(0, 4))
    found = [draw(column(strata)) for _ in range(names)]
    if draw(st.booleans()):  # each within the next, as counts are
        rows = [
            sorted(row, key=lambda x: -1 if math.isnan(x) else x)
            for row in zip(*found, strict=True)
        ]
        found = [list(one) for one in zip(*rows, strict=True)] or found
    if draw(st.integers(0, 9)) == 0:
        found[draw(st.integers(0, names - 1))].append(1)
    return found


@quick
@given(columns(), count, level, st.booleans(), columns(1), values)
def test_differences(given_, population, confidence, means, unknown, effect):
    worse, better, sampled, sizes = given_
    arguments = (worse, better, sampled, sizes, population)
    skipped = unknown[0] or None
    for known in (None, skipped):
        more = {"unknown": known, "averaged": means}
        window = answer(paired_difference, *arguments, confidence, **more)
        later = answer(future_difference, *arguments, confidence, effect, **more)
        p = answer(paired_p_value, *arguments, **more)
        if window:
            assert -1 <= window.low <= window.high <= 1
            assert p is None or 0 <= p <= 1
        if later:
            assert -1 - 1e-9 <= later.low <= later.high <= 1 + 1e-9


@quick
@given(columns(3), count, level, columns(1), st.booleans())
def test_rates(given_, population, confidence, unknown, means):
    more = {"unknown": unknown[0] or None, "averaged": means}
    rate = answer(stratified_rate, *given_, population, confidence, **more)
    assert rate is None or 0 <= rate.low <= rate.high <= 1


@quick
@given(columns(), count, level, st.lists(values, max_size=3), values, st.booleans())
def test_scores(given_, population, confidence, weights, effect, means):
    candidate, baseline, sampled, sizes = given_
    rows = [candidate] * len(weights), [baseline] * len(weights)
    rest = (sampled, sizes, population, confidence)
    answer(severity_difference, weights, *rows, *rest, averaged=means)
    answer(future_severity_difference, weights, *rows, *rest, effect, averaged=means)
    score = answer(severity_score, weights, rows[0], *rest, averaged=means)
    assert score is None or score.low >= 0


@quick
@given(columns(), count, values, odd, level, level)
def test_plans(given_, population, margin, budget, confidence, power):
    more = {"margin": margin, "budget": budget, "confidence": confidence, "power": power}
    needed = answer(planning.labels_needed, *given_, population, **more)
    assert needed is None or 0 <= needed <= budget


@quick
@given(count, shares, shares, level, values)
def test_the_smallest_margin(population, worse, better, confidence, effect):
    found = answer(planning.smallest_margin, population, worse, better, confidence, effect)
    assert found is None or found >= 0


@quick
@given(st.dictionaries(st.text(max_size=2), columns(), max_size=4), count, level, odd)
def test_slices(given_, population, confidence, fewest):
    slices = {name: SliceCounts(*four, population=population) for name, four in given_.items()}
    found = answer(compare_slices, slices, confidence, fewest)
    if found:
        assert all(0 <= one.p_harm <= 1 and 0 <= one.q_harm <= 1 for one in found.ranked)


@quick
@given(st.lists(shares, max_size=8))
def test_adjusted_p_values(given_):
    for function in (holm, benjamini_hochberg):
        found = answer(function, given_)
        if found is not None:
            assert all(p <= q <= 1 for p, q in zip(given_, found, strict=True))


@quick
@given(odd, odd)
def test_mcnemar(worse, better):
    p = answer(mcnemar_exact, worse, better)
    assert p is None or 0 <= p <= 1


bits = st.lists(st.booleans(), max_size=12)


@quick
@given(bits, bits, level)
def test_noise(differs, baseline, confidence):
    for other in (baseline, (baseline + differs)[: len(differs)]):
        found = answer(noise.excess_difference, differs, other, confidence)
        assert found is None or -1 <= found[0].low <= found[0].high <= 1


ratings = st.one_of(
    st.none(), st.integers(-2, 3), st.sampled_from([math.nan, math.inf, 1e300, 0.5, "a"])
)


@quick
@given(
    st.lists(st.lists(ratings, min_size=4, max_size=4), max_size=4),
    st.sampled_from(["nominal", "ordinal", "interval", "ratio", "other"]),
    level,
    st.sampled_from([0, 1, 20]),
)
def test_agreement(rows, scale, confidence, resamples):
    alpha = answer(agreement.krippendorff_alpha, rows, scale)
    interval = answer(agreement.alpha_interval, rows, scale, confidence, resamples)
    if interval:
        assert interval.value == alpha <= 1 + 1e-9
    if len(rows) > 1:
        kappa = answer(agreement.cohen_kappa, *rows[:2])
        assert kappa is None or -1 - 1e-9 <= kappa <= 1 + 1e-9


@quick
@given(st.lists(st.lists(odd, min_size=3, max_size=3), max_size=4))
def test_fleiss(rows):
    kappa = answer(agreement.fleiss_kappa, rows)
    assert kappa is None or kappa <= 1 + 1e-9


@quick
@given(st.lists(values, max_size=8), st.lists(values, max_size=8), level, shares)
def test_latency_and_cost(before, after, confidence, quantile):
    same = [*after, *before][: len(before)]
    for other in (after, same):
        answer(latency.paired_latency, before, other, [quantile], confidence)
        found = answer(cost.paired_cost, before, other, confidence)
        if found:
            for month in (0, 10**6, -1, math.nan):
                answer(cost.projected, found.difference, month)


@quick
@given(bits, bits, st.lists(st.integers(0, 3), max_size=12), level)
def test_gold(found, known, items, confidence):
    known = (known + found)[: len(found)]
    groups = (items + [0] * len(found))[: len(found)]
    for given_items in (None, groups, items):
        one = answer(gold.against_gold, found, known, given_items, confidence)
        if one and one.j:
            assert -1 <= one.j.low <= one.j.high <= 1
            assert answer(gold.held_margin, 0.1, one.j) <= 0.1
    answer(gold.accuracy_by_reviewer, groups, found, confidence)
    answer(gold.held_margin, math.nan, Estimate(0.5, 0.4, 0.6))


@quick
@given(st.lists(st.integers(0, 3), max_size=10), st.lists(ratings, max_size=10), level)
def test_flips(groups, outcomes, confidence):
    same = (outcomes + [1] * len(groups))[: len(groups)]
    for other in (outcomes, same):
        answer(flips.flip_rate, groups, other, confidence)
        answer(flips.compare_flips, groups, other, list(reversed(other)), confidence)


@quick
@given(st.lists(count, max_size=6), values, shares)
def test_looks(reached, planned, alpha):
    found = answer(looks.scheduled_looks, reached, planned, alpha)
    if found:
        assert all(one.confidence is None or 0 < one.confidence < 1 for one in found)
    answer(looks.spent_by, planned, alpha)
    for n in reached:
        answer(looks.information, n, planned)


@quick
@given(odd, shares, level, level)
def test_the_size_of_an_eval_set(n, discordant, confidence, power):
    if n in (10**9,):  # exact, and so as slow as that many examples
        return
    found = answer(eval_set_size.detectable_difference, n, discordant, confidence, power)
    assert found is None or 0 < found <= discordant


@quick
@given(
    st.lists(st.sampled_from([1, -1, 0, None, 2, math.nan]), max_size=8),
    st.lists(st.integers(-1, 2), max_size=8),
    columns(1),
    count,
    level,
)
def test_the_sequence(signs, strata, sizes, population, confidence):
    same = (strata + [0] * len(signs))[: len(signs)]
    for other in (strata, same):
        e = answer(sequence.confidence_sequence, signs, other, sizes[0], population, confidence)
        assert e is None or -1 <= e.low <= e.high <= 1


@quick
@given(st.lists(st.text(max_size=5), max_size=6), st.lists(st.text(max_size=5), max_size=6), odd)
def test_drift(examples, requests, clusters):
    answer(drift, examples, requests, clusters)


@quick
@given(st.lists(st.integers(0, 2), max_size=5), st.lists(values, max_size=5))
def test_means(items, points):
    answer(mean_over_raters, items, items, points)
    answer(mean_over_raters, items, items, (points + [1.0] * len(items))[: len(items)])
