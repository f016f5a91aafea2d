"""The interval of the paired difference for traffic like the window's."""

from evals.metrics.mover import mover_difference
from evals.metrics.shares import correlation, stratified_share
from evals.metrics.strata import Array
from evals.metrics.window import look


def future_ends(
    worse: Array,
    better: Array,
    sampled: Array,
    sizes: Array,
    *,
    population: float,
    design_effect: float,
    alpha: float,
) -> tuple[float, float]:
    """Low and high end in shares of N, from counts a stratum that may be fractional (a plan's).

    The window is worth N / design_effect independent requests as a sample of the traffic. Strata
    with nothing sampled add sizes/N to both sides. Without any sampled stratum both shares are 0 of
    N requests, whose interval is that of a rare event: it has a width. Never inside the interval of
    the window itself.
    """
    traffic = population / design_effect
    seen = sampled > 0
    unseen = float(sizes[~seen].sum()) / population
    counts = (worse[seen], better[seen], sampled[seen], sizes[seen])
    plus = stratified_share(counts[0], counts[2], counts[3], population, traffic)
    minus = stratified_share(counts[1], counts[2], counts[3], population, traffic)
    rho = correlation(plus, minus, counts, population, traffic)
    low, high = mover_difference(
        (plus.value, *plus.ends(alpha)), (minus.value, *minus.ends(alpha)), rho
    )
    # With a few labels in each of many strata the smoothing can make this the narrower of the two.
    window_low, window_high = look(worse, better, sampled, sizes).ends(alpha)
    return (
        min(low - unseen, window_low / population),
        max(high + unseen, window_high / population),
    )
