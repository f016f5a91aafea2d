"""When the gate looks at a run, and how sure it must be each time.

The policy fixes a label budget and a number of looks. Look k is due when the labels of the closed
prefix reach k/K of the budget, the last one when the window is full: the run has finished, and
all that was drawn is resolved or the budget reached. Each look's level is that of
evals.metrics.looks at its part of the budget. See docs/decisions/0013-scheduled-looks.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evals.metrics.looks import ALPHA, scheduled_looks
from evals.models import Run
from reviewapp.gate import notes
from reviewapp.models import GatePolicy, Look
from reviewapp.reports import words

#: That the plan was used up: no later look of the run can decide.
FULL = 1.0


@dataclass(frozen=True)
class Due:
    """A look that is to be taken now. `level`: of its intervals; `strict`: of those that a fail is
    judged by, over all rules together; None where it cannot decide."""

    number: int
    last: bool
    fraction: float
    level: float | None
    strict: float | None


class Plan:
    """The looks of a run under the policy in force. `taken`: all of the run, by any policy, since
    what they spent stays spent; `mine`: those that may decide, of this policy and of the taxonomy
    version that the run is in. `blocked`: the labels are of a kind that cannot decide, so that no
    pass of theirs stands."""

    def __init__(self, run: Run, policy: GatePolicy, *, blocked: bool = False) -> None:
        self.blocked = blocked
        self.budget, self.looks = policy.label_budget or 0, policy.looks
        self._policy, self._version = policy.pk, run.taxonomy_version_id
        looks = Look.objects.filter(run=run).select_related("taxonomy_version__taxonomy")
        self.taken = list(looks.order_by("pk"))
        #: Closed by somebody who could see labels: its end is a result, and spends no more than
        #: its labels are worth.
        self._chosen_end = bool(run.cut_short_at and notes.reviews(run, before=run.cut_short_at))

    @property
    def mine(self) -> list[Look]:
        return [
            one
            for one in self._of_policy
            if one.taxonomy_version_id == self._version and not self._holds(one)
        ]

    @property
    def held(self) -> Look | None:
        """A pass of this policy that does not stand while its labels cannot decide."""
        return next((one for one in self._of_policy if self._holds(one)), None)

    def _holds(self, look: Look) -> bool:
        return self.blocked and look.verdict == Look.Verdict.PASS

    def took(self, look: Look) -> None:
        """Counts a look that is not stored yet."""
        self.taken.append(look)

    @property
    def put_aside(self) -> list[Look]:
        """Looks that decided, under other margins, in another version or on labels that cannot
        decide any more, and count no longer."""
        undecided = Look.Verdict.UNDECIDED
        return [one for one in self.taken if one.verdict != undecided and one not in self.mine]

    @property
    def decided(self) -> Look | None:
        """The first look that decided: it is the verdict, and none is taken after it."""
        return next((one for one in self.mine if one.verdict != Look.Verdict.UNDECIDED), None)

    @property
    def over(self) -> bool:
        """Whether nothing can be decided any more, since the whole plan was spent."""
        spent = any(one.fraction >= FULL for one in self.taken)
        return not (self.decided or self.held) and (spent or self._last >= self.looks)

    def due(self, labels: int, rules: int, *, full: bool) -> Due | None:
        """full: the window is, so that this is the last look. rules: that are judged together."""
        number = self.looks if full else self._reached(labels)
        if self.decided or self.over or number <= self._last:
            return None
        # Labels beyond the last but one look's are counted at the last, which must have some left.
        part = min(labels / self.budget, FULL if full else 1 - 1 / self.looks)
        if full and not self._chosen_end:
            part = FULL
        fractions = self._fractions(part)
        level = scheduled_looks(fractions, FULL)[-1].confidence
        strict = scheduled_looks(fractions, FULL, ALPHA / max(rules, 1))[-1].confidence
        return Due(number, full, fractions[-1], level, strict)

    def next_at(self, labels: int) -> int | None:
        """Labels at which the next look is due; None where the next is the last, or none is."""
        number = max(self._last, self._reached(labels)) + 1
        if self.decided or self.over or number >= self.looks:
            return None
        return -(-number * self.budget // self.looks)

    @property
    def _of_policy(self) -> list[Look]:
        return [one for one in self.taken if one.policy_id == self._policy]

    @property
    def _last(self) -> int:
        return max((one.number for one in self._of_policy), default=0)

    def _reached(self, labels: int) -> int:
        return min(self.looks - 1, labels * self.looks // self.budget)

    def _fractions(self, now: float) -> list[float]:
        """Information of all looks so far in parts of this plan's, rising. Under a larger budget
        an earlier look keeps the part that it had: what it spent is spent."""
        fractions: list[float] = []
        for one in self.taken:
            part = max(one.fraction, min(one.labels / self.budget, FULL))
            fractions.append(max(part, fractions[-1] if fractions else 0.0))
        return [*fractions, max(now, fractions[-1] if fractions else 0.0)]


def about(plan: Plan, labels: int) -> dict[str, Any]:
    """What a report says of the looks."""
    decided, mine = plan.decided, plan.mine
    data: dict[str, Any] = {
        "budget": plan.budget,
        "looks": plan.looks,
        "labels": labels,
        "taken": [_row(one, one in mine) for one in plan.taken],
        "decided_by": decided.number if decided else None,
        "next_at": plan.next_at(labels),
        "over": plan.over,
    }
    sentence = words.look(data)
    if held := plan.held:
        sentence = (
            f"Look {held.number} of {plan.looks} passed, on labels that cannot decide as they are "
            "described now"
        )
    return {**data, "sentence": sentence}


def _row(one: Look, counts: bool) -> dict[str, Any]:
    """`counts`: whether it is of the margins and the taxonomy that hold now."""
    return {
        "number": one.number,
        "labels": one.labels,
        "fraction": one.fraction,
        "level": one.level,
        "verdict": one.verdict,
        "at": one.taken_at.isoformat(),
        "counts": counts,
        "rules": one.data["rules"],
    }
