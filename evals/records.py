"""Traffic and label records: one JSON object a line, checked field by field.

A field that is not known here is ignored: fields may be added to the format, and a record written
by a newer version, or one that carries fields of its own, must stay readable. What a known field
says is never guessed at: a wrong type is an error with the field's path.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from evals import jsonl, values
from evals.jsonl import Readable

LINE_LIMIT = 8 * 1024 * 1024

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Path = Annotated[str, Meta(max_length=1000)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Duration = Annotated[float, Meta(ge=0, le=2**31 - 1)]
Money = Annotated[float, Meta(ge=0, le=1e6)]
Moment = Annotated[datetime, Meta(tz=True)]


class OutputRecord(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one model answered, or the error that it failed with.

    `output` is the JSON source as received. `sample` 0 is the served answer, others are repeats.
    """

    model: Name
    sample: Annotated[int, Meta(ge=0, le=32767)] = 0
    output: msgspec.Raw = msgspec.Raw()
    error: Annotated[str, Meta(min_length=1)] | None = None
    latency_ms: Duration | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cost_usd: Money | None = None

    def __post_init__(self) -> None:
        if self.error is None and bytes(self.output) in (b"", b"null"):
            raise ValueError("neither `output` nor `error` is given; give one of them")
        if self.error is not None and bytes(self.output) not in (b"", b"null"):
            raise ValueError(
                "both `output` and `error` are given; an output exists only on success"
            )

    @cached_property
    def value(self) -> Any:
        """The output as a Python value; None where there is an error instead."""
        return msgspec.json.decode(self.output) if self.error is None else None

    @property
    def is_text(self) -> bool:
        return isinstance(self.value, str)

    @property
    def text(self) -> str:
        """The output as received: the text itself, or the source text of any other JSON."""
        return self.value if self.is_text else bytes(self.output).decode()


class TrafficRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One real request with the outputs that are known so far."""

    id: Name
    input: Any
    occurred_at: Moment | None = None
    expected: Any = None
    segment: dict[str, Any] = {}
    group: Name | None = None
    variant_of: Name | None = None
    outputs: list[OutputRecord] = []

    def __post_init__(self) -> None:
        if self.input is None:
            raise ValueError("`input` is null; give the request as text or JSON")
        self.check()

    def check(self) -> None:
        """Raises ValueError or TypeError for what the types of the fields let through."""
        # Room for any time zone at both ends.
        if self.occurred_at and not 1970 <= self.occurred_at.year <= 9998:
            raise ValueError("the year of `occurred_at` is not between 1970 and 9998")
        for key, item in self.segment.items():
            if not 1 <= len(key) <= 200:
                raise ValueError("a key of `segment` has not between 1 and 200 characters")
            if isinstance(item, list | dict):
                raise TypeError(f"`segment.{key}` must be text, a number, true, false or null")
        seen: set[tuple[str, int]] = set()
        for output in self.outputs:
            if (output.model, output.sample) in seen:
                raise ValueError(
                    f"two outputs of model {output.model!r}, sample {output.sample}; "
                    "number repeats with `sample`"
                )
            seen.add((output.model, output.sample))


class OutputsRecord(TrafficRecord, frozen=True, kw_only=True):
    """A traffic record whose request is stored already: its input may be left out."""

    input: Any = None

    def __post_init__(self) -> None:
        self.check()


class FindingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One error found on one side. `span` counts code points, its end excluded."""

    side: Name
    category: Name | None = None
    severity: Name | None = None
    where: Literal["output", "input"] = "output"
    path: Path | None = None
    span: tuple[Count, Count] | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if self.category is None and not self.note:
            raise ValueError("neither `category` nor `note` says what was found; give one")
        if self.span and self.span[0] > self.span[1]:
            raise ValueError("`span` ends before it starts; give [start, end)")


class LabelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One rater's judgement of one request. A side that is left out was not judged; a side that
    is "error" may come without findings, since many label sets hold no more than that."""

    request: Name
    reviewer: Name
    sides: Annotated[dict[str, Literal["ok", "error"]], Meta(min_length=1)]
    run: Name | None = None
    reviewed_at: Moment | None = None
    taxonomy: Name | None = None
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 1
    authoritative: bool = False
    blind: bool | None = None
    stratum: Name | None = None
    inclusion: Annotated[float, Meta(gt=0, le=1)] | None = None
    corrected_output: Any = None
    duration_s: Duration | None = None
    findings: list[FindingRecord] = []

    def __post_init__(self) -> None:
        if self.reviewed_at and not 1970 <= self.reviewed_at.year <= 9998:
            raise ValueError("the year of `reviewed_at` is not between 1970 and 9998")
        for side in self.sides:
            if not 1 <= len(side) <= 200:
                raise ValueError("a name in `sides` has not between 1 and 200 characters")
            if self.run is not None and side not in ("baseline", "candidate"):
                raise ValueError(
                    f"`sides` names {side!r}; with a run they are baseline and candidate, "
                    "with `run` null the names of model versions"
                )
        for finding in self.findings:
            if self.sides.get(finding.side) != "error":
                raise ValueError(
                    f"a finding is on side {finding.side!r}, which `sides` does not call an error"
                )


@dataclass(frozen=True)
class LineError:
    """Why one line was not read; `path` is the JSON path of the field, `$` for the whole line."""

    line: int
    path: str
    reason: str

    def __str__(self) -> str:
        where = "" if self.path == "$" else f", {self.path}"
        return f"line {self.line}{where}: {self.reason}"


R = TypeVar("R", TrafficRecord, OutputsRecord, LabelRecord)


def decode_lines(
    stream: Iterable[bytes] | Readable, limit: int = LINE_LIMIT
) -> Iterator[tuple[int, TrafficRecord | LineError]]:
    """Traffic records of a JSONL stream, each with its line number from 1; blank lines are skipped.

    `stream` is a binary file, or its bytes in pieces cut anywhere (lines end with a newline, not
    with a piece). A bad line yields a LineError and costs nothing else; of a line over `limit`
    bytes no more than that is ever held.
    """
    return _decode_all(stream, TrafficRecord, limit)


def decode_outputs(
    stream: Iterable[bytes] | Readable, limit: int = LINE_LIMIT
) -> Iterator[tuple[int, OutputsRecord | LineError]]:
    """Outputs of requests that are stored already; everything else as in `decode_lines`."""
    return _decode_all(stream, OutputsRecord, limit)


def decode_labels(
    stream: Iterable[bytes] | Readable, limit: int = LINE_LIMIT
) -> Iterator[tuple[int, LabelRecord | LineError]]:
    """Label records of a JSONL stream; everything else as in `decode_lines`."""
    return _decode_all(stream, LabelRecord, limit)


def decode_line(line: bytes, number: int, kind: type[R]) -> R | LineError:
    """One line as a record of `kind` (one of those above), or why it is none."""
    try:
        line.decode()
        record = msgspec.json.decode(line, type=kind)
        # Only a line that could hold something unstorable is walked: most cannot.
        if _SUSPECT.search(line) or line.count(b"[") + line.count(b"{") > values.MAX_DEPTH:
            problem = _unstorable(record)
            if problem:
                return LineError(number, *problem)
        elif isinstance(record, TrafficRecord):
            for output in record.outputs:
                _ = output.value  # decodes it, and so checks it
        return record
    except UnicodeDecodeError as error:
        reason = f"byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        return LineError(number, "$", reason)
    except RecursionError:
        return LineError(number, "$", f"nested deeper than {values.MAX_DEPTH} levels")
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        if not path and reason.startswith("Expected `object`"):
            reason += "; each line is one JSON object, not a list of them"
        return LineError(number, path.rstrip("`") or "$", reason)
    except msgspec.DecodeError as error:
        return LineError(number, *_why_malformed(line, str(error)))


# An escaped U+0000, or so many digits that the number may be out of range.
_SUSPECT = re.compile(rb"\\u0000|\d{300}")


def _unstorable(record: TrafficRecord | LabelRecord) -> tuple[str, str] | None:
    """The first thing in a record that the database cannot keep."""
    fields = msgspec.structs.asdict(record)
    outputs = fields.pop("outputs", [])
    problem = values.problem_in(msgspec.to_builtins(fields))
    for i, output in enumerate(outputs):
        known = {**msgspec.structs.asdict(output), "output": output.value}
        problem = problem or values.problem_in(known, f"$.outputs[{i}]")
    return problem


def _why_malformed(line: bytes, fallback: str) -> tuple[str, str]:
    """A reason with a place, from the standard library's slower parser. It also accepts what JSON
    does not have (NaN, halves of surrogate pairs): those are then found by their path."""
    try:
        return values.problem_in(json.loads(line)) or ("$", f"not JSON: {fallback}")
    except json.JSONDecodeError as error:
        return "$", f"not JSON: {error.msg} at column {error.colno}"
    except (ValueError, RecursionError):
        return "$", f"not JSON: {fallback}"


def _decode_all(
    stream: Iterable[bytes] | Readable, kind: type[R], limit: int
) -> Iterator[tuple[int, R | LineError]]:
    for number, line in jsonl.lines(stream, limit):
        if line is None:
            reason = f"longer than {limit} bytes; split the record or send large parts by reference"
            yield number, LineError(number, "$", reason)
        elif line.strip(b" \t\r"):
            # Editors on Windows begin a file with a byte order mark.
            start = b"\xef\xbb\xbf" if number == 1 else b""
            yield number, decode_line(line.removeprefix(start), number, kind)
