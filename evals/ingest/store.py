"""A chunk in one transaction; once more where another sender was faster with one of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg.errors import UniqueViolation

from evals.ingest.ahead import ahead
from evals.ingest.chunks import Line, chunks
from evals.ingest.ledger import Ledger
from evals.ingest.result import IngestResult
from evals.ingest.tables import write
from evals.models import Project, Request
from evals.records import LineError, TrafficRecord

#: Each further time sees at least what the one before stumbled over, and stands in a queue.
TRIES = 20
_ONCE = ("request_one_per_key", "output_one_per_sample", "attempt_uploaded_once")


class _Raced(Exception):
    """Another sender was faster with an `expected`."""


def ingest(
    project: Project,
    lines: Iterable[tuple[int, TrafficRecord | LineError]],
    source: str = Request.Source.TRAFFIC,
    *,
    whole: bool = False,
    overlap: bool = False,
    result: IngestResult | None = None,
) -> IngestResult:
    """Stores decoded lines in chunks; what a chunk stored stays stored whatever comes after it.

    With `whole` all lines are one chunk: for a caller that has a transaction of its own, in which
    several chunks and those of another such caller could wait for each other in a circle. With
    `overlap` the lines are read in another thread while the ones before are stored; they must not
    use the database then. Give a `result` to follow what was stored, also where `lines` ends with
    an exception, which is passed on once all that came before it is stored.
    """
    result = IngestResult() if result is None else result
    models = {model.name: model for model in project.models.all()}
    made = chunks(lines, models, whole)
    # Closed whatever happens: then nobody reads on while an error is answered.
    with closing(ahead(made) if overlap else made) as ready:
        for chunk in ready:
            told = chunk.rejected
            if chunk.lines:
                told.take(_store(project, chunk.lines, source))
            told.problems.sort(key=lambda one: one.line)
            result.take(told)
    return result


def _store(project: Project, chunk: Sequence[Line], source: str) -> IngestResult:
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                if attempt:
                    _stand_in_line(project)
                ledger = Ledger(project, chunk)
                if not write(ledger, source, timezone.now()):
                    raise _Raced
            return ledger.result
        except _Raced:
            continue
        except IntegrityError as error:
            if not _stored_by_another(error):
                raise
    raise RuntimeError(f"others kept storing the same requests, {TRIES} times in a row")


def _stored_by_another(error: IntegrityError) -> bool:
    cause = error.__cause__
    return isinstance(cause, UniqueViolation) and cause.diag.constraint_name in _ONCE


def _stand_in_line(project: Project) -> None:
    """Whoever lost a race goes alone, or many senders of one file would lose one after the other.
    Released with the transaction, or with the savepoint that is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('ingest ' || %s, 0))", [project.pk]
        )
