"""The rows of a report in which several raters of an output are averaged (MQM's habit).

Where they differ, labels are fractions and the variance is linearised (evals/metrics/averaged.py);
what all raters of each output agree on are counts, with the exact intervals of any report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from evals import sampling
from evals.metrics.averaged import Averaged, averaged_mean
from evals.metrics.difference import future_difference, paired_difference, paired_p_value
from evals.metrics.estimate import Estimate
from evals.metrics.rates import stratified_rate
from reviewapp.labelling.elsewhere import Several
from reviewapp.labelling.labels import Label
from reviewapp.reports.lines import Line
from reviewapp.reports.measured import plain

Has = Callable[[Label, str], bool | None]
#: The value of a label; None where it is not known.
Value = Callable[[Several], float | None]

_SMALLEST_P = 1e-12
_HALVINGS = 50
UNWEIGHED = "what some findings weigh is unknown: they have no severity"
MISSING = "some pairs have no label, and what would be found there has no bound"


def share(label: Several, side: str, has: Has) -> float | None:
    """Of the raters of that side, those whose label has the thing; None where one does not say."""
    said = [has(one, side) for one in label.raters[side]]
    return None if None in said else fmean(bool(one) for one in said)


def _of(side: str, has: Has) -> Value:
    return lambda label: share(label, side, has)


def _between(has: Has) -> Value:
    def difference(label: Several) -> float | None:
        both = share(label, "candidate", has), share(label, "baseline", has)
        return None if both[0] is None or both[1] is None else both[0] - both[1]

    return difference


class Mean:
    """The mean of a value over all compared requests. `low`, `high`: what a label that is missing
    or does not say could be; None where that has no bound."""

    def __init__(
        self,
        lines: Sequence[Line],
        value: Value,
        population: int,
        low: float | None,
        high: float | None,
        *,
        identical: bool,
    ) -> None:
        """`identical`: pairs of one text that have no label are not known; else they count as no
        difference, which they are by definition. Those that have one count by what was said: where
        outputs were rated one by one, the same text may have been rated twice."""
        self.known: list[list[float]] = []
        self.unknown: list[int] = []
        self.sizes = [line.size for line in lines]
        self.population, self.bounds = population, (low, high)
        for line in lines:
            said = [value(label) for label in line.labels if isinstance(label, Several)]
            known = [one for one in said if one is not None]
            missing = line.skipped + len(said) - len(known)
            if not identical and line.stratum == sampling.IDENTICAL:
                known, missing = [*known, *[0.0] * (line.size - len(said))], len(said) - len(known)
            self.known.append(known)
            self.unknown.append(missing)

    def at(self, level: float, kind: str = "this_window") -> Estimate:
        def mean(fill: float | None) -> Estimate:
            rows = self.known
            if fill is not None:
                rows = [
                    [*row, *[fill] * n] for row, n in zip(self.known, self.unknown, strict=True)
                ]
            found: Averaged = averaged_mean(rows, self.sizes, self.population, level)
            return found.this_window if kind == "this_window" else found.traffic

        value = mean(None)
        if not any(self.unknown):
            return value
        low, high = self.bounds
        return Estimate(
            value.value,
            -math.inf if low is None else min(mean(low).low, value.value),
            math.inf if high is None else max(mean(high).high, value.value),
        )

    def difference(self, level: float = 0.95, kind: str = "this_window") -> Estimate:
        """Of shares: by counts where there is no fraction."""
        if self.fractions:
            return self.at(level, kind)
        estimate = paired_difference if kind == "this_window" else future_difference
        return estimate(*self._paired(), self.population, level, unknown=self.unknown)

    def rate(self) -> Estimate:
        """The same of one side's share."""
        if self.fractions:
            return self.at(0.95)
        hits, _, sampled, sizes = self._paired()
        return stratified_rate(hits, sampled, sizes, self.population, unknown=self.unknown)

    @property
    def fractions(self) -> bool:
        return any(one not in (-1.0, 0.0, 1.0) for known in self.known for one in known)

    def _paired(self) -> tuple[list[int], list[int], list[int], list[int]]:
        worse = [sum(one > 0 for one in known) for known in self.known]
        better = [sum(one < 0 for one in known) for known in self.known]
        return worse, better, [len(known) for known in self.known], self.sizes

    def p(self) -> float:
        """The smallest alpha at which the window's interval excludes 0; 0 in a census that does."""

        if not self.fractions:
            return paired_p_value(*self._paired(), self.population, unknown=self.unknown)

        def excludes(alpha: float) -> bool:
            found = self.at(1 - alpha)
            return found.low > 0 or found.high < 0

        if not excludes(1 - 1e-9):
            return 1.0
        if excludes(_SMALLEST_P):
            return 0.0
        within, outside = math.log(_SMALLEST_P), 0.0
        for _ in range(_HALVINGS):
            middle = (within + outside) / 2
            within, outside = (within, middle) if excludes(math.exp(middle)) else (middle, outside)
        return math.exp(outside)


def difference(merged: Sequence[Line], population: int, has: Has) -> Mean:
    return Mean(merged, _between(has), population, -1.0, 1.0, identical=False)


def future(merged: Sequence[Line], population: int, has: Has) -> Callable[[float], Estimate]:
    """The difference for traffic like this window's, at any level."""
    mean = difference(merged, population, has)
    return lambda level: mean.difference(level, "traffic")


def row(merged: Sequence[Line], population: int, has: Has) -> dict[str, Any]:
    """What core.py has of a category; `worse` and `better` count pairs in which more, or
    fewer, raters found it on the candidate's side."""
    mean = difference(merged, population, has)
    signs = [one for known in mean.known for one in known]
    rates = {
        side: plain(Mean(merged, _of(side, has), population, 0.0, 1.0, identical=True).rate())
        for side in ("baseline", "candidate")
    }
    return {
        "worse": sum(one > 0 for one in signs),
        "better": sum(one < 0 for one in signs),
        **rates,
        "difference": plain(mean.difference()),
        "future": plain(mean.difference(kind="traffic")),
        "p": mean.p(),
    }


def score(
    merged: Sequence[Line], population: int
) -> tuple[dict[str, float | None] | None, dict[str, Any] | None, str]:
    """The weighted score's difference in weight per request, and beside it both sides' scores and
    that for traffic like it; and why there is none where there is none. A side's score of a pair
    is the mean over its raters of what their findings weigh together."""

    def of(side: str) -> Value:
        def mean(label: Several) -> float | None:
            said = label.points.get(side, ())
            return None if None in said else fmean(one or 0.0 for one in said)

        return mean

    def between(label: Several) -> float | None:
        both = of("candidate")(label), of("baseline")(label)
        return None if both[0] is None or both[1] is None else both[0] - both[1]

    labels = [one for line in merged for one in line.labels if isinstance(one, Several)]
    if not labels:
        return None, None, ""
    if any(between(one) is None for one in labels):
        return None, None, UNWEIGHED
    mean = Mean(merged, between, population, None, None, identical=False)
    sides = {
        side: Mean(merged, of(side), population, 0.0, None, identical=True)
        for side in ("baseline", "candidate")
    }
    if any(mean.unknown):
        return None, None, MISSING
    beside = {
        **{side: plain(one.at(0.95)) for side, one in sides.items()},
        "future": plain(mean.at(0.95, "traffic")),
    }
    return plain(mean.at(0.95)), beside, ""
