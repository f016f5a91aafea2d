"""The estimators of evals/metrics over many samples at once, and rivals to hold against them.

Written a second time, over arrays of samples x strata, since the shipped functions take one sample
in a fifth of a millisecond. `check` compares the two; every cell that is simulated calls it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from evals.metrics.rates import blocks_of
from evals.metrics.scores import score_rows
from evals.metrics.severity import HALF, severity_difference
from evals.metrics.shares import ALONE, CAP, ENOUGH, PRIOR, TARGET
from evals.metrics.window import FEW, HIDDEN, SLACK

Array = NDArray[np.float64]
Ends = tuple[Array, Array]


@dataclass(frozen=True)
class Share:
    value: Array
    variance: Array
    effective: Array
    alone: tuple[Array, Array, Array] | None = None  # hits, sampled, reach: 0 where not enough

    def ends(self, alpha: Array | float) -> Ends:
        low, high = clopper_pearson(self.value * self.effective, self.effective, alpha)
        hidden: Array | float = 0.0
        if self.alone:
            hits, sampled, reach = self.alone
            misses = np.where(sampled > hits, sampled - hits, 1.0)
            miss = np.minimum(ALONE * np.reshape(alpha, (-1, 1)), 0.5)
            end = special.betainccinv(hits + 1, misses, miss)
            end = np.where(sampled > hits, end, 1.0)
            hidden = np.maximum((reach * (end - hits / sampled)).max(axis=1), 0.0)
        return np.minimum(low, self.value), np.maximum(high, np.minimum(self.value + hidden, 1.0))


@dataclass(frozen=True)
class Variant:
    """How the variance of a share is kept from vanishing, and which correlation is taken."""

    shrink: bool = True  # PRIOR items at a share near the overall one; else 1 item at 1/2
    both: bool = True  # the smaller of two correlations; else the pooled one
    alone: bool = True  # no end below what the worst single stratum may hide
    small: bool = True  # half the level, and what a few items may hide, where there are few


SHIPPED = Variant()
LARGE = Variant(small=False)
SPECIFIED = Variant(shrink=False, both=False, alone=False, small=False)


def clopper_pearson(hits: Array, size: Array, alpha: Array | float) -> Ends:
    misses = np.maximum(size - hits, 0.0)
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, special.betaincinv(hits, misses + 1, alpha / 2), 0.0)
        high = np.where(misses > 0, special.betainccinv(hits + 1, misses, alpha / 2), 1.0)
    return low, high


def share_of(
    hits: Array,
    sampled: Array,
    sizes: Array,
    part: NDArray[np.bool_],
    total: Array | float,
    traffic: Array | float = np.inf,
    variant: Variant = SHIPPED,
) -> Share:
    """As shares.stratified_share, over the strata of `part`; rows without one are undefined."""
    n, size = np.where(part, sampled, 1.0), np.where(part, sizes, 0.0)
    hits = np.where(part, hits, 0.0)
    total = np.maximum(np.broadcast_to(total, len(hits)), 1e-300)[:, None]
    weights = size / total
    spread = _spread(weights, n, sizes, part)
    raw = hits / n
    if variant.shrink:
        items = np.where(part, sampled, 0.0).sum(axis=1)
        overall = (size * raw).sum(axis=1) / np.maximum(size.sum(axis=1), 1e-300)
        target = TARGET * ((overall * items + 0.5) / (items + 1)) ** (1 / 3)
        smooth = (hits + PRIOR * target[:, None]) / (n + PRIOR)
    else:
        smooth = (hits + 0.5) / (n + 1)
    pooled = (weights * smooth).sum(axis=1)
    own = pooled * (1 - pooled)
    variance = (spread * smooth * (1 - smooth)).sum(axis=1) + own / traffic
    plain = spread.sum(axis=1)
    effective = own / np.maximum(variance, 1e-300)
    capped = np.minimum(effective, CAP / np.maximum(plain, 1e-300))
    value = np.minimum((weights * raw).sum(axis=1), 1.0)
    alone = None
    if variant.alone and size.shape[1] > 1:
        enough = part & (n >= ENOUGH) & (n < size) & (part.sum(axis=1) > 1)[:, None]
        fraction = np.where(enough, n / np.maximum(size, 1e-300), 0.0)
        alone = hits, n, np.where(enough, weights * np.sqrt(1 - fraction), 0.0)
    return Share(value, variance, np.where(plain > 0, capped, effective), alone)


def window_ends(
    worse: Array,
    better: Array,
    sampled: Array,
    sizes: Array,
    alpha: float = 0.05,
    variant: Variant = SHIPPED,
) -> Ends:
    """As window.look(...).ends(alpha): sum of d, in requests."""
    seen = sampled > 0
    part = seen & (sampled < sizes)
    total = np.where(part, sizes, 0.0).sum(axis=1)
    unlabelled = np.where(part, sizes - sampled, 0.0).sum(axis=1)
    unseen = np.where(seen, 0.0, sizes).sum(axis=1)
    net = worse - better
    known, counted = np.where(seen & ~part, net, 0.0).sum(axis=1), net.sum(axis=1)
    level: Array | float = alpha
    if variant.small:
        few = np.minimum(np.where(part, sampled, 0.0).sum(axis=1), unlabelled)
        level = alpha * np.clip(few / FEW, 0.5, 1.0)
    below, above = _paired(worse, better, sampled, sizes, part, total, np.inf, level, variant)
    below, above = below * total, above * total
    if variant.small:
        mean = np.where(part, net / np.where(part, sampled, 1.0), 0.0)
        value = (mean * np.where(part, sizes, 0.0)).sum(axis=1)
        missed, hidden = np.where(part, 1.0, 0.0), np.zeros(part.shape)
        for k in range(HIDDEN):
            missed = missed * np.maximum(sizes - sampled - k, 0) / np.maximum(sizes - k, 1)
            looked_at = (few < FEW / 2)[:, None] | (k == 0)
            hidden += looked_at & (missed > np.reshape(level, (-1, 1)) / 2)
        below = np.minimum(below, value - (hidden * (1 + mean)).max(axis=1, initial=0))
        above = np.maximum(above, value + (hidden * (1 - mean)).max(axis=1, initial=0))
    low = np.maximum(np.floor(known + below + SLACK), counted - unlabelled)
    high = np.minimum(np.ceil(known + above - SLACK), counted + unlabelled)
    some = part.any(axis=1)
    return np.where(some, low, known) - unseen, np.where(some, high, known) + unseen


def future_ends(
    worse: Array,
    better: Array,
    sampled: Array,
    sizes: Array,
    population: Array | float,
    alpha: float = 0.05,
) -> Ends:
    """As traffic.future_ends, with a design effect of 1, in shares of N."""
    seen = sampled > 0
    unseen = np.where(seen, 0.0, sizes).sum(axis=1) / population
    low, high = _paired(worse, better, sampled, sizes, seen, population, population, alpha, SHIPPED)
    at_least = window_ends(worse, better, sampled, sizes, alpha)
    return (
        np.minimum(low - unseen, at_least[0] / population),
        np.maximum(high + unseen, at_least[1] / population),
    )


def rate_ends(hits: Array, sampled: Array, sizes: Array, alpha: float = 0.05) -> Ends:
    """As rates.stratified_rate, in requests; every sample is of the same sizes, none 0 or all."""
    value = down = up = 0.0
    for block in blocks_of(sampled[0] / sizes[0]):
        a, n, size = hits[:, block], sampled[:, block], sizes[:, block]
        total = float(size[0].sum())
        share = share_of(a, n, size, n > 0, total)
        low, high = share.ends(alpha)
        value = value + total * share.value
        down = down + (total * (share.value - low)) ** 2
        up = up + (total * (high - share.value)) ** 2
    counted, left = hits.sum(axis=1), (sizes - sampled).sum(axis=1)
    low = np.maximum(np.floor(value - np.sqrt(down) + SLACK), counted)
    high = np.minimum(np.ceil(value + np.sqrt(up) - SLACK), counted + left)
    return low, high


def pooled_rate_ends(hits: Array, sampled: Array, sizes: Array, alpha: float = 0.05) -> Ends:
    """The rival: one interval for all blocks together."""
    total = sizes.sum(axis=1)
    share = share_of(hits, sampled, sizes, sampled > 0, total, variant=Variant(alone=False))
    low, high = share.ends(alpha)
    return np.floor(total * low + SLACK), np.ceil(total * high - SLACK)


def severity_ends(
    weights: list[float],
    candidate: list[Array],
    baseline: list[Array],
    sampled: Array,
    sizes: Array,
    alpha: float = 0.05,
    kinds: list[int] | None = None,
    there: list[NDArray[np.bool_]] | None = None,
) -> Ends:
    """As severity.severity_difference, times N; no stratum is a census or without a label.
    there: of each row, the samples that have it; all, if None."""
    value = down = up = 0.0
    total = sizes.sum(axis=1)
    names = list(range(len(weights))) if kinds is None else kinds
    for kind in dict.fromkeys(names):
        rows = [at for at, name in enumerate(names) if name == kind]
        has = [weights[at] * (np.ones(len(sizes)) if there is None else there[at]) for at in rows]
        sides = []
        for side in (candidate, baseline):
            each = [_requests(side[at], sampled, sizes, total, alpha) for at in rows]
            shares = [one[0] / total for one in each]
            each = [tuple(x * end for end in one) for x, one in zip(has, each, strict=True)]
            added = _nested(each, [side[at] for at in rows], sampled, sizes)
            sides.append((*added, shares))
        (p, p_low, p_high, plus), (q, q_low, q_high, minus) = sides
        rho = _exclusive(plus, minus, has)
        below, above = p - p_low, q_high - q
        low = np.sqrt(np.maximum(below**2 + above**2 - 2 * rho * below * above, 0))
        below, above = p_high - p, q - q_low
        high = np.sqrt(np.maximum(below**2 + above**2 - 2 * rho * below * above, 0))
        value = value + p - q
        down, up = down + low**2, up + high**2
    return value - np.sqrt(down), value + np.sqrt(up)


def score_ends(
    items: list[Array], drawn: list[Array], sizes: Array, heaviest: Array | float
) -> Ends:
    """As severity_difference of scores.score_rows, times N. items: a stratum, what an item of each
    sort weighs; drawn: samples x sorts; heaviest: as there, of each sample."""
    most = np.broadcast_to(heaviest, len(drawn[0]))
    for values, n in zip(items, drawn, strict=True):
        most = np.maximum(most, (np.abs(values) * (n > 0)).max(axis=1))
    steps = np.unique(np.abs(np.concatenate([*items, np.unique(heaviest)])))
    steps = steps[steps > 0]
    rows = [
        [
            np.stack([n @ (sign * x >= t) for x, n in zip(items, drawn, strict=True)], axis=1)
            for t in steps
        ]
        for sign in (1, -1)
    ]
    sampled = np.stack([n.sum(axis=1) for n in drawn], axis=1).astype(float)
    wide = np.broadcast_to(sizes, sampled.shape).astype(float)
    weights, there = np.diff(steps, prepend=0.0).tolist(), [t <= most for t in steps]
    return severity_ends(weights, *rows, sampled, wide, kinds=[0] * len(steps), there=there)


def check_score(
    ends: Ends,
    items: list[Array],
    drawn: list[Array],
    sizes: Array,
    population: int,
    heaviest: Array | float,
) -> None:
    """As `check`, of `score_ends`."""
    most = np.broadcast_to(heaviest, len(drawn[0]))

    def shipped(at: int) -> tuple[float, float]:
        numbers = [np.repeat(x, n[at].astype(int)) for x, n in zip(items, drawn, strict=True)]
        rows = score_rows(numbers, float(most[at]))
        columns = ([len(row) for row in numbers], sizes, population)
        e = severity_difference(
            rows.weights, rows.plus, rows.minus, *columns, kinds=rows.kinds, averaged=True
        )
        return e.low * population, e.high * population

    check(ends, shipped)


def wald_ends(
    worse: Array, better: Array, sampled: Array, sizes: Array, alpha: float = 0.05
) -> Ends:
    """The textbook rival: normal, with the plug-in variance of the stratified mean."""
    mean = (worse - better) / sampled
    each = (worse + better) / sampled - mean**2
    variance = (sizes**2 * (1 - sampled / sizes) * each / sampled).sum(axis=1)
    reach = stats.norm.isf(alpha / 2) * np.sqrt(variance)
    value = (sizes * mean).sum(axis=1)
    return value - reach, value + reach


def plain_korn_graubard_ends(
    worse: Array, better: Array, sampled: Array, sizes: Array, alpha: float = 0.05
) -> Ends:
    """The other rival: plug-in variances (an effective size of the plain one where nothing was
    found), and no outward rounding."""
    total = sizes.sum(axis=1)
    weights = sizes / total[:, None]
    spread = weights**2 * (1 - sampled / sizes) / sampled
    parts = []
    for hits in (worse, better):
        raw = hits / sampled
        p = (weights * raw).sum(axis=1)
        variance = (spread * raw * (1 - raw)).sum(axis=1)
        plain = 1 / spread.sum(axis=1)
        size = np.where(variance > 0, p * (1 - p) / np.maximum(variance, 1e-300), plain)
        low, high = clopper_pearson(p * size, size, alpha)
        parts.append((p, np.minimum(low, p), np.maximum(high, p)))
    (p, _, _), (q, _, _) = parts
    rest = np.maximum((1 - p) * (1 - q), 1e-12)
    below, above = _mover(parts[0], parts[1], -np.sqrt(p * q / rest))
    return below * total, above * total


def check(
    batched: Ends,
    shipped: Callable[[int], tuple[float, float]],
    rows: int = 2,
    slack: float = 1e-6,
) -> None:
    """The first rows agree with the shipped function, or the simulation is of something else."""
    for at in range(min(rows, len(batched[0]))):
        ours, theirs = (float(batched[0][at]), float(batched[1][at])), shipped(at)
        if not np.allclose(ours, theirs, rtol=1e-7, atol=slack):
            raise AssertionError(f"sample {at}: simulated {ours}, but evals.metrics gives {theirs}")


def _paired(
    worse: Array,
    better: Array,
    sampled: Array,
    sizes: Array,
    part: NDArray[np.bool_],
    total: Array | float,
    traffic: Array | float,
    alpha: Array | float,
    variant: Variant,
) -> Ends:
    plus = share_of(worse, sampled, sizes, part, total, traffic, variant)
    minus = share_of(better, sampled, sizes, part, total, traffic, variant)
    size, n = np.where(part, sizes, 0.0), np.where(part, sampled, 1.0)
    within = total / np.maximum(size.sum(axis=1), 1e-300)
    p, q = plus.value * within, minus.value * within
    rest = (1 - p) * (1 - q)
    rho = np.where(rest > 1e-12, -np.sqrt(p * q / np.maximum(rest, 1e-12)), -1.0)
    if variant.both:
        weights = size / np.maximum(np.broadcast_to(total, len(p)), 1e-300)[:, None]
        spread = _spread(weights, n, sizes, part)
        together = (spread * np.where(part, worse * better, 0.0) / n**2).sum(axis=1)
        covariance = together + plus.value * minus.value / traffic
        scale = np.sqrt(np.maximum(plus.variance * minus.variance, 1e-300))
        rho = np.minimum(rho, -covariance / scale)
    rho = np.where(part.any(axis=1), np.maximum(rho, -1.0), 0.0)
    return _mover((plus.value, *plus.ends(alpha)), (minus.value, *minus.ends(alpha)), rho)


def _mover(plus: tuple[Array, Array, Array], minus: tuple[Array, Array, Array], rho: Array) -> Ends:
    (p, p_low, p_high), (q, q_low, q_high) = plus, minus

    def reach(x: Array, y: Array) -> Array:
        return np.sqrt(np.maximum(x * x + y * y - 2 * rho * x * y, 0.0))

    return p - q - reach(p - p_low, q_high - q), p - q + reach(p_high - p, q - q_low)


def _spread(weights: Array, sampled: Array, sizes: Array, part: NDArray[np.bool_]) -> Array:
    fraction = np.where(part, sampled / np.maximum(sizes, 1e-300), 0.0)
    return np.asarray(weights**2 * (1 - fraction) / sampled)


def _requests(
    hits: Array, sampled: Array, sizes: Array, total: Array, alpha: float
) -> tuple[Array, Array, Array]:
    """All samples being of the same sizes, those with the same hits are worked out once."""
    once, first, again = np.unique(hits, axis=0, return_index=True, return_inverse=True)
    sampled, sizes, total = sampled[first], sizes[first], total[first]
    share = share_of(once, sampled, sizes, sampled > 0, total)
    low, high = (total * end for end in share.ends(alpha))
    counted, left = once.sum(axis=1), (sizes - sampled).sum(axis=1)
    low = np.maximum(np.floor(low - HALF + SLACK), counted)
    high = np.minimum(np.ceil(high + HALF - SLACK), counted + left)
    found = total * share.value, low, high
    return tuple(one[again.ravel()] for one in found)  # type: ignore[return-value]


def _exclusive(plus: list[Array], minus: list[Array], weights: list[Array]) -> Array:
    u, p, q = (np.stack(one, axis=1) for one in (weights, plus, minus))
    means = (u * p).sum(axis=1), (u * q).sum(axis=1)
    variance, together = np.empty(len(u)), np.zeros(len(u))
    for at in _chunks(len(u)):
        own, a, b = u[at], p[at], q[at]
        variance[at] = _variance(a, own, means[0][at]) * _variance(b, own, means[1][at])
        if (a.max(axis=1) + b.max(axis=1) > 1).any():
            over = np.maximum(0.0, a[:, :, None] + b[:, None] - 1)
            together[at] = _quadratic(own, over)
    rho = (together - means[0] * means[1]) / np.sqrt(np.maximum(variance, 1e-300))
    return np.where(variance > 0, np.minimum(np.maximum(rho, -1.0), 0.0), 0.0)


def _nested(
    parts: list[tuple[Array, ...]], hits: list[Array], sampled: Array, sizes: Array
) -> tuple[Array, Array, Array]:
    """As nested.added; the rows in order, at least one first."""
    weights = sizes / sizes.sum(axis=1)[:, None]
    spread = weights**2 * (1 - sampled / sizes) / sampled
    value, low, high = (np.stack(column, axis=1) for column in zip(*parts, strict=True))
    shares = np.stack(hits, axis=1) / sampled[:, None]
    down, up = np.empty(len(sizes)), np.empty(len(sizes))
    for at in _chunks(len(sizes)):
        r = _correlations(shares[at], weights[at], spread[at])
        below, above = value[at] - low[at], high[at] - value[at]
        down[at], up[at] = _quadratic(below, r), _quadratic(above, r)
    total = value.sum(axis=1)
    return total, total - np.sqrt(down), total + np.sqrt(up)


def _correlations(shares: Array, weights: Array, spread: Array) -> Array:
    """Samples x rows x rows; shares: samples x rows x strata."""
    p = np.einsum("rjh,rh->rj", shares, weights)
    own = np.einsum("rjh,rh->rj", shares * (1 - shares), spread)
    later = np.maximum(*np.indices((p.shape[1], p.shape[1])))
    less = p[:, later]
    found = less - p[:, :, None] * p[:, None]  # q(1 - p) of nested shares
    _over(found, p * (1 - p), 1.0)
    if shares.shape[2] > 1:
        some = np.einsum("rjh,rh->rj", shares, spread)[:, later]
        each = some - np.matmul(shares * spread[:, None], shares.transpose(0, 2, 1))
        found = np.maximum(found, _over(each, own, 0.0))
    found = np.clip(found, 0.0, 1.0)
    found[:, np.arange(p.shape[1]), np.arange(p.shape[1])] = 1.0
    return np.asarray(found)


def _over(covariance: Array, variances: Array, otherwise: float) -> Array:
    """In place: correlations, or `otherwise` where a variance is 0."""
    nothing = variances <= 0
    one_over = 1 / np.sqrt(np.where(nothing, 1.0, variances))
    covariance *= one_over[:, :, None]
    covariance *= one_over[:, None]
    covariance[nothing] = otherwise
    covariance.transpose(0, 2, 1)[nothing] = otherwise
    return covariance


def _variance(shares: Array, weights: Array, mean: Array) -> Array:
    both = np.minimum(shares[:, :, None], shares[:, None])
    return np.maximum(_quadratic(weights, both) - mean**2, 0.0)


def _quadratic(x: Array, matrix: Array) -> Array:
    return np.asarray((x * np.matmul(matrix, x[:, :, None])[:, :, 0]).sum(axis=1))


def _chunks(samples: int, of: int = 50) -> list[slice]:
    return [slice(at, at + of) for at in range(0, samples, of)]
