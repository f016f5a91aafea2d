"""Records out of a byte stream, one JSON object a line."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, cast

import msgspec

from evals import jsonl, values
from evals.jsonl import Readable
from evals.records import limits
from evals.records.labels import LabelRecord
from evals.records.problems import LineError
from evals.records.traffic import FieldError, OutputRecord, OutputsRecord, TrafficRecord
from evals.records.unknown import UnknownFields

LINE_LIMIT = 8 * 1024 * 1024

R = TypeVar("R", TrafficRecord, OutputsRecord, LabelRecord)

#: What may stand in the fields that take one of a few words.
_WORDS = {"sides": '"ok" or "error"', "where": '"output" or "input"'}


def decode_lines(
    stream: Iterable[bytes] | Readable,
    limit: int = LINE_LIMIT,
    unknown: UnknownFields | None = None,
) -> Iterator[tuple[int, TrafficRecord | LineError]]:
    """Traffic records of a JSONL stream, each with its line number from 1; blank lines are skipped.

    `stream` is a binary file, or its bytes in pieces cut anywhere (lines end with a newline, not
    with a piece). A bad line yields a LineError and costs nothing else; of a line over `limit`
    bytes no more than that is ever held. `unknown` takes down the fields that are not read.
    """
    return _decode_all(stream, TrafficRecord, limit, unknown)


def decode_outputs(
    stream: Iterable[bytes] | Readable,
    limit: int = LINE_LIMIT,
    unknown: UnknownFields | None = None,
) -> Iterator[tuple[int, OutputsRecord | LineError]]:
    """Outputs of requests that are stored already; everything else as in `decode_lines`."""
    return _decode_all(stream, OutputsRecord, limit, unknown)


def decode_labels(
    stream: Iterable[bytes] | Readable, limit: int = LINE_LIMIT
) -> Iterator[tuple[int, LabelRecord | LineError]]:
    """Label records of a JSONL stream; everything else as in `decode_lines`."""
    return _decode_all(stream, LabelRecord, limit)


class _StrictOutput(OutputRecord, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True):
    pass


class _StrictTraffic(TrafficRecord, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outputs: list[_StrictOutput] = []  # type: ignore[assignment]


class _StrictOutputs(OutputsRecord, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outputs: list[_StrictOutput] = []  # type: ignore[assignment]


_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (TrafficRecord, OutputsRecord, LabelRecord)
}
_STRICT: dict[type[Any], msgspec.json.Decoder[Any]] = {
    TrafficRecord: msgspec.json.Decoder(_StrictTraffic),
    OutputsRecord: msgspec.json.Decoder(_StrictOutputs),
}
_KNOWN = {
    "$": frozenset(TrafficRecord.__struct_fields__),
    "$.outputs[]": frozenset(OutputRecord.__struct_fields__),
}


def decode_line(
    line: bytes, number: int, kind: type[R], unknown: UnknownFields | None = None
) -> R | LineError:
    """One line as a record of `kind` (one of those above), or why it is none."""
    if reason := limits.too_much(line):
        return LineError(number, "$", reason)
    try:
        limits.check_utf8(line)
        record = _decode(line, number, kind, unknown)
        # Only a line that could hold something unstorable is walked: most cannot.
        if limits.suspect(line):
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
        if reason.startswith("Invalid enum value"):
            words = next((said for name, said in _WORDS.items() if f".{name}" in path), "")
            reason = (
                f"{reason.removeprefix('Invalid enum value ')} is not {words}" if words else reason
            )
        cause = error.__cause__
        below = cause.path if isinstance(cause, FieldError) else ""
        return LineError(number, (path.rstrip("`") or "$") + below, reason)
    except msgspec.DecodeError as error:
        return LineError(number, *_why_malformed(line, str(error)))


def _decode(line: bytes, number: int, kind: type[R], unknown: UnknownFields | None) -> R:
    """Raises what msgspec raises. A record without unknown fields costs one decoding."""
    strict = _STRICT.get(kind) if unknown else None
    if unknown and strict:
        try:
            return cast(R, strict.decode(line))
        except msgspec.ValidationError:
            record = _DECODERS[kind].decode(line)
            unknown.look(line, number, _KNOWN)
            return cast(R, record)
    return cast(R, _DECODERS[kind].decode(line))


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
        more = "; end each record with a newline (curl: --data-binary, not -d)"
        hint = more if error.msg == "Extra data" else ""
        return "$", f"not JSON: {error.msg} at column {error.colno}{hint}"
    except (ValueError, RecursionError):
        return "$", f"not JSON: {fallback}"


def _decode_all(
    stream: Iterable[bytes] | Readable,
    kind: type[R],
    limit: int,
    unknown: UnknownFields | None = None,
) -> Iterator[tuple[int, R | LineError]]:
    for number, line in jsonl.lines(stream, limit):
        if line is None:
            reason = f"longer than {limit} bytes; split the record or send large parts by reference"
            yield number, LineError(number, "$", reason)
        elif line.strip(b" \t\r"):
            # Editors on Windows begin a file with a byte order mark.
            start = b"\xef\xbb\xbf" if number == 1 else b""
            yield number, decode_line(line.removeprefix(start), number, kind, unknown)
