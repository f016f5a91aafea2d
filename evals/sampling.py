"""The draw: which comparisons people look at, by permanent random numbers. Pure functions.

Each comparison gets `u` in [0, 1) once, from the run's secret seed and the request's id. Inside a
stratum the line is the order of u, so the first n are a simple random sample whatever n turns out
to be. Strata are outcome × similarity band × arrival batch and are never made from labels.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

DIFFER = ("differ/near", "differ/mid", "differ/far")
EQUIVALENT = "equivalent"
IDENTICAL = "identical"
#: Strata that people see, in the order in which pages show them. Failed pairs have no two texts.
DRAWN = (*DIFFER, EQUIVALENT, IDENTICAL)
WHOLE_RUN = "all"
MOST_SLOTS = 5


def uniform(seed: str, key: str, purpose: str = "line") -> float:
    """A permanent random number in [0, 1): the same for the same seed, request and purpose.

    52 bits of a SHA-256, so that evals.compare.UNIFORM says the same in SQL.
    """
    digest = hashlib.sha256(f"{seed}\x1f{purpose}\x1f{key}".encode()).hexdigest()
    return int(digest[:13], 16) / 2**52


def stratum(outcome: str, similarity: float | None, failed_side: str = "") -> str:
    """The stratum of a comparison inside its batch; bands cut similarity at 0.4 and 0.8."""
    if outcome == "failed":
        return f"failed/{failed_side}"
    if outcome != "differ":
        return outcome
    near = similarity or 0.0
    return DIFFER[0] if near >= 0.8 else DIFFER[1] if near >= 0.4 else DIFFER[2]


@dataclass(frozen=True)
class SamplingPlan:
    """How much of a run people look at, and how.

    labels: discrepancies to draw over the whole run (the label budget)
    equivalent, identical: audit samples of the pairs that match, over the whole run
    slots, double_share, more_slots: reviewers an item; share of items that get more, and how many
    more (at most five in all)
    noise_share: share of requests on which the baseline is asked twice
    traffic_share: share of traffic that a shadow run takes
    lease_minutes: how long a claimed item stays with its reviewer
    gold_share: share of what a reviewer is given that are gold items, whose answer is known
    adjudicate_share: share of items on which several reviewers agree that are adjudicated as well
    """

    labels: int = 400
    equivalent: int = 40
    identical: int = 40
    slots: int = 1
    double_share: float = 0.0
    more_slots: int = 1
    noise_share: float = 0.2
    traffic_share: float = 1.0
    lease_minutes: int = 15
    gold_share: float = 0.0
    adjudicate_share: float = 0.0

    @classmethod
    def parse(cls, config: Mapping[str, object]) -> SamplingPlan:
        """Reads a stored plan. Raises ValueError naming the field that is wrong."""
        known = {field.name: field.type for field in fields(cls)}
        if unknown := sorted(set(config) - set(known)):
            raise ValueError(f"sampling: unknown field {unknown[0]!r}; known are {sorted(known)}")
        values: dict[str, int | float] = {}
        for name, value in config.items():
            whole = known[name] == "int"
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"sampling.{name}: write {kind}, not {value!r}")
            low, high = LIMITS[name]
            if not low <= value <= high:
                raise ValueError(f"sampling.{name}: {value} is not between {low} and {high}")
            values[name] = value
        return cls(**values)  # type: ignore[arg-type]

    def slots_of(self, u: float) -> int:
        """Reviewers of the item whose permanent random number for this is `u`."""
        return min(self.slots + (self.more_slots if u < self.double_share else 0), MOST_SLOTS)

    @property
    def mean_slots(self) -> float:
        """Reviewers an item, on average."""
        more = min(self.slots + self.more_slots, MOST_SLOTS) - self.slots
        return self.slots + self.double_share * more

    def as_dict(self) -> dict[str, int | float]:
        return asdict(self)


LIMITS: dict[str, tuple[float, float]] = {
    "labels": (0, 100_000),
    "equivalent": (0, 100_000),
    "identical": (0, 100_000),
    "slots": (1, MOST_SLOTS),
    "double_share": (0, 1),
    "more_slots": (1, 4),
    "noise_share": (0, 1),
    "traffic_share": (0, 1),
    "lease_minutes": (1, 24 * 60),
    "gold_share": (0, 0.5),
    "adjudicate_share": (0, 1),
}


def allocate(plan: SamplingPlan, sizes: Mapping[str, int], batches: int) -> dict[str, int]:
    """How many to draw from each stratum of one batch.

    sizes: comparisons in each stratum of this batch; batches: how many the run will have.
    Discrepancies share the batch's part of the budget by size, at least two a stratum (a stratum
    with fewer has no variance); a small batch is taken whole. Fixed before any label exists.
    """

    def part(total: int) -> int:
        return math.ceil(total / max(batches, 1))

    drawn = {EQUIVALENT: part(plan.equivalent), IDENTICAL: part(plan.identical)}
    budget, total = part(plan.labels), sum(sizes.get(name, 0) for name in DIFFER)
    for name in DIFFER:
        share = budget * sizes.get(name, 0) / total if total else 0
        drawn[name] = max(round(share), 2 if budget else 0)
    return {name: min(drawn[name], sizes[name]) for name in DRAWN if sizes.get(name)}


@dataclass(frozen=True)
class Place:
    """Where a drawn comparison stands: position in its line from 1, and order of service."""

    position: int
    inclusion: float
    rank: float


def places(drawn: int, size: int) -> list[Place]:
    """The places of the first `drawn` of `size` in order of u.

    `rank` spreads every line evenly from 0 to 1, so that serving in order of rank keeps the
    allocation at any moment and gives each new batch its first labels early.
    """
    return [
        Place(position=i, inclusion=drawn / size, rank=(i - 0.5) / drawn)
        for i in range(1, drawn + 1)
    ]
