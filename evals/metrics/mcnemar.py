"""The exact test of a paired difference, for a single stratum of which little was sampled."""

from evals.metrics.distributions import binomial_cdf
from evals.metrics.strata import read_counts


def mcnemar_exact(worse: int, better: int) -> float:
    """Two-sided p of worse = better among discordant pairs: min(1, 2 P(X <= min)), X ~ Bin(n, 1/2).

    worse, better: numbers of pairs with d = +1 and d = -1, n their sum; without any, p is 1.
    Source: McNemar 1947, in its exact conditional form. ValueError for what is no count.
    """
    read_counts(worse=[worse], better=[better])
    return min(1.0, 2 * float(binomial_cdf(min(worse, better), worse + better, 0.5)))
