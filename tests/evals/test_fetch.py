"""Outputs asked over HTTP, from a real server on loopback. Nobody waits: a time to try again is
moved in its row instead."""

from __future__ import annotations

import json
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evals import attempts, breaker, compare, fetch
from evals.models import Attempt, Comparison, ModelVersion, Output, Request, Run
from evals.providers.base import ProviderError, Reply
from evals.wanted import Asked
from reviewapp.actions import runs
from reviewapp.models import User
from tests.evals.fetching import again, change, errors
from tests.evals.model_server import Answer, ModelServer, refuses, says
from tests.evals.test_ingest import at_once, send

pytestmark = pytest.mark.django_db


class TestAsking:
    def test_it_works(self, start: Any, model: ModelVersion, server: ModelServer) -> None:
        run = start(20)
        assert fetch.fetch(run, model) == 20
        output = Output.objects.get(request__key="r7")
        assert (output.value, output.text, output.sample) == ("answer to q7", "answer to q7", 0)
        assert (output.input_tokens, output.output_tokens) == (12, 3)
        assert str(output.cost_usd) == "0.000060000"
        assert 0 < output.latency_ms < 10_000
        assert set(server.asked.values()) == {1}
        assert Attempt.objects.filter(error="", final=False).count() == 20

    def test_nothing_is_asked_twice(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = start(5)
        assert [fetch.fetch(run, model), fetch.fetch(run, model)] == [5, 0]
        assert server.calls == 5

    def test_what_is_sent(
        self, start: Any, model: ModelVersion, server: ModelServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MODEL_TINY_KEY", "sk-secret")
        monkeypatch.setenv("MODEL_TINY_URL", server.url)
        change(
            model,
            system="Be brief.",
            prompt="Message: {{ input }}",
            parameters={"temperature": 0},
            api_key_env="MODEL_TINY_KEY",
            base_url="$MODEL_TINY_URL",
        )
        fetch.fetch(start(1), model)
        assert server.bodies[0]["messages"] == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Message: q0"},
        ]
        assert (server.bodies[0]["model"], server.bodies[0]["temperature"]) == ("tiny", 0)
        assert server.keys == ["Bearer sk-secret"]

    @pytest.mark.parametrize("limit", [1, 3, 8])
    def test_as_many_at_once_as_the_model_allows_and_never_more(
        self, start: Any, model: ModelVersion, server: ModelServer, limit: int
    ) -> None:
        together = threading.Barrier(limit, timeout=20)

        def answer(text: str, nth: int) -> Answer:
            together.wait()
            return says(text, delay=0.01)

        server.answer = answer
        assert fetch.fetch(start(24), change(model, concurrency=limit), seconds=60) == 24
        assert server.peak == limit

    def test_stops_when_its_time_is_up(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: says(text, delay=0.05)
        run = start(60)
        stored = fetch.fetch(run, model, seconds=0.3)
        assert 0 < stored < 60
        assert stored == server.calls == Output.objects.count()
        assert fetch.fetch(run, model) == 60 - stored

    def test_stops_when_the_run_is_paused(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = start(40)
        change(model, concurrency=1)
        server.answer = lambda text, nth: says(text, delay=0.01)
        stored, store = [], fetch.store_each

        def pausing(*args: Any) -> Any:
            stored.append(args)
            if len(stored) == 5:
                fetch.pause(run, "by hand", Run.PausedBy.HAND)
            return store(*args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fetch, "store_each", pausing)
            assert fetch.fetch(run, model) == server.calls == 5

    def test_the_baseline_is_asked_twice_where_noise_is_wanted(
        self, start: Any, models: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: says(f"{text} {nth if text == 'q1' else 1}")
        run = start(3, noise=1.0, baseline=model, candidate=models[0])
        assert fetch.fetch(run, model) == 6
        send(run.project, *[
            {"id": f"r{i}", "input": f"q{i}",
             "outputs": [{"model": models[0].name, "output": "x"}]} for i in range(3)
        ])  # fmt: skip
        compare.settle(run)
        found = dict(Comparison.objects.values_list("request__key", "noise_differs"))
        assert found == {"r0": False, "r1": True, "r2": False}
        assert compare.finish_if_done(run)

    def test_tool_calls_and_chats(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        call = {"id": "c", "type": "function", "function": {"name": "refund", "arguments": "{}"}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        server.answer = lambda *_: Answer(
            body=json.dumps({"choices": [{"message": message}]}).encode()
        )
        fetch.fetch(start(1), model)
        output = Output.objects.get()
        assert output.value == {"content": None, "tool_calls": [call]}
        assert (output.input_tokens, output.cost_usd) == (None, None)


class TestFailing:
    def test_twice_unavailable_and_then_fine(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: refuses(503, "busy") if nth < 3 else says("fine")
        run = start(2)
        for expected in (0, 0, 2):
            before = timezone.now()
            assert fetch.fetch(run, model) == expected
            assert fetch.fetch(run, model) == 0  # not before its time
            waits = Attempt.objects.filter(retry_at__gt=before)
            assert {one.final for one in waits} <= {False}
            assert waits.count() == (0 if expected else 2)
            again()
        assert errors() == ["HTTP 503: busy"] * 4
        assert Output.objects.count() == 2
        assert server.calls == 6

    def test_each_wait_is_longer(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda *_: refuses(500)
        run, waits = start(1), []
        for _ in range(4):
            fetch.fetch(run, model)
            last = Attempt.objects.latest("id")
            waits.append((last.retry_at - last.finished_at).total_seconds())
            again()
        for wait, expected in zip(waits, (1, 2, 4, 8), strict=True):
            assert 0.7 * expected < wait < 1.3 * expected

    def test_the_server_says_when(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda *_: refuses(429, "slow down", Retry_After="120")
        fetch.fetch(start(1), model)
        attempt = Attempt.objects.get()
        assert 119 < (attempt.retry_at - attempt.finished_at).total_seconds() < 121

    def test_given_up_after_its_attempts(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: refuses(500) if text == "q0" or nth < 3 else says(text)
        run = start(2)
        change(model, max_attempts=3)
        for _ in range(6):
            fetch.fetch(run, model)
            again()
        tried = Attempt.objects.filter(request__key="r0").order_by("id")
        assert list(tried.values_list("final", flat=True)) == [False, False, True]
        assert Output.objects.get().request.key == "r1"

    def test_a_bad_request_is_final_at_once(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: refuses(400, "too long") if text == "q1" else says(text)
        run = start(3)
        assert fetch.fetch(run, model) == 2
        again()
        assert fetch.fetch(run, model) == 0
        attempt = Attempt.objects.exclude(error="").get()
        assert (attempt.error, attempt.final, attempt.retry_at) == (
            "HTTP 400: too long",
            True,
            None,
        )
        run.refresh_from_db()
        assert run.state == "running"

    def test_a_later_run_asks_again(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda *_: refuses(400)
        first = start(2)
        fetch.fetch(first, model)
        compare.settle(first)
        assert compare.finish_if_done(first)
        server.answer = lambda text, nth: says(text)
        second = start(2)
        assert not compare.settle(second)
        assert fetch.fetch(second, model) == 2

    @pytest.mark.parametrize(
        ("answer", "said", "final"),
        [
            (Answer(body=b"<html>It works!</html>"), "not JSON", False),
            (Answer(body=b'{"choices": []}'), "no message in `choices`", True),
            (Answer(body=b'{"error": {"message": "overloaded"}}'), "overloaded", False),
            (Answer(body=b'{"choices": [{"message": {"content": "a\\u0000b"}}]}'), "U+0000", True),
            (Answer(body=b'{"choices": [{"message": {"content": "\\ud800"}}]}'), "surrogate", True),
            (Answer(body=b'{"choices": [{"message": {"content": null}}]}'), "neither", True),
            (Answer(body=b'{"choices": [{"message": {"content": 7}}]}'), "not text", True),
            (Answer(302, headers={"Location": "http://127.0.0.1:1"}), "redirects", False),
            (Answer(drop=True), "no answer from 127.0.0.1", False),
            (Answer(200, b"{}", {"Content-Encoding": "gzip"}), "compressed", True),
            (Answer(body=b'{"choices": [{"message": {"content": NaN}}]}'), "not text", True),
        ],
    )  # fmt: skip
    def test_a_lie_is_an_attempt_and_never_an_output(
        self, start: Any, model: ModelVersion, server: ModelServer, answer: Answer, said: str,
        final: bool,
    ) -> None:  # fmt: skip
        server.answer = lambda *_: answer
        assert fetch.fetch(start(1), model) == 0
        attempt = Attempt.objects.get()
        assert said in attempt.error
        assert attempt.final == final
        assert not Output.objects.exists()
        # What is not this one request's fault pauses the run, rather than give the request up.
        run = Run.objects.get()
        assert run.state == ("running" if final or attempt.retry_at else "paused")

    def test_an_unbelievable_count_of_tokens_costs_nothing(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        change(model, price_input=99_999_999)
        server.answer = lambda *_: says("fine", tokens=(2**31 - 1, 1))
        assert fetch.fetch(start(1), model) == 1
        assert Output.objects.get().cost_usd is None

    def test_a_slow_server(self, start: Any, model: ModelVersion, server: ModelServer) -> None:
        server.answer = lambda *_: says("late", delay=1.5)
        fetch.fetch(start(1), change(model, timeout_s=1))
        attempt = Attempt.objects.get()
        assert (attempt.error, attempt.final) == ("no complete answer within 1 s", False)
        assert attempt.latency_ms >= 1000

    def test_an_input_that_does_not_fit_the_prompt(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        change(model, prompt="{{ input.text }}")
        run = start(2)
        send(run.project, {"id": "fits", "input": {"text": "hello"}})
        Run.objects.filter(pk=run.pk).update(closes_at=timezone.now())
        run.refresh_from_db()
        compare.enrol(run)
        assert fetch.fetch(run, model) == 1
        assert server.asked == {"hello": 1}
        assert errors() == ["line 1 of the template: this input has no 'text'"] * 2


class TestPausing:
    def test_an_address_that_answers_nobody(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = start(30)
        change(model, base_url="http://127.0.0.1:1/v1", concurrency=2)
        assert fetch.fetch(run, model) == 0
        run.refresh_from_db()
        assert run.state == "paused"
        assert "asked failed 10 times in a row: no answer from 127.0.0.1:1" in run.state_reason
        assert fetch.BREAKER <= Attempt.objects.count() < fetch.BREAKER + 2
        assert not Attempt.objects.filter(final=True).exists()
        assert fetch.fetch(run, model) == 0

    def test_resuming_loses_nothing(
        self, start: Any, model: ModelVersion, server: ModelServer, olga: User
    ) -> None:
        run = start(30)
        server.answer = lambda *_: Answer(drop=True)
        fetch.fetch(run, model)
        server.answer = lambda text, nth: says(text)
        runs.resume(run=run, by=olga)
        again()
        assert fetch.fetch(run, model) == 30
        run.refresh_from_db()
        assert (run.state, run.state_reason) == ("running", "")

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    def test_a_key_that_is_refused(
        self, start: Any, model: ModelVersion, server: ModelServer, olga: User, status: int
    ) -> None:
        server.answer = lambda *_: refuses(status, "who are you?")
        run = start(30)
        fetch.fetch(run, model)
        run.refresh_from_db()
        assert run.state == "paused"
        assert f"HTTP {status}: who are you?" in run.state_reason
        server.answer = lambda text, nth: says(text)
        runs.resume(run=run, by=olga)
        assert fetch.fetch(run, model) == 30

    def test_nothing_is_settled_as_failed_meanwhile(
        self, start: Any, model: ModelVersion, models: Any, server: ModelServer, olga: User
    ) -> None:
        server.answer = lambda *_: refuses(401)
        run, settled, failed = start(30), [], breaker.Breaker.failed
        send(run.project, *[
            {"id": f"r{i}", "input": f"q{i}",
             "outputs": [{"model": models[0].name, "output": "x"}]} for i in range(30)
        ])  # fmt: skip

        def settling(*args: Any) -> None:
            failed(*args)
            settled.append(compare.settle(run))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(breaker.Breaker, "failed", settling)
            fetch.fetch(run, model)
        assert len(settled) >= fetch.BREAKER
        assert set(settled) == {0}
        assert Attempt.objects.filter(final=False, retry_at=None).count() == len(settled)

    def test_a_few_that_fail_at_the_end_are_given_up(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda *_: refuses(400)
        run = start(fetch.BREAKER - 1)
        fetch.fetch(run, model)
        assert Attempt.objects.filter(final=True, retry_at=None).count() == fetch.BREAKER - 1
        run.refresh_from_db()
        assert run.state == "running"

    def test_requests_that_fail_again_after_that_are_given_up(
        self, start: Any, model: ModelVersion, server: ModelServer, olga: User
    ) -> None:
        server.answer = lambda *_: refuses(400, "too long")
        run = start(12)
        change(model, concurrency=1)
        states = []
        for _ in range(4):
            fetch.fetch(run, model)
            run.refresh_from_db()
            states.append(run.state)
            if run.state == "paused":
                runs.resume(run=run, by=olga)
        assert states == ["paused", "paused", "running", "running"]
        compare.settle(run)
        assert server.calls == 22
        assert compare.finish_if_done(run)

    def test_failures_between_successes_pause_nothing(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: refuses(503) if int(text[1:]) % 3 else says(text)
        run = start(30)
        assert fetch.fetch(run, model) == 10
        run.refresh_from_db()
        assert run.state == "running"

    @pytest.mark.parametrize(
        ("field", "value"),
        [("api_key_env", "MODEL_NO_SUCH_KEY"), ("base_url", "$MODEL_NO_SUCH_KEY")],
    )
    def test_a_variable_that_is_not_set(
        self, start: Any, model: ModelVersion, server: ModelServer, field: str, value: str
    ) -> None:
        run = start(3)
        assert fetch.fetch(run, change(model, **{field: value})) == 0
        run.refresh_from_db()
        assert run.state == "paused"
        assert "the environment variable MODEL_NO_SUCH_KEY is not set" in run.state_reason
        assert "resume the run" in run.state_reason
        assert server.calls == Attempt.objects.count() == 0

    def test_a_variable_that_is_not_open_to_models(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        """Whoever defines a model version decides where the value goes."""
        run = start(1)
        assert fetch.fetch(run, change(model, api_key_env="CROSSCHECK_SECRET_KEY")) == 0
        run.refresh_from_db()
        assert "CROSSCHECK_SECRET_KEY is not open to model versions" in run.state_reason
        assert server.calls == 0

    def test_a_listed_variable(
        self, start: Any, model: ModelVersion, server: ModelServer,
        monkeypatch: pytest.MonkeyPatch, settings: Any,
    ) -> None:  # fmt: skip
        monkeypatch.setenv("OPENAI_API_KEY", "sk-listed")
        settings.MODEL_VARIABLES = {"OPENAI_API_KEY"}
        fetch.fetch(start(1), change(model, api_key_env="OPENAI_API_KEY"))
        assert server.keys == ["Bearer sk-listed"]

    def test_a_name_that_is_no_variable_is_never_sent_as_the_key(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        fetch.fetch(start(1), change(model, api_key_env="MY-KEY"))
        assert server.keys == []

    def test_no_key_in_any_row_or_log(
        self, start: Any, model: ModelVersion, server: ModelServer,
        monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        monkeypatch.setenv("MODEL_TINY_KEY", "sk-very-secret")
        server.answer = lambda *_: refuses(401, f"{server.keys[-1]} is not valid")
        run = start(12)
        with caplog.at_level(logging.DEBUG):
            fetch.fetch(run, change(model, api_key_env="MODEL_TINY_KEY"))
        run.refresh_from_db()
        assert run.state == "paused"
        assert "[key] is not valid" in run.state_reason
        rows = [list(one.objects.values()) for one in (Attempt, Run, ModelVersion, Output)]
        assert "very-secret" not in repr(rows)
        assert "very-secret" not in caplog.text


class TestOnce:
    def _reply(self, text: str = "asked") -> Reply:
        return Reply(value=text, text=text, is_text=True, latency_ms=1.0)

    def test_an_output_that_is_there_stays(self, start: Any, model: ModelVersion) -> None:
        start(1)
        request = Request.objects.get()
        first, second = self._reply("first"), self._reply("second")
        assert attempts.store(model, [(Asked(request, 0), first)]) == 1
        assert attempts.store(model, [(Asked(request, 0), second)]) == 0
        assert attempts.store(model, [(Asked(request, n), second) for n in (0, 1)]) == 1
        assert [one.value for one in Output.objects.order_by("sample")] == ["first", "second"]

    def test_an_output_that_arrives_while_it_is_asked(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = start(1)
        wanted = fetch.wanted(run, model, 10)
        send(
            run.project,
            {"id": "r0", "input": "q0", "outputs": [{"model": "asked", "output": "uploaded"}]},
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("evals.wanted.wanted", lambda *_: wanted if not server.calls else [])
            assert fetch.fetch(run, model) == 0
        assert (server.calls, Output.objects.get().value) == (1, "uploaded")

    def test_a_model_that_changes_while_it_is_asked(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = start(3)
        ModelVersion.objects.filter(pk=model.pk).update(prompt="Another: {{ input }}")
        assert attempts.store(model, [(Asked(Request.objects.first(), 0), self._reply())]) == 0
        assert fetch.fetch(run, model) == 0
        assert server.calls == Output.objects.count() == 0
        assert fetch.fetch(run, ModelVersion.objects.get(pk=model.pk)) == 3

    def test_limits_may_change_at_any_time(self, start: Any, model: ModelVersion) -> None:
        start(1)
        ModelVersion.objects.filter(pk=model.pk).update(concurrency=9, timeout_s=9)
        assert attempts.store(model, [(Asked(Request.objects.get(), 0), self._reply())]) == 1

    def test_failures_are_counted(self, start: Any, model: ModelVersion) -> None:
        start(1)
        request = Request.objects.get()
        busy = ProviderError("HTTP 429: slow down", retryable=True, throttled=True)
        error = ProviderError("no", retryable=True)
        given = [attempts.fail(model, request, 0, one) for one in (error, busy, error)]
        assert [(one.failures, one.final) for one in given] == [(1, False), (2, False), (2, False)]

    @pytest.mark.django_db(transaction=True)
    def test_two_fetchers_at_once(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: says(text, delay=0.02)
        run = start(40)
        results = at_once(*[lambda: fetch.fetch(run, model)] * 3)
        assert sorted(results) == [0, 0, 40]
        assert set(server.asked.values()) == {1}
        assert server.peak <= model.concurrency

    @pytest.mark.django_db(transaction=True)
    def test_the_lock_is_free_again_afterwards(self, start: Any, model: ModelVersion) -> None:
        start(1)
        held, done = threading.Event(), threading.Event()

        def hold() -> bool:
            with fetch.only_one(model) as alone:
                held.set()
                done.wait(10)
                return alone

        def look() -> tuple[bool, bool]:
            held.wait(10)
            with fetch.only_one(model) as first:
                done.set()
            deadline = timezone.now() + timedelta(seconds=10)
            while timezone.now() < deadline:
                with fetch.only_one(model) as second:
                    if second:
                        return first, True
            return first, False

        assert at_once(hold, look) == [True, (False, True)]
