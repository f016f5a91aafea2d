"""What a run's comparators say of its comparisons, and the words that keep that in the database.

Whoever judges holds the run's comparators for as long as the transaction lasts: they are changed
by nobody meanwhile, so what was judged by earlier ones is never written after later ones took over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from evals import sampling
from evals.comparators.pipeline import Pipeline
from evals.models import Comparison, Output, Request, Run

#: Of the advisory locks that keep a run's comparators.
LOCK_SPACE = 0x0C7F


def hold_comparators(run: Run) -> Pipeline:
    """The comparators of a run as they are now, and until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", _lock(run))
    run.refresh_from_db(fields=["pipeline", "pipeline_digest", "comparison_set"])
    return Pipeline.parse(run.pipeline)


def change_alone(run: Run) -> None:
    """Waits until nobody holds the run's comparators, and keeps others from it until the end of
    this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _lock(run))


def _lock(run: Run) -> list[int]:
    return [LOCK_SPACE, run.pk % 2**31]


def requests_of(pipeline: Pipeline, comparisons: Iterable[Comparison]) -> dict[int, dict[str, Any]]:
    """What the comparators want to know of each request, by its id, beside the two outputs; of
    nothing more than they use."""
    ids = [comparison.request_id for comparison in comparisons]
    said: dict[int, dict[str, Any]] = {pk: {} for pk in ids}
    requests = Request.objects.filter(pk__in=ids)
    if pipeline.overrides:
        for pk, segment in requests.values_list("pk", "segment"):
            said[pk]["segment"] = segment if isinstance(segment, dict) else {}
    if pipeline.uses_tools:
        for pk, tools in requests.values_list("pk", "input__tools"):
            said[pk]["tools"] = tools
    return said


def judge(
    comparison: Comparison,
    pipeline: Pipeline,
    baseline: Output | None,
    candidate: Output | None,
    request: Mapping[str, Any],
) -> None:
    """Writes what the comparators say into `comparison`, which is not saved."""
    comparison.baseline_output, comparison.candidate_output = baseline, candidate
    comparison.failed_side, comparison.similarity = "", None
    comparison.reason = comparison.path = ""
    comparison.baseline_correct = comparison.candidate_correct = None
    expected = comparison.expected
    if baseline:
        comparison.baseline_correct = pipeline.correct(baseline.value, expected, **request)
    if candidate:
        comparison.candidate_correct = pipeline.correct(candidate.value, expected, **request)
    if baseline and candidate:
        verdict = pipeline.compare(baseline.value, candidate.value, **request)
        comparison.outcome = verdict.outcome
        comparison.similarity = verdict.similarity
        comparison.reason = verdict.reason[:120]
        comparison.path = (verdict.path or "")[:500]
    else:
        comparison.outcome = Comparison.Outcome.FAILED
        comparison.failed_side = "candidate" if baseline else "baseline" if candidate else "both"
    comparison.stratum = sampling.stratum(
        comparison.outcome, comparison.similarity, comparison.failed_side
    )


_JUDGED = [
    "outcome",
    "failed_side",
    "similarity",
    "reason",
    "path",
    "baseline_output_id",
    "candidate_output_id",
    "baseline_correct",
    "candidate_correct",
    "noise_differs",
    "batch",
    "stratum",
    "line",
    "comparison_set",
    "settled_at",
    "id",
]
_KEEP = f"""UPDATE evals_comparison
SET {", ".join(f"{name} = %s" for name in _JUDGED[:-1])} WHERE id = %s"""  # noqa: S608 (names above)
# Nothing is counted down that was not counted up, so only what is more than before is inserted.
_COUNT = """
INSERT INTO evals_stratum AS s (run_id, batch, line, name, size)
VALUES (%(run)s, %(batch)s, %(line)s, %(name)s, greatest(%(more)s, 0))
ON CONFLICT (run_id, batch, line, name) DO UPDATE SET size = s.size + %(more)s
"""

#: (batch, line, stratum): what a comparison is counted in.
Cell = tuple[str, str, str]


def cell_of(comparison: Comparison) -> Cell:
    return comparison.batch, comparison.line, comparison.stratum


def keep(run: Run, comparisons: Sequence[Comparison], more: Counter[Cell]) -> None:
    """Stores judged comparisons, whose locks the caller holds, with what they add to the totals."""
    with connection.cursor() as cursor:
        # One statement a row, sent together: Django's bulk_update takes twenty times as long.
        cursor.executemany(_KEEP, [[getattr(one, name) for name in _JUDGED] for one in comparisons])
        # In one order, so that two workers never wait for each other.
        cursor.executemany(
            _COUNT,
            [
                {"run": run.pk, "batch": batch, "line": line, "name": name, "more": count}
                for (batch, line, name), count in sorted(more.items())
                if count
            ],
        )
