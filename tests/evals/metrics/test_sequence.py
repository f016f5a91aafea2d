import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.metrics.difference import paired_difference
from evals.metrics.sequence import STAKES, confidence_sequence


def reference(signs, size, mean, confidence=0.95):
    """Is `mean` left out? Waudby-Smith and Ramdas 2023 for one stratum, written as they do: capital
    prod(1 + lambda (x - m_t)), m_t the mean of what is left, stakes c / m_t on x in [0, 1]."""
    x = (np.array(signs) + 1) / 2
    m = (mean + 1) / 2
    up, down = np.ones(len(STAKES)), np.ones(len(STAKES))
    for t, one in enumerate(x):
        left = (size * m - x[:t].sum()) / (size - t)
        if not 0 < left < 1:
            return True
        up = up * (1 + STAKES / left * (one - left))
        down = down * (1 - STAKES / (1 - left) * (one - left))
        if max(up.mean(), down.mean()) >= 2 / (1 - confidence):
            return True
    return False


def test_one_stratum_is_the_published_method():
    random = np.random.default_rng(2)
    signs = random.choice([-1, 0, 1], 60, p=[0.1, 0.5, 0.4]).tolist()
    estimate = confidence_sequence(signs, [0] * 60, [200], 200)
    low, high = round(estimate.low * 200), round(estimate.high * 200)
    for end, out in ((low, low - 1), (high, high + 1)):
        assert not reference(signs, 200, end / 200)
        assert reference(signs, 200, out / 200)


def draw(random, populations, draws):
    """Draws by past-dependent chances: a stratum is likelier the more of it was found to differ."""
    queues = [random.permutation(one).tolist() for one in populations]
    left = np.array([len(queue) for queue in queues], dtype=float)
    found = np.ones(len(queues))
    signs, strata, chances = [], [], []
    for _ in range(draws):
        q = left * found / (left @ found)
        h = int(random.choice(len(queues), p=q))
        d = queues[h].pop()
        signs, strata, chances = [*signs, d], [*strata, h], [*chances, q.tolist()]
        left[h] -= 1
        found[h] += 0.2 * abs(d)
    return signs, strata, chances


def held(populations, draws, population, repeats=250, adaptive=True):
    """How often the truth is inside at every time, and inside a 95 % interval looked at each time:
    what was left out once stays out, so the last interval tells of all of them."""
    random = np.random.default_rng(5)
    sizes = [len(one) for one in populations]
    truth = sum(sum(one) for one in populations) / population
    inside, values = 0, []
    for _ in range(repeats):
        signs, strata, chances = draw(random, populations, draws)
        if not adaptive:
            signs, chances = random.permutation(np.concatenate(populations))[:draws].tolist(), None
            strata = [0] * draws
        e = confidence_sequence(
            signs, strata, sizes if adaptive else [sum(sizes)], population, chances=chances
        )
        inside += e.low - 1e-12 <= truth <= e.high + 1e-12
        values.append(e.value)
    return inside / repeats, np.mean(values) - truth


def population_of(plus, minus, none):
    return [1] * plus + [-1] * minus + [0] * none


STRATA = [population_of(40, 10, 150), population_of(6, 2, 292), population_of(0, 1, 199)]


@pytest.mark.parametrize("adaptive", [True, False])
def test_it_covers_at_every_time(adaptive):
    coverage, bias = held(STRATA, 150, 2000, adaptive=adaptive)
    assert coverage >= 0.95
    assert abs(bias) < 0.003


def test_it_is_wider_than_one_look_but_not_twice():
    random = np.random.default_rng(1)
    ratios = []
    for _ in range(20):
        signs = random.permutation(population_of(60, 40, 900))[:400]
        a, b = int((signs == 1).sum()), int((signs == -1).sum())
        fixed = paired_difference([a], [b], [400], [1000], 3000)
        free = confidence_sequence(signs.tolist(), [0] * 400, [1000], 3000)
        ratios.append((free.high - free.low) / (fixed.high - fixed.low))
    assert 1.3 < np.mean(ratios) < 1.9


def test_a_fixed_interval_looked_at_each_time_does_not_cover():
    random = np.random.default_rng(7)
    population = np.array(population_of(40, 40, 320))
    missed = 0
    for _ in range(150):
        signs = random.permutation(population)[:200]
        up, down = np.cumsum(signs == 1), np.cumsum(signs == -1)
        looks = [
            paired_difference([int(up[n])], [int(down[n])], [n + 1], [400], 2000)
            for n in range(9, 200, 10)
        ]
        missed += any(e.low > 0 or e.high < 0 for e in looks)
    assert missed / 150 > 0.1


def test_a_census_is_exact():
    signs = population_of(12, 4, 30)
    estimate = confidence_sequence(signs, [0] * 46, [46], 100)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.08, 0.08, 0.08))


def test_nothing_drawn_knows_nothing():
    for sizes in ([40, 60], []):
        e = confidence_sequence([], [], sizes, 1000)
        assert (e.low, e.value, e.high) == (-sum(sizes) / 1000, 0, sum(sizes) / 1000)


def test_items_without_a_label_are_the_worst_case_at_either_end():
    known = [1, 0, 0, -1, 0, 1] * 10
    unknown = [None if at in (5, 20) else d for at, d in enumerate(known)]
    low, high = ([worst if d is None else d for d in unknown] for worst in (-1, 1))
    args = ([0] * 60, [200], 1000)
    e = confidence_sequence(unknown, *args)
    assert e.low == confidence_sequence(low, *args).low
    assert e.high == confidence_sequence(high, *args).high
    assert e.low <= e.value <= e.high


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=50), st.integers(0, 60))
def test_further_draws_never_widen_it_and_the_other_sign_mirrors_it(signs, more):
    n = len(signs)
    whole = confidence_sequence(signs, [0] * n, [n + more], 200)
    part = confidence_sequence(signs[: n // 2], [0] * (n // 2), [n + more], 200)
    assert part.low <= whole.low <= whole.value <= whole.high <= part.high
    other = confidence_sequence([-d for d in signs], [0] * n, [n + more], 200)
    mirrored = (-other.value, -other.high, -other.low)
    assert (whole.value, whole.low, whole.high) == pytest.approx(mirrored)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signs": [1, 2]}, r"signs\[1\] is 2"),
        ({"strata": [0]}, "2 signs and 1"),
        ({"strata": [0, 3]}, r"strata\[1\] is 3"),
        ({"sizes": [1, 5]}, "nothing was left"),
        ({"population": 3}, "sizes sum to 10"),
        ({"confidence": 0}, "confidence is 0"),
        ({"chances": [[0.5, 0.5]]}, "a row a draw"),
        ({"chances": [[0.5, 0.5], [0.9, 0.2]]}, r"chances\[1\]"),
        ({"chances": [[1.0, 0.0], [0.5, 0.5]]}, r"chances\[0\]"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"signs": [1, 0], "strata": [0, 0], "sizes": [5, 5], "population": 20}
    with pytest.raises(ValueError, match=message):
        confidence_sequence(**(given | change))
