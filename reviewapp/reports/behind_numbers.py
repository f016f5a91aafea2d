"""The items behind a number of a report: which of those that the estimates stand on have it."""

from __future__ import annotations

from collections.abc import Callable

from evals import sampling
from evals.models import Run
from reviewapp.labelling import labels
from reviewapp.labelling.labels import Label
from reviewapp.labelling.reading import Reader
from reviewapp.reports import lines
from reviewapp.reports.tally import has_category, has_error
from taxonomy.models import Category, TaxonomyVersion

SIDES = ("baseline", "candidate")
WAYS = ("worse", "better")


def items(
    run: Run, version: TaxonomyVersion, category: Category | None, side: str = "", d: str = ""
) -> list[int]:
    """Ids of items of the closed prefix of each line, as the report counts them, in order of id.

    category: None for errors of any kind. side: on which it was found, "" for either. d: "worse"
    where only the candidate has it, "better" where only the baseline has; "" for all. Items of any
    state: whoever shows them leaves out what is not resolved.
    """
    has = has_category(category.pk) if category else has_error
    reader = Reader(version)
    found = {item: reader.read(label) for item, label in labels.labels(run).items()}
    chosen = []
    for line in lines.lines(run, found):
        # Identical pairs have no difference, whatever was said of either side.
        if d and line.stratum == sampling.IDENTICAL:
            continue
        said = zip(line.items, line.labels, strict=True)
        chosen += [item for item, label in said if _counts(label, has, side, d)]
    return sorted(chosen)


def _counts(label: Label, has: Callable[[Label, str], bool | None], side: str, d: str) -> bool:
    baseline, candidate = (has(label, one) for one in SIDES)
    if baseline is None or candidate is None:  # it counts both ways, and in no number
        return False
    if d:
        return candidate > baseline if d == "worse" else baseline > candidate
    return {"baseline": baseline, "candidate": candidate}.get(side, baseline or candidate)
