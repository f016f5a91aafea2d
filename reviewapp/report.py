"""Assembles the report of a run from its rows: every number that the page, the command and the
API show. The statistics themselves are in evals/metrics; the sentences are in reviewapp/words.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from django.db import connection
from django.db.models import Avg, Count

from evals import sampling
from evals.metrics.agreement import krippendorff_alpha
from evals.metrics.difference import future_difference, paired_difference, paired_p_value
from evals.metrics.estimate import Estimate
from evals.metrics.holm import holm
from evals.metrics.latency import paired_latency
from evals.metrics.noise import excess_difference
from evals.metrics.rates import stratified_rate
from evals.metrics.severity import severity_difference
from evals.models import Comparison, Run, Stratum
from reviewapp import gate, labels, lines, words
from reviewapp.gate import Rule
from reviewapp.labels import Label
from reviewapp.lines import Counts, Line
from reviewapp.models import Rater, Review, ReviewItem

FORMAT = 1
#: Pairs whose latencies are sorted; chosen by u, so a random sample.
LATENCIES = 20_000


def assemble(run: Run) -> dict[str, Any]:
    """The whole report as plain JSON values; shares are of the run's compared requests."""
    sizes = _sizes(run)
    population = sum(sizes.values())
    found = labels.labels(run)
    all_lines = lines.lines(run, found)
    merged = lines.merged(all_lines)
    data: dict[str, Any] = {
        "format": FORMAT,
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
        "noise": _noise(run),
        "score": _score(run),
        "latency": _latency(run),
        "cost": _cost(run),
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
        row["verdict"] = _verdict(row["difference"]["value"], adjusted)
    return rows


def _overall(merged: Sequence[Line], population: int) -> dict[str, Any]:
    """Errors of any kind: the number that hides what the categories show."""
    row = _row(merged, population, _has_error)
    return {**row, "verdict": _verdict(row["difference"]["value"], row["p"])}


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


def _verdict(difference: float, p: float) -> str:
    if p >= 0.05:
        return "not decided"
    return "worse" if difference > 0 else "better"


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
    """The weighted score's difference, in weight per request: each category × severity by weight."""
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


def _noise(run: Run) -> dict[str, Any] | None:
    asked = Comparison.objects.filter(run=run, noise_differs__isnull=False).exclude(
        outcome="failed"
    )
    rows = list(
        asked.exclude(outcome=None)
        .values_list("outcome", "noise_differs")
        .annotate(count=Count("id"))
        .order_by()
    )
    differs: list[bool] = []
    again: list[bool] = []
    for outcome, noise, count in rows:
        differs += [outcome == Comparison.Outcome.DIFFER] * count
        again += [noise] * count
    if not differs:
        return None
    excess, p = excess_difference(differs, again)
    return {
        "requests": len(differs),
        "candidate_differs": sum(differs) / len(differs),
        "baseline_differs": sum(again) / len(again),
        "excess": plain(excess),
        "p": p,
    }


def _score(run: Run) -> dict[str, Any] | None:
    """Against the known correct outputs, by the run's comparators; a side that gave no output
    did not give the correct one."""
    settled = Comparison.objects.filter(run=run, outcome__isnull=False, expected__isnull=False)
    rows = settled.values_list("baseline_correct", "candidate_correct").annotate(n=Count("id"))
    counts = {(bool(b), bool(c)): 0 for b in (0, 1) for c in (0, 1)}
    for baseline, candidate, n in rows.order_by():
        counts[bool(baseline), bool(candidate)] += n
    total = sum(counts.values())
    if not total:
        return None
    gained, lost = counts[False, True], counts[True, False]
    return {
        "examples": total,
        "baseline": (counts[True, True] + lost) / total,
        "candidate": (counts[True, True] + gained) / total,
        "gained": gained,
        "lost": lost,
        "difference": plain(future_difference([gained], [lost], [total], [total], total)),
    }


def _latency(run: Run) -> list[dict[str, Any]] | None:
    pairs = list(
        Comparison.objects.filter(
            run=run,
            baseline_output__latency_ms__isnull=False,
            candidate_output__latency_ms__isnull=False,
        )
        .order_by("u")
        .values_list("baseline_output__latency_ms", "candidate_output__latency_ms")[:LATENCIES]
    )
    if not pairs:
        return None
    quantiles = paired_latency([b for b, _ in pairs], [c for _, c in pairs])
    return [
        {
            "share": one.share,
            "baseline": plain(one.baseline),
            "candidate": plain(one.candidate),
            "ratio": plain(one.ratio) if one.ratio else None,
            "pairs": len(pairs),
        }
        for one in quantiles
    ]


def _cost(run: Run) -> dict[str, Any] | None:
    """US dollars per 1,000 requests, over the requests whose cost is known on both sides."""
    known = Comparison.objects.filter(
        run=run,
        baseline_output__cost_usd__isnull=False,
        candidate_output__cost_usd__isnull=False,
    ).aggregate(
        n=Count("id"),
        baseline=Avg("baseline_output__cost_usd"),
        candidate=Avg("candidate_output__cost_usd"),
    )
    if not known["n"]:
        return None
    return {
        "requests": known["n"],
        "baseline_per_1000": float(known["baseline"]) * 1000,
        "candidate_per_1000": float(known["candidate"]) * 1000,
    }


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


def plain(estimate: Estimate) -> dict[str, float | None]:
    """An estimate as JSON; an end that is not bounded is null."""
    return {
        name: value if math.isfinite(value) else None for name, value in asdict(estimate).items()
    }


def is_fresh(run: Run, computed_at: Any) -> bool:
    """Whether nothing that a report shows has changed since: one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT FROM reviewapp_review v JOIN reviewapp_reviewitem i
                ON i.id = v.item_id WHERE i.run_id = %(run)s AND v.created_at > %(at)s)
            OR EXISTS (SELECT FROM evals_comparison WHERE run_id = %(run)s AND settled_at > %(at)s)
            OR EXISTS (SELECT FROM reviewapp_reviewitem WHERE run_id = %(run)s
                AND (drawn_at > %(at)s OR resolved_at > %(at)s))
            OR EXISTS (SELECT FROM reviewapp_slot s JOIN reviewapp_reviewitem i ON i.id = s.item_id
                WHERE i.run_id = %(run)s AND s.closed_at > %(at)s)
            OR EXISTS (SELECT FROM reviewapp_report p JOIN evals_run r ON r.id = p.run_id
                WHERE r.id = %(run)s AND p.frozen_at IS NULL
                AND p.data -> 'run' ->> 'state' <> r.state)
            OR EXISTS (SELECT FROM reviewapp_gatepolicy WHERE project_id = %(project)s
                AND created_at > %(at)s)""",
            {"run": run.pk, "project": run.project_id, "at": computed_at},
        )
        return not cursor.fetchone()[0]


