"""Assembles the report of a run from its rows: every number that the page, the command and the
API show. The statistics themselves are in evals/metrics; the sentences are in reviewapp/words.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Avg, Count

from evals import sampling
from evals.metrics.agreement import krippendorff_alpha
from evals.metrics.difference import future_difference, paired_difference, paired_p_value
from evals.metrics.holm import holm
from evals.metrics.rates import stratified_rate
from evals.metrics.severity import severity_difference
from evals.models import Comparison, Run, Stratum
from reviewapp import gate, labels, lines, measured, words
from reviewapp.freshness import FORMAT, basis
from reviewapp.gate import Rule
from reviewapp.labels import Label
from reviewapp.lines import Counts, Line
from reviewapp.measured import plain
from reviewapp.models import Rater, Review, ReviewItem


def assemble(run: Run) -> dict[str, Any]:
    """The whole report as plain JSON values; shares are of the run's compared requests."""
    stands_on = basis(run.pk)
    sizes = _sizes(run)
    population = sum(sizes.values())
    found = labels.labels(run)
    all_lines = lines.lines(run, found)
    merged = lines.merged(all_lines)
    data: dict[str, Any] = {
        "format": FORMAT,
        "basis": stands_on,
        "run": _run(run),
        "population": {
            "requests": population,
            "outcomes": _outcomes(sizes),
            "pending": Comparison.objects.filter(run=run, outcome=None).count(),
        },
        "labels": _progress(all_lines),
        "overall": _overall(merged, population) if population else None,
        "categories": _categories(run, merged, population) if population else [],
        "failures": _failures(sizes, population) if population else None,
        "severity": _severity(run, merged, population) if population else None,
        "noise": measured.noise(run),
        "score": measured.score(run),
        "latency": measured.latency(run),
        "cost": measured.cost(run),
        "raters": _raters(run),
        "agreement": _agreement(run),
        "lines": [
            {
                "stratum": line.stratum,
                "batch": line.batches[0],
                "size": line.size,
                "drawn": line.drawn,
                "labelled": len(line.labels),
                "resolved": line.resolved,
                "skipped": line.skipped,
            }
            for line in all_lines
        ],
    }
    data["gate"] = gate.judge_run(run, _rules(run, _paired(merged), sizes), population)
    data["sentences"] = words.opening(data)
    return data


def _run(run: Run) -> dict[str, Any]:
    return {
        "project": run.project.slug,
        "name": run.name,
        "kind": run.kind,
        "state": run.state,
        "baseline": {"name": run.baseline.name, "benchmarks": run.baseline.benchmarks},
        "candidate": {"name": run.candidate.name, "benchmarks": run.candidate.benchmarks},
        "evalset": str(run.evalset_version) if run.evalset_version else None,
        "taxonomy": str(run.taxonomy_version),
        "taxonomy_digest": run.taxonomy_version.digest,
        "comparators_digest": run.pipeline_digest,
        "sampling": run.sampling,
        "opens_at": run.opens_at.isoformat(),
        "closes_at": run.closes_at.isoformat() if run.closes_at else None,
    }


def _sizes(run: Run) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, size in Stratum.objects.filter(run=run).values_list("name", "size"):
        sizes[name] = sizes.get(name, 0) + size
    return sizes


def _outcomes(sizes: dict[str, int]) -> dict[str, int]:
    outcomes = dict.fromkeys(Comparison.Outcome.values, 0)
    for name, size in sizes.items():
        outcomes[name.split("/")[0]] += size
    return outcomes


def _progress(all_lines: Sequence[Line]) -> dict[str, int]:
    return {
        "drawn": sum(line.drawn for line in all_lines),
        "resolved": sum(line.resolved for line in all_lines),
        "used": sum(len(line.labels) for line in all_lines),
        "skipped": sum(line.skipped for line in all_lines),
        "equivalent_used": sum(
            len(line.labels) for line in all_lines if line.stratum == sampling.EQUIVALENT
        ),
        "identical_used": sum(
            len(line.labels) for line in all_lines if line.stratum == sampling.IDENTICAL
        ),
    }


def _has_category(pk: int) -> Callable[[Label, str], bool]:
    return lambda label, side: any(s == side and c == pk for s, c, _ in label.findings)


def _has_error(label: Label, side: str) -> bool:
    return bool(getattr(label, side) == Review.Verdict.ERROR)


def _rules(run: Run, paired: Sequence[Line], sizes: dict[str, int]) -> list[Rule]:
    """What the gate holds to a margin: each category, and no answer."""
    rules = [
        Rule(c.key, c.name, c.critical, lines.counts(paired, _has_category(c.pk)))
        for c in run.taxonomy_version.leaves()
    ]
    failures = Counts.census(
        worse=sizes.get("failed/candidate", 0), better=sizes.get("failed/baseline", 0)
    )
    return [*rules, Rule(None, "no answer", False, failures)]


def _categories(run: Run, merged: Sequence[Line], population: int) -> list[dict[str, Any]]:
    """Each category of the taxonomy; the tests are adjusted together."""
    rows = []
    for category in run.taxonomy_version.leaves():
        about = {
            "key": category.key,
            "name": category.name,
            "critical": category.critical,
            "definition": category.definition,
        }
        rows.append({**about, **_row(merged, population, _has_category(category.pk))})
    for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_adjusted"] = adjusted
        row["verdict"] = _verdict(row["difference"], adjusted)
    return rows


def _overall(merged: Sequence[Line], population: int) -> dict[str, Any]:
    """Errors of any kind: the number that hides what the categories show."""
    row = _row(merged, population, _has_error)
    return {**row, "verdict": _verdict(row["difference"], row["p"])}


def _row(
    merged: Sequence[Line], population: int, has: Callable[[Label, str], bool]
) -> dict[str, Any]:
    every = lines.counts(merged, has)
    c = lines.counts(_paired(merged), has)
    rate = (every.sampled, every.sizes, population)
    return {
        "worse": sum(c.worse),
        "better": sum(c.better),
        "baseline": plain(stratified_rate(every.baseline, *rate, unknown=every.unknown)),
        "candidate": plain(stratified_rate(every.candidate, *rate, unknown=every.unknown)),
        "difference": plain(paired_difference(*c.paired, population, unknown=c.unknown)),
        "future": plain(future_difference(*c.paired, population, unknown=c.unknown)),
        "p": paired_p_value(*c.paired, population, unknown=c.unknown),
    }


def _paired(merged: Sequence[Line]) -> list[Line]:
    """Identical pairs cannot differ: they count for the rates and not for the difference."""
    return [line for line in merged if line.stratum != sampling.IDENTICAL]


def _verdict(difference: dict[str, float | None], p: float) -> str:
    """For this window; where all that could differ was labelled its difference is known."""
    if difference["low"] == difference["high"] == 0:
        return "no difference"
    if p >= 0.05:
        return "not decided"
    return "worse" if (difference["value"] or 0) > 0 else "better"


def _failures(sizes: dict[str, int], population: int) -> dict[str, Any]:
    """Requests that a side did not answer: known for all, so exact for the window."""
    only_candidate = sizes.get("failed/candidate", 0)
    only_baseline = sizes.get("failed/baseline", 0)
    both = sizes.get("failed/both", 0)
    c = Counts.census(worse=only_candidate, better=only_baseline)
    return {
        "baseline": only_baseline + both,
        "candidate": only_candidate + both,
        "difference": plain(paired_difference(*c.paired, population)),
        "future": plain(future_difference(*c.paired, population)),
    }


def _severity(run: Run, merged: Sequence[Line], population: int) -> dict[str, Any] | None:
    """The weighted score's difference, in weight per request, by category × severity."""
    overrides = {
        (weight.category_id, weight.severity_id): float(weight.weight)
        for category in run.taxonomy_version.categories.prefetch_related("weights")
        for weight in category.weights.all()
    }
    general = {s.pk: float(s.weight) for s in run.taxonomy_version.severities.all()}
    kinds = sorted(
        {
            (category, severity)
            for line in merged
            for label in line.labels
            for _, category, severity in label.findings
            if category is not None and severity is not None
        }
    )
    chosen = _paired(merged)
    weights, candidate, baseline = [], [], []
    for kind in kinds:
        weight = overrides.get(kind, general[kind[1]])
        if weight > 0:
            c = lines.counts(chosen, _has_kind(kind))
            weights.append(weight)
            candidate.append(c.candidate)
            baseline.append(c.baseline)
    sampled = [len(line.labels) for line in chosen]
    sizes = [line.size for line in chosen]
    if not weights or any(line.skipped for line in chosen):
        return None
    return plain(severity_difference(weights, candidate, baseline, sampled, sizes, population))


def _has_kind(kind: tuple[int, int]) -> Callable[[Label, str], bool]:
    return lambda label, side: (side, *kind) in label.findings


def _raters(run: Run) -> list[dict[str, Any]]:
    rows = (
        Rater.objects.filter(reviews__item__run=run, reviews__live=True)
        .annotate(count=Count("reviews"), seconds=Avg("reviews__duration_s"))
        .order_by("-count", "name")
    )
    return [
        {
            "name": rater.name,
            "kind": rater.kind,
            "reviews": rater.count,
            "seconds": rater.seconds,
        }
        for rater in rows
    ]


def _agreement(run: Run) -> dict[str, Any] | None:
    """Krippendorff's alpha on "this side has an error", over items with several blind raters."""
    shared = (
        ReviewItem.objects.filter(run=run, reviews__blind=True, reviews__authoritative=False)
        .annotate(raters=Count("reviews__rater", distinct=True))
        .filter(raters__gt=1)
    )
    reviews = list(
        Review.objects.filter(item__in=shared, live=True, blind=True, authoritative=False)
        .values_list("item_id", "rater_id", "baseline", "candidate")
        .order_by("item_id")
    )
    if not reviews:
        return None
    items = {item: i for i, item in enumerate(dict.fromkeys(row[0] for row in reviews))}
    ratings: dict[int, list[Any]] = {}
    for item, rater, *sides in reviews:
        row = ratings.setdefault(rater, [None] * (2 * len(items)))
        for k, verdict in enumerate(sides):
            row[2 * items[item] + k] = None if not verdict else int(verdict == "error")
    return {"items": len(items), "alpha": krippendorff_alpha(list(ratings.values()))}
