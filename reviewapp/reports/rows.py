"""The rows of a report and the gate's rules, from the lines of its run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evals import sampling
from reviewapp.gate.rules import Rule
from reviewapp.reports import averaging, estimates
from reviewapp.reports.lines import Line
from reviewapp.reports.tally import Tally, has_category, has_error
from taxonomy.models import Category


class Rows:
    """The rows of a report from its lines: counted, or averaged over raters."""

    def __init__(self, merged: Sequence[Line], population: int, *, averaged: bool) -> None:
        """Identical pairs cannot differ: they count for the rates and not for the difference."""
        chosen = [line for line in merged if line.stratum != sampling.IDENTICAL]
        self.merged, self.population, self.averaged = merged, population, averaged
        self.every, self.paired = Tally(merged), Tally(chosen)
        self.labels = sum(len(line.labels) for line in chosen)

    def overall(self) -> dict[str, Any]:
        if self.averaged:
            return {**averaging.row(self.merged, self.population, has_error), "mcnemar": None}
        return estimates.row(self.every.errors(), self.paired.errors(), self.population)

    def category(self, pk: int) -> dict[str, Any]:
        if self.averaged:
            row = averaging.row(self.merged, self.population, has_category(pk))
            return {**row, "mcnemar": None}
        return estimates.row(self.every.category(pk), self.paired.category(pk), self.population)

    def rule(self, category: Category) -> Rule:
        future = None
        if self.averaged and self.population:
            future = averaging.future(self.merged, self.population, has_category(category.pk))
        counts = self.paired.category(category.pk)
        return Rule(category.key, category.name, category.critical, counts, future)
