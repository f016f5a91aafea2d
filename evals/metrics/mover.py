"""Intervals of a sum or difference from the intervals of its parts."""

import math
from collections.abc import Iterable


def mover_difference(
    plus: tuple[float, float, float], minus: tuple[float, float, float], rho: float
) -> tuple[float, float]:
    """Ends of the interval of plus - minus; each part is (value, low, high), in the same unit.

    low = p - q - sqrt((p-l)^2 + (w-q)^2 - 2 rho (p-l)(w-q)), high likewise, with l and w the low
    end of p and the high end of q: Newcombe (1998), Zou and Donner (2008), rho the parts'
    correlation.
    """
    p, p_low, p_high = plus
    q, q_low, q_high = minus
    down = _add(p - p_low, q_high - q, rho)
    up = _add(p_high - p, q - q_low, rho)
    return p - q - down, p - q + up


def square_and_add(parts: Iterable[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Value and ends of a sum of independent parts (value, low, high).

    low = sum(value) - sqrt(sum (value - low)^2), high likewise (Zou, Huang and Zhang 2009).
    """
    value = down = up = 0.0
    for part, low, high in parts:
        value += part
        down += (part - low) ** 2
        up += (high - part) ** 2
    return value, value - math.sqrt(down), value + math.sqrt(up)


def _add(x: float, y: float, rho: float) -> float:
    return math.sqrt(max(x * x + y * y - 2 * rho * x * y, 0.0))
