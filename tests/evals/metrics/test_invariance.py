"""What must not matter does not: the order of strata, how what is known for sure is cut, which side
is called which. And one more hit moves nothing down."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.metrics.difference import future_difference, paired_difference, paired_p_value
from evals.metrics.rates import stratified_rate
from evals.metrics.severity import severity_difference

BOTH = (paired_difference, future_difference)


@st.composite
def samples(draw):
    """Rows of worse, better, sampled, size; N."""
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        size = draw(st.one_of(st.integers(1, 60), st.integers(1, 10**9)))
        n = draw(st.integers(0, min(size, 500)))
        a = draw(st.integers(0, n))
        rows.append((a, draw(st.integers(0, n - a)), n, size))
    return rows, sum(row[3] for row in rows) + draw(st.integers(0, 10**6))


def columns(rows):
    return [list(column) for column in zip(*rows, strict=True)]


def same(one, other, places=1e-9):
    expected = (other.value, other.low, other.high)
    assert (one.value, one.low, one.high) == pytest.approx(expected, abs=places)


@settings(deadline=None)
@given(samples(), st.randoms())
def test_the_order_of_strata(sample, random):
    rows, population = sample
    shuffled = random.sample(rows, len(rows))
    # An end that lies on a whole number, but for rounding, may be one request further out.
    slack = 1.001 / population
    for function in BOTH:
        same(
            function(*columns(shuffled), population),
            function(*columns(rows), population),
            slack,
        )
    hits, _, n, size = columns(rows)
    mixed = columns(shuffled)
    same(
        stratified_rate(mixed[0], mixed[2], mixed[3], population),
        stratified_rate(hits, n, size, population),
        slack,
    )
    scores = [
        severity_difference([5], [one[0]], [one[1]], one[2], one[3], population)
        for one in (mixed, columns(rows))
    ]
    same(*scores, 10 * slack)


@settings(deadline=None)
@given(samples(), st.integers(1, 40), st.integers(1, 40), st.integers(0, 40))
def test_how_a_census_or_what_nobody_saw_is_cut(sample, one, other, worse):
    rows, population = sample
    population += one + other
    worse = min(worse, one)
    for whole, parts in (
        ((worse, 0, one + other, one + other), [(worse, 0, one, one), (0, 0, other, other)]),
        ((0, 0, 0, one + other), [(0, 0, 0, one), (0, 0, 0, other)]),
    ):
        together = paired_difference(*columns([*rows, whole]), population)
        same(paired_difference(*columns([*rows, *parts]), population), together)
        p = paired_p_value(*columns([*rows, *parts]), population)
        assert p == pytest.approx(paired_p_value(*columns([*rows, whole]), population), rel=1e-6)


@settings(deadline=None)
@given(samples())
def test_one_more_hit_moves_nothing_down(sample):
    """Of a rate in one stratum. Of several, and of a difference, only the value: of labels so few
    that nothing was found less is known than where something was (decision 0007), and where all
    labels are of one sign the two shares are taken to be bound together entirely."""
    rows, population = sample
    for at, (a, b, n, size) in enumerate(rows):
        if a + b == n:
            continue
        more = [*rows[:at], (a + 1, b, n, size), *rows[at + 1 :]]
        before = paired_difference(*columns(rows), population)
        assert paired_difference(*columns(more), population).value >= before.value - 1e-12
        rates = [stratified_rate([x], [n], [size], population) for x in (a, a + 1)]
        assert rates[1].high >= rates[0].high
        assert rates[1].low >= rates[0].low


@settings(deadline=None)
@given(samples(), st.integers(0, 3))
def test_what_is_not_known_only_widens(sample, skipped):
    rows, population = sample
    unknown = [min(skipped, size - n) for _, _, n, size in rows]
    drawn = columns([(a, b, n, size) for a, b, n, size in rows])
    for function in BOTH:
        more = function(*drawn, population, unknown=unknown)
        assert more.low <= more.value <= more.high
    window = paired_difference(*drawn, population, unknown=unknown)
    bounds = [
        sum(a - b for a, b, *_ in rows) + sign * sum(s - n for *_, n, s in rows) for sign in (-1, 1)
    ]
    assert (
        bounds[0] / population - 1e-9 <= window.low <= window.high <= bounds[1] / population + 1e-9
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400), st.data())
def test_one_side_of_an_endless_window_is_scipys_exact_interval(n, data):
    hits = data.draw(st.integers(0, n))
    exact = stats.binomtest(hits, n).proportion_ci(method="exact")
    rate = stratified_rate([hits], [n], [10**9], 10**9)
    assert (rate.low, rate.high) == pytest.approx((exact.low, exact.high), abs=1e-5)


def test_a_billion_requests_are_no_trouble():
    rows = [(3, 1, 100, 4 * 10**8), (0, 0, 50, 10**8), (2, 2, 2 * 10**6, 2 * 10**6)]
    for function in BOTH:
        e = function(*columns(rows), 10**9)
        assert e.low < e.value < e.high
        assert e.value == pytest.approx(2 / 100 * 0.4)
