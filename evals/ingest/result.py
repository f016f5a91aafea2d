"""What became of the lines that were sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Self

from evals.records import LineError

#: Problems that an answer lists; all are counted.
LISTED = 1000


@dataclass
class LineResult:
    """Lines by what became of them; `problems` says why, for the first thousand.

    OUTCOMES: what a line can become, in the order of an answer; ASIDE: counts of lines that are in
    one of those already.
    """

    OUTCOMES: ClassVar[tuple[str, ...]] = (
        "stored",
        "added",
        "unchanged",
        "conflicting",
        "rejected",
    )
    ASIDE: ClassVar[tuple[str, ...]] = ()

    stored: int = 0
    added: int = 0
    unchanged: int = 0
    conflicting: int = 0
    rejected: int = 0
    problems: list[LineError] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """All that were told of, good or bad."""
        return sum(getattr(self, name) for name in self.OUTCOMES)

    @property
    def in_order(self) -> list[LineError]:
        """The problems by line: what cannot be read at all is found first."""
        return sorted(self.problems, key=lambda one: one.line)

    def as_dict(self) -> dict[str, object]:
        return {
            **{name: getattr(self, name) for name in self.OUTCOMES},
            "problems": [
                {"line": one.line, "field": one.path, "reason": one.reason} for one in self.in_order
            ],
        }

    def reject(self, problem: LineError) -> None:
        self.rejected += 1
        self.report([problem])

    def report(self, problems: Iterable[LineError]) -> None:
        self.problems.extend(list(problems)[: LISTED - len(self.problems)])

    def take(self, other: Self) -> None:
        """Adds what became of further lines."""
        for name in (*self.OUTCOMES, *self.ASIDE):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.report(other.problems)


@dataclass
class IngestResult(LineResult):
    """`beside`: of those conflicting, the lines that contradict no input and no output, whose
    outputs are stored all the same."""

    ASIDE = ("beside",)

    beside: int = 0
