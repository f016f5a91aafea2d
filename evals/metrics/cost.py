"""What requests cost with either model: per 1,000, and in a month."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics.distributions import normal_quantile
from evals.metrics.estimate import Estimate
from evals.metrics.strata import Array, check_confidence

Costs = Sequence[float] | NDArray[np.floating]
THOUSAND = 1000.0


@dataclass(frozen=True)
class Cost:
    """Per 1,000 requests, in the currency given. difference: candidate - baseline; ratio: candidate
    / baseline, None where the baseline cost nothing. Ends are infinite for a single request."""

    requests: int
    baseline: Estimate
    candidate: Estimate
    difference: Estimate
    ratio: float | None


def projected(per_thousand: Estimate, requests: float) -> Estimate:
    """A cost, or a difference of costs, of that many requests, as a month may have.

    It supposes requests like these; the ends say how well the mean is known, not how a month
    may differ. ValueError for fewer than none.
    """
    if not 0 <= requests < math.inf:
        raise ValueError(f"requests is {requests}: a month has zero or more")
    return _scaled(per_thousand, requests / THOUSAND)


def paired_cost(baseline: Costs, candidate: Costs, confidence: float = 0.95) -> Cost:
    """Mean cost of both models over the same n requests and of the difference, with intervals.

    baseline, candidate: n costs of one request each, in request order. Costs are skewed, so the
    intervals of the means are Hall's (1992), normal after a cubic transformation that takes the
    sample's skewness out; the requests are a sample of traffic like theirs.
    ValueError for unequal lengths, no requests, or a cost that is negative or not finite.
    """
    check_confidence(confidence)
    before, after = _read("baseline", baseline), _read("candidate", candidate)
    if len(before) != len(after) or not len(before):
        raise ValueError(
            f"both have one cost a request, got {len(before)} and {len(after)}; one is the least"
        )
    was, now = float(before.mean()), float(after.mean())
    return Cost(
        len(before),
        _scaled(skewed_mean(before, confidence), THOUSAND),
        _scaled(skewed_mean(after, confidence), THOUSAND),
        _scaled(skewed_mean(after - before, confidence), THOUSAND),
        now / was if was > 0 else None,
    )


def skewed_mean(values: Array, confidence: float) -> Estimate:
    """The mean of values with Hall's interval: mean - s/sqrt(n) g^-1(z), at both z.

    g^-1(z) = (sqrt(n)/k) ((1 + 3 k (z/sqrt(n) - k/(2n)))^(1/3) - 1), k a third of the skewness
    (Hall 1992, On the removal of skewness by transformation). Values that are all alike: no width.
    """
    n, mean = len(values), float(values.mean())
    if (largest := float(np.abs(values).max())) > 1e50:  # whose squares no float holds
        return _scaled(skewed_mean(values / largest, confidence), largest)
    if n == 1:
        return Estimate(mean, -math.inf, math.inf)
    deviation = float(values.std())
    if deviation <= 1e-12 * abs(mean):
        return Estimate(mean, mean, mean)
    k = float((((values - mean) / deviation) ** 3).mean()) / 3
    root, z = math.sqrt(n), normal_quantile((1 + confidence) / 2)
    error = float(values.std(ddof=1)) / root
    ends = [mean - error * _untransformed(x, k, root) for x in (z, -z)]
    return Estimate(mean, min(ends[0], mean), max(ends[1], mean))


def _untransformed(z: float, k: float, root: float) -> float:
    if abs(k) < 1e-9:
        return z
    inside = 1 + 3 * k * (z / root - k / (2 * root**2))
    return root / k * (math.copysign(abs(inside) ** (1 / 3), inside) - 1)


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    if factor == 0:
        return Estimate(0.0, 0.0, 0.0)
    return Estimate(estimate.value * factor, estimate.low * factor, estimate.high * factor)


def _read(name: str, costs: Costs) -> Array:
    array = np.asarray(costs, dtype=np.float64)
    wrong = ~((array >= 0) & np.isfinite(array))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"{name}[{at}] is {array[at]:g}: a cost is finite, zero or more")
    return array
