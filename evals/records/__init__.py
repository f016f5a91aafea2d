"""Traffic and label records: one JSON object a line, checked field by field.

A field that is not known here is not read, which can be told (evals.records.unknown): fields may be
added to the format, and a record written by a newer version, or one that carries fields of its
own, must stay readable. What a known field says is never guessed at: a wrong type is an error with
the field's path.
"""

from evals.records.decoding import (
    LINE_LIMIT,
    decode_labels,
    decode_line,
    decode_lines,
    decode_outputs,
)
from evals.records.labels import FindingRecord, LabelRecord
from evals.records.problems import LineError
from evals.records.traffic import OutputRecord, OutputsRecord, TrafficRecord
from evals.records.unknown import UnknownFields

__all__ = [
    "LINE_LIMIT",
    "FindingRecord",
    "LabelRecord",
    "LineError",
    "OutputRecord",
    "OutputsRecord",
    "TrafficRecord",
    "UnknownFields",
    "decode_labels",
    "decode_line",
    "decode_lines",
    "decode_outputs",
]
