"""The rows of a report and the gate's rules, from the lines of its run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evals import sampling
from reviewapp.gate.rules import Rule
from reviewapp.reports import estimates
from reviewapp.reports.lines import Line
from reviewapp.reports.tally import Tally
from taxonomy.models import Category


class Rows:
    """The rows of a report from its lines: labels counted, or averaged over their raters."""

    def __init__(
        self, merged: Sequence[Line], population: int, *, averaged: bool, apart: bool
    ) -> None:
        """Identical pairs cannot differ: they count for the rates and not for the difference.
        apart: outputs were rated one by one, elsewhere. Averaged, the same text may then have been
        rated twice, and identical pairs that have labels count by what was said."""
        pairs = [line for line in merged if line.stratum != sampling.IDENTICAL]
        chosen = merged if averaged and apart else pairs
        self.merged, self.population = merged, population
        self.every = Tally(merged, averaged=averaged)
        self.paired = Tally(chosen, averaged=averaged, same=True)
        self.labels = sum(len(line.labels) for line in pairs)

    def overall(self) -> dict[str, Any]:
        return estimates.row(self.every.errors(), self.paired.errors(), self.population)

    def category(self, pk: int) -> dict[str, Any]:
        return estimates.row(self.every.category(pk), self.paired.category(pk), self.population)

    def rule(self, category: Category) -> Rule:
        counts = self.paired.category(category.pk)
        return Rule(category.key, category.name, category.critical, counts)
