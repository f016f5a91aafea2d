"""Adjustment of p-values for picking the interesting ones out of many."""

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values (q), in the order given: min over j >= i of min(1, m p_(j) / j).

    Those of at most 0.1 are on average false in one of ten (Benjamini and Hochberg 1995).
    ValueError for a p-value outside [0, 1].
    """
    for at, p in enumerate(p_values):
        if not 0 <= p <= 1:
            raise ValueError(f"p_values[{at}] is {p}: it must lie between 0 and 1")
    m, lowest = len(p_values), 1.0
    adjusted = [0.0] * m
    order = sorted(range(m), key=lambda at: p_values[at])
    for rank in range(m, 0, -1):
        at = order[rank - 1]
        lowest = min(lowest, p_values[at] * (m / rank))
        adjusted[at] = lowest
    return adjusted
