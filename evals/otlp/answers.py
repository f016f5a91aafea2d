"""Answers as OTLP/HTTP has them, in the encoding of the request."""

from __future__ import annotations

from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from msgspec import json
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

PROTOBUF, JSON = "application/x-protobuf", "application/json"

_CODES = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.UNIMPLEMENTED,
    409: Code.ABORTED,
    413: Code.RESOURCE_EXHAUSTED,
    415: Code.INVALID_ARGUMENT,
    429: Code.RESOURCE_EXHAUSTED,
    503: Code.UNAVAILABLE,
}


def exported(kind: str, rejected: int, message: str) -> bytes:
    """ExportTraceServiceResponse. Where nothing was rejected a message is a warning."""
    if kind == JSON:
        partial = {"rejectedSpans": str(rejected), "errorMessage": message}
        return json.encode({"partialSuccess": partial} if rejected or message else {})
    response = ExportTraceServiceResponse()
    if rejected or message:
        response.partial_success.rejected_spans = rejected
        response.partial_success.error_message = message
    return response.SerializeToString()


def refused(kind: str, status: int, message: str) -> bytes:
    """google.rpc.Status for an HTTP status."""
    code = _CODES.get(status, Code.INTERNAL)
    if kind == JSON:
        return json.encode({"code": int(code), "message": message})
    encoded: bytes = Status(code=code, message=message).SerializeToString()
    return encoded
