"""From spans to rows: pairing in any order, the same twice, and every way to be rejected."""

import json

import pytest

from evals.models import Attempt, Output, Request
from evals.otlp import json_body, protobuf
from evals.otlp.intake import take
from evals.otlp.tracing import Tracing
from tests.evals.otlp.builders import START, TRACE, as_json, chat, export, span

pytestmark = pytest.mark.django_db
SECOND = "0af7651916cd43dd8448eb211c80319d"


@pytest.fixture
def send(project, models):
    def of(*spans, resource=None, read=protobuf.spans, write=export, **config):
        body = write(*spans, resource=resource)
        return take(project, Tracing.parse(config), read(body, 2**23))

    return of


def only(taken):
    ((reason, count),) = taken.reasons.items()
    assert taken.rejected == count
    return reason


OLD, NEW = chat(), chat(model="triage-11", answer="refund")


class TestPairing:
    @pytest.mark.parametrize(
        ("read", "write"), [(protobuf.spans, export), (json_body.spans, as_json)]
    )
    def test_it_works(self, send, read, write):
        taken = send(span(OLD), span(NEW, ms=350), read=read, write=write)
        assert (taken.spans, taken.stored, taken.rejected) == (2, 2, 0)
        assert taken.message() == ""
        request = Request.objects.get()
        assert request.key == TRACE
        assert request.input == {
            "messages": [{"role": "user", "content": "My card was charged twice"}]
        }
        assert request.occurred_at.isoformat() == "2026-11-20T10:00:00+00:00"
        rows = Output.objects.order_by("model__name").values_list(
            "model__name", "value", "latency_ms", "input_tokens", "output_tokens"
        )
        assert list(rows) == [
            ("triage-09", "billing", 412.0, 388, 12),
            ("triage-11", "refund", 350.0, 388, 12),
        ]

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_apart_and_in_any_order(self, send, order):
        spans = [span(OLD), span(NEW)]
        for i in order:
            assert send(spans[i]).rejected == 0
        assert Request.objects.get().outputs.count() == 2

    def test_the_same_export_again_changes_nothing(self, send):
        for _ in range(2):
            assert send(span(OLD), span(NEW), span(OLD)).message() == ""
        assert (Request.objects.count(), Output.objects.count()) == (1, 2)

    def test_by_an_attribute(self, send):
        one = {"app.request_id": 4711}
        send(span({**OLD, **one}), pair_by="app.request_id")
        send(span({**NEW, **one}, trace=SECOND), pair_by="app.request_id")
        assert Request.objects.get().key == "4711"

    def test_by_an_attribute_of_the_resource(self, send):
        send(span(OLD), resource={"job": "r1"}, pair_by="job")
        assert Request.objects.get().key == "r1"

    def test_which_is_not_there(self, send):
        assert "no attribute 'app.request_id'" in only(send(span(OLD), pair_by="app.request_id"))

    def test_a_rule_by_service(self, send):
        shadow = {"name": "m", "attribute": "service.name", "equals": "shadow"}
        rules = [{**shadow, "model": "triage-11"}, {"name": "m", "model": "triage-09"}]
        for service in ("live", "shadow"):
            send(span(chat(model="m")), resource={"service.name": service}, models=rules)
        assert Output.objects.count() == 2

    def test_groups_and_segments(self, send):
        told = {"session.id": "s1", "user.id": "u1", "app.tier": "gold", "app.seats": 3}
        send(span({**OLD, **told}), segments={"tier": "app.tier", "seats": "app.seats", "x": "y"})
        request = Request.objects.get()
        assert (request.group, request.segment) == ("s1", {"tier": "gold", "seats": 3})

    def test_a_refusal_is_an_answer_as_of_a_model_that_is_asked(self, send):
        said = json.dumps([{"role": "assistant", "content": None, "refusal": "I may not"}])
        send(span({**OLD, "gen_ai.output.messages": said}))
        assert Output.objects.get().value == {"content": None, "refusal": "I may not"}

    def test_other_groups_are_a_warning(self, send):
        taken = send(span({**OLD, "session.id": "a"}), span({**NEW, "session.id": "b"}))
        assert (taken.stored, taken.rejected) == (2, 0)
        assert "segment or group differ" in taken.message()

    def test_more_problems_than_are_listed_are_counted(self, send):
        ids = [f"{i:032x}" for i in range(1, 601)]
        told = [{"session.id": "a", "app.tier": "gold"}, {"session.id": "b", "app.tier": "free"}]
        tier = {"tier": "app.tier"}
        send(*(span({**OLD, **told[0]}, trace=one) for one in ids), segments=tier)
        other = span({**chat(answer="another"), **told[1]}, trace=ids[-1])
        new = (span({**NEW, **told[1]}, trace=one) for one in ids)
        taken = send(*new, other, segments=tier)
        assert (taken.stored, taken.rejected) == (600, 1)
        assert (taken.warnings.total(), taken.reasons.total()) == (600, 1)

    def test_repeats(self, send):
        for n in (0, 1):
            attributes = {**chat(answer=f"a{n}"), "app.repeat": str(n)}
            assert send(span(attributes), sample="app.repeat").rejected == 0
        assert sorted(Output.objects.values_list("sample", flat=True)) == [0, 1]

    def test_tools_are_part_of_the_request(self, send):
        tool = {"type": "function", "function": {"name": "lookup"}}
        send(span({**OLD, "gen_ai.tool.definitions": json.dumps([tool])}))
        assert Request.objects.get().input["tools"] == [tool]

    def test_a_failed_call(self, send):
        failed = chat(model="triage-11")
        del failed["gen_ai.output.messages"]
        send(span(OLD), span(failed, error="HTTP 503 from upstream", ms=20))
        attempt = Attempt.objects.get()
        assert (attempt.error, attempt.latency_ms) == ("HTTP 503 from upstream", 20.0)
        assert send(span(NEW)).message() == ""
        assert Output.objects.count() == 2

    @pytest.mark.parametrize(
        ("status", "events", "said"),
        [
            ("", (("exception", {"exception.message": "timed out"}),), "timed out"),
            ("", (), "RateLimitError"),
        ],
    )
    def test_what_went_wrong(self, send, status, events, said):
        send(span({**OLD, "error.type": "RateLimitError"}, error=status, events=events))
        assert Attempt.objects.get().error == said

    def test_the_system_message(self, send):
        both = [
            span({**attributes, "gen_ai.system_instructions": f"prompt {i}"})
            for i, attributes in enumerate((OLD, NEW))
        ]
        taken = send(*both)
        assert taken.rejected == 1
        assert "let Tracing leave it out" in taken.message()
        Output.objects.all()._raw_delete("default")
        Request.objects.all()._raw_delete("default")
        assert send(*both, drop_system=True).rejected == 0
        assert Request.objects.get().outputs.count() == 2


class TestOthers:
    def test_spans_that_are_no_calls(self, send):
        taken = send(span({"http.method": "GET"}, trace="00" * 16), span(OLD))
        assert (taken.spans, taken.calls, taken.rejected) == (2, 1, 0)

    def test_left_alone(self, send):
        taken = send(span(chat(model="m")), models=[{"name": "m", "model": None}])
        assert (taken.calls, taken.rejected) == (0, 0)

    def test_both_conventions_on_one_span(self, send):
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "triage-09",
            "openinference.span.kind": "LLM",
            "llm.model_name": "triage-09",
            "input.value": "hello",
            "output.value": "hi",
        }
        send(span(attributes))
        assert Request.objects.get().input == "hello"

    @pytest.mark.parametrize("start", [0, START])
    def test_times_that_are_missing(self, send, start):
        made = span(OLD, start=start)
        made.end_time_unix_nano = 0
        assert send(made).rejected == 0
        assert Output.objects.get().latency_ms is None


class TestRejected:
    def test_no_content(self, send):
        bare = {k: v for k, v in OLD.items() if not k.endswith("messages")}
        reason = only(send(span(bare), span(bare, trace=SECOND)))
        assert "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only" in reason
        assert "OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental" in reason

    def test_hidden_content(self, send):
        hidden = {
            "openinference.span.kind": "LLM",
            "llm.model_name": "triage-09",
            "input.value": "__REDACTED__",
            "output.value": "__REDACTED__",
        }
        assert "OPENINFERENCE_HIDE_INPUTS" in only(send(span(hidden)))

    def test_a_model_that_nobody_knows(self, send):
        taken = send(span(chat(model="gpt-4o")), span(OLD))
        assert "'gpt-4o' is no model version" in only(taken)
        assert taken.unmapped == {"gpt-4o": 1}
        assert taken.message().startswith("1 of 2 calls to models were not stored: its model")

    def test_two_requests_in_one_trace(self, send):
        taken = send(span(OLD), span(chat(text="and now?")))
        assert (taken.stored, taken.rejected) == (1, 1)
        assert "If one trace holds several requests" in only(taken)

    def test_two_answers_of_one_model(self, send):
        taken = send(span(OLD), span(chat(answer="refund")))
        assert "several calls of a model" in only(taken)
        assert Output.objects.get().value == "billing"

    def test_it_ends_before_it_starts(self, send):
        assert "ends before it starts" in only(send(span(OLD, ms=-5)))

    @pytest.mark.parametrize("year", [1, 230])
    def test_times_that_cannot_be(self, send, year):
        start = int(year * 365.25 * 86_400e9) if year > 1 else 1000
        assert "occurred_at" in only(send(span(OLD, start=start)))

    @pytest.mark.parametrize(
        ("trace", "span_id", "said"),
        [
            ("ab" * 15, "b7ad6b7169203331", "trace_id has 15 bytes"),
            ("", "b7ad6b7169203331", "trace_id has 0 bytes"),
            ("00" * 16, "b7ad6b7169203331", "all zeros"),
            (TRACE, "ab" * 9, "span_id has 9 bytes"),
        ],
    )
    def test_ids(self, send, trace, span_id, said):
        assert said in only(send(span(OLD, trace=trace, span_id=span_id)))

    @pytest.mark.parametrize(
        "attributes",
        [
            chat(text="a\0b"),
            chat(answer="a\0b"),
            {**OLD, "session.id": "a\0b"},
            {**OLD, "session.id": "x" * 201},
            {**OLD, "gen_ai.usage.input_tokens": 2**31},
            {**OLD, "app.tier": ["a", "list"]},
            {**OLD, "app.repeat": "second"},
            {**OLD, "app.repeat": -1},
        ],
    )
    def test_what_cannot_be_stored(self, send, attributes):
        config = {"segments": {"tier": "app.tier"}, "sample": "app.repeat"}
        taken = send(span(attributes), span(OLD, trace=SECOND), **config)
        assert (taken.stored, taken.rejected) == (1, 1)
        assert Request.objects.get().key == SECOND

    def test_only_a_system_message(self, send):
        only_system = chat()
        only_system["gen_ai.input.messages"] = '[{"role": "system", "content": "x"}]'
        assert "a system message and no other" in only(send(span(only_system), drop_system=True))

    def test_many_reasons_are_told_shortly(self, send):
        taken = send(*(span(chat(model=f"{i}-{'x' * 500}")) for i in range(300)))
        assert taken.rejected == 300
        assert len(taken.message()) < 6000
        assert len(taken.unmapped) <= 20

    def test_a_megabyte_of_content(self, send):
        assert send(span(chat(text="é" * 500_000, answer="a" * 1_000_000))).rejected == 0
        assert len(Output.objects.get().text) == 1_000_000
