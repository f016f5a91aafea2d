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
from reviewapp.labelling import elsewhere, several
from reviewapp.models import LabelSet
from reviewapp.reports import lines
from reviewapp.reports.lines import Counts, Line
from reviewapp.reports.measured import plain
from reviewapp.reports.parts.base import Nothing, Part
from reviewapp.reports.tally import Tally

#: Values that are looked at, those with the most labels; a segment may have one a request.
MOST = 100
LONGEST = 100  # characters of a value that is looked at
BETWEEN = "\x1f"
#: Share of a census without a label, beyond which it is none: what slices have in common would be
#: of those that happen to have one.
MOST_MISSING = 0.1

_OF_ITEMS = """
SELECT i.id, s.key, s.value
FROM reviewapp_reviewitem i JOIN evals_comparison c ON c.id = i.comparison_id
    JOIN evals_request r ON r.id = c.request_id, jsonb_each_text(r.segment) s
WHERE i.run_id = %s AND length(s.value) <= %s
"""

_OF_COMPARISONS = """
SELECT c.id, s.key, s.value
FROM evals_comparison c JOIN evals_request r ON r.id = c.request_id,
    jsonb_each_text(r.segment) s
WHERE c.run_id = %s AND c.outcome IS NOT NULL AND length(s.value) <= %s
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
    averaged, said = several.averages(run), elsewhere.of(run)
    if said is not None:
        every = _elsewhere(run, said)
    else:
        every = lines.lines(run, several.read(run, run.taxonomy_version))
    # As the report counts: averaged, outputs that are one text may have been rated apart.
    apart = averaged and said is not None
    all_lines = [line for line in every if apart or line.stratum != sampling.IDENTICAL]
    if not any(line.labels for line in all_lines):
        raise Nothing("No discrepancy has been labelled yet, so nothing is known about slices.")
    labelled = {item for line in all_lines for item in line.items}
    values, left_out = _values(run, labelled, _OF_ITEMS if said is None else _OF_COMPARISONS)
    if not values:
        raise Nothing("The labelled requests have no segment, so there are no slices to compare.")
    sizes = _sizes(run, sorted(set().union(*values.values())))
    slices = {value: _slice(value, of, all_lines, values, averaged) for value, of in sizes.items()}
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


def _elsewhere(run: Run, said: elsewhere.Words) -> list[Line]:
    """Lines whose labels are from elsewhere, where those of a slice say something of the slice."""
    design = elsewhere.design_of(LabelSet.objects.filter(pk__in=said.sets))
    if design == LabelSet.Design.UNKNOWN:
        raise Nothing(
            "Which pairs have a label was chosen nobody knows how, so those of a slice say nothing "
            "of the rest of it, and no slices are compared."
        )
    found = elsewhere.lines(run, run.taxonomy_version, said)
    paired = [line for line in found if line.stratum != sampling.IDENTICAL]
    total, missing = sum(line.size for line in paired), sum(line.skipped for line in paired)
    if design == LabelSet.Design.CENSUS and missing > MOST_MISSING * total:
        raise Nothing(
            f"A label that counts is wanting for {missing:,} of {total:,} in what is said to be a "
            "census of pairs. What slices have in common would be of the rest, so none are "
            "compared."
        )
    return found


def _values(run: Run, labelled: set[int], sql: str) -> tuple[dict[int, set[Value]], int]:
    """The segment values of each item, of those with the most labels; how many are left out."""
    by_item: dict[int, set[Value]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(sql, [run.pk, LONGEST])
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
    value: Value,
    sizes: dict[Cell, int],
    all_lines: list[Line],
    values: dict[int, set[Value]],
    averaged: bool,
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
        if line.skipped > len(line.missing):  # of a census: all that have no label
            skipped = size - len(said)
        else:
            skipped = sum(value in values.get(item, nothing) for item in line.missing)
        own.append(replace(line, size=size, labels=said, skipped=skipped, items=[], missing=[]))
    return _Slice(Tally(lines.merged(own), averaged=averaged, same=True), sum(sizes.values()))


def _outcome(
    key: str | None, name: str, counts: dict[Value, Counts], slices: dict[Value, _Slice]
) -> dict[str, Any]:
    if key and not any(sum(c.worse) + sum(c.better) for c in counts.values()):
        counts = {}  # found on one side of no pair: drawn together such slices would look certain
    found = compare_slices(
        {
            BETWEEN.join(value): SliceCounts(
                *c.paired,
                population=slices[value].population,
                unknown=c.unknown,
                averaged=c.averaged,
                family=value[0],
                assumed=slices[value].tally.assumed,
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
