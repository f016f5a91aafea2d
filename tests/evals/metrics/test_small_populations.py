"""Coverage without chance: every sample of every population that is small enough to list."""

from collections import Counter
from functools import cache
from itertools import combinations, product
from math import comb

import pytest
from scipy import stats

from evals.metrics.difference import paired_difference, paired_p_value
from evals.metrics.rates import stratified_rate

LARGEST = 12


@cache
def interval(worse, better, n, size):
    e = paired_difference([worse], [better], [n], [size], size)
    return e.low * size - 1e-9, e.high * size + 1e-9


def samples(plus, minus, n, size):
    """((worse, better), how many of the C(size, n) samples have so many)."""
    none = size - plus - minus
    for a in range(min(plus, n) + 1):
        for b in range(min(minus, n - a) + 1):
            if n - a - b <= none:
                yield (a, b), comb(plus, a) * comb(minus, b) * comb(none, n - a - b)


def populations(size):
    return [(p, m) for p in range(size + 1) for m in range(size + 1 - p)]


def covered(plus, minus, n, size):
    held = sum(
        times
        for (a, b), times in samples(plus, minus, n, size)
        if interval(a, b, n, size)[0] <= plus - minus <= interval(a, b, n, size)[1]
    )
    return held / comb(size, n)


def test_the_samples_are_all_there_are():
    d = [1, 1, -1, 0, 0, 0, 0]
    listed = Counter((one.count(1), one.count(-1)) for one in combinations(d, 3))
    assert listed == dict(samples(2, 1, 3, 7))


@pytest.mark.parametrize("size", [*range(1, LARGEST + 1), 15, 17, 20])
def test_one_stratum_is_covered_whatever_is_in_it(size):
    """Every number of labels, every population: 12 items can be +1, -1 or 0 in 531,441 ways."""
    cells = [
        covered(plus, minus, n, size)
        for n in range(1, size + 1)
        for plus, minus in populations(size)
    ]
    assert min(cells) >= 0.942
    assert sum(one < 0.95 for one in cells) <= 0.001 * len(cells)
    assert sum(cells) / len(cells) >= 0.99


def test_one_item_that_nobody_saw_may_be_the_other_way():
    """Of nine, one is worse and eight are better: a sample of eight misses it one time in nine."""
    assert covered(1, 8, 8, 9) == 1
    assert interval(0, 8, 8, 9)[1] >= -7 > interval(0, 9, 9, 9)[1]


def test_two_strata_are_covered_everywhere():
    cells = []
    for sizes, n in [((4, 6), (2, 2)), ((5, 5), (2, 3)), ((3, 7), (3, 2)), ((2, 8), (1, 4))]:
        for one, other in product(populations(sizes[0]), populations(sizes[1])):
            truth, held = one[0] - one[1] + other[0] - other[1], 0
            for (x, t), (y, u) in product(
                samples(*one, n[0], sizes[0]), samples(*other, n[1], sizes[1])
            ):
                low, high = together(x, y, n, sizes)
                held += t * u * (low <= truth <= high)
            cells.append(held / comb(sizes[0], n[0]) / comb(sizes[1], n[1]))
    assert sum(cells) / len(cells) >= 0.99
    assert min(cells) >= 0.95


@cache
def together(x, y, n, sizes):
    e = paired_difference([x[0], y[0]], [x[1], y[1]], list(n), list(sizes), sum(sizes))
    return e.low * sum(sizes) - 1e-9, e.high * sum(sizes) + 1e-9


@pytest.mark.parametrize("size", [5, 8, 12])
def test_the_test_rejects_hardly_more_often_than_it_says(size):
    """At a level of 0.2 of a few labels, where nearly all differ."""
    for n in range(1, size):
        for plus, minus in populations(size):
            if plus != minus:
                continue
            for level, slack in ((0.05, 0.031), (0.2, 0.051)):
                rejected = sum(
                    times
                    for (a, b), times in samples(plus, minus, n, size)
                    if p_value(a, b, n, size) < level
                )
                assert rejected / comb(size, n) <= level + slack


@cache
def p_value(worse, better, n, size):
    return paired_p_value([worse], [better], [n], [size], size)


@pytest.mark.parametrize("size", [6, 12])
def test_rates_of_one_side_are_covered(size):
    for n, hits in product(range(1, size + 1), range(size + 1)):
        held = sum(
            stats.hypergeom.pmf(a, size, hits, n)
            for a in range(max(0, n - size + hits), min(hits, n) + 1)
            if rate(a, n, size)[0] <= hits <= rate(a, n, size)[1]
        )
        assert held >= 0.95


@cache
def rate(hits, n, size):
    e = stratified_rate([hits], [n], [size], size)
    return e.low * size - 1e-9, e.high * size + 1e-9
