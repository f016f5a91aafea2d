"""The spans of one export, stored; and what the sender is told about those that are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from evals.ingest import IngestResult, ingest
from evals.models import Project
from evals.otlp.pairing import Unmapped, record_of
from evals.otlp.spans import Rejected, Span
from evals.otlp.tracing import Tracing
from evals.records import LineError, TrafficRecord

#: Reasons that an answer tells, the most frequent first; and their characters.
TOLD, LONGEST = 8, 600
#: Different reasons that are counted; of more, the sum.
_COUNTED = 200
_OTHERS = "other reasons"
#: Names of models that nothing maps, of one export.
_NAMES = 20

#: Problems of a record whose output is stored all the same, as evals.ingest words their paths.
_HARMLESS = ("$.segment", "$.group", "$.expected", "$.variant_of")
_OTHER_INPUT = (
    "another input is stored for the same id. If one trace holds several requests, set an "
    "attribute that tells them apart and name it under Tracing; if only the system message "
    "differs between the versions, let Tracing leave it out"
)
_OTHER_OUTPUT = (
    "another output of the same model version is stored for the same id and was kept. If one "
    "trace holds several calls of a model, set an attribute that tells them apart and name it "
    "under Tracing"
)
_OTHER_DETAIL = (
    "the output is stored, but segment or group differ from those of the request's first span, "
    "which were kept"
)


@dataclass
class Taken:
    """Spans by what became of them.

    calls: calls to language models; stored: those that are in the database now, among them such
    as were there before; rejected: those that are not; `reasons` counts why
    warnings: the same for spans that were stored; unmapped: names of models that nothing maps
    """

    spans: int = 0
    calls: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)

    @property
    def stored(self) -> int:
        return self.calls - self.rejected

    def reject(self, problem: Rejected) -> None:
        self.calls += 1
        self.rejected += 1
        _count(self.reasons, str(problem)[:LONGEST])
        if isinstance(problem, Unmapped) and problem.names and len(self.unmapped) < _NAMES:
            self.unmapped[problem.names[0][:200]] += 1

    def message(self) -> str:
        """For the sender, "" where all is well."""
        told = []
        if self.rejected:
            told = [f"{self.rejected} of {self.calls} calls to models were not stored"]
        if len(self.reasons) == 1:
            told = [f"{told[0]}: {next(iter(self.reasons))}"]
        else:
            told += (f"{count}: {reason}" for reason, count in self.reasons.most_common(TOLD))
        if (more := len(self.reasons) - TOLD) > 0:
            told.append(f"{more} further reasons")
        told += (f"{count}: {reason}" for reason, count in self.warnings.most_common(TOLD))
        return ". ".join(told)


def take(project: Project, tracing: Tracing, spans: Iterable[Span | Rejected]) -> Taken:
    """Stores what the spans say, in chunks; whatever this returns from is committed."""
    taken = Taken()
    known = dict.fromkeys(project.models.values_list("name", flat=True))
    result = ingest(project, _records(taken, tracing, known, spans))
    _tell(taken, result)
    return taken


def _records(
    taken: Taken, tracing: Tracing, known: dict[str, None], spans: Iterable[Span | Rejected]
) -> Iterator[tuple[int, TrafficRecord | LineError]]:
    for number, span in enumerate(spans, 1):
        taken.spans += 1
        try:
            if isinstance(span, Rejected):
                raise span
            record = record_of(span, tracing, known, number)
        except Rejected as problem:
            taken.reject(problem)
            continue
        if record is not None:
            taken.calls += 1
            yield number, record


def _tell(taken: Taken, result: IngestResult) -> None:
    """Adds what ingest did not store, or not as it was sent."""
    problems: dict[int, list[LineError]] = {}
    for problem in result.problems:
        problems.setdefault(problem.line, []).append(problem)
    for of_line in problems.values():
        real = [one for one in of_line if one.path not in _HARMLESS]
        if real:
            _count(taken.reasons, _why(real[0]))
        else:
            _count(taken.warnings, _OTHER_DETAIL)
    # Of many problems only the first are listed; the counts are of all.
    taken.rejected += result.rejected + result.conflicting - result.beside
    if (more := result.beside - taken.warnings.total()) > 0:
        taken.warnings[_OTHER_DETAIL] += more
    if (more := taken.rejected - taken.reasons.total()) > 0:
        taken.reasons[_OTHERS] += more


def _why(problem: LineError) -> str:
    if problem.path == "$.input":
        return _OTHER_INPUT
    if problem.path == "$.outputs[0]":
        return _OTHER_OUTPUT
    return f"{problem.path}: {problem.reason}"[:LONGEST]


def _count(counter: Counter[str], reason: str) -> None:
    counter[reason if reason in counter or len(counter) < _COUNTED else _OTHERS] += 1
