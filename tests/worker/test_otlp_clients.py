"""The examples of docs/traffic.md, run as they stand there: real instrumentations of the real
openai SDK, the stock exporter, a live server and a model server on loopback.

Each example is a process of its own: an instrumentation changes the SDK for good.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from evals.models import Attempt, ModelVersion, Output, Project, Request
from reviewapp.actions import tokens
from reviewapp.models import User
from tests.evals.model_server import Answer, ModelServer, refuses
from tests.reviewapp.api.conftest import Api
from tests.worker.processes import ROOT

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

QUESTION = "My card was charged twice"
TOOL = {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}


def example(name: str) -> str:
    """A block of docs/traffic.md, by the second word of its first line."""
    text = (ROOT / "docs" / "traffic.md").read_text()
    found = re.findall(rf"^```\w+ {name}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(found) == 1, name
    return str(found[0])


def exported(name: str) -> dict[str, str]:
    """The variables that a block of shell sets."""
    return dict(re.findall(r'^export (\w+)="?([^"\n]*)"?$', example(name), re.MULTILINE))


def reply(server: ModelServer, text: str) -> Answer:
    asked = server.bodies[-1]["model"]
    message: dict[str, object] = {"role": "assistant", "content": f"{asked} says billing"}
    if "lookup" in text:
        call = {"name": "lookup", "arguments": '{"order":8812}'}
        calls = [{"id": "c1", "type": "function", "function": call}]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
    return Answer(
        body=json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1_795_168_800,
                "model": f"{asked}-2026-08-06",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
            }
        ).encode()
    )


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:

        def answer(text: str, nth: int) -> Answer:
            if "fail" in text and server.bodies[-1]["model"] == "gpt-4.1":
                return refuses(400, "out of order")
            return reply(server, text)

        server.answer = answer
        yield server


@pytest.fixture
def run(
    project: Project,
    models: tuple[ModelVersion, ModelVersion],
    erin: User,
    model_server: ModelServer,
    live_server: LiveServer,
    tmp_path: Path,
) -> Callable[..., str]:
    """Runs a script where the application would: what it and its exporter said."""
    secret = tokens.make(project=project, name="exporter", by=erin)[1]
    body = re.search(r"-d '(.*)'", example("mapping"), re.DOTALL)
    assert body
    assert Api(secret).patch("tracing/", json.loads(body[1])).status_code == 200

    def of(script: str, *blocks: str) -> str:
        told = {key: value for name in blocks for key, value in exported(name).items()}
        variables = {
            key: value.replace("http://127.0.0.1:8000", live_server.url).replace("cc_…", secret)
            for key, value in told.items()
        }
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "OPEN"))}
        model = {"OPENAI_BASE_URL": model_server.url, "OPENAI_API_KEY": "none"}
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**clean, **variables, **model},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return of


class TestExamples:
    def test_opentelemetry(self, run: Callable[..., str]) -> None:
        said = run(example("opentelemetry"), "exporter", "content")
        assert "gpt-4o says billing" in said
        self.check()

    def test_openinference(self, run: Callable[..., str]) -> None:
        said = run(example("openinference"), "exporter")
        assert "gpt-4.1 says billing" in said
        self.check()

    def check(self) -> None:
        request = Request.objects.get()
        assert request.input == {"messages": [{"role": "user", "content": QUESTION}]}
        outputs = {output.model.name: output for output in Output.objects.select_related("model")}
        assert {name: output.text for name, output in outputs.items()} == {
            "triage-09": "gpt-4o says billing",
            "triage-11": "gpt-4.1 says billing",
        }
        for output in outputs.values():
            assert (output.input_tokens, output.output_tokens) == (12, 3)
            assert 0 < output.latency_ms < 60_000

    def test_without_content_nothing_is_stored(
        self, run: Callable[..., str], project: Project
    ) -> None:
        from reviewapp import seen_spans

        run(example("opentelemetry"), "exporter")
        assert not Request.objects.exists()
        seen = seen_spans.of(project)
        assert (seen.calls, seen.stored) == (2, 0)
        for name, value in exported("content").items():
            assert f"{name}={value}" in seen.message


class TestBothInstrumentations:
    @pytest.mark.parametrize(
        ("name", "blocks"),
        [("opentelemetry", ("exporter", "content")), ("openinference", ("exporter",))],
    )
    def test_tools_history_and_failures(
        self, run: Callable[..., str], name: str, blocks: tuple[str, ...]
    ) -> None:
        """What the short examples do not have: both write it in their own way, we keep one."""
        head, _, _ = example(name).partition("client = openai.OpenAI()")
        run(head + _MORE.replace("TOOL", repr(TOOL)), *blocks)
        looked_up = Request.objects.get(input__messages__0__content="be brief")
        assert looked_up.input["messages"] == [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "lookup 8812"},
        ]
        assert [output.value for output in looked_up.outputs.all()] == [
            {
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "lookup", "arguments": '{"order":8812}'},
                    }
                ],
            }
        ] * 2
        later = Request.objects.get(input__messages__0__content="lookup 8812")
        assert later.input["messages"][2] == {
            "role": "tool",
            "tool_call_id": "c1",
            "content": "paid twice",
        }
        failed = Attempt.objects.select_related("model", "request").get()
        assert failed.model.name == "triage-11"
        assert "out of order" in failed.error
        assert failed.request.outputs.get().model.name == "triage-09"
        if name == "openinference":  # the other does not record tools
            assert looked_up.input["tools"] == [TOOL]


_MORE = """
client = openai.OpenAI(max_retries=0)
first = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "lookup 8812"}]
call = {"name": "lookup", "arguments": '{"order":8812}'}
calls = [{"id": "c1", "type": "function", "function": call}]
later = [
    {"role": "user", "content": "lookup 8812"},
    {"role": "assistant", "content": None, "tool_calls": calls},
    {"role": "tool", "tool_call_id": "c1", "content": "paid twice"},
    {"role": "user", "content": "so?"},
]
failing = [{"role": "user", "content": "fail"}]
for chat, tools in ((first, {"tools": [TOOL]}), (later, {}), (failing, {})):
    with trace.get_tracer("support").start_as_current_span("request"):
        for model in ("gpt-4o", "gpt-4.1"):
            try:
                client.chat.completions.create(model=model, messages=chat, **tools)
            except openai.BadRequestError:
                pass
spans.shutdown()
"""
