"""Rows in the text form of PostgreSQL's COPY, made without the database.

They are made where lines are decoded, in bytes, so that little is held and little is left to do
while PostgreSQL waits. What only the database can say, the request's id, is put before them.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from evals import values
from evals.ingest.costs import cost_told
from evals.models import ModelVersion
from evals.records import OutputRecord, TrafficRecord

NULL = b"\\N"
TAB = b"\t"

#: Columns of the rows below, in their order; before the first comes what its table says.
REQUEST = ("key", "input", "input_digest", "segment", "group", "variant_of")
OUTPUT = (
    *("model_id", "sample", "text", "value", "digest", "latency_ms"),
    *("input_tokens", "output_tokens", "cost_usd"),
)
ATTEMPT = ("model_id", "sample", "error", "error_digest", "latency_ms")


def request(record: TrafficRecord, source: bytes, digest: str) -> bytes:
    """`source` is the input as JSON."""
    return TAB.join(
        (
            text(record.id),
            escaped(source),
            digest.encode(),
            value(record.segment),
            text(record.group or ""),
            text(record.variant_of or ""),
        )
    )


def output(model: ModelVersion, record: OutputRecord, source: bytes, digest: str) -> bytes:
    """`source` is the output as JSON."""
    return TAB.join(
        (
            b"%d\t%d" % (model.pk, record.sample),
            text(record.text),
            escaped(source),
            digest.encode(),
            plain(record.latency_ms),
            plain(record.input_tokens),
            plain(record.output_tokens),
            plain(cost_told(model, record)),
        )
    )


def attempt(model: ModelVersion, record: OutputRecord, digest: str) -> bytes:
    return TAB.join(
        (
            b"%d\t%d" % (model.pk, record.sample),
            text(record.error or ""),
            digest.encode(),
            plain(record.latency_ms),
        )
    )


def escaped(source: bytes) -> bytes:
    """JSON without spaces: it holds no tab and no end of line, only backslashes."""
    return source.replace(b"\\", b"\\\\")


def text(value: str) -> bytes:
    found = value.encode().replace(b"\\", b"\\\\")
    return found.replace(b"\n", b"\\n").replace(b"\t", b"\\t").replace(b"\r", b"\\r")


def value(found: object) -> bytes:
    """Any JSON."""
    return escaped(values.source_of(found).encode())


def plain(found: object) -> bytes:
    """A number, or NULL."""
    return NULL if found is None else str(found).encode()


def moment(found: datetime) -> bytes:
    return found.isoformat().encode()


def default(found: Any) -> bytes:
    """The default of a column, whatever its kind."""
    if found is None:
        return NULL
    if isinstance(found, list | dict):
        return text(json.dumps(found))
    return moment(found) if isinstance(found, datetime) else text(str(found))
