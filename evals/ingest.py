"""Traffic in: stores requests, outputs and failed attempts from decoded records.

Sending the same record twice changes nothing. Input, expected and each (model, sample) are
compared one by one: what is new is added, what differs from what is stored is a conflict that is
reported and never overwrites. Where the input itself differs nothing is added: an answer to
another input is no answer to the stored one. Each chunk of records is one transaction.
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
#: US dollars for one output that a row has room for.
MOST_COST = 10_000_000


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
    chunk_size: int = CHUNK,
) -> IngestResult:
    """Stores decoded lines in chunks; what a chunk stored stays stored whatever comes after it."""
    result = IngestResult()
    models = {model.name: model for model in project.models.all()}
    for chunk in _chunks(lines, chunk_size):
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
    """US dollars by the model's prices, or None where a price or a count is not known, or where
    it is more than a column of costs holds: a server that counts two billion tokens is not right.
    """
    if None in (model.price_input, model.price_output, input_tokens, output_tokens):
        return None
    assert model.price_input is not None
    assert model.price_output is not None
    cost = (
        model.price_input * (input_tokens or 0) + model.price_output * (output_tokens or 0)
    ) / 1_000_000
    return cost if cost < MOST_COST else None


def _chunks(
    lines: Iterable[tuple[int, TrafficRecord | LineError]], size: int
) -> Iterator[list[tuple[int, TrafficRecord | LineError]]]:
    """Chunks in which no request occurs twice."""
    chunk: list[tuple[int, TrafficRecord | LineError]] = []
    seen: set[str] = set()
    for number, record in lines:
        key = record.id if isinstance(record, TrafficRecord) else None
        if len(chunk) >= size or key in seen:
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
    digests = {record.id: values.digest(record.input) for _, record in chunk}
    known = set(project.requests.filter(key__in=keys).values_list("key", flat=True))
    Request.objects.bulk_create(
        [
            Request(
                project=project,
                key=record.id,
                source=source,
                input=record.input,
                input_digest=digests[record.id],
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
    same = [one for one in chunk if requests[one[1].id].input_digest == digests[one[1].id]]
    new_outputs, new_attempts = _store_outputs(same, models, requests)
    problems: list[LineError] = []
    for number, record in chunk:
        request, additions, conflicts = requests[record.id], 0, []
        if request.input_digest != digests[record.id]:
            conflicts = [_kept(number, "$.input", record)]
        else:
            additions = _add_expected(request, record)
            conflicts = [_kept(number, path, record) for path in _conflicts(request, record)]
            for i, output in enumerate(record.outputs):
                identity = (request.pk, models[output.model].pk, output.sample)
                if output.error is not None:
                    additions += (*identity, values.digest(output.error)) in new_attempts
                    continue
                digest, is_new = new_outputs[identity]
                additions += is_new
                if digest != values.digest(output.value):
                    stored = f"another output of {output.model!r} (sample {output.sample})"
                    reason = f"{stored} is stored; kept as it was"
                    conflicts.append(LineError(number, f"$.outputs[{i}]", reason))
        problems += conflicts
        result.conflicting += bool(conflicts)
        result.stored += not conflicts and record.id not in known
        result.added += not conflicts and record.id in known and additions > 0
        result.unchanged += not conflicts and record.id in known and additions == 0
    for problem in sorted(problems, key=lambda one: one.line):
        result.report(problem)


def _kept(number: int, path: str, record: TrafficRecord) -> LineError:
    return LineError(number, path, f"differs from what is stored for {record.id!r}; kept as it was")


def _conflicts(request: Request, record: TrafficRecord) -> Iterator[str]:
    """Paths at which a record contradicts the stored request; what it leaves out says nothing."""
    expected = (record.expected, request.expected)
    if None not in expected and len({values.canonical(one) for one in expected}) == 2:
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
    rows = Request.objects.filter(pk=request.pk, expected__isnull=True)
    if added := rows.update(expected=record.expected):
        request.expected = record.expected
    else:  # another sender was faster, perhaps with another one
        request.refresh_from_db(fields=["expected"])
    return added


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
        # In one order here as well: a record may list its outputs in any.
        for one in sorted(record.outputs, key=lambda one: (models[one.model].pk, one.sample)):
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
