"""Rows that point the same way, put together."""

import numpy as np
from numpy.typing import NDArray

from evals.metrics.strata import Array

ROUNDS = 25


def spherical_k_means(
    rows: Array, k: int, random: np.random.Generator
) -> tuple[Array, NDArray[np.intp]]:
    """Centres of length 1, and which of them is nearest to each row (Dhillon and Modha 2001).

    rows: of length 1 (or 0), at least one; 1 <= k. Starts as k-means++ does (Arthur and
    Vassilvitskii 2007); fewer than k centres where fewer rows differ.
    """
    chosen = [int(random.integers(len(rows)))]
    while len(chosen) < k:
        far = np.clip(1 - (rows @ rows[chosen].T).max(axis=1), 0, None)
        if far.sum() <= 1e-9:
            break
        chosen.append(int(random.choice(len(rows), p=far / far.sum())))
    centres = rows[chosen]
    member = np.argmax(rows @ centres.T, axis=1)
    for _ in range(ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, member, rows)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.maximum(length, 1e-12), centres)
        moved = np.argmax(rows @ centres.T, axis=1)
        if (moved == member).all():
            break
        member = moved
    return centres, member
