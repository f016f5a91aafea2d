"""What became of the records that were sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from evals.ingest import LISTED
from evals.records import LineError

COUNTS = ("stored", "added", "superseded", "unchanged", "conflicting", "rejected")


@dataclass
class ImportResult:
    """Records by what became of them; `problems` says why, for the first thousand. `not_blind`: of
    those stored, added or superseding, the ones that are not known to be blind."""

    stored: int = 0
    added: int = 0
    superseded: int = 0
    unchanged: int = 0
    conflicting: int = 0
    rejected: int = 0
    not_blind: int = 0
    problems: list[LineError] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """All that were told of, good or bad."""
        return sum(getattr(self, name) for name in COUNTS)

    @property
    def written(self) -> int:
        return self.stored + self.added + self.superseded

    def as_dict(self) -> dict[str, object]:
        return {
            **{name: getattr(self, name) for name in COUNTS},
            "not_blind": self.not_blind,
            "problems": [
                {"line": one.line, "field": one.path, "reason": one.reason} for one in self.problems
            ],
        }

    def reject(self, problem: LineError) -> None:
        self.rejected += 1
        self.report([problem])

    def report(self, problems: Iterable[LineError]) -> None:
        self.problems.extend(list(problems)[: LISTED - len(self.problems)])

    def take(self, other: ImportResult) -> None:
        """Adds what became of further records."""
        for name in (*COUNTS, "not_blind"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.report(other.problems)
