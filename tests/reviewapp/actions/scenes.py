"""Small runs made to measure, and reviews of their items, without pages."""

import json
from collections.abc import Callable, Iterable
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

from django.db import connection

from evals import compare
from evals.ingest import ingest
from evals.models import ModelVersion, Project, Run
from evals.records import decode_lines
from evals.sampling import SamplingPlan
from reviewapp.actions import items, projects, reviews, runs
from reviewapp.desk.judgement import CheckedFinding, Judgement
from reviewapp.models import Rater, Review, ReviewItem

#: (what production answers, what the candidate answers); None: it failed. Similarity of a and b
#: is 0, so pairs that differ are in one stratum.
Pair = tuple[str | None, str | None]
SAME: Pair = ("same", "same")
DIFFER: Pair = ("aaaa", "bbbb")


def send(project: Project, rows: Iterable[dict[str, Any]]) -> None:
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    result = ingest(project, decode_lines([lines]))
    assert not result.problems, result.problems


def records(pairs: Iterable[Pair], **more: Any) -> list[dict[str, Any]]:
    """Traffic records named r00001 …; `more` goes into each."""
    return [
        {
            "id": f"r{i:05}",
            "occurred_at": "2026-01-01T10:00:00Z",
            "input": f"message {i}",
            "outputs": [
                {"model": model, **({"error": "down"} if text is None else {"output": text})}
                for model, text in zip(("triage-09", "triage-11"), pair, strict=True)
            ],
            **more,
        }
        for i, pair in enumerate(pairs, start=1)
    ]


def finish(run: Run) -> Run:
    """Compares what is there and ends the run; nothing is drawn."""
    compare.enrol(run)
    compare.settle(run)
    assert compare.finish_if_done(run)
    run.refresh_from_db()
    return run


def recorded(
    project: Project,
    models: tuple[ModelVersion, ModelVersion],
    pairs: Iterable[Pair] = (),
    *,
    rows: Iterable[dict[str, Any]] | None = None,
    name: str = "run-1",
    plan: SamplingPlan | None = None,
    pipeline: object = None,
) -> Run:
    """A finished run over recorded traffic, with its items drawn."""
    send(project, records(pairs) if rows is None else rows)
    if plan:
        projects.set_sampling(project=project, plan=plan, by="test")
    if pipeline:
        projects.set_pipeline(project=project, pipeline=pipeline, by="test")
    run = runs.start(
        project=project,
        name=name,
        baseline=models[0],
        candidate=models[1],
        recorded=True,
        by="test",
    )
    finish(run)
    items.draw(run=run)
    return run


def judged(item: ReviewItem, baseline: str = "", candidate: str = "", **more: Any) -> Judgement:
    """A judgement of both sides: each is ok, or an error of the category named (a key, or "note"
    for a finding without one)."""
    version = item.run.taxonomy_version
    findings = [
        CheckedFinding(
            side=side,
            category=None if key == "note" else version.categories.get(key=key),
            severity=version.severities.get(key="major"),
            where="output",
            path="",
            span=None,
            note="odd" if key == "note" else "",
        )
        for side, key in (("baseline", baseline), ("candidate", candidate))
        if key
    ]
    return Judgement(
        baseline="error" if baseline else "ok",
        candidate="error" if candidate else "ok",
        findings=findings,
        **more,
    )


def review(
    item: ReviewItem, rater: Rater, baseline: str = "", candidate: str = "", **more: Any
) -> Review:
    """Claims this item and judges it."""
    assert reviews.claim_item(item=item, rater=rater)
    return reviews.submit(
        item=item,
        rater=rater,
        judgement=judged(item, baseline, candidate, **more),
        submission=uuid4(),
        by=rater.name,
    )


def review_all(
    run: Run, rater: Rater, say: Callable[[ReviewItem], tuple[str, str]] = lambda item: ("", "")
) -> None:
    """Judges every item that is left for this rater; `say` gives each side's category or ""."""
    while claim := reviews.claim(project=run.project, rater=rater):
        item = ReviewItem.objects.select_related("run__taxonomy_version", "comparison").get(
            pk=claim.item_id
        )
        reviews.submit(
            item=item,
            rater=rater,
            judgement=judged(item, *say(item)),
            submission=uuid4(),
            by=rater.name,
        )


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call gives, or the exception it raises, all begun at the same moment in threads
    with a connection of their own."""
    barrier = Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def go(i: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[i] = call()
        except Exception as error:
            results[i] = error
        finally:
            connection.close()

    threads = [Thread(target=go, args=(i, call)) for i, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return results
