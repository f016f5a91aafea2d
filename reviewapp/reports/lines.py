"""The lines of a run: how far each stratum of each batch is labelled, and the counts that the
estimators take from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from evals import sampling
from evals.models import Run, Stratum
from evals.recompute import THEN
from reviewapp.labelling.labels import Label
from reviewapp.models import ReviewItem


@dataclass
class Line:
    """One stratum of one batch (or of several neighbours, put together).

    Where the run's comparators were changed after the batch was drawn from, it is a cell: what
    stood in one stratum when it was drawn and stands in one now. Its name tells both, "differ/near
    → equivalent", and in it too the items drawn are the first by u. `drawn_from` is the strata of
    before, `now` that of now.
    size: its comparisons; drawn: items made; labels: those of the closed prefix, in order of u up
    to the first item that waits for a reviewer; items: whose they are, in the same order (of labels
    from elsewhere: of which comparisons); skipped: items of the prefix without a label of both
    sides, missing: which these are. A disputed item is
    among those until it is adjudicated: a count that moved with what somebody said of A would tell
    them, and whoever adjudicates, which side A is. behind: resolved items after the first that
    waits, which are not used yet.
    """

    stratum: str
    batches: list[str]
    size: int
    drawn: int = 0
    resolved: int = 0
    skipped: int = 0
    labels: list[Label] = field(default_factory=list)
    drawn_from: str = ""
    now: str = ""
    items: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    behind: int = 0


def lines(run: Run, labels: dict[int, Label]) -> list[Line]:
    """All lines of a run, in order of stratum and batch; failed pairs are not among them."""
    found = cells(run)
    open_at: set[tuple[str, str, str]] = set()
    items = ReviewItem.objects.filter(run=run).order_by("comparison__u", "comparison_id")
    where = ("comparison__batch", "comparison__line", "comparison__stratum")
    for pk, state, *cell in items.values_list("id", "state", *where):
        at = (cell[0], cell[1], cell[2])
        line = found[at]
        line.drawn += 1
        line.resolved += state == ReviewItem.State.RESOLVED
        if at in open_at:
            line.behind += state == ReviewItem.State.RESOLVED
            continue
        label = labels.get(pk)
        held = label is not None and label.held
        if state == ReviewItem.State.PENDING and not held:
            open_at.add(at)
        elif (state == ReviewItem.State.RESOLVED or held) and label and label.whole:
            line.labels.append(label)
            line.items.append(pk)
        else:
            line.skipped += 1
            line.missing.append(pk)
    return in_order(found.values())


def cells(run: Run) -> dict[tuple[str, str, str], Line]:
    """The lines of a run, by batch, line of before and stratum, without any item or label."""
    return {
        (stratum.batch, stratum.line, stratum.name): Line(
            _name(stratum), [stratum.batch], stratum.size, drawn_from=stratum.line, now=stratum.name
        )
        for stratum in Stratum.objects.filter(run=run, size__gt=0)
        if stratum.name in sampling.DRAWN
    }


def in_order(found: Iterable[Line]) -> list[Line]:
    order = {name: i for i, name in enumerate(sampling.DRAWN)}
    return sorted(found, key=lambda x: (order[x.now], x.drawn_from, x.batches))


def _name(stratum: Stratum) -> str:
    """Where it stood and stands: a stratum that never changed is called by its name alone. So
    "identical" is what was identical throughout, which has no difference by definition; what has
    become it was shown to people as two texts that differ, and their labels count."""
    stood = stratum.line.split(THEN) if stratum.line else []
    steps = [*stood, stratum.name]
    return " → ".join(name for i, name in enumerate(steps) if not i or name != steps[i - 1])


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
    return _siblings([line for row in strata.values() for line in row])


def _siblings(rows: list[Line]) -> list[Line]:
    """Cells in which a label is still wanting, put together with another of the same line: what
    was drawn of a line is its first by u, and so it is of any part of it.

    Never with what was identical throughout, whose difference is zero by definition.
    """
    alone = [not line.drawn_from or not _thin(line) or _is_identical(line) for line in rows]
    kept = [line for line, stays in zip(rows, alone, strict=True) if stays]
    for line in (line for line, stays in zip(rows, alone, strict=True) if not stays):
        family = [
            i
            for i, one in enumerate(kept)
            if one.drawn_from == line.drawn_from and not _is_identical(one)
        ]
        # The thinnest first, so that the others keep what tells them apart.
        if family:
            at = min(family, key=lambda i: len(kept[i].labels))
            kept[at] = _together(kept[at], line)
        else:
            kept.append(line)
    return kept


def _is_identical(line: Line) -> bool:
    return line.stratum == sampling.IDENTICAL


def _thin(line: Line) -> bool:
    return len(line.labels) < min(2, line.size)


def _together(a: Line, b: Line) -> Line:
    return Line(
        a.stratum if a.stratum == b.stratum else f"{a.stratum} + {b.stratum}",
        sorted({*a.batches, *b.batches}),
        a.size + b.size,
        a.drawn + b.drawn,
        a.resolved + b.resolved,
        a.skipped + b.skipped,
        [*a.labels, *b.labels],
        a.drawn_from,
        a.now,
        [*a.items, *b.items],
        [*a.missing, *b.missing],
        a.behind + b.behind,
    )


@dataclass(frozen=True)
class Counts:
    """Per line: what paired_difference and stratified_rate take. `pairs`: where raters are
    averaged, the pairs that are worse and better; the first four are then sums of shares."""

    worse: list[float]
    better: list[float]
    baseline: list[float]
    candidate: list[float]
    sampled: list[int]
    unknown: list[int]
    sizes: list[int]
    pairs: tuple[int, int] | None = None

    @property
    def averaged(self) -> bool:
        return self.pairs is not None

    @property
    def paired(self) -> tuple[list[float], list[float], list[int], list[int]]:
        """The leading arguments of paired_difference and future_difference."""
        return self.worse, self.better, self.sampled, self.sizes

    @classmethod
    def census(cls, *, worse: int, better: int) -> Counts:
        """Differences that are known without a label, such as sides that gave no output."""
        known = worse + better
        return cls([worse], [better], [better], [worse], [known], [0], [known])


def counts(chosen: Sequence[Line], has: Callable[[Label, str], bool | None]) -> Counts:
    """`has(label, side)`: whether that side of the item has the thing that is counted; where it is
    None for a side the item counts as unknown, as one that was skipped."""
    rows = []
    for line in chosen:
        asked = [(has(label, "baseline"), has(label, "candidate")) for label in line.labels]
        pairs = [pair for pair in asked if None not in pair]
        rows.append(
            (
                sum(1 for b, c in pairs if c and not b),
                sum(1 for b, c in pairs if b and not c),
                sum(1 for b, _ in pairs if b),
                sum(1 for _, c in pairs if c),
                len(pairs),
                line.skipped + len(asked) - len(pairs),
                line.size,
            )
        )
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(7)]
    worse, better, baseline, candidate, sampled, unknown, sizes = columns
    return Counts([*worse], [*better], [*baseline], [*candidate], sampled, unknown, sizes)
