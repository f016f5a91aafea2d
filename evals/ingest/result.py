"""What became of the lines that were sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from evals.records import LineError

#: Problems that an answer lists; all are counted.
LISTED = 1000


@dataclass
class IngestResult:
    """Lines by what became of them; `problems` says why, for the first thousand.

    `beside`: of those conflicting, the lines that contradict no input and no output, whose
    outputs are stored all the same.
    """

    stored: int = 0
    added: int = 0
    unchanged: int = 0
    conflicting: int = 0
    rejected: int = 0
    beside: int = 0
    problems: list[LineError] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """All that were told of, good or bad."""
        return self.stored + self.added + self.unchanged + self.conflicting + self.rejected

    def as_dict(self) -> dict[str, object]:
        return {
            "stored": self.stored,
            "added": self.added,
            "unchanged": self.unchanged,
            "conflicting": self.conflicting,
            "rejected": self.rejected,
            "problems": [
                {"line": one.line, "field": one.path, "reason": one.reason} for one in self.problems
            ],
        }

    def reject(self, problem: LineError) -> None:
        self.rejected += 1
        self.report([problem])

    def report(self, problems: Iterable[LineError]) -> None:
        self.problems.extend(list(problems)[: LISTED - len(self.problems)])

    def take(self, other: IngestResult) -> None:
        """Adds what became of further lines."""
        self.stored += other.stored
        self.added += other.added
        self.unchanged += other.unchanged
        self.conflicting += other.conflicting
        self.rejected += other.rejected
        self.beside += other.beside
        self.report(other.problems)
