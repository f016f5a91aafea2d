"""The lines of a run: how far each stratum of each batch is labelled, and the counts that the
estimators take from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evals import sampling
from evals.models import Run, Stratum
from reviewapp.labels import Label
from reviewapp.models import ReviewItem


@dataclass
class Line:
    """One stratum of one batch (or of several neighbours, put together).

    size: its comparisons; drawn: items made; labels: those of the closed prefix, in order of u up
    to the first item that waits for a reviewer; skipped: items of the prefix without a label of
    both sides. A disputed item is among those until it is adjudicated: a count that moved with
    what somebody said of A would tell them, and whoever adjudicates, which side A is.
    """

    stratum: str
    batches: list[str]
    size: int
    drawn: int = 0
    resolved: int = 0
    skipped: int = 0
    labels: list[Label] = field(default_factory=list)


def lines(run: Run, labels: dict[int, Label]) -> list[Line]:
    """All lines of a run, in order of stratum and batch; failed pairs are not among them."""
    found = {
        (stratum.name, stratum.batch): Line(stratum.name, [stratum.batch], stratum.size)
        for stratum in Stratum.objects.filter(run=run)
        if stratum.name in sampling.DRAWN
    }
    open_at: set[tuple[str, str]] = set()
    items = ReviewItem.objects.filter(run=run).order_by("stratum", "batch", "position")
    for pk, stratum, batch, state in items.values_list("id", "stratum", "batch", "state"):
        line = found[stratum, batch]
        line.drawn += 1
        line.resolved += state == ReviewItem.State.RESOLVED
        if (stratum, batch) in open_at:
            continue
        label = labels.get(pk)
        if state == ReviewItem.State.PENDING:
            open_at.add((stratum, batch))
        elif state == ReviewItem.State.RESOLVED and label and label.whole:
            line.labels.append(label)
        else:
            line.skipped += 1
    order = {name: i for i, name in enumerate(sampling.DRAWN)}
    return sorted(found.values(), key=lambda line: (order[line.stratum], line.batches))


def merged(all_lines: Sequence[Line]) -> list[Line]:
    """Lines in which every batch with fewer than two labels is put together with a neighbour:
    a stratum with one label has no variance of its own."""
    strata: dict[str, list[Line]] = defaultdict(list)
    for line in all_lines:
        row = strata[line.stratum]
        if row and _thin(row[-1]):
            row[-1] = _together(row[-1], line)
        else:
            row.append(line)
    for row in strata.values():
        while len(row) > 1 and _thin(row[-1]):
            last = row.pop()
            row[-1] = _together(row[-1], last)
    return [line for row in strata.values() for line in row]


def _thin(line: Line) -> bool:
    return len(line.labels) < min(2, line.size)


def _together(a: Line, b: Line) -> Line:
    return Line(
        a.stratum,
        [*a.batches, *b.batches],
        a.size + b.size,
        a.drawn + b.drawn,
        a.resolved + b.resolved,
        a.skipped + b.skipped,
        [*a.labels, *b.labels],
    )


@dataclass(frozen=True)
class Counts:
    """Per line: what paired_difference and stratified_rate take."""

    worse: list[int]
    better: list[int]
    baseline: list[int]
    candidate: list[int]
    sampled: list[int]
    unknown: list[int]
    sizes: list[int]

    @property
    def paired(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """The leading arguments of paired_difference and future_difference."""
        return self.worse, self.better, self.sampled, self.sizes

    @classmethod
    def census(cls, *, worse: int, better: int) -> Counts:
        """Differences that are known without a label, such as sides that gave no output."""
        known = worse + better
        return cls([worse], [better], [better], [worse], [known], [0], [known])


def counts(chosen: Sequence[Line], has: Callable[[Label, str], bool]) -> Counts:
    """`has(label, side)`: whether that side of the item has the thing that is counted."""
    rows = []
    for line in chosen:
        pairs = [(has(label, "baseline"), has(label, "candidate")) for label in line.labels]
        rows.append(
            (
                sum(1 for b, c in pairs if c and not b),
                sum(1 for b, c in pairs if b and not c),
                sum(1 for b, _ in pairs if b),
                sum(1 for _, c in pairs if c),
                len(pairs),
                line.skipped,
                line.size,
            )
        )
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(7)]
    return Counts(*columns)
