"""How far an eval set is from the traffic, by the words of the requests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics.clusters import spherical_k_means
from evals.metrics.distributions import binomial_cdf
from evals.metrics.features import features
from evals.metrics.strata import Array

MOST = 3000  # texts of each side that are looked at, a random sample where there are more
PERMUTATIONS = 999
STEPS = 200  # of the classifier's descent
RIDGE = 0.1  # the best of 0.0001 to 1 where a topic of 23 % was missing
NEAREST = 5  # requests of a cluster that are named, to be labelled next


@dataclass(frozen=True)
class Cluster:
    """Requests that read alike. share: of the traffic looked at; examples: of the eval set that
    read so too; expected: how many would, were it like the traffic; so_few: the chance of that few
    examples then, P(X <= examples) of a binomial; nearest: indices into the traffic of the requests
    in its middle, to be labelled next."""

    requests: int
    share: float
    examples: int
    expected: float
    so_few: float
    nearest: list[int]


@dataclass(frozen=True)
class Drift:
    """auc: how well a classifier tells held-out traffic from held-out examples, 0.5 not at all, 1
    always; p: of its being that high by chance, were they alike. Both None where a side has fewer
    than four texts. examples, requests: how many were looked at. clusters: the ones
    that lack examples first, by `so_few`."""

    auc: float | None
    p: float | None
    examples: int
    requests: int
    clusters: list[Cluster]


def drift(
    examples: Sequence[str], requests: Sequence[str], clusters: int = 20, seed: int = 0
) -> Drift:
    """Examples of an eval set against requests of the traffic, both as texts.

    Classifier two-sample test (Lopez-Paz and Oquab 2017): a logistic regression on hashed words and
    pairs of words is fitted to a random half of both and judged on the other half, by the area
    under its ROC curve; p is that of permuting the held-out half's labels 999 times, exact since
    the scores do not know them. Clusters are those of spherical k-means over both.
    At most MOST texts a side and the first 2,000 characters of each are read; a few seconds at
    most, the same for the same seed. Texts without a word are alike. ValueError for clusters < 1.
    """
    if clusters < 1:
        raise ValueError(f"clusters is {clusters}: at least one is needed")
    random = np.random.default_rng(seed)
    ours, theirs = _sample(len(examples), random), _sample(len(requests), random)
    texts = [examples[i] for i in ours] + [requests[i] for i in theirs]
    if not len(theirs):
        return Drift(None, None, len(ours), 0, [])
    rows = features(texts)
    traffic = rows[len(ours) :]
    auc = p = None
    if min(len(ours), len(theirs)) >= 4:
        auc, p = _told_apart(rows, len(ours), random)
    centres, member = spherical_k_means(rows, min(clusters, len(rows)), random)
    found = []
    for at, centre in enumerate(centres):
        inside = np.flatnonzero(member[len(ours) :] == at)
        if not len(inside):
            continue
        middle = inside[np.argsort(-(traffic[inside] @ centre), kind="stable")[:NEAREST]]
        share = len(inside) / len(theirs)
        here = int((member[: len(ours)] == at).sum())
        so_few = float(binomial_cdf(here, len(ours), share))
        named = [int(theirs[i]) for i in middle]
        found.append(Cluster(len(inside), share, here, share * len(ours), so_few, named))
    found.sort(key=lambda one: (one.so_few, -one.requests))
    return Drift(auc, p, len(ours), len(theirs), found)


def area_under_curve(scores: Array, positive: NDArray[np.bool_]) -> float:
    """P(a positive scores higher than a negative), ties counting half (Mann and Whitney 1947)."""
    return float(_areas(_ranks(scores), positive[None, :])[0])


def _told_apart(rows: Array, examples: int, random: np.random.Generator) -> tuple[float, float]:
    is_traffic = np.arange(len(rows)) >= examples
    train = np.zeros(len(rows), dtype=bool)
    for side in (np.arange(examples), np.arange(examples, len(rows))):
        train[random.permutation(side)[: len(side) // 2]] = True
    scores = rows[~train] @ _fit(rows[train], is_traffic[train])
    held_out = is_traffic[~train]
    auc = area_under_curve(scores, held_out)
    shuffled = random.permuted(np.tile(held_out, (PERMUTATIONS, 1)), axis=1)
    as_high = int((_areas(_ranks(scores), shuffled) >= auc - 1e-12).sum())
    return auc, (1 + as_high) / (1 + PERMUTATIONS)


def _fit(rows: Array, positive: NDArray[np.bool_]) -> Array:
    """Weights of a ridge logistic regression, both sides weighing the same, by Nesterov's descent.

    Rows have length 1, so the gradient's Lipschitz constant is at most 1/4 + ridge.
    """
    weight = np.where(positive, 0.5 / positive.sum(), 0.5 / (~positive).sum())
    sign = np.where(positive, 1.0, -1.0)
    steady = ahead = np.zeros(rows.shape[1])
    for step in range(STEPS):
        pull = weight * sign / (1 + np.exp(np.clip(sign * (rows @ ahead), -50, 50)))
        moved = ahead + (rows.T @ pull - RIDGE * ahead) / (0.25 + RIDGE)
        ahead = moved + step / (step + 3) * (moved - steady)
        steady = moved
    return steady


def _ranks(scores: Array) -> Array:
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def _areas(ranks: Array, positive: NDArray[np.bool_]) -> Array:
    n = positive.sum(axis=1)
    return np.asarray((positive @ ranks - n * (n + 1) / 2) / (n * (positive.shape[1] - n)))


def _sample(texts: int, random: np.random.Generator) -> NDArray[np.intp]:
    if texts <= MOST:
        return np.arange(texts)
    return np.sort(random.choice(texts, MOST, replace=False))
