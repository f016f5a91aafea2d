"""Where in the traffic the candidate may do harm: the difference by value of each segment.
Exploratory, and no gate reads it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from evals import sampling
from evals.metrics.slices import Slice, SliceCounts, compare_slices
from evals.models import Run
from reviewapp.labelling import elsewhere, labels
from reviewapp.labelling.reading import Reader
from reviewapp.reports import lines
from reviewapp.reports.lines import Counts, Line
from reviewapp.reports.measured import plain
from reviewapp.reports.parts.base import Nothing, Part
from reviewapp.reports.tally import Tally

#: Values that are looked at, those with the most labels; a segment may have one a request.
MOST = 100
LONGEST = 100  # characters of a value that is looked at
BETWEEN = "\x1f"

_OF_ITEMS = """
SELECT i.id, s.key, s.value
FROM reviewapp_reviewitem i JOIN evals_comparison c ON c.id = i.comparison_id
    JOIN evals_request r ON r.id = c.request_id, jsonb_each_text(r.segment) s
WHERE i.run_id = %s AND length(s.value) <= %s
"""

_SIZES = """
SELECT s.key, s.value, c.batch, c.line, c.stratum, count(*)
FROM evals_comparison c JOIN evals_request r ON r.id = c.request_id,
    jsonb_each_text(r.segment) s
    JOIN unnest(%s::text[], %s::text[]) AS wanted(key, value) USING (key, value)
WHERE c.run_id = %s AND c.outcome IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
"""

Value = tuple[str, str]
Cell = tuple[str, str, str]


@dataclass(frozen=True)
class _Slice:
    tally: Tally
    population: int


def compute(run: Run) -> dict[str, Any]:
    if elsewhere.of(run) is not None:
        raise Nothing("The labels come from elsewhere; slices are compared of those made here.")
    reader = Reader(run.taxonomy_version)
    found = {item: reader.read(label) for item, label in labels.labels(run).items()}
    all_lines = [line for line in lines.lines(run, found) if line.stratum != sampling.IDENTICAL]
    if not any(line.labels for line in all_lines):
        raise Nothing("No discrepancy has been labelled yet, so nothing is known about slices.")
    values, left_out = _values(run, {item for line in all_lines for item in line.items})
    if not values:
        raise Nothing("The labelled requests have no segment, so there are no slices to compare.")
    sizes = _sizes(run, sorted(set().union(*values.values())))
    slices = {value: _slice(value, of, all_lines, values) for value, of in sizes.items()}
    version = run.taxonomy_version
    outcomes = [
        _outcome(
            None, "errors of any kind", {v: s.tally.errors() for v, s in slices.items()}, slices
        )
    ]
    for category in version.leaves().filter(critical=True):
        counts = {v: s.tally.category(category.pk) for v, s in slices.items()}
        outcomes.append(_outcome(category.key, category.name, counts, slices))
    too_few = outcomes[0].pop("too_few")
    for outcome in outcomes[1:]:
        outcome.pop("too_few")
    return {
        "taxonomy": str(version),
        "outcomes": outcomes,
        "too_few": too_few,
        "left_out": left_out,
    }


def _values(run: Run, labelled: set[int]) -> tuple[dict[int, set[Value]], int]:
    """The segment values of each item, of those with the most labels; how many are left out."""
    by_item: dict[int, set[Value]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_OF_ITEMS, [run.pk, LONGEST])
        for item, key, value in cursor.fetchall():
            by_item[item].add((key, value))
    counts = Counter(value for item in labelled for value in by_item.get(item, ()))
    kept = {value for value, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST]}
    return {item: of & kept for item, of in by_item.items() if of & kept}, len(counts) - len(kept)


def _sizes(run: Run, wanted: list[Value]) -> dict[Value, dict[Cell, int]]:
    """Compared requests of each slice, by batch, line and stratum."""
    found: dict[Value, dict[Cell, int]] = {value: {} for value in wanted}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [[k for k, _ in wanted], [v for _, v in wanted], run.pk])
        for key, value, *cell, count in cursor.fetchall():
            found[key, value][cell[0], cell[1], cell[2]] = count
    return found


def _slice(
    value: Value, sizes: dict[Cell, int], all_lines: list[Line], values: dict[int, set[Value]]
) -> _Slice:
    """The labels of a line that fall into the slice are a random sample of all of it that do."""
    nothing: set[Value] = set()
    own = []
    for line in all_lines:
        size = sizes.get((line.batches[0], line.drawn_from, line.now), 0)
        if not size:
            continue
        said = [
            label
            for label, item in zip(line.labels, line.items, strict=True)
            if value in values.get(item, nothing)
        ]
        skipped = sum(value in values.get(item, nothing) for item in line.missing)
        own.append(replace(line, size=size, labels=said, skipped=skipped, items=[], missing=[]))
    return _Slice(Tally(lines.merged(own)), sum(sizes.values()))


def _outcome(
    key: str | None, name: str, counts: dict[Value, Counts], slices: dict[Value, _Slice]
) -> dict[str, Any]:
    found = compare_slices(
        {
            BETWEEN.join(value): SliceCounts(
                *c.paired, population=slices[value].population, unknown=c.unknown
            )
            for value, c in counts.items()
        }
    )
    return {
        "key": key,
        "name": name,
        "mean": found.mean,
        "between": found.between,
        "ranked": [_row(one) for one in found.ranked],
        "too_few": [
            {**_named(one), "labels": labels}
            for one, labels in sorted(found.too_few.items(), key=lambda x: (-x[1], x[0]))
        ],
    }


def _row(one: Slice) -> dict[str, Any]:
    return {
        **_named(one.name),
        "labels": one.labels,
        "requests": one.population,
        "difference": plain(one.difference),
        "shrunk": plain(one.shrunk),
        "p_harm": one.p_harm,
        "q_harm": one.q_harm,
        "flagged": one.flagged,
    }


def _named(joined: str) -> dict[str, str]:
    segment, value = joined.split(BETWEEN, 1)
    return {"segment": segment, "value": value}


PART = Part(
    compute, ("compared", "comparators", "items", "states", "reviews", "taxonomy", "elsewhere")
)
