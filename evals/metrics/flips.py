"""Prompt sensitivity: how often a model's outcome flips between variants of one request."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from evals.metrics.difference import future_difference
from evals.metrics.distributions import clopper_pearson
from evals.metrics.estimate import Estimate
from evals.metrics.mcnemar import mcnemar_exact
from evals.metrics.strata import check_confidence

Outcomes = Sequence[Hashable | None]


@dataclass(frozen=True)
class FlipRate:
    """groups: those with two known outcomes or more; flipped: those whose outcomes are not all the
    same; rate: flipped/groups with its interval, None without a group."""

    groups: int
    flipped: int
    rate: Estimate | None


@dataclass(frozen=True)
class FlipComparison:
    """Both models over the same groups, those that tell of either.

    only_candidate, only_baseline: groups that flip for one of them alone. difference: candidate's
    rate - baseline's, in shares of groups; p: exact McNemar, two-sided. Both None without a group.
    """

    baseline: FlipRate
    candidate: FlipRate
    only_candidate: int
    only_baseline: int
    difference: Estimate | None
    p: float | None


def flip_rate(groups: Sequence[Hashable], outcomes: Outcomes, confidence: float = 0.95) -> FlipRate:
    """The share of groups of variants (or repeats) in which one model's outcome flips.

    groups, outcomes: one entry an item: the group it belongs to and what became of it (right or
    wrong, a label, a digest of the output), None where unknown: such an item is left out, and with
    it a group that has fewer than two others. Groups are a sample of requests, so the interval is
    the exact one of a binomial (Clopper and Pearson 1934).
    The more variants, the likelier a flip: compare rates over groups of like size, or by
    `compare_flips` over the same ones. ValueError for unequal lengths.
    """
    check_confidence(confidence)
    return _rate(list(_flipped(groups, outcomes).values()), confidence)


def compare_flips(
    groups: Sequence[Hashable], baseline: Outcomes, candidate: Outcomes, confidence: float = 0.95
) -> FlipComparison:
    """Flip rates of two models over the same items, paired by group.

    As `flip_rate`; an item counts where both outcomes are known. The difference's interval is that
    of `future_difference` for a census of the groups (Clopper-Pearson on both discordant shares,
    combined by MOVER).
    """
    check_confidence(confidence)
    if not len(groups) == len(baseline) == len(candidate):
        raise ValueError(
            f"one entry an item, got {len(groups)} groups, {len(baseline)} outcomes of the baseline"
            f" and {len(candidate)} of the candidate"
        )
    both = [
        (g, b, c)
        for g, b, c in zip(groups, baseline, candidate, strict=True)
        if b is not None and c is not None
    ]
    ours = [g for g, _, _ in both]
    before = _flipped(ours, [b for _, b, _ in both])
    after = _flipped(ours, [c for _, _, c in both])
    more = sum(after[g] and not before[g] for g in after)
    less = sum(before[g] and not after[g] for g in after)
    n = len(after)
    difference = future_difference([more], [less], [n], [n], n, confidence) if n else None
    return FlipComparison(
        _rate(list(before.values()), confidence),
        _rate(list(after.values()), confidence),
        more,
        less,
        difference,
        mcnemar_exact(more, less) if n else None,
    )


def _flipped(groups: Sequence[Hashable], outcomes: Outcomes) -> dict[Hashable, bool]:
    """Of each group with two known outcomes or more: are they not all the same."""
    if len(groups) != len(outcomes):
        raise ValueError(f"one entry an item, got {len(groups)} groups, {len(outcomes)} outcomes")
    members: dict[Hashable, list[Hashable]] = {}
    for group, outcome in zip(groups, outcomes, strict=True):
        if outcome is not None:
            members.setdefault(group, []).append(outcome)
    return {group: len(set(row)) > 1 for group, row in members.items() if len(row) > 1}


def _rate(flipped: list[bool], confidence: float) -> FlipRate:
    n, hits = len(flipped), sum(flipped)
    if not n:
        return FlipRate(0, 0, None)
    return FlipRate(n, hits, Estimate(hits / n, *clopper_pearson(hits, n, 1 - confidence)))
