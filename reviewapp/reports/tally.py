"""The counts of every category and severity of some lines, in one pass over their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals import sampling
from reviewapp.labelling.labels import Label
from reviewapp.labelling.several import Several, share
from reviewapp.models import Review
from reviewapp.reports.lines import Counts, Line

SIDES = ("baseline", "candidate")
WORSE, BETTER, BASELINE, CANDIDATE, UNKNOWN, WORSE_PAIRS, BETTER_PAIRS = range(7)

Table = NDArray[Any]  # int64; float64 where raters are averaged


def has_error(label: Label, side: str) -> bool:
    """Whether that side has an error of any kind."""
    return bool(getattr(label, side) == Review.Verdict.ERROR)


def has_category(category: int) -> Callable[[Label, str], bool | None]:
    return lambda label, side: label.has(side, category)


class Tally:
    """What `lines.counts` gives of `chosen`, for each category without reading the labels again.

    averaged: what counts of a label is the share of its raters (labelling/several.py). same: pairs
    of one text count as no difference where they have no label, for all of them are known.
    heavy: labels a line with findings all of which have a weight, since what those of an output
    weigh together is one number. vague: labels a line of which something that they say, or could
    not say, has no weight that is known. assumed: pairs of one text that count without a label.
    """

    def __init__(
        self, chosen: Sequence[Line], *, averaged: bool = False, same: bool = False
    ) -> None:
        known = [same and line.stratum == sampling.IDENTICAL for line in chosen]
        rows = list(zip(chosen, known, strict=True))
        self._labels = [line.size if all_ else len(line.labels) for line, all_ in rows]
        self.assumed = sum(line.size - len(line.labels) for line, all_ in rows if all_)
        self._skipped = [0 if all_ else line.skipped for line, all_ in rows]
        self._sizes = [line.size for line in chosen]
        self.averaged = averaged
        self._categories: dict[int, Table] = {}
        self._errors = self._table()
        self.vague = [0] * len(chosen)
        self.heavy: list[list[Label]] = [[] for _ in chosen]
        for at, line in enumerate(chosen):
            for label in line.labels:
                self._add(at, label)

    def errors(self) -> Counts:
        """Of errors of any kind."""
        return self._counts(self._errors)

    def category(self, category: int) -> Counts:
        return self._counts(self._categories.get(category, self._table()))

    def weighed(self) -> tuple[list[int], list[int], list[int]]:
        """For the severity score: sampled, sizes, unknown."""
        sampled = [n - vague for n, vague in zip(self._labels, self.vague, strict=True)]
        unknown = [n + vague for n, vague in zip(self._skipped, self.vague, strict=True)]
        return sampled, self._sizes, unknown

    def _table(self) -> Table:
        return np.zeros((7, len(self._sizes)), dtype=np.float64 if self.averaged else np.int64)

    def _add(self, at: int, label: Label) -> None:
        if self.averaged:
            self._add_all(at, label)
            return
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

    def _add_all(self, at: int, label: Label) -> None:
        """Each side's share of raters; of a label that is one person's, 0 or 1."""
        _count(self._errors, at, *(share(label, side, has_error) for side in SIDES))
        raters = label.raters if isinstance(label, Several) else {side: [label] for side in SIDES}
        categories: set[int] = set()
        for one in (one for said in raters.values() for one in said):
            categories.update(c for _, c, _ in one.findings if c is not None)
            categories.update(one.unasked, *(several for _, several in one.possible))
        for category in categories:
            both = [share(label, side, has_category(category)) for side in SIDES]
            _count(self._of(category), at, *both)
        self._weigh_all(at, label)

    def _weigh_all(self, at: int, label: Label) -> None:
        weighed = label.weighed if isinstance(label, Several) else {}
        if any(None in said for said in weighed.values()):
            self.vague[at] += 1
        elif any(found for said in weighed.values() for found in said):
            self.heavy[at].append(label)

    def _weigh(self, at: int, label: Label) -> None:
        if label.possible or label.unasked or any(c and s is None for _, c, s in label.findings):
            self.vague[at] += 1
        elif label.findings:
            self.heavy[at].append(label)

    def _of(self, category: int) -> Table:
        return self._categories.setdefault(category, self._table())

    def _counts(self, table: Table) -> Counts:
        unknown = table[UNKNOWN].astype(int).tolist()
        return Counts(
            table[WORSE].tolist(),
            table[BETTER].tolist(),
            table[BASELINE].tolist(),
            table[CANDIDATE].tolist(),
            [n - lost for n, lost in zip(self._labels, unknown, strict=True)],
            [n + lost for n, lost in zip(self._skipped, unknown, strict=True)],
            self._sizes,
            _pairs(table) if self.averaged else None,
        )


def _pairs(table: Table) -> tuple[int, int]:
    return int(table[WORSE_PAIRS].sum()), int(table[BETTER_PAIRS].sum())


def _count(table: Table, at: int, baseline: float | None, candidate: float | None) -> None:
    """One label; where one of its sides is not known it counts as unknown, as a skipped item.
    baseline, candidate: whether, or in which share of its raters' words, a side has the thing."""
    if baseline is None or candidate is None:
        table[UNKNOWN, at] += 1
        return
    table[WORSE, at] += max(candidate - baseline, 0)
    table[BETTER, at] += max(baseline - candidate, 0)
    table[WORSE_PAIRS, at] += candidate > baseline
    table[BETTER_PAIRS, at] += candidate < baseline
    table[BASELINE, at] += baseline
    table[CANDIDATE, at] += candidate
