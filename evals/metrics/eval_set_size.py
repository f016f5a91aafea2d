"""What difference an eval set of a given size can detect."""

import numpy as np
from numpy.typing import NDArray

from evals.metrics.distributions import binomial_cdf, binomial_quantile
from evals.metrics.strata import Array, check_confidence

Integers = NDArray[np.integer]

UNLIKELY = 1e-10  # numbers of discordant pairs outside these tails are left out
HALVINGS = 40


def detectable_difference(
    n: int, discordant: float, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The smallest difference in error rates that n paired examples detect with that power.

    discordant: the share of examples on which exactly one of the two models is wrong, above 0.
    The test is the two-sided exact McNemar; its power at difference x is the sum over m discordant
    pairs, m ~ Bin(n, discordant), of P(rejected), each going against the candidate with probability
    (discordant + x) / (2 discordant): the exact form of Connor (1987). In shares (0.05 is 5
    points).
    None where not even the largest possible difference, `discordant` itself, is detected.
    ValueError for n < 1, or shares outside (0, 1].
    """
    check_confidence(confidence)
    check_confidence(power)
    if not (n >= 1 and n % 1 == 0):
        raise ValueError(f"n is {n}: an eval set has a whole number of examples, at least one")
    if not 0 < discordant <= 1:
        raise ValueError(f"discordant is {discordant}: a share above 0, at most 1")
    first = binomial_quantile(UNLIKELY, n, discordant)
    pairs = np.arange(first, binomial_quantile(1 - UNLIKELY, n, discordant) + 1)
    chance = binomial_cdf(pairs, n, discordant) - binomial_cdf(pairs - 1, n, discordant)
    alpha = 1 - confidence
    critical = np.array([binomial_quantile(alpha / 2, int(m), 0.5) - 1 for m in pairs])

    def detects(difference: float) -> bool:
        against = (discordant + difference) / (2 * discordant)
        return _power(pairs, chance, critical, against) >= power

    if not detects(discordant):
        return None
    low, high = 0.0, discordant
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if detects(middle) else (middle, high)
    return high


def _power(pairs: Integers, chance: Array, critical: Integers, against: float) -> float:
    rejected = binomial_cdf(critical, pairs, against) + binomial_cdf(critical, pairs, 1 - against)
    return float(chance @ rejected)
