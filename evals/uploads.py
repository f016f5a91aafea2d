"""Outputs that are uploaded for a run: traffic records that may leave the input out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from evals.ingest import CHUNK
from evals.models import Run
from evals.records import LineError, OutputsRecord


def for_run(
    run: Run, lines: Iterable[tuple[int, OutputsRecord | LineError]]
) -> Iterator[tuple[int, OutputsRecord | LineError]]:
    """The lines as evals.ingest takes them: with the stored input where a line has none. A line
    for a request that is not known, or for a model that is not in the run, becomes a problem."""
    models = (run.baseline.name, run.candidate.name)
    rest = iter(lines)
    while chunk := list(islice(rest, CHUNK)):
        missing = {one.id for _, one in chunk if isinstance(one, OutputsRecord)}
        known = dict(run.project.requests.filter(key__in=missing).values_list("key", "input"))
        for number, one in chunk:
            yield number, one if isinstance(one, LineError) else _whole(number, one, known, models)


def _whole(
    number: int, record: OutputsRecord, known: dict[str, object], models: tuple[str, str]
) -> OutputsRecord | LineError:
    for i, output in enumerate(record.outputs):
        if output.model not in models:
            reason = f"model {output.model!r} is not in this run; it compares {models[0]!r} with "
            return LineError(number, f"$.outputs[{i}].model", f"{reason}{models[1]!r}")
    if record.id not in known:
        reason = f"no request {record.id!r} is stored; send the whole record to traffic/ first"
        return LineError(number, "$.id", reason)
    if record.input is not None:
        return record
    return msgspec.structs.replace(record, input=known[record.id])
