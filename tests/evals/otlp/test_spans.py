"""Both encodings say the same, and nothing that they hold breaks more than itself."""

import struct

import pytest

from evals.otlp import json_body, protobuf
from evals.otlp.spans import MOST_ATTRIBUTES, MOST_SPANS, Rejected, Span, TooMuch, Undecodable
from tests.evals.otlp.builders import START, TRACE, any_value, as_json, chat, export, span

MOST = 1024 * 1024
BOTH = pytest.mark.parametrize(
    ("read", "write"), [(protobuf.spans, export), (json_body.spans, as_json)]
)


def read_one(read, body) -> Span:
    (one,) = read(body, MOST)
    assert isinstance(one, Span), one
    return one


@BOTH
class TestBoth:
    def test_it_works(self, read, write):
        values = {
            "text": "é",
            "yes": True,
            "count": 2**40,
            "half": 0.5,
            "list": ["a", 1, [True]],
            "pairs": {"k": {"deep": "v"}},
            "bytes": b"ab",
        }
        body = write(span(values, error="no", events=(("e", {"x": 1}),)))
        one = read_one(read, body)
        assert one.trace_id == TRACE
        assert (one.start, one.end) == (START, START + 412_000_000)
        assert (one.failed, one.status) == (True, "no")
        assert one.events == [("e", {"x": 1})]
        assert one.find("service.name") == "support"
        assert one.attributes == {**values, "bytes": "YWI="}

    def test_an_attribute_of_the_span_comes_before_that_of_the_resource(self, read, write):
        one = read_one(read, write(span({"service.name": "mine"})))
        assert one.find("service.name") == "mine"

    def test_numbers_that_are_none(self, read, write):
        assert read_one(read, write(span({"n": float("nan")}))).attributes == {"n": "NaN"}

    def test_a_span_that_is_too_large(self, read, write):
        body = write(span({"a": "x" * 2000}), span({}))
        large, fine = read(body, 1000)
        assert "larger than 1000 bytes" in str(large)
        assert isinstance(fine, Span)

    def test_thousands_of_attributes(self, read, write):
        one = read_one(read, write(span({f"a{i}": i for i in range(5000)})))
        assert len(one.attributes) == 5000
        many = span({f"a{i}": i for i in range(MOST_ATTRIBUTES + 1)})
        (one,) = read(write(many), 10 * MOST)
        assert "attributes" in str(one)

    def test_an_empty_value(self, read, write):
        made = span({})
        made.attributes.add(key="nothing")
        assert read_one(read, write(made)).attributes == {"nothing": None}


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


class TestProtobuf:
    @pytest.mark.parametrize("cut", [1, 10, 100, -1])
    def test_cut_off_is_no_export(self, cut):
        with pytest.raises(Undecodable):
            protobuf.spans(export(span(chat()))[:cut], MOST)

    @pytest.mark.parametrize("body", [b"\xff" * 40, b"{}", b"\x0b\x0b", b"\x0a\xff\xff"])
    def test_something_else(self, body):
        with pytest.raises(Undecodable):
            list(protobuf.spans(body, MOST))

    def test_nothing(self):
        assert list(protobuf.spans(b"", MOST)) == []

    def test_text_that_is_not_utf8_costs_one_span(self):
        body = export(span({"a": "ABCD"}), span({})).replace(b"ABCD", b"A\xff\xfeD")
        bad, fine = protobuf.spans(body, MOST)
        assert "UTF-8" in str(bad)
        assert isinstance(fine, Span)

    def test_deep_nesting_costs_one_span(self):
        inside = any_value("x").SerializeToString()
        for _ in range(150):
            inside = _field(5, _field(1, inside))
        pair = _field(9, _field(1, b"deep") + _field(2, inside))
        body = _field(1, _field(2, _field(2, span({}).SerializeToString() + pair)))
        bad, fine = protobuf.spans(body + export(span({})), MOST)
        assert "nested too deeply" in str(bad)
        assert isinstance(fine, Span)

    def test_fields_from_the_future(self):
        body = export(span({})) + _field(1000, b"news") + struct.pack("<BI", 13, 7)
        assert isinstance(read_one(protobuf.spans, body), Span)

    def test_a_million_empty_spans(self):
        body = _field(1, _field(2, b"\x12\x00" * (MOST_SPANS + 1)))
        with pytest.raises(TooMuch):
            protobuf.spans(body, MOST)

    def test_a_million_fields_that_are_not_known(self):
        with pytest.raises(Undecodable):
            protobuf.spans(b"\x08\x01" * 1_000_000, MOST)

    def test_the_resource_may_stand_last(self):
        group = _field(2, _field(2, span({}).SerializeToString()))
        pair = _field(1, b"service.name") + _field(2, any_value("late").SerializeToString())
        body = _field(1, group + _field(1, _field(1, pair)))
        assert read_one(protobuf.spans, body).find("service.name") == "late"


class TestJson:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"{",
            b'{"resourceSpans": 3}',
            b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"a": NaN}]}]}]}',
            b"[" * 100_000,
            b'{"a":' * 100_000,
        ],
    )
    def test_no_export(self, body):
        with pytest.raises(Undecodable):
            list(json_body.spans(body, MOST))

    def one(self, source: str) -> Span | Rejected:
        body = f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{source}]}}]}}]}}'
        (one,) = json_body.spans(body.encode(errors="surrogatepass"), MOST)
        return one

    def test_numbers_may_be_numbers(self):
        one = self.one(
            '{"startTimeUnixNano": 5, "attributes": [{"key":"a","value":{"intValue":7}}]}'
        )
        assert isinstance(one, Span)
        assert (one.start, one.attributes) == (5, {"a": 7})

    @pytest.mark.parametrize("levels", [150, 900])
    def test_deep_nesting_costs_one_span(self, levels):
        opened = '{"arrayValue":{"values":[' * levels
        pair = f'{{"key":"deep","value":{opened}{"]}}" * levels}}}'
        if levels == 150:
            one = self.one(f'{{"attributes":[{pair}]}}')
            assert "nested" in str(one)
        else:
            with pytest.raises(Undecodable, match="nested"):
                self.one(f'{{"attributes":[{pair}]}}')

    def test_null_is_left_out(self):
        assert isinstance(self.one('{"traceId": null, "attributes": null, "status": null}'), Span)

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ('{"traceId": "CvdlGRbNQ92ESOshHIAxnA=="}', "hexadecimal"),
            ('{"traceId": 7}', "$.traceId"),
            ('{"startTimeUnixNano": "-5"}', "between 0 and"),
            ('{"startTimeUnixNano": "12e3"}', "digits"),
            ('{"endTimeUnixNano": "99999999999999999999999"}', "digits"),
            ('{"attributes": [{"key":"a","value":{"intValue":"seven"}}]}', "digits"),
            ('{"attributes": [{"key":"a","value":{"doubleValue":"seven"}}]}', "double"),
            ('{"name": 1, "attributes": {"a": 1}}', "$.attributes"),
            ('{"status": {"message": "\\ud83d"}}', "surrogate"),
            ('{"status": {"message": "\\\\ \\udc00x"}}', "surrogate"),
            ("3", "not a span"),
        ],
    )
    def test_a_bad_span(self, source, said):
        one = self.one(source)
        assert isinstance(one, Rejected)
        assert said in str(one)

    def test_half_a_pair_costs_one_span(self):
        body = as_json(span({"a": "ABCDEF"}), span({"a": "😀 \\ud83d"}))
        bad, fine = json_body.spans(body.replace(b"ABCDEF", b"\\ud83d"), MOST)
        assert isinstance(bad, Rejected)
        assert isinstance(fine, Span)
        assert fine.attributes == {"a": "😀 \\ud83d"}

    def test_bytes_that_are_not_utf8(self):
        body = as_json(span({"a": "ABCD"})).replace(b"ABCD", b"A\xff\xfeD")
        assert not any(isinstance(one, Span) for one in json_body.spans(body, MOST))

    def test_too_many_objects(self, monkeypatch):
        monkeypatch.setattr(json_body, "_MOST_OBJECTS", 10)
        with pytest.raises(TooMuch):
            json_body.spans(as_json(span(chat())), MOST)
