"""Traffic in: stores requests, outputs and failed attempts from decoded records.

Sending the same record twice changes nothing. Input, expected and each (model, sample) are
compared one by one: what is new is added, what differs from what is stored is a conflict that is
reported and never overwrites. Each chunk of records is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from evals import values
from evals.models import Attempt, ModelVersion, Output, Project, Request
from evals.records import LineError, OutputRecord, TrafficRecord

CHUNK = 500
#: Problems that an answer lists; all are counted.
LISTED = 1000


@dataclass
class IngestResult:
    """Lines by what became of them; `problems` says why, for the first thousand."""

    stored: int = 0
    added: int = 0
    unchanged: int = 0
    conflicting: int = 0
    rejected: int = 0
    problems: list[LineError] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return {
            "stored": self.stored,
            "added": self.added,
            "unchanged": self.unchanged,
            "conflicting": self.conflicting,
            "rejected": self.rejected,
            "problems": [
                {"line": one.line, "field": one.path, "reason": one.reason} for one in self.problems
            ],
        }

    def report(self, problem: LineError) -> None:
        if len(self.problems) < LISTED:
            self.problems.append(problem)


def ingest(
    project: Project,
    lines: Iterable[tuple[int, TrafficRecord | LineError]],
    source: str = Request.Source.TRAFFIC,
) -> IngestResult:
    """Stores decoded lines in chunks; what a chunk stored stays stored whatever comes after it."""
    result = IngestResult()
    models = {model.name: model for model in project.models.all()}
    for chunk in _chunks(lines):
        good = []
        for number, record in chunk:
            problem = record if isinstance(record, LineError) else _unknown(number, record, models)
            if problem:
                result.rejected += 1
                result.report(problem)
            elif isinstance(record, TrafficRecord):
                good.append((number, record))
        if good:
            _store(project, good, models, source, result)
    return result


def cost_of(
    model: ModelVersion, input_tokens: int | None, output_tokens: int | None
) -> Decimal | None:
    """US dollars by the model's prices, or None where a price or a count is not known."""
    if None in (model.price_input, model.price_output, input_tokens, output_tokens):
        return None
    assert model.price_input is not None and model.price_output is not None
    return (
        model.price_input * (input_tokens or 0) + model.price_output * (output_tokens or 0)
    ) / 1_000_000


def _chunks(
    lines: Iterable[tuple[int, TrafficRecord | LineError]],
) -> Iterator[list[tuple[int, TrafficRecord | LineError]]]:
    """Chunks in which no request occurs twice."""
    chunk: list[tuple[int, TrafficRecord | LineError]] = []
    seen: set[str] = set()
    for number, record in lines:
        key = record.id if isinstance(record, TrafficRecord) else None
        if len(chunk) >= CHUNK or key in seen:
            yield chunk
            chunk, seen = [], set()
        chunk.append((number, record))
        if key is not None:
            seen.add(key)
    if chunk:
        yield chunk


def _unknown(
    number: int, record: TrafficRecord, models: dict[str, ModelVersion]
) -> LineError | None:
    for i, output in enumerate(record.outputs):
        if output.model not in models:
            known = ", ".join(sorted(models)) or "none yet"
            reason = f"no model version {output.model!r} in this project (known: {known}); "
            return LineError(number, f"$.outputs[{i}].model", reason + "define it first")
    return None


@transaction.atomic
def _store(
    project: Project,
    chunk: list[tuple[int, TrafficRecord]],
    models: dict[str, ModelVersion],
    source: str,
    result: IngestResult,
) -> None:
    now = timezone.now()
    # In one order for every sender, so that two of them never wait for each other in a circle.
    chunk = sorted(chunk, key=lambda one: one[1].id)
    keys = [record.id for _, record in chunk]
    known = set(project.requests.filter(key__in=keys).values_list("key", flat=True))
    Request.objects.bulk_create(
        [
            Request(
                project=project,
                key=record.id,
                source=source,
                input=record.input,
                input_digest=values.digest(record.input),
                expected=record.expected,
                segment=record.segment,
                group=record.group or "",
                variant_of=record.variant_of or "",
                occurred_at=record.occurred_at or now,
            )
            for _, record in chunk
            if record.id not in known
        ],
        ignore_conflicts=True,
    )
    requests = {request.key: request for request in project.requests.filter(key__in=keys)}
    new_outputs, new_attempts = _store_outputs(chunk, models, requests)
    problems: list[LineError] = []
    for number, record in chunk:
        request = requests[record.id]
        conflicts = [
            LineError(number, path, f"differs from what is stored for {record.id!r}; kept as it was")
            for path in _conflicts(request, record)
        ]
        additions = _add_expected(request, record)
        for i, output in enumerate(record.outputs):
            identity = (request.pk, models[output.model].pk, output.sample)
            if output.error is not None:
                additions += (*identity, values.digest(output.error)) in new_attempts
                continue
            digest, is_new = new_outputs[identity]
            if digest != values.digest(output.value):
                reason = f"another output of {output.model!r} (sample {output.sample}) is stored"
                conflicts.append(LineError(number, f"$.outputs[{i}]", f"{reason}; kept as it was"))
            else:
                additions += is_new
        problems += conflicts
        result.conflicting += bool(conflicts)
        result.stored += not conflicts and record.id not in known
        result.added += not conflicts and record.id in known and additions > 0
        result.unchanged += not conflicts and record.id in known and additions == 0
    for problem in sorted(problems, key=lambda one: one.line):
        result.report(problem)


def _conflicts(request: Request, record: TrafficRecord) -> Iterator[str]:
    """Paths at which a record contradicts the stored request; what it leaves out says nothing."""
    if values.digest(record.input) != request.input_digest:
        yield "$.input"
    if record.expected is not None and request.expected is not None:
        if values.canonical(record.expected) != values.canonical(request.expected):
            yield "$.expected"
    if record.segment and values.canonical(record.segment) != values.canonical(request.segment):
        yield "$.segment"
    if record.group and record.group != request.group:
        yield "$.group"
    if record.variant_of and record.variant_of != request.variant_of:
        yield "$.variant_of"


def _add_expected(request: Request, record: TrafficRecord) -> int:
    if record.expected is None or request.expected is not None:
        return 0
    return Request.objects.filter(pk=request.pk, expected=None).update(expected=record.expected)


#: Request, model, sample.
Identity = tuple[int, int, int]


def _store_outputs(
    chunk: list[tuple[int, TrafficRecord]],
    models: dict[str, ModelVersion],
    requests: dict[str, Request],
) -> tuple[dict[Identity, tuple[str, bool]], set[tuple[int, int, int, str]]]:
    """Adds what is not there. Gives the stored digest of each output, and whether it is new;
    and the failed attempts that are new."""
    outputs: dict[Identity, Output] = {}
    attempts: dict[tuple[int, int, int, str], Attempt] = {}
    for _, record in chunk:
        for one in record.outputs:
            request, model = requests[record.id], models[one.model]
            identity = (request.pk, model.pk, one.sample)
            if one.error is None:
                outputs[identity] = new_output(request, model, one)
            else:
                attempt = Attempt(
                    request=request,
                    model=model,
                    sample=one.sample,
                    uploaded=True,
                    error=one.error,
                    error_digest=values.digest(one.error),
                    latency_ms=one.latency_ms,
                )
                attempts[(*identity, attempt.error_digest)] = attempt
    before = _stored_outputs(outputs)
    Output.objects.bulk_create(
        [output for identity, output in outputs.items() if identity not in before],
        ignore_conflicts=True,
    )
    after = _stored_outputs(outputs)
    known = set(
        Attempt.objects.filter(
            request__in={identity[0] for identity in attempts}, uploaded=True
        ).values_list("request_id", "model_id", "sample", "error_digest")
    )
    Attempt.objects.bulk_create(
        [attempt for identity, attempt in attempts.items() if identity not in known],
        ignore_conflicts=True,
    )
    return (
        {identity: (after[identity], identity not in before) for identity in outputs},
        set(attempts) - known,
    )


def _stored_outputs(wanted: dict[Identity, Output]) -> dict[Identity, str]:
    if not wanted:
        return {}
    rows = Output.objects.filter(
        request__in={identity[0] for identity in wanted},
        model__in={identity[1] for identity in wanted},
    ).values_list("request_id", "model_id", "sample", "digest")
    return {(request, model, sample): digest for request, model, sample, digest in rows}


def new_output(request: Request, model: ModelVersion, record: OutputRecord) -> Output:
    cost = (
        Decimal(str(record.cost_usd))
        if record.cost_usd is not None
        else cost_of(model, record.input_tokens, record.output_tokens)
    )
    return Output(
        request=request,
        model=model,
        sample=record.sample,
        text=record.text,
        value=record.value,
        digest=values.digest(record.value),
        latency_ms=record.latency_ms,
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        cost_usd=cost,
    )
