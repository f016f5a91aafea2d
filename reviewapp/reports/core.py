"""Assembles the core of a run's report: what its labels and totals say. What takes longer is in
reviewapp/parts, and reviewapp/reports/whole.py puts both together. The statistics themselves are in
evals/metrics; the sentences are in reviewapp/reports/words.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, Exists, OuterRef

from evals import sampling
from evals.metrics.holm import holm
from evals.models import Comparison, Run, SeveralRaters, Stratum
from reviewapp.gate import judge as gate
from reviewapp.gate.rules import Rule
from reviewapp.labelling import elsewhere, label_sets, several
from reviewapp.models import Look, Membership, Rater, Review
from reviewapp.reports import estimates, lines, severities, translated
from reviewapp.reports.freshness import FORMAT, basis
from reviewapp.reports.lines import Counts, Line
from reviewapp.reports.rows import Rows
from taxonomy.models import TaxonomyVersion

ADJUDICATE, AVERAGE = SeveralRaters.ADJUDICATE, SeveralRaters.AVERAGE
_MEDIAN = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v.duration_s)
FROM reviewapp_review v JOIN reviewapp_reviewitem i ON i.id = v.item_id
WHERE i.run_id = %s AND v.duration_s > 0 AND v.counted AND NOT v.gold
"""


@dataclass(frozen=True)
class Assembled:
    """The core of a report as plain JSON values, and the gate's look that was due, to be stored."""

    data: dict[str, Any]
    look: Look | None


def assemble(run: Run, version: TaxonomyVersion | None = None) -> Assembled:
    """The core of a report: what labels and totals say. Shares are of the run's compared requests.

    `version`: of the taxonomy, in which categories are said; the run's own where it is None. What
    labels of another version do not say in it is unknown, and counted both ways. The gate holds
    the run's own categories to their margins in any case. Raises
    taxonomy.translation.Untranslatable.
    """
    stands_on = basis(run.pk)
    version = version or run.taxonomy_version
    sizes = _sizes(run)
    population = sum(sizes.values())
    said = elsewhere.of(run)
    apart, averaged = said is not None, several.averages(run)
    all_lines = _lines(run, version, said)
    rows = Rows(lines.merged(all_lines), population, averaged=averaged, apart=apart)
    scored = severities.score(version, rows, apart=apart)
    seconds = _median_seconds(run)
    data: dict[str, Any] = {
        "format": FORMAT,
        "basis": stands_on,
        "run": _run(run),
        "taxonomy": translated.about(run, version, all_lines),
        "population": {
            "requests": population,
            "outcomes": _outcomes(sizes),
            "pending": Comparison.objects.filter(run=run, outcome=None).count(),
        },
        "labels": _progress(all_lines),
        "elsewhere": None if said is None else label_sets.about(run, said),
        "overall": _overall(rows) if population else None,
        "categories": _categories(version, rows) if population else [],
        "failures": estimates.failures(sizes, population) if population else None,
        "severity": scored.window,
        "severity_future": scored.future,
        "severity_scores": scored.sides,
        "severity_up_to": scored.up_to,
        "severity_unknown": scored.why_not,
        "raters": _raters(run) if said is None else label_sets.raters(said),
        "seconds_a_review": seconds,
        "counted": None if apart else _counted(all_lines),
        "not_blind": Review.objects.filter(item__run=run, live=True, blind=False).count(),
        "lines": [
            {
                "stratum": line.stratum,
                "batch": line.batches[0],
                "size": line.size,
                "drawn": line.drawn,
                "labelled": len(line.labels),
                "resolved": line.resolved,
                "skipped": line.skipped,
                "behind": line.behind,
            }
            for line in all_lines
        ],
    }
    own = rows
    if version.pk != run.taxonomy_version_id:
        read = lines.merged(_lines(run, run.taxonomy_version, said))
        own = Rows(read, population, averaged=averaged, apart=apart)
    judged = gate.judge_run(
        run,
        _rules(run, own, sizes),
        population,
        labels=own.labels,
        seconds=seconds,
        waiting=None if said is None else label_sets.waiting(run, said),
    )
    data["gate"] = judged.data
    return Assembled(data, judged.look)


def _lines(run: Run, version: TaxonomyVersion, said: elsewhere.Words | None) -> list[Line]:
    """The run's lines with their labels read in `version`."""
    if said is not None:
        return elsewhere.lines(run, version, said)
    return lines.lines(run, several.read(run, version))


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
        "several_raters": str(AVERAGE if several.averages(run) else ADJUDICATE),
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
            len(line.labels) for line in all_lines if line.now == sampling.EQUIVALENT
        ),
        "identical_used": sum(
            len(line.labels) for line in all_lines if line.stratum == sampling.IDENTICAL
        ),
    }


def _counted(all_lines: Sequence[Line]) -> dict[str, list[int]]:
    """The reviews that the numbers stand on, by id: they are append-only, so the very items behind
    a number of this report can be shown whatever is labelled later. Those of identical pairs are
    behind rates alone."""
    found: dict[str, list[int]] = {"paired": [], "identical": []}
    for line in all_lines:
        kind = "identical" if line.stratum == sampling.IDENTICAL else "paired"
        found[kind] += [pk for label in line.labels for pk in label.reviews]
    return found


def _rules(run: Run, rows: Rows, sizes: dict[str, int]) -> list[Rule]:
    """What the gate holds to a margin: each category, and no answer."""
    failures = Counts.census(
        worse=sizes.get("failed/candidate", 0), better=sizes.get("failed/baseline", 0)
    )
    leaves = [rows.rule(category) for category in run.taxonomy_version.leaves()]
    return [*leaves, Rule(None, "no answer", False, failures)]


def _categories(version: TaxonomyVersion, rows: Rows) -> list[dict[str, Any]]:
    """Each category of the taxonomy; the tests are adjusted together."""
    found = []
    for category in version.leaves():
        about = {
            "key": category.key,
            "name": category.name,
            "critical": category.critical,
            "definition": category.definition,
        }
        found.append({**about, **rows.category(category.pk)})
    for row, adjusted in zip(found, holm([row["p"] for row in found]), strict=True):
        row["p_adjusted"] = adjusted
        row["verdict"] = estimates.verdict(row["difference"], adjusted)
    return found


def _overall(rows: Rows) -> dict[str, Any]:
    """Errors of any kind: the number that hides what the categories show."""
    row = rows.overall()
    return {**row, "verdict": estimates.verdict(row["difference"], row["p"])}


def _raters(run: Run) -> list[dict[str, Any]]:
    rows = (
        Rater.objects.filter(reviews__item__run=run, reviews__live=True)
        .annotate(
            count=Count("reviews"),
            seconds=Avg("reviews__duration_s"),
            here=Exists(Membership.objects.filter(project=run.project_id, user=OuterRef("user"))),
        )
        .order_by("-count", "name")
    )
    return [
        {
            "name": rater.name,
            "kind": rater.kind,
            "about": rater.about,
            "reviews": rater.count,
            "seconds": rater.seconds,
            "left": rater.kind == Rater.Kind.MEMBER and not rater.here,
        }
        for rater in rows
    ]


def _median_seconds(run: Run) -> float | None:
    """That a review takes; None where no review says."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, [run.pk])
        (median,) = cursor.fetchone()
    return None if median is None else float(median)
