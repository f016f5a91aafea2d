"""Latency of two models over the same requests: quantiles of each, and how much slower."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics.distributions import binomial_quantile
from evals.metrics.estimate import Estimate
from evals.metrics.mover import mover_difference
from evals.metrics.strata import Array, check_confidence

LARGEST = 709.0  # the last whole logarithm that a float can hold
Latencies = Sequence[float] | NDArray[np.floating]


@dataclass(frozen=True)
class LatencyQuantile:
    """One quantile of both models, in the unit given, candidate - baseline, candidate / baseline.

    ratio is None where the baseline's or the candidate's quantile is 0. An end is 0 below (minus
    infinity for the difference), or infinite above, where so few requests do not bound it (p99
    needs some 370).
    """

    share: float
    baseline: Estimate
    candidate: Estimate
    difference: Estimate
    ratio: Estimate | None


def paired_latency(
    baseline: Latencies,
    candidate: Latencies,
    quantiles: Sequence[float] = (0.5, 0.95, 0.99),
    confidence: float = 0.95,
) -> list[LatencyQuantile]:
    """Quantiles, their difference and ratio, with intervals, over n requests that both answered.

    baseline, candidate: n latencies each, in request order, zero or more. A quantile's interval
    runs between two order statistics whose ranks are binomial quantiles, so it holds for any
    distribution (David and Nagaraja 2003, 7.1). The difference's comes from those two by MOVER, the
    ratio's by MOVER on the logarithms, with the correlation of "below the quantile" between the
    models: requests that are slow for one are slow for the other. It is deterministic and sorts
    once, so no subsample is needed.
    ValueError for unequal lengths, no requests, a latency that is negative or not finite, or a
    quantile outside (0, 1).
    """
    check_confidence(confidence)
    before, after = _read("baseline", baseline), _read("candidate", candidate)
    if len(before) != len(after) or not len(before):
        raise ValueError(
            f"both have one latency a request, got {len(before)} and {len(after)}; one is the least"
        )
    sorted_before, sorted_after = np.sort(before), np.sort(after)
    rows = []
    for share in quantiles:
        if not 0 < share < 1:
            raise ValueError(f"quantile {share}: it must lie between 0 and 1, as 0.95 does")
        was = _quantile(sorted_before, share, 1 - confidence)
        now = _quantile(sorted_after, share, 1 - confidence)
        rho = _correlation(before <= was.value, after <= now.value)
        rows.append(
            LatencyQuantile(share, was, now, _difference(now, was, rho), _ratio(now, was, rho))
        )
    return rows


def _quantile(ordered: Array, share: float, alpha: float) -> Estimate:
    """The r-th and s-th smallest: P(B < r), P(B >= s) <= alpha/2 for B ~ Bin(n, share)."""
    n = len(ordered)
    r = binomial_quantile(alpha / 2, n, share)
    s = binomial_quantile(1 - alpha / 2, n, share) + 1
    value = float(np.quantile(ordered, share))
    low = float(ordered[r - 1]) if r >= 1 else 0.0
    high = float(ordered[s - 1]) if s <= n else math.inf
    return Estimate(value, min(low, value), max(high, value))


def _correlation(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    p, q = float(a.mean()), float(b.mean())
    variance = p * (1 - p) * q * (1 - q)
    return (float((a & b).mean()) - p * q) / math.sqrt(variance) if variance > 0 else 0.0


def _difference(now: Estimate, was: Estimate, rho: float) -> Estimate:
    # An end of 0 is no measurement below which nothing lies, but it does bound a latency.
    value = now.value - was.value
    reach_was = was if math.isfinite(was.high) else Estimate(was.value, was.low, was.value)
    reach_now = now if math.isfinite(now.high) else Estimate(now.value, now.low, now.value)
    low, high = mover_difference(_part(reach_now), _part(reach_was), rho)
    return Estimate(
        value,
        min(low, value) if math.isfinite(was.high) else -math.inf,
        max(high, value) if math.isfinite(now.high) else math.inf,
    )


def _part(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _ratio(now: Estimate, was: Estimate, rho: float) -> Estimate | None:
    if now.value <= 0 or was.value <= 0:
        return None
    # With an unbounded end on either side the ratio's end on that side is unbounded as well.
    bounded_low = now.low > 0 and math.isfinite(was.high)
    bounded_high = was.low > 0 and math.isfinite(now.high)
    low, high = mover_difference(_log(now), _log(was), rho)
    value = now.value / was.value
    return Estimate(
        value,
        min(_exp(low), value) if bounded_low else 0.0,
        max(_exp(high), value) if bounded_high else math.inf,
    )


def _exp(x: float) -> float:
    return math.exp(x) if x < LARGEST else math.inf


def _log(estimate: Estimate) -> tuple[float, float, float]:
    """Logarithms of value and ends; an unbounded end is put at the value, it is not used."""
    value = math.log(estimate.value)
    low = math.log(estimate.low) if estimate.low > 0 else value
    high = math.log(estimate.high) if math.isfinite(estimate.high) else value
    return value, low, high


def _read(name: str, latencies: Latencies) -> Array:
    array = np.asarray(latencies, dtype=np.float64)
    wrong = ~((array >= 0) & np.isfinite(array))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"{name}[{at}] is {array[at]:g}: a latency is finite, zero or more")
    return array
