"""What people said about the items of a run: for estimates, for export, for the eval set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from evals.comparators.base import MISS
from evals.comparators.pipeline import Pipeline
from evals.evalsets import NewExample
from evals.models import Example, Run
from reviewapp.models import Finding, Review, ReviewItem


@dataclass(frozen=True)
class Label:
    """The judgement of one item that estimates use: which side has which category and severity."""

    baseline: str
    candidate: str
    rater_id: int
    findings: frozenset[tuple[str, int | None, int | None]] = field(default_factory=frozenset)

    @property
    def whole(self) -> bool:
        """Whether both sides were judged: half a judgement says nothing of the difference."""
        return bool(self.baseline and self.candidate)


def labels(run: Run) -> dict[int, Label]:
    """One label an item, by item id, from blind reviews only.

    The authoritative review where there is one; else the first reviewer's latest blind revision
    (reviewers of a resolved item agree; reviewapp.lines uses no label of another).
    """
    chosen: dict[int, Review] = {}
    reviews = Review.objects.filter(item__run=run, blind=True).order_by(
        "item_id", "-authoritative", "rater_id", "-revision"
    )
    for review in reviews.iterator():
        chosen.setdefault(review.item_id, review)
    findings: dict[int, set[tuple[str, int | None, int | None]]] = defaultdict(set)
    rows = Finding.objects.filter(review__in=[review.pk for review in chosen.values()])
    for finding in rows:
        what = (finding.side, finding.category_id, finding.severity_id)
        findings[finding.review_id].add(what)
    return {
        item: Label(
            review.baseline, review.candidate, review.rater_id, frozenset(findings[review.pk])
        )
        for item, review in chosen.items()
    }


def records(run: Run) -> Iterator[dict[str, Any]]:
    """Label records of resolved items, as DESIGN has them: who sees them may know the sides."""
    reviews = (
        Review.objects.filter(item__run=run, item__state=ReviewItem.State.RESOLVED, live=True)
        .select_related("item__comparison__request", "rater")
        .prefetch_related("findings__category", "findings__severity")
        .order_by("item_id", "id")
    )
    for review in reviews.iterator(chunk_size=500):
        sides = {"baseline": review.baseline, "candidate": review.candidate}
        yield {
            "request": review.item.comparison.request.key,
            "run": run.name,
            "reviewer": review.rater.name,
            "reviewer_kind": review.rater.kind,
            "reviewed_at": review.created_at.isoformat(),
            "taxonomy": str(run.taxonomy_version),
            "revision": review.revision,
            "authoritative": review.authoritative,
            "blind": review.blind,
            "stratum": review.item.stratum,
            "batch": review.item.batch,
            "inclusion": review.item.inclusion,
            "sides": {side: verdict for side, verdict in sides.items() if verdict},
            "corrected_output": review.corrected_output,
            "duration_s": review.duration_s,
            "note": review.note,
            "findings": [
                {
                    "side": finding.side,
                    "category": finding.category.key if finding.category else None,
                    "severity": finding.severity.key if finding.severity else None,
                    "where": finding.where,
                    "path": finding.path or None,
                    "span": [finding.span_start, finding.span_end]
                    if finding.span_end is not None
                    else None,
                    "note": finding.note,
                }
                for finding in review.findings.all()
            ],
        }


def examples(run: Run) -> Iterator[NewExample]:
    """Each resolved item of a run whose correct output is known, as an example with where it
    came from. Known is: what a reviewer wrote; else the side that was judged ok; else, where
    both or neither were, what was expected; else the baseline's, where both were. Where there is
    an authoritative review, no other counts."""
    pipeline = Pipeline.parse(run.pipeline)
    reviews = (
        Review.objects.filter(item__run=run, item__state=ReviewItem.State.RESOLVED, live=True)
        .select_related(
            "item__comparison__request",
            "item__comparison__baseline_output",
            "item__comparison__candidate_output",
            "rater",
        )
        .alias(written=Q(corrected_output__isnull=False))
        .order_by("item_id", "-authoritative", "-written", "id")
    )
    before = None
    for review in reviews.iterator(chunk_size=500):
        if review.item_id == before:
            continue
        before = review.item_id
        expected, how = _correct_output(review, pipeline)
        if expected is None:
            continue
        comparison = review.item.comparison
        yield NewExample(
            request=comparison.request,
            expected=expected,
            origin=Example.Origin.DISCREPANCY
            if comparison.outcome == "differ"
            else Example.Origin.TRAFFIC,
            provenance={
                "run": run.name,
                "item": review.item_id,
                "review": review.pk,
                "reviewer": review.rater.name,
                "reviewer_kind": review.rater.kind,
                "reviewed_at": review.created_at.isoformat(),
                "answer": how,
            },
        )


def _correct_output(review: Review, pipeline: Pipeline) -> tuple[Any, str]:
    comparison = review.item.comparison
    if review.corrected_output is not None:
        return review.corrected_output, "written by the reviewer"
    ok = [side for side in ("baseline", "candidate") if getattr(review, side) == Review.Verdict.OK]
    if comparison.expected is not None and (len(ok) != 1):
        return comparison.expected, "known before"
    if not ok:
        return None, ""
    output = getattr(comparison, f"{ok[0]}_output")
    return _served(output.value, pipeline), "an output that was judged ok"


def _served(value: Any, pipeline: Pipeline) -> Any:
    """What the application serves of an output: its only extract, where it serves extracts."""
    extracts = list(pipeline.extracts(value).values())
    if pipeline.serves_extract and len(extracts) == 1 and extracts[0] is not MISS:
        return extracts[0]
    return value
