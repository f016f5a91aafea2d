"""Decoded records made ready to be stored, in chunks of bounded size."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from evals import values
from evals.ingest import rows
from evals.ingest.result import IngestResult
from evals.models import ModelVersion
from evals.records import LineError, OutputRecord, OutputsRecord, TrafficRecord

#: Records of one transaction, and about the bytes of their rows: a chunk is held in memory.
CHUNK = 2000
CHUNK_BYTES = 4 * 1024 * 1024
#: Bad lines after which whoever watches is told.
MOST_REJECTED = 10_000


class Answer(NamedTuple):
    """An output or an error of `model`, by its digest, as a row."""

    place: tuple[int, int]  # model, sample
    failed: bool
    digest: str
    name: str
    row: bytes


class Line(NamedTuple):
    """A record ready to be stored: what is compared with the stored, and its rows. Of a record
    that leaves the input out, `digest` is None; then the request must be stored already."""

    number: int
    key: str
    must_be_there: bool
    digest: str | None
    expected: Any
    segment: dict[str, Any]
    group: str
    variant_of: str
    occurred_at: datetime | None
    row: bytes
    answers: list[Answer]

    @property
    def size(self) -> int:
        return len(self.row) + sum(len(one.row) for one in self.answers)


class Chunk(NamedTuple):
    """Good lines, at most what a transaction takes; `rejected` tells of the bad ones among them."""

    lines: list[Line]
    rejected: IngestResult


def chunks(
    lines: Iterable[tuple[int, TrafficRecord | LineError]],
    models: Mapping[str, ModelVersion],
    whole: bool = False,
) -> Generator[Chunk, None, None]:
    """All lines, in one chunk where `whole` says so.

    Where the lines end with an exception, those before it come first: what was read whole is
    stored whatever follows it.
    """
    chunk, size = Chunk([], IngestResult()), 0
    try:
        for number, record in lines:
            line = record if isinstance(record, LineError) else _ready(number, record, models)
            if isinstance(line, LineError):
                chunk.rejected.reject(line)
            else:
                chunk.lines.append(line)
                size += line.size
            if not whole and (
                len(chunk.lines) >= CHUNK
                or size >= CHUNK_BYTES
                or chunk.rejected.rejected >= MOST_REJECTED
            ):
                full, chunk, size = chunk, Chunk([], IngestResult()), 0
                del record, line  # each may be large, and this waits here
                yield full
                del full
    except Exception:
        if not whole:
            yield chunk
        raise
    yield chunk


def _ready(
    number: int, record: TrafficRecord, models: Mapping[str, ModelVersion]
) -> Line | LineError:
    answers = []
    for i, output in enumerate(record.outputs):
        model = models.get(output.model)
        if model is None:
            return LineError(number, f"$.outputs[{i}].model", _unknown(output.model, models))
        answers.append(_answer(model, output))
    digest, row = None, b""
    if record.input is not None:
        source, digest = values.stored_form(record.input)
        row = rows.request(record, source, digest)
    return Line(
        number,
        record.id,
        isinstance(record, OutputsRecord),
        digest,
        record.expected,
        record.segment,
        record.group or "",
        record.variant_of or "",
        record.occurred_at,
        row,
        answers,
    )


def _answer(model: ModelVersion, output: OutputRecord) -> Answer:
    place = (model.pk, output.sample)
    if output.error is not None:
        digest = values.digest(output.error)
        return Answer(place, True, digest, output.model, rows.attempt(model, output, digest))
    source, digest = values.stored_form(output.value)
    return Answer(place, False, digest, output.model, rows.output(model, output, source, digest))


def _unknown(name: str, models: Mapping[str, ModelVersion]) -> str:
    known = ", ".join(sorted(models)) or "none yet"
    return f"no model version {name!r} in this project (known: {known}); define it first"
