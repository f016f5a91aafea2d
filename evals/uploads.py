"""Outputs that are uploaded for a run: traffic records that may leave the input out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evals.models import Run
from evals.records import LineError, OutputsRecord


def for_run(
    run: Run, lines: Iterable[tuple[int, OutputsRecord | LineError]]
) -> Iterator[tuple[int, OutputsRecord | LineError]]:
    """The lines as evals.ingest takes them, which tells of requests that are not known. A line
    for a model that is not in the run becomes a problem. They may be read in another thread."""
    models = (run.baseline.name, run.candidate.name)
    return (
        (number, one if isinstance(one, LineError) else _of_run(number, one, models))
        for number, one in lines
    )


def _of_run(
    number: int, record: OutputsRecord, models: tuple[str, str]
) -> OutputsRecord | LineError:
    for i, output in enumerate(record.outputs):
        if output.model not in models:
            reason = f"model {output.model!r} is not in this run; it compares {models[0]!r} with "
            return LineError(number, f"$.outputs[{i}].model", f"{reason}{models[1]!r}")
    return record
