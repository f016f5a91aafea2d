"""The distributions that the estimators stand on; the only file that imports scipy."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special


def clopper_pearson(hits: float, size: float, alpha: float) -> tuple[float, float]:
    """Both ends of the 1 - alpha interval of a share, 0 <= hits <= size, size > 0.

    low = Beta(hits, size - hits + 1) at alpha/2, high = Beta(hits + 1, size - hits) at 1 - alpha/2
    (Clopper and Pearson 1934); hits and size may be fractional, as an effective sample size is
    (Korn and Graubard 1998). An infinite size is a census: both ends are undefined, do not ask.
    """
    misses = max(size - hits, 0.0)
    low = float(special.betaincinv(hits, misses + 1, alpha / 2)) if hits > 0 else 0.0
    # The complement keeps its digits where alpha is far below 1e-16, as in a search for p.
    high = float(special.betainccinv(hits + 1, misses, alpha / 2)) if misses > 0 else 1.0
    return low, high


def upper_ends(hits: ArrayLike, size: ArrayLike, miss: float) -> NDArray[np.float64]:
    """Clopper-Pearson's upper end of each share, which the truth passes with probability `miss`."""
    hits, size = np.broadcast_arrays(hits, size)
    misses = size - hits
    ends = special.betainccinv(hits + 1, np.where(misses > 0, misses, 1.0), miss)
    return np.asarray(np.where(misses > 0, ends, 1.0), dtype=np.float64)


def binomial_cdf(count: ArrayLike, trials: ArrayLike, share: ArrayLike) -> NDArray[np.float64]:
    """P(X <= count) of X ~ Binomial(trials, share), element by element; 0 where count < 0."""
    count, trials, share = np.broadcast_arrays(count, trials, share)
    below = special.bdtr(np.clip(count, 0, trials), trials, share)
    return np.asarray(np.where(count < 0, 0.0, below), dtype=np.float64)


def binomial_quantile(level: float, trials: int, share: float) -> int:
    """The smallest k with P(X <= k) >= level, X ~ Binomial(trials, share)."""
    guess = float(special.bdtrik(level, trials, share))  # nan where even 0 is enough
    k = min(max(math.ceil(guess), 0), trials) if math.isfinite(guess) else 0
    while k > 0 and special.bdtr(k - 1, trials, share) >= level:
        k -= 1
    while k < trials and special.bdtr(k, trials, share) < level:
        k += 1
    return k


def normal_quantile(level: float) -> float:
    """The z with P(Z <= z) = level."""
    return float(special.ndtri(level))


def normal_cdf(x: ArrayLike) -> NDArray[np.float64]:
    """P(Z <= x), element by element; its digits are kept far into the lower tail."""
    return np.asarray(special.ndtr(x), dtype=np.float64)
