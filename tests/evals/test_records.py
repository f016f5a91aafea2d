"""Traffic and label records, line by line."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.records import (
    LabelRecord,
    LineError,
    TrafficRecord,
    decode_labels,
    decode_lines,
)

TRAFFIC = {
    "id": "req-81723",
    "occurred_at": "2026-11-20T23:04:11Z",
    "input": {"messages": [{"role": "user", "content": "my card"}]},
    "expected": None,
    "segment": {"locale": "de", "tier": "enterprise"},
    "group": "conversation-77",
    "variant_of": None,
    "outputs": [
        {"model": "triage-09", "output": "billing", "latency_ms": 412, "cost_usd": 0.0007},
        {"model": "triage-09", "sample": 1, "output": "refund", "latency_ms": 398},
        {"model": "triage-11", "error": "HTTP 503 from upstream", "latency_ms": 350},
    ],
}
LABEL = {
    "request": "req-81723",
    "run": "shadow-11",
    "reviewer": "alice",
    "reviewed_at": "2026-11-21T09:12:00Z",
    "taxonomy": "support@2",
    "revision": 1,
    "authoritative": False,
    "blind": True,
    "stratum": "differ/label",
    "inclusion": 0.12,
    "sides": {"baseline": "ok", "candidate": "error"},
    "corrected_output": "billing",
    "duration_s": 31.2,
    "findings": [
        {
            "side": "candidate",
            "category": "intent.wrong",
            "severity": "major",
            "where": "output",
            "path": None,
            "span": [10, 24],
            "note": "…",
        }
    ],
}


def one(record, decode=decode_lines):
    line = record if isinstance(record, bytes) else json.dumps(record).encode()
    [(number, read)] = decode([line])
    assert number == 1
    return read


def with_output(**fields):
    return {"id": "r", "input": "hi", "outputs": [{"model": "m", **fields}]}


class TestTraffic:
    def test_it_works(self):
        record = one(TRAFFIC)
        assert isinstance(record, TrafficRecord)
        assert record.input == TRAFFIC["input"]
        assert [(o.model, o.sample, o.value) for o in record.outputs] == [
            ("triage-09", 0, "billing"),
            ("triage-09", 1, "refund"),
            ("triage-11", 0, None),
        ]
        assert record.outputs[0].text == "billing"
        assert record.outputs[2].error == "HTTP 503 from upstream"

    def test_json_output_is_kept_as_received(self):
        source = b'{ "b": 1.0,\t"a": "\\u00e9" }'
        record = one(b'{"id":"r","input":1,"outputs":[{"model":"m","output":' + source + b"}]}")
        [output] = record.outputs
        assert (output.text, output.is_text) == (source.decode(), False)
        assert output.value == {"b": 1.0, "a": "é"}

    def test_unknown_fields_are_ignored(self):
        assert isinstance(one({**TRAFFIC, "later": {"x": 1}}), TrafficRecord)

    @pytest.mark.parametrize(
        ("record", "path", "reason"),
        [
            ({"input": "x"}, "$", "required field `id`"),
            ({"id": "r"}, "$", "required field `input`"),
            ({"id": "r", "input": None}, "$", "`input` is null"),
            ({"id": "x" * 201, "input": "x"}, "$.id", "length <= 200"),
            ({"id": "", "input": "x"}, "$.id", "length >= 1"),
            ({**TRAFFIC, "occurred_at": "yesterday"}, "$.occurred_at", "datetime"),
            ({**TRAFFIC, "occurred_at": "2026-11-20T23:04:11"}, "$.occurred_at", "timezone"),
            ({**TRAFFIC, "occurred_at": "0001-01-01T00:00:00+10:00"}, "$.occurred_at", "year"),
            ({**TRAFFIC, "segment": {"a": [1]}}, "$.segment", "`segment.a` must be text"),
            (with_output(), "$.outputs[0]", "neither"),
            (with_output(output=None), "$.outputs[0]", "neither"),
            (with_output(output="x", error="y"), "$.outputs[0]", "both"),
            (with_output(output="x", latency_ms=-1), "$.outputs[0].latency_ms", ">= 0"),
            (with_output(output="x", sample=True), "$.outputs[0].sample", "got `bool`"),
            (with_output(output="x", input_tokens=2**40), "$.outputs[0].input_tokens", "<="),
            ({"id": "r", "input": "a\0b"}, "$.input", "U+0000"),
            (with_output(output={"k": ["\0"]}), "$.outputs[0].output.k[0]", "U+0000"),
            ({"id": "r", "input": {"n": 10**400}}, "$.input.n", "too large"),
            ({"id": "r", "input": "\ud800"}, "$.input", "surrogate"),
            ({"id": "r", "input": [float("nan")]}, "$.input[0]", "not finite"),
            ([TRAFFIC], "$", "one JSON object"),
        ],
    )
    def test_bad_field(self, record, path, reason):
        error = one(record)
        assert isinstance(error, LineError)
        assert (error.path, reason in error.reason) == (path, True), error

    def test_texts_may_hold_as_many_brackets_as_they_like(self):
        text = 'f(a, {b[0]: "c"}), ' * 150_000
        assert one({"id": "r", "input": text}).input == text
        assert "500,000 values" in one({"id": "r", "input": [1] * 600_000}).reason

    @pytest.mark.parametrize("year", [1970, 2200])
    def test_a_clock_that_is_wrong(self, year):
        error = one({"id": "r", "input": 1, "occurred_at": f"{year}-01-01T00:00:00Z"})
        assert f"is {year}; is a clock not set" in error.reason

    def test_a_bad_byte_far_into_a_line(self):
        line = b'{"id": "r", "input": "' + "é".encode() * 50_000 + b"\xff" + b"x" * 50_000 + b'"}'
        assert one(line).reason.startswith("byte 100023 is not UTF-8")

    def test_same_model_and_sample_twice(self):
        output = {"model": "m", "output": "x"}
        assert "number repeats" in one({"id": "r", "input": 1, "outputs": [output, output]}).reason

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (b'{"id": "r", "input": "\xff"}', "byte 23 is not UTF-8"),
            (b'{"id": "r" "input": 1}', "delimiter at column 12"),
            (b'{"id": "r", "input": 1e999}', "out of range"),
            (b'{"id": "r", "input": ' + b"[" * 50_000, "nested deeper"),
            (b'{"id": "r", "input": ' + b"[" * 500_000, "lists and objects"),
            (b'{"id": "r", "input": ' + b"[" * 150 + b"]" * 150 + b"}", "nested deeper"),
            (b'{"id": "r", "new": ' + b'{"a":' * 50_000, "nested deeper"),
        ],
    )
    def test_bad_line(self, line, reason):
        error = one(line)
        assert isinstance(error, LineError)
        assert reason in error.reason, error


class TestLines:
    good = b'{"id":"r","input":1}'

    def test_a_bad_line_costs_nothing_else(self):
        stream = io.BytesIO(self.good + b"\n\nnope\r\n  \n" + self.good)
        read = list(decode_lines(stream))
        assert [(n, type(r)) for n, r in read] == [
            (1, TrafficRecord),
            (3, LineError),
            (5, TrafficRecord),
        ]
        assert str(read[1][1]) == "line 3: not JSON: Expecting value at column 1"

    def test_a_long_line_is_reported_and_passed(self):
        pieces = [self.good + b"\n", *[b"x" * 100] * 50, b"\n" + self.good]
        read = list(decode_lines(pieces, limit=1000))
        assert [type(r) for _, r in read] == [TrafficRecord, LineError, TrafficRecord]
        assert "longer than 1000 bytes" in read[1][1].reason

    def test_a_long_line_is_not_held(self):
        import tracemalloc

        tracemalloc.start()
        pieces = (b"x" * 65536 for _ in range(500))
        [(_, error)] = decode_lines(pieces, limit=100_000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert isinstance(error, LineError)
        assert peak < 1_000_000

    def test_a_byte_order_mark_is_passed_over(self):
        assert isinstance(one(b"\xef\xbb\xbf" + self.good), TrafficRecord)

    @given(st.lists(st.binary(max_size=60), max_size=6))
    def test_never_raises(self, pieces):
        for number, read in decode_lines(pieces):
            assert number >= 1
            assert isinstance(read, TrafficRecord | LineError)

    @given(st.integers(1, 40))
    def test_pieces_may_be_cut_anywhere(self, size):
        text = (self.good + b"\n") * 3 + b"nope"
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        assert list(decode_lines(pieces)) == list(decode_lines([text]))


class TestLabels:
    def test_it_works(self):
        record = one(LABEL, decode_labels)
        assert isinstance(record, LabelRecord)
        assert record.findings[0].span == (10, 24)
        assert record.sides == {"baseline": "ok", "candidate": "error"}

    def test_sides_are_models_where_there_is_no_run(self):
        record = one({"request": "r", "reviewer": "x", "sides": {"sys-a": "ok"}}, decode_labels)
        assert (record.run, record.revision, record.blind) == (None, 1, None)

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"sides": {}}, "length >= 1"),
            ({"sides": {"sys-a": "ok"}, "findings": []}, "baseline and candidate"),
            ({"sides": {"candidate": "ok"}}, "does not call an error"),
            ({"sides": {"baseline": "error"}}, "does not call an error"),
            ({"inclusion": 0}, "> 0"),
            ({"findings": [{"side": "candidate"}]}, "neither `category` nor `note`"),
            ({"findings": [{"side": "candidate", "note": "x", "span": [3, 1]}]}, "ends before"),
            ({"findings": [{"side": "candidate", "note": "\0"}]}, "U+0000"),
            ({"corrected_output": {"a": "\0"}}, "U+0000"),
            ({"reviewed_at": "2026-11-21"}, "datetime"),
        ],
    )
    def test_bad_field(self, change, reason):
        error = one({**LABEL, **change}, decode_labels)
        assert isinstance(error, LineError)
        assert reason in error.reason
