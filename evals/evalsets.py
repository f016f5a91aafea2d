"""Eval sets: immutable, digested versions of requests with known correct outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from evals import values
from evals.formats import ExportExample
from evals.ingest import IngestResult, ingest
from evals.models import EvalSet, EvalSetVersion, Example, Project, Request
from evals.records import LineError, TrafficRecord


class EvalSetError(ValueError):
    """Nothing was made; `problems` says why, line by line."""

    def __init__(self, problems: Sequence[LineError]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class UnknownVersion(LookupError):
    """No sealed version goes by that name; the message says which there are."""


@dataclass(frozen=True)
class NewExample:
    request: Request
    expected: Any
    origin: str
    provenance: dict[str, Any] = field(default_factory=dict)


def find_version(project: Project, reference: str) -> EvalSetVersion:
    """The version behind "name@2", or the latest behind "name". Raises UnknownVersion."""
    name, _, number = reference.partition("@")
    sealed = EvalSetVersion.objects.filter(
        evalset__project=project, evalset__name=name, sealed_at__isnull=False
    ).select_related("evalset")
    wanted = sealed.filter(number=values.row_number(number)) if number else sealed
    if (found := wanted.order_by("-number").first()) is None:
        known = sorted(project.evalsets.values_list("name", flat=True))
        if name in known:
            numbers = ", ".join(str(n) for n in sealed.values_list("number", flat=True))
            raise UnknownVersion(f"eval set {name!r} has no version {number!r}; it has {numbers}")
        raise UnknownVersion(f"no eval set {name!r} in this project (there are: {_listed(known)})")
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none yet"


def export_examples(version: EvalSetVersion) -> Iterator[ExportExample]:
    """A version's examples, in its order, as the formats take them."""
    rows = version.examples.select_related("request").order_by("position")
    for example in rows.iterator(chunk_size=500):
        request = example.request
        yield ExportExample(
            id=request.key,
            input=request.input,
            expected=example.expected,
            segment=request.segment,
            group=request.group or None,
            provenance={"origin": example.origin, **example.provenance},
        )


def create_from_records(
    *,
    project: Project,
    name: str,
    lines: Iterable[tuple[int, TrafficRecord | LineError]],
    created_by: str = "",
    note: str = "",
    file: str = "",
) -> EvalSetVersion:
    """A version of eval set `name` from traffic records that have an `expected` each.

    All or nothing: an eval set with a line missing is another eval set. Outputs in the records
    are stored as by ingest; an `expected` other than the stored request's holds for this version
    alone. Raises EvalSetError with every line that is wrong.
    """
    records, problems = [], []
    for number, record in lines:
        if isinstance(record, LineError):
            problems.append(record)
        elif record.expected is None:
            reason = "an example needs the known correct output in `expected`"
            problems.append(LineError(number, "$.expected", reason))
        else:
            records.append((number, record))
    seen: dict[str, int] = {}
    for number, record in records:
        if record.id in seen:
            reason = f"{record.id!r} stands on line {seen[record.id]} already"
            problems.append(LineError(number, "$.id", reason))
        seen.setdefault(record.id, number)
    if not records and not problems:
        problems.append(LineError(1, "$", "the file has no records; one example a line is needed"))
    if problems:
        raise EvalSetError(sorted(problems, key=lambda one: one.line))
    with transaction.atomic():
        # One chunk: in several of one transaction, two files could wait for each other in a circle.
        result: IngestResult = ingest(
            project, _to_store(project, records), Request.Source.EVALSET, whole=True
        )
        if result.problems:
            raise EvalSetError(result.problems)
        stored = project.requests.filter(key__in=[record.id for _, record in records])
        requests = {request.key: request for request in stored}
        examples = [
            NewExample(
                request=requests[record.id],
                expected=record.expected,
                origin=Example.Origin.IMPORT,
                provenance={"file": file, "line": number},
            )
            for number, record in records
        ]
        return create_version(
            project=project, name=name, examples=examples, created_by=created_by, note=note
        )


def _to_store(
    project: Project, records: Sequence[tuple[int, TrafficRecord]]
) -> list[tuple[int, TrafficRecord]]:
    """The records without `expected` where the stored request has one: a known correct output
    may be put right in a later version."""
    known = set(
        project.requests.filter(
            key__in=[record.id for _, record in records], expected__isnull=False
        ).values_list("key", flat=True)
    )
    return [
        (number, msgspec.structs.replace(record, expected=None) if record.id in known else record)
        for number, record in records
    ]


@transaction.atomic
def create_version(
    *,
    project: Project,
    name: str,
    examples: Sequence[NewExample],
    created_by: str = "",
    note: str = "",
) -> EvalSetVersion:
    """Seals `examples` as the next version of eval set `name`.

    The same content as the latest version is that version: nothing new is made.
    """
    evalset, _ = EvalSet.objects.get_or_create(project=project, name=name)
    evalset = EvalSet.objects.select_for_update().get(pk=evalset.pk)
    digest = values.digest(
        [[e.request.key, e.request.input_digest, values.digest(e.expected)] for e in examples]
    )
    latest = evalset.versions.order_by("-number").first()
    if latest and latest.digest == digest:
        return latest
    version = EvalSetVersion.objects.create(
        evalset=evalset,
        number=latest.number + 1 if latest else 1,
        size=len(examples),
        note=note,
        created_by=created_by,
    )
    Example.objects.bulk_create(
        [
            Example(
                version=version,
                request=example.request,
                position=position,
                expected=example.expected,
                origin=example.origin,
                provenance=example.provenance,
            )
            for position, example in enumerate(examples, start=1)
        ],
        batch_size=1000,
    )
    version.digest, version.sealed_at = digest, timezone.now()
    version.save(update_fields=["digest", "sealed_at"])
    return version
