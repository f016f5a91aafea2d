"""The counts of every category and severity of some lines, in one pass over their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from reviewapp.labelling.labels import Label
from reviewapp.models import Review
from reviewapp.reports.lines import Counts, Line

SIDES = ("baseline", "candidate")
WORSE, BETTER, BASELINE, CANDIDATE, UNKNOWN = range(5)

Table = NDArray[np.int64]
Kind = tuple[int, int]


def has_error(label: Label, side: str) -> bool:
    """Whether that side has an error of any kind."""
    return bool(getattr(label, side) == Review.Verdict.ERROR)


def has_category(category: int) -> Callable[[Label, str], bool | None]:
    return lambda label, side: label.has(side, category)


class Tally:
    """What `lines.counts` gives of `chosen`, for each category without reading the labels again.

    kinds: (category, severity) of all findings, by primary keys. vague: labels a line of which
    something that they say, or could not say, has no weight that is known.
    """

    def __init__(self, chosen: Sequence[Line]) -> None:
        self._labels = [len(line.labels) for line in chosen]
        self._skipped = [line.skipped for line in chosen]
        self._sizes = [line.size for line in chosen]
        self._categories: dict[int, Table] = {}
        self._kinds: dict[Kind, Table] = {}
        self._errors = self._table()
        self.vague = [0] * len(chosen)
        for at, line in enumerate(chosen):
            for label in line.labels:
                self._add(at, label)

    def errors(self) -> Counts:
        """Of errors of any kind."""
        return self._counts(self._errors)

    def category(self, category: int) -> Counts:
        return self._counts(self._categories.get(category, self._table()))

    @property
    def kinds(self) -> list[Kind]:
        return sorted(self._kinds)

    def kind(self, kind: Kind) -> tuple[list[int], list[int]]:
        """Labels a line whose baseline, and whose candidate, has such a finding; vague labels are
        left out."""
        table = self._kinds[kind]
        return table[BASELINE].tolist(), table[CANDIDATE].tolist()

    def weighed(self) -> tuple[list[int], list[int], list[int]]:
        """For the severity score: sampled, sizes, unknown."""
        sampled = [n - vague for n, vague in zip(self._labels, self.vague, strict=True)]
        unknown = [n + vague for n, vague in zip(self._skipped, self.vague, strict=True)]
        return sampled, self._sizes, unknown

    def _table(self) -> Table:
        return np.zeros((5, len(self._sizes)), dtype=np.int64)

    def _add(self, at: int, label: Label) -> None:
        _count(self._errors, at, *(has_error(label, side) for side in SIDES))
        if not (label.findings or label.possible or label.unasked):
            return
        said: dict[str, set[int]] = {side: set() for side in SIDES}
        for side, category, _ in label.findings:
            if category is not None:
                said[side].add(category)
        open_ = label.unasked.union(*(several for _, several in label.possible))
        for category in open_:
            both = [label.has(side, category) for side in SIDES]
            _count(self._of(category), at, *both)
        for category in said["baseline"].union(said["candidate"]) - open_:
            _count(self._of(category), at, *(category in said[side] for side in SIDES))
        self._weigh(at, label)

    def _weigh(self, at: int, label: Label) -> None:
        if label.possible or label.unasked or any(c and s is None for _, c, s in label.findings):
            self.vague[at] += 1
            return
        for side, category, severity in label.findings:
            if category is not None and severity is not None:
                table = self._kinds.setdefault((category, severity), self._table())
                table[BASELINE if side == "baseline" else CANDIDATE, at] += 1

    def _of(self, category: int) -> Table:
        return self._categories.setdefault(category, self._table())

    def _counts(self, table: Table) -> Counts:
        unknown = table[UNKNOWN].tolist()
        return Counts(
            table[WORSE].tolist(),
            table[BETTER].tolist(),
            table[BASELINE].tolist(),
            table[CANDIDATE].tolist(),
            [n - lost for n, lost in zip(self._labels, unknown, strict=True)],
            [n + lost for n, lost in zip(self._skipped, unknown, strict=True)],
            self._sizes,
        )


def _count(table: Table, at: int, baseline: bool | None, candidate: bool | None) -> None:
    """One label; where one of its sides is not known it counts as unknown, as a skipped item."""
    if baseline is None or candidate is None:
        table[UNKNOWN, at] += 1
        return
    table[WORSE, at] += candidate and not baseline
    table[BETTER, at] += baseline and not candidate
    table[BASELINE, at] += baseline
    table[CANDIDATE, at] += candidate
