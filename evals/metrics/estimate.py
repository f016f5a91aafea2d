"""What every estimator answers with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A value with the ends of its interval, low <= value <= high.

    The unit is that of the statistic: shares for rates and differences (0.004 is 0.4 points),
    points of the weighted score for a severity, milliseconds for a latency. An end may be infinite
    where the sample is too small to bound it.
    """

    value: float
    low: float
    high: float
