"""What people said about the items of a run: for estimates, for export, for the eval set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from evals.comparators.pipeline import Pipeline
from evals.evalsets import NewExample
from evals.models import Example, Run
from reviewapp.labelling.averaging import averages
from reviewapp.models import Finding, OutputFinding, Review, ReviewItem, User

#: How an example says that its known answer is an output that a reviewer found nothing wrong with.
JUDGED_OK = "an output that was judged ok"


#: Side, category and severity of a finding, by primary keys; None where it has none.
Found = tuple[str, int | None, int | None]


@dataclass(frozen=True)
class Label:
    """The judgement of one item that estimates use: which side has which category and severity.

    `findings`: in the version that it is read in; `more`: those of a kind that is among them
    already, since a side may have two errors of one kind. What is not known in that version
    (reading.py): `possible`, findings that are one of several categories; `lost`, (side, old
    category) that it has no word for; `unasked`, categories that the label could not say. `held`:
    its item was opened again to be relabelled, and this is the label of before. `reviews`: whose
    findings these are.
    """

    baseline: str
    candidate: str
    rater_id: int
    findings: frozenset[Found] = field(default_factory=frozenset)
    version_id: int = 0
    possible: frozenset[tuple[str, frozenset[int]]] = field(default_factory=frozenset)
    lost: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    unasked: frozenset[int] = field(default_factory=frozenset)
    held: bool = False
    reviews: tuple[int, ...] = ()
    more: tuple[Found, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether both sides were judged: half a judgement says nothing of the difference."""
        return bool(self.baseline and self.candidate)

    def has(self, side: str, category: int) -> bool | None:
        """Whether that side has a finding of the category; None where that is not known."""
        if any(s == side and c == category for s, c, _ in self.findings):
            return True
        if category in self.unasked or any(s == side and category in p for s, p in self.possible):
            return None
        return False


def again(findings: Iterable[Found]) -> tuple[Found, ...]:
    """Those that were there before."""
    counts = Counter(findings)
    return tuple(found for found, count in counts.items() for _ in range(count - 1))


def labels(run: Run) -> dict[int, Label]:
    """One label an item, by item id, from blind reviews only, each in its own taxonomy version.

    The authoritative review where there is one; else the first reviewer's latest blind word
    (reviewers of a resolved item agree; reports/lines.py uses no label of another). A review that
    somebody else relabelled gives way to theirs, unless that is not blind. While an item that was
    resolved is open again for relabelling, only what was said before counts: a report that moved
    with what one of its raters said would tell them which side was their A.
    """
    chosen: dict[int, Review] = {}
    later: dict[int | None, Review] = {}
    for review in words(run).iterator():
        if review.blind:
            chosen.setdefault(review.item_id, review)
        if review.supersedes_id:
            later[review.supersedes_id] = review
    found = {item: newest(review, later) for item, review in chosen.items()}
    findings: dict[int, list[Found]] = defaultdict(list)
    # All of the run's, not those of a list of reviews: thousands of numbers take long to send.
    rows = Finding.objects.filter(review__item__run=run).order_by()
    columns = ("review_id", "side", "category_id", "severity_id")
    for pk, side, category, severity in rows.values_list(*columns).iterator():
        findings[pk].append((side, category, severity))
    return {
        item: Label(
            review.baseline,
            review.candidate,
            review.rater_id,
            frozenset(findings[review.pk]),
            review.taxonomy_version_id,
            held=held(review),
            reviews=(review.pk,),
            more=again(findings[review.pk]),
        )
        for item, review in found.items()
    }


def words(run: Run) -> QuerySet[Review]:
    """The reviews that may be labels of the run's items, the one that counts most first, and those
    that relabel one; each with `state` and `reopened_at` of its item."""
    before = Q(item__reopened_at=None) | Q(created_at__lte=F("item__reopened_at"))
    return (
        Review.objects.standing()
        .filter(item__run=run)
        .filter(Q(blind=True) | Q(supersedes__isnull=False))
        .filter(Q(item__state=ReviewItem.State.RESOLVED) | before)
        .annotate(state=F("item__state"), reopened_at=F("item__reopened_at"))
        .defer("corrected_output", "note")
        .order_by("item_id", "-authoritative", "-live", "rater_id", "-revision")
    )


def held(review: Any) -> bool:
    """Whether the label, one of `words`, is that of before its item was opened again."""
    return review.reopened_at is not None and review.state != ReviewItem.State.RESOLVED


def newest(review: Review, later: dict[int | None, Review]) -> Review:
    """The newest blind word in the line of reviews that each relabel the one before."""
    word, after = review, later.get(review.pk)
    while after is not None:
        word = after if after.blind else word
        after = later.get(after.pk)
    return word


def records(run: Run, shown_to: User | None = None) -> Iterator[dict[str, Any]]:
    """Label records of resolved items, as DESIGN has them: who sees them may know the sides.
    `shown_to`: only of items of which it is kept that this person has seen them (see
    reviewapp/actions/exposures.py)."""
    reviews = Review.objects.filter(item__run=run, item__state=ReviewItem.State.RESOLVED, live=True)
    if shown_to:
        reviews = reviews.filter(item__exposures__user=shown_to)
    reviews = (
        reviews.select_related("item__comparison__request", "rater", "taxonomy_version__taxonomy")
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
            "reviewed_at": (review.reviewed_at or review.created_at).isoformat(),
            "taxonomy": str(review.taxonomy_version),
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
            "findings": [finding_record(one, one.side) for one in review.findings.all()],
        }


def finding_record(finding: Finding | OutputFinding, side: str) -> dict[str, Any]:
    """A finding as label records have it; `side` as the record names its sides."""
    span = [finding.span_start, finding.span_end] if finding.span_end is not None else None
    return {
        "side": side,
        "category": finding.category.key if finding.category else None,
        "severity": finding.severity.key if finding.severity else None,
        "where": finding.where,
        "path": finding.path or None,
        "span": span,
        "note": finding.note,
    }


def examples(run: Run) -> Iterator[NewExample]:
    """Each resolved item of a run whose correct output is known, as an example with where it
    came from. Known is: what a reviewer wrote; else the side that was judged ok; else, where
    both or neither were, what was expected; else the baseline's, where both were. Where there is
    an authoritative review, no other counts; where raters are averaged and their verdicts differ,
    nothing is known."""
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
    if averages(run):
        same = {side: OuterRef(side) for side in ("baseline", "candidate")}
        others = Review.objects.filter(item=OuterRef("item"), live=True).exclude(**same)
        reviews = reviews.exclude(Exists(others))
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
    served = pipeline.served(output.value, segment=comparison.request.segment)
    return served, JUDGED_OK
