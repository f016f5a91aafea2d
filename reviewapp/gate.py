"""The gate: the project's margins held against a run, for traffic like the window's.

One look decides. Until the run has finished and every drawn item has its label (or was skipped),
the gate is not decided, whatever the intervals say: an interval that is looked at every day and
acted on the first time it pleases decides wrongly far more often than its level says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.metrics.difference import future_difference
from evals.metrics.gate import Verdict, combine, judge
from evals.metrics.planning import labels_needed, smallest_margin
from evals.models import Run
from reviewapp.lines import Counts
from reviewapp.models import GatePolicy, ReviewItem

ALPHA = 0.05
NO_POLICY = "no policy"


@dataclass(frozen=True)
class Rule:
    """What may not become worse by more than its margin."""

    key: str | None
    name: str
    critical: bool
    counts: Counts


def judge_run(run: Run, rules: Sequence[Rule], population: int) -> dict[str, Any]:
    """The gate's result: `verdict` counts, `outlook` is what the intervals say at present."""
    policy = GatePolicy.objects.filter(project=run.project_id).order_by("-id").first()
    waiting = _waiting(run)
    if policy is None:
        return {"verdict": NO_POLICY, "outlook": None, "rules": [], "waiting": waiting}
    judged: list[dict[str, Any]] = []
    for rule in rules if population else ():
        margin = policy.critical_margin if rule.critical else policy.margin
        verdict = _verdict(rule.counts, population, margin, len(rules))
        judged.append(
            {
                "key": rule.key,
                "name": rule.name,
                "critical": rule.critical,
                "margin": margin,
                "verdict": verdict,
                "labels_needed": _needed(rule.counts, population, margin, len(rules))
                if verdict == "undecided"
                else None,
            }
        )
    outlook = combine([one["verdict"] for one in judged])
    return {
        "verdict": "undecided" if waiting else outlook,
        "outlook": outlook,
        "waiting": waiting,
        "margin": policy.margin,
        "critical_margin": policy.critical_margin,
        "rules": judged,
        "smallest_margin": smallest_margin(population, 0.0, 0.0) if population else None,
    }


def _verdict(counts: Counts, population: int, margin: float, rules: int) -> Verdict:
    """A pass at 95 %: all rules must pass. A fail at 95 % over all the rules together."""
    at_level = future_difference(*counts.paired, population, unknown=counts.unknown)
    if judge(at_level, margin) == "pass":
        return "pass"
    level = 1 - ALPHA / rules
    strict = future_difference(*counts.paired, population, level, unknown=counts.unknown)
    return "fail" if judge(strict, margin) == "fail" else "undecided"


def _needed(counts: Counts, population: int, margin: float, rules: int) -> int | None:
    """Labels that would decide the rule with 80 % probability, at the level of the side to which
    it leans; None where no number would."""
    labelled, skipped = sum(counts.sampled), sum(counts.unknown)
    left = sum(counts.sizes) - labelled - skipped
    leans_to_fail = future_difference(*counts.paired, population).value > margin
    level = 1 - ALPHA / rules if leans_to_fail else 1 - ALPHA
    needed = labels_needed(*counts.paired, population, margin=margin, budget=left, confidence=level)
    # It would be decided now, were it not for the skipped items: those are what is needed.
    return skipped if needed == 0 else needed


def _waiting(run: Run) -> list[str]:
    """What the one look still waits for, in words."""
    if run.state != Run.State.FINISHED:
        return [f"the run is {run.state}"]
    states = (ReviewItem.State.PENDING, ReviewItem.State.DISPUTED)
    if unresolved := ReviewItem.objects.filter(run=run, state__in=states).count():
        items = "item is" if unresolved == 1 else "items are"
        return [f"{unresolved} drawn {items} not resolved"]
    if not ReviewItem.objects.filter(run=run).exists():
        return ["nothing was drawn for review"]
    return []
