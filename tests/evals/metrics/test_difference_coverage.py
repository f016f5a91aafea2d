"""A reduced simulation, with seeds.

The bound must tell good from bad: two rivals are held to it, and fail.
"""

import numpy as np
import pytest

from evals.metrics.difference import future_difference, paired_difference

from .simulation import coverage, plain_korn_graubard, wald

BOUND = 0.935
HIDDEN = ([0], [1], [200], [240], 2000)  # one item with d = -1 among 240, of which 200 are labelled
RARE = ([3], [0], [60], [6000], 50_000)
CELLS = [
    HIDDEN,
    RARE,
    ([0], [0], [60], [240], 2000),
    ([60], [36], [60], [240], 2000),
    ([18, 9, 4, 1], [10, 5, 3, 1], [90, 50, 35, 25], [450, 300, 200, 150], 3000),
    ([18, 9, 4, 1], [10, 5, 3, 1], [150, 30, 12, 8], [450, 300, 200, 150], 3000),
    ([900, 600, 90, 20], [500, 400, 60, 10], [300, 180, 60, 60], [5000, 4000, 2500, 500], 80_000),
    ([900, 600, 90, 20], [500, 400, 60, 10], [476, 90, 24, 10], [5000, 4000, 2500, 500], 80_000),
    ([20, 8, 0], [0, 4, 10], [20, 20, 20], [3000, 2000, 1000], 50_000),
    ([100, 0, 0], [90, 0, 0], [50, 50, 50], [200, 200, 200], 3000),
]


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_interval_covers(cell):
    assert coverage(paired_difference, *cell)[0] >= BOUND


def test_the_bound_catches_the_textbook_interval():
    assert coverage(wald, *RARE)[0] < 0.1
    assert coverage(wald, *HIDDEN)[0] < BOUND


def test_the_bound_catches_missing_outward_rounding():
    assert coverage(plain_korn_graubard, *HIDDEN)[0] == pytest.approx(0.84, abs=0.03)


def test_neyman_allocation_is_narrower_than_proportional():
    plus, minus, sizes = [16, 12, 60, 80], [4, 6, 30, 40], [400, 300, 200, 200]
    proportional, neyman = [73, 55, 36, 36], [41, 30, 57, 72]
    _, wide = coverage(paired_difference, plus, minus, proportional, sizes, 3000, repeats=400)
    _, narrow = coverage(paired_difference, plus, minus, neyman, sizes, 3000, repeats=400)
    assert narrow < 0.95 * wide


def future_coverage(population, shares, fraction, repeats=600):
    """Windows drawn from traffic with shares (+1, -1, 0 among discrepancies), then labelled."""
    random = np.random.default_rng(5)
    plus, minus, none, _ = random.multinomial(population, [*shares, 1 - sum(shares)], repeats).T
    sizes = plus + minus + none
    sampled = np.maximum(np.round(fraction * sizes).astype(int), 1)
    a = random.hypergeometric(plus, sizes - plus, sampled)
    b = random.hypergeometric(minus, none, sampled - a)
    held = 0
    for row in zip(a, b, sampled, sizes, strict=True):
        e = future_difference(*([int(x)] for x in row), population)
        held += e.low <= shares[0] - shares[1] <= e.high
    return held / repeats


@pytest.mark.parametrize("fraction", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("shares", [(0.04, 0.02, 0.1), (0.002, 0.001, 0.12), (0.1, 0.08, 0.02)])
def test_the_future_interval_covers(shares, fraction):
    assert future_coverage(3000, shares, fraction) >= BOUND


def test_a_census_does_not_cover_the_future():
    worse, better = [120], [60]
    window = paired_difference(worse, better, [500], [500], 3000)
    future = future_difference(worse, better, [500], [500], 3000)
    assert window.high - window.low == 0
    assert future.high - future.low == pytest.approx(2 * 0.0087, rel=0.15)
