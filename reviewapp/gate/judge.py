"""The gate: the project's margins held against a run, for traffic like the window's.

Where the policy has a label budget, scheduled looks decide (looks.py): a fail may come at
any of them, a pass at the last. Without one there is a single look: once the run has finished and
every drawn item has its label (or was skipped). Whatever the intervals say in between is an
outlook: one that is looked at every day and acted on the first time it pleases decides wrongly far
more often than its level says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from evals import sampling
from evals.metrics.difference import future_difference
from evals.metrics.gate import combine
from evals.metrics.planning import labels_needed, smallest_margin
from evals.models import Run
from reviewapp.gate import looks
from reviewapp.gate.looks import Due, Plan
from reviewapp.gate.notes import notes
from reviewapp.gate.rules import Margins, Rule
from reviewapp.models import GatePolicy, Look, ReviewItem, Slot
from reviewapp.reports.lines import Counts
from reviewapp.reports.measured import plain

ALPHA = 0.05
NO_POLICY = "no policy"


@dataclass(frozen=True)
class Judged:
    """data: of the report, in which a look that is due is taken already; look: that one, which is
    still to be stored."""

    data: dict[str, Any]
    look: Look | None = None


def judge_run(
    run: Run,
    rules: Sequence[Rule],
    population: int,
    *,
    labels: int = 0,
    seconds: float | None = None,
    waiting: list[str] | None = None,
) -> Judged:
    """`verdict` counts, `outlook` is what the intervals say at present. labels: of the closed
    prefix, of pairs that can differ; seconds: that a review takes; `waiting`: what it waits for,
    where that is not reviewers here."""
    policies = GatePolicy.objects.filter(project=run.project_id).select_related("created_by")
    policy = policies.order_by("-id").first()
    blocked = bool(waiting)  # what came from elsewhere cannot decide, however much it is
    waiting = _waiting(run) if waiting is None else waiting
    if policy is None:
        return Judged({"verdict": NO_POLICY, "outlook": None, "rules": [], "waiting": waiting})
    plan = Plan(run, policy, blocked=blocked) if policy.label_budget else None
    more = max(plan.budget - labels, 0) if plan else None
    a_label = _seconds_a_label(run, seconds)
    rules = rules if population else []
    margins = Margins(policy, run.project)
    judged = [_outlook(rule, margins, population, len(rules), more, a_label) for rule in rules]
    outlook = combine([one["verdict"] for one in judged])
    data: dict[str, Any] = {
        "verdict": "undecided" if waiting else outlook,
        "outlook": outlook,
        "waiting": waiting,
        "margin": policy.margin,
        "critical_margin": policy.critical_margin,
        "hold_to_j": policy.hold_to_j,
        "rules": judged,
        "smallest_margin": smallest_margin(population, 0.0, 0.0) if population else None,
        "seconds_a_label": a_label,
        "plan": None,
        "notes": notes(run, policy, plan.put_aside if plan else []),
    }
    if plan is None:
        return Judged(data)
    finished = run.state == Run.State.FINISHED
    full = finished and (not waiting or labels >= plan.budget)
    look = None
    if population and not blocked and (due := plan.due(labels, len(rules), full=full)):
        look = _look(run, margins, rules, population, labels, due)
        plan.took(look)
    _decided(data, plan)
    data["plan"] = looks.about(plan, labels)
    return Judged(data, look)


def _decided(data: dict[str, Any], plan: Plan) -> None:
    """A look that decided is the verdict, whatever the intervals say since. A pass is not while the
    labels that it stood on are said to be such as cannot decide."""
    decided = plan.decided
    data["verdict"] = str(decided.verdict) if decided else "undecided"
    if decided:
        data["waiting"] = data["waiting"] if plan.blocked else []
        said = {row["key"]: row["verdict"] for row in decided.data["rules"]}
        for rule in data["rules"]:
            rule["verdict"] = said.get(rule["key"], rule["verdict"])


def _outlook(
    rule: Rule,
    margins: Margins,
    population: int,
    rules: int,
    more: int | None,
    a_label: float | None,
) -> dict[str, Any]:
    level, strict = rule.at(population, 1 - ALPHA), rule.at(population, 1 - ALPHA / rules)
    verdict = margins.verdict(rule, level, strict)
    needed, within = None, margins.passing(rule)
    if verdict == "undecided" and within is not None:
        needed = _needed(rule.counts, population, (within, margins.fail(rule)), rules, more)
    return {
        **margins.about(rule),
        "verdict": verdict,
        "outlook": verdict,
        "gold_wanting": margins.gold_wanting(rule),
        "labels_needed": needed,
        "hours_needed": needed * a_label / 3600 if needed is not None and a_label else None,
    }


def _look(
    run: Run, margins: Margins, rules: Sequence[Rule], population: int, labels: int, due: Due
) -> Look:
    rows = [_looked_at(rule, margins, population, due) for rule in rules]
    return Look(
        run=run,
        policy=margins.policy,
        number=due.number,
        labels=labels,
        fraction=due.fraction,
        level=due.level,
        verdict=combine([row["verdict"] for row in rows]),
        taken_at=timezone.now(),
        taxonomy_version=run.taxonomy_version,
        data={"strict": due.strict, "rules": rows},
    )


def _looked_at(rule: Rule, margins: Margins, population: int, due: Due) -> dict[str, Any]:
    """Before the last look nothing can pass."""
    level = rule.at(population, due.level) if due.level else None
    strict = rule.at(population, due.strict) if due.strict else None
    return {
        **margins.about(rule),
        "verdict": margins.verdict(rule, level if due.last else None, strict),
        "interval": plain(level) if level else None,
    }


def _needed(
    counts: Counts, population: int, margins: tuple[float, float], rules: int, more: int | None
) -> int | None:
    """Labels that would decide the rule with 80 % probability, at the level and the margin (to
    pass, to fail) of the side to which it leans; None where no number would, of those there are or
    `more` of the plan."""
    labelled, skipped = sum(counts.sampled), sum(counts.unknown)
    left = sum(counts.sizes) - labelled - skipped
    budget = left if more is None else min(left, more)
    present = future_difference(*counts.paired, population, averaged=counts.averaged)
    leans_to_fail = present.value > margins[1]
    margin = margins[1] if leans_to_fail else margins[0]
    level = 1 - ALPHA / rules if leans_to_fail else 1 - ALPHA
    needed = labels_needed(
        *counts.paired,
        population,
        margin=margin,
        budget=budget,
        confidence=level,
        averaged=counts.averaged,
    )
    # It would be decided now, were it not for the skipped items: those are what is needed.
    return skipped if needed == 0 else needed


def _seconds_a_label(run: Run, seconds: float | None) -> float | None:
    """Of all the reviewers of an item together."""
    if not seconds:
        return None
    plan = sampling.SamplingPlan.parse(run.sampling)
    return seconds * plan.mean_slots


def _waiting(run: Run) -> list[str]:
    """What the one look still waits for, in words."""
    if run.state != Run.State.FINISHED:
        return [f"the run is {run.state}"]
    states = (ReviewItem.State.PENDING, ReviewItem.State.DISPUTED)
    if unresolved := ReviewItem.objects.filter(run=run, state__in=states).count():
        items = "item is" if unresolved == 1 else "items are"
        again = Slot.objects.relabelling().filter(item__run=run).values("item").distinct().count()
        relabelled = f", {again} of them to be relabelled" if again else ""
        return [f"{unresolved} drawn {items} not resolved{relabelled}"]
    if not ReviewItem.objects.filter(run=run).exists():
        return ["nothing was drawn for review"]
    return []
