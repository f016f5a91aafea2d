"""What the gate holds a run to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evals.metrics.difference import future_difference
from evals.metrics.estimate import Estimate
from evals.metrics.gate import Verdict, judge
from evals.metrics.gold import held_margin
from evals.models import Project
from reviewapp.desk import gold
from reviewapp.models import GatePolicy
from reviewapp.reports.lines import Counts
from reviewapp.reports.measured import plain


@dataclass(frozen=True)
class Rule:
    """What may not become worse by more than its margin."""

    key: str | None  # none: it is about no category, and no reviewer says it
    name: str
    critical: bool
    counts: Counts

    def at(self, population: int, level: float) -> Estimate:
        c = self.counts
        return future_difference(
            *c.paired, population, level, unknown=c.unknown, averaged=c.averaged
        )


class Margins:
    """What a rule may not be beyond, to fail; and what it has to be within, to pass. They are one
    unless the policy allows for what reviewers miss: a difference of labels beyond the margin is
    beyond it in truth too, for errors of reviewers shrink it, and one within is not."""

    def __init__(self, policy: GatePolicy, project: Project) -> None:
        self.policy = policy
        self._found = gold.per_category(project) if policy.hold_to_j else {}

    def fail(self, rule: Rule) -> float:
        return float(self.policy.critical_margin if rule.critical else self.policy.margin)

    def passing(self, rule: Rule) -> float | None:
        """None where J is not known: then labels cannot tell."""
        if rule.key is None or not self.policy.hold_to_j:
            return self.fail(rule)
        return held_margin(self.fail(rule), self.j(rule))

    def j(self, rule: Rule) -> Estimate | None:
        found = self._found.get(rule.key or "")
        return found.j if found else None

    def gold_wanting(self, rule: Rule) -> str:
        """Which judged gold items J is not known for want of: "with" the category, "without" it, or
        "any"; "" where it is known, or not asked for."""
        if self.passing(rule) is not None:
            return ""
        found = self._found.get(rule.key or "")
        if found and found.positives:
            return "without"
        return "with" if self._found and (not found or found.negatives) else "any"

    def about(self, rule: Rule) -> dict[str, Any]:
        j = self.j(rule)
        return {
            "key": rule.key,
            "name": rule.name,
            "critical": rule.critical,
            "margin": self.fail(rule),
            "pass_margin": self.passing(rule),
            "j": plain(j) if j else None,
        }

    def verdict(self, rule: Rule, level: Estimate | None, strict: Estimate | None) -> Verdict:
        """A pass by the interval at the level of one rule: all must pass. A fail by that of all
        rules together."""
        within = self.passing(rule)
        if level and within is not None and judge(level, within) == "pass":
            return "pass"
        if strict and judge(strict, self.fail(rule)) == "fail":
            return "fail"
        return "undecided"
