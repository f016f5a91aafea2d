"""What is stored of the requests of a chunk, and what the chunk's lines change about it.

Each line is held against what is stored and against the lines before it, so that one request may
have any number of lines in a chunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from msgspec import json

from evals import values
from evals.ingest.chunks import Answer, Line
from evals.ingest.result import IngestResult
from evals.models import Project
from evals.records import LineError

#: Model, sample.
Place = tuple[int, int]


@dataclass(slots=True)
class Entry:
    """One request: what is stored of it, or will be once the chunk is written."""

    pk: int
    digest: str
    expected: Any
    segment: dict[str, Any]
    group: str
    variant_of: str
    outputs: dict[Place, str] = field(default_factory=dict)
    #: Errors by their digest.
    attempts: set[tuple[int, int, str]] = field(default_factory=set)


@dataclass
class Ledger:
    """`take` each line; then `requests`, `outputs`, `attempts` and `expected` are what is new."""

    project: Project
    lines: Sequence[Line]
    result: IngestResult = field(default_factory=IngestResult)
    requests: list[tuple[Entry, Line]] = field(default_factory=list)
    outputs: list[tuple[int, Answer]] = field(default_factory=list)
    attempts: list[tuple[int, Answer]] = field(default_factory=list)
    #: By request, JSON.
    expected: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = list({line.key: None for line in self.lines})
        self.entries = _stored(self.project, keys, self.lines)
        self.free = _free_ids(len(keys) - len(self.entries))
        for line in self.lines:
            self._take(line)

    def _take(self, line: Line) -> None:
        result, entry = self.result, self.entries.get(line.key)
        if entry is None:
            if line.digest is None or line.must_be_there:
                result.reject(_not_there(line))
                return
            self._add(self._open(line, line.digest), line.answers)
            result.stored += 1
            return
        if line.digest not in (None, entry.digest):
            conflicts, additions = [_kept(line, "$.input")], 0
        else:
            additions = self._expect(entry, line)
            beside = [_kept(line, path) for path in _contradicted(entry, line)]
            additions += self._add(entry, line.answers)
            conflicts = [*beside, *_other_outputs(entry, line)]
            result.beside += bool(beside) and len(beside) == len(conflicts)
        result.report(conflicts)
        result.conflicting += bool(conflicts)
        result.added += not conflicts and additions > 0
        result.unchanged += not conflicts and additions == 0

    def _open(self, line: Line, digest: str) -> Entry:
        entry = Entry(
            next(self.free), digest, line.expected, line.segment, line.group, line.variant_of
        )
        self.entries[line.key] = entry
        self.requests.append((entry, line))
        return entry

    def _expect(self, entry: Entry, line: Line) -> int:
        if line.expected is None or entry.expected is not None:
            return 0
        entry.expected = line.expected
        self.expected[entry.pk] = values.source_of(entry.expected)
        return 1

    def _add(self, entry: Entry, answers: list[Answer]) -> int:
        """Notes what is not there yet. Gives how many that were."""
        additions = 0
        for one in answers:
            if one.failed:
                if (*one.place, one.digest) not in entry.attempts:
                    entry.attempts.add((*one.place, one.digest))
                    self.attempts.append((entry.pk, one))
                    additions += 1
            elif one.place not in entry.outputs:
                entry.outputs[one.place] = one.digest
                self.outputs.append((entry.pk, one))
                additions += 1
        return additions


def _not_there(line: Line) -> LineError:
    reason = f"no request {line.key!r} is stored; send the whole record to traffic/ first"
    return LineError(line.number, "$.id", reason)


def _kept(line: Line, path: str) -> LineError:
    reason = f"differs from what is stored for {line.key!r}; kept as it was"
    return LineError(line.number, path, reason)


def _contradicted(entry: Entry, line: Line) -> Iterator[str]:
    """Paths at which a record contradicts the stored request; what it leaves out says nothing."""
    expected = (line.expected, entry.expected)
    if None not in expected and len({values.canonical(one) for one in expected}) == 2:
        yield "$.expected"
    if line.segment and values.canonical(line.segment) != values.canonical(entry.segment):
        yield "$.segment"
    if line.group and line.group != entry.group:
        yield "$.group"
    if line.variant_of and line.variant_of != entry.variant_of:
        yield "$.variant_of"


def _other_outputs(entry: Entry, line: Line) -> Iterator[LineError]:
    for i, one in enumerate(line.answers):
        if not one.failed and entry.outputs[one.place] != one.digest:
            stored = f"another output of {one.name!r} (sample {one.place[1]})"
            yield LineError(line.number, f"$.outputs[{i}]", f"{stored} is stored; kept as it was")


def _free_ids(count: int) -> Iterator[int]:
    """Ids for new requests, so that their outputs can be sent along with them."""
    if count < 1:
        return iter(())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('evals_request', 'id'))"
            " FROM generate_series(1, %s)",
            [count],
        )
        return iter(sorted(pk for (pk,) in cursor.fetchall()))


def _stored(project: Project, keys: list[str], lines: Sequence[Line]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    with connection.cursor() as cursor:
        # As one array: of a parameter for each key Django makes more work than PostgreSQL has.
        cursor.execute(
            'SELECT key, id, input_digest, expected::text, segment::text, "group", variant_of'
            " FROM evals_request WHERE project_id = %s AND key = ANY(%s)",
            [project.pk, keys],
        )
        for key, pk, digest, expected, segment, group, variant_of in cursor.fetchall():
            known = None if expected is None else json.decode(expected)
            entries[key] = Entry(pk, digest, known, json.decode(segment), group, variant_of)
    if not entries:
        return entries
    by_pk = {entry.pk: entry for entry in entries.values()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_id, model_id, sample, digest FROM evals_output"
            " WHERE request_id = ANY(%s)",
            [list(by_pk)],
        )
        for request, model, sample, digest in cursor.fetchall():
            by_pk[request].outputs[model, sample] = digest
        failed = {
            entries[line.key].pk
            for line in lines
            if line.key in entries and any(one.failed for one in line.answers)
        }
        if failed:
            cursor.execute(
                "SELECT request_id, model_id, sample, error_digest FROM evals_attempt"
                " WHERE request_id = ANY(%s) AND uploaded",
                [list(failed)],
            )
            for request, model, sample, digest in cursor.fetchall():
                by_pk[request].attempts.add((model, sample, digest))
    return entries
