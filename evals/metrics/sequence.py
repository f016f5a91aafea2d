"""An interval that holds at every time at once: it may be looked at after each label, and labelling
may stop or go on for any reason. It is wider than the scheduled one for that."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evals.metrics.estimate import Estimate
from evals.metrics.strata import Array, Counts, check_confidence, check_population, read_counts

#: The parts of its capital that each of the mixture's players stakes on each draw.
STAKES = np.geomspace(0.004, 0.9, 12)

Signs = Sequence[int | None]


def confidence_sequence(
    signs: Signs,
    strata: Sequence[int],
    sizes: Counts,
    population: int,
    confidence: float = 0.95,
    chances: Sequence[Sequence[float]] | None = None,
) -> Estimate:
    """The difference for this window, in shares of N, from draws in the order they were made.

    signs: d of each drawn item, -1, 0 or +1; None where it has no label (skipped: worst case at
    either end). strata: of which stratum each is, an index into `sizes`, all comparisons of each.
    The order is that of the draw, not of answers, and stops before the first item that waits.
    chances: a row a draw, q_h of drawing from stratum h, fixed by what was known before the draw,
    0 for an empty stratum and above 0 for every other; by default in proportion to what is left,
    which makes it a simple random sample of all M = sum(sizes).
    population: N, of which those outside the strata have d = 0.

    Betting without replacement (Waudby-Smith and Ramdas 2023), stratified: with R_h items left in
    h, X = R_h/(q_h M) d has, given the past, the mean mu = m - (sum of d so far)/M if the mean of d
    is m, and |X| <= B = max R_h/(q_h M). A player who stakes c against "m or less" turns 1 into
    1 - c + c (B + X)/(B + mu), and against "m or more" into 1 - c + c (B - X)/(B - mu): a
    martingale if m is true, and monotone in m. An m is left out from the first time that the mean
    of the players' capital reached 2/alpha (Ville), or it was logically impossible. The value is
    the mean of the draws' unbiased estimates, drawn into the interval.
    Costs draws * 12 * log2(2M). No draws: the ends are -M/N and M/N, the value 0.
    ValueError for unequal lengths, a sign that is none, more draws of a stratum than it has,
    chances that are none.
    """
    check_confidence(confidence)
    (size,) = read_counts(sizes=sizes)
    check_population(population, size)
    d, missing, draws = _signs(signs), np.array([s is None for s in signs]), len(signs)
    left = _left(strata, size, draws)
    q = _chances(chances, left)
    total = float(size.sum())
    if not draws or not total:
        return Estimate(0.0, -total / population, total / population)
    at = np.asarray(strata)
    scale = np.divide(left, q * total, out=np.zeros_like(left), where=left > 0)
    own, bound = scale[np.arange(draws), at], scale.max(axis=1)
    remaining = left.sum(axis=1)
    needed = math.log(2 * len(STAKES) / (1 - confidence))
    signs_low, signs_high = np.where(missing, -1.0, d), np.where(missing, 1.0, d)
    low = _end(own * signs_low, signs_low, bound, remaining, total, needed)
    high = -_end(-own * signs_high, -signs_high, bound, remaining, total, needed)
    known = ~missing
    seen = np.cumsum(d) - d
    guesses = (seen + total * own * d)[known]
    value = min(max(float(guesses.mean()) if known.any() else 0.0, low), high)
    return Estimate(value / population, low / population, high / population)


def _end(
    x: Array, signs: Array, bound: Array, remaining: Array, total: float, needed: float
) -> float:
    """The smallest sum of d that no capital was ever large enough to rule out."""
    seen = np.cumsum(signs) - signs
    least = float(signs.sum() - (remaining[-1] - 1))
    most = float(signs.sum() + (remaining[-1] - 1))

    def possible(candidate: float) -> bool:
        mean = (candidate - seen) / total
        if (candidate < seen - remaining).any():
            return False
        base = bound + mean
        odds = np.divide(bound + x, base, out=np.full_like(x, np.inf), where=base > 0)
        odds[(base <= 0) & (bound + x <= 0)] = 1.0
        if np.isinf(odds).any():
            return False
        capital = np.cumsum(np.log1p(STAKES[:, None] * (odds - 1)), axis=1)
        return bool(np.logaddexp.reduce(capital, axis=0).max() < needed)

    low, high = least, most
    while low < high:
        middle = math.floor((low + high) / 2)
        low, high = (low, middle) if possible(middle) else (middle + 1, high)
    return high


def _signs(signs: Signs) -> Array:
    for at, sign in enumerate(signs):
        if sign not in (-1, 0, 1, None):
            raise ValueError(f"signs[{at}] is {sign!r}: it is -1, 0, 1, or None without a label")
    return np.array([sign or 0 for sign in signs], dtype=np.float64)


def _left(strata: Sequence[int], sizes: Array, draws: int) -> Array:
    """Draws x strata, what each stratum has left before the draw."""
    if len(strata) != draws:
        raise ValueError(f"every draw needs its stratum, got {draws} signs and {len(strata)}")
    drawn: NDArray[np.bool_] = np.zeros((draws, len(sizes)), dtype=bool)
    for at, stratum in enumerate(strata):
        if not 0 <= stratum < len(sizes):
            raise ValueError(f"strata[{at}] is {stratum}: there are {len(sizes)}, counted from 0")
        drawn[at, stratum] = True
    left = sizes - (np.cumsum(drawn, axis=0) - drawn)
    if (left[drawn] < 1).any():
        at = int(np.argmax((left < 1)[drawn]))
        raise ValueError(f"strata[{at}] is {strata[at]}, of which nothing was left to draw")
    return np.asarray(left)


def _chances(chances: Sequence[Sequence[float]] | None, left: Array) -> Array:
    if chances is None:
        return np.asarray(left / np.maximum(left.sum(axis=1, keepdims=True), 1))
    q = np.asarray(chances, dtype=np.float64)
    if q.shape != left.shape:
        raise ValueError(f"chances need a row a draw, {left.shape}, got {q.shape}")
    wrong = ((q > 0) != (left > 0)).any(axis=1) | (np.abs(q.sum(axis=1) - 1) > 1e-9)
    if wrong.any():
        raise ValueError(
            f"chances[{int(np.argmax(wrong))}]: they sum to 1, above 0 where something is left"
            " to draw and 0 where nothing is"
        )
    return q
