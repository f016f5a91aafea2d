"""All parts of a report, in the order in which they are computed where one process does it."""

from __future__ import annotations

from reviewapp.reports.parts import (
    accuracy,
    agreement,
    cost,
    days,
    drift,
    flips,
    latency,
    noise,
    score,
    slices,
)
from reviewapp.reports.parts.base import Part

PARTS: dict[str, Part] = {
    "noise": noise.PART,
    "score": score.PART,
    "latency": latency.PART,
    "cost": cost.PART,
    "agreement": agreement.PART,
    "accuracy": accuracy.PART,
    "days": days.PART,
    "slices": slices.PART,
    "flips": flips.PART,
    "drift": drift.PART,
}
