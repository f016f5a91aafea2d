"""What became of the label records that were sent."""

from __future__ import annotations

from dataclasses import dataclass

from evals.ingest import LineResult


@dataclass
class ImportResult(LineResult):
    """`not_blind`: of those stored, added or superseding, the ones that are not known to be
    blind."""

    OUTCOMES = ("stored", "added", "superseded", "unchanged", "conflicting", "rejected")
    ASIDE = ("not_blind",)

    superseded: int = 0
    not_blind: int = 0

    @property
    def written(self) -> int:
        return self.stored + self.added + self.superseded

    def as_dict(self) -> dict[str, object]:
        counts = super().as_dict()
        problems = counts.pop("problems")
        return {**counts, "not_blind": self.not_blind, "problems": problems}
