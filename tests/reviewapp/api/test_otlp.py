"""POST /v1/traces as exporters use it: answers in the request's encoding, and what may not be."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable

import pytest
from django.db import OperationalError
from django.test import Client
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from evals.models import Output, Request
from reviewapp import seen_spans
from reviewapp.actions import members, projects, tokens
from reviewapp.api import otlp
from reviewapp.models import Membership
from tests.evals.otlp.builders import as_json, chat, export, span

PROTOBUF, JSON = "application/x-protobuf", "application/json"
OLD, NEW = span(chat()), span(chat(model="triage-11", answer="refund"))
BARE = span({"gen_ai.operation.name": "chat", "gen_ai.request.model": "triage-09"})


@pytest.fixture
def send(project, models, erin) -> Callable:
    secret = tokens.make(project=project, name="exporter", by=erin)[1]

    def of(body, kind=PROTOBUF, token=secret, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            named["authorization"] = f"Bearer {token}"
        # The test client leaves out the type of an empty body.
        more = {"content_type": kind, "CONTENT_TYPE": kind, "headers": named}
        return Client().post("/v1/traces", data=body, **more)

    return of


def partial(response) -> tuple[int, str]:
    assert response.status_code == 200, response.content
    if response["Content-Type"] == JSON:
        found = json.loads(response.content).get("partialSuccess", {})
        return int(found.get("rejectedSpans", "0")), found.get("errorMessage", "")
    assert response["Content-Type"] == PROTOBUF
    found = ExportTraceServiceResponse.FromString(response.content).partial_success
    return found.rejected_spans, found.error_message


def status(response) -> tuple[int, str]:
    """Code and message of a google.rpc.Status."""
    if response["Content-Type"] == JSON:
        found = json.loads(response.content)
        return found["code"], found["message"]
    assert response["Content-Type"] == PROTOBUF
    found = Status.FromString(response.content)
    return found.code, found.message


class TestTraces:
    @pytest.mark.parametrize(("kind", "write"), [(PROTOBUF, export), (JSON, as_json)])
    @pytest.mark.parametrize("packed", [False, True])
    def test_it_works(self, send, kind, write, packed):
        body, headers = write(OLD, NEW), {}
        if packed:
            body, headers = gzip.compress(body), {"content_encoding": "gzip"}
        response = send(body, kind, **headers)
        assert partial(response) == (0, "")
        assert response.content in (b"", b"{}")
        assert Request.objects.count() == 1
        assert Output.objects.count() == 2

    @pytest.mark.parametrize(("kind", "write"), [(PROTOBUF, export), (JSON, as_json)])
    def test_partial_success(self, send, kind, write):
        rejected, message = partial(send(write(OLD, BARE), kind))
        assert rejected == 1
        assert "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only" in message
        assert Output.objects.count() == 1

    def test_nothing_but_other_spans(self, send):
        assert partial(send(export(span({"http.method": "GET"})))) == (0, "")

    def test_an_empty_export(self, send):
        assert partial(send(b"")) == (0, "")

    def test_parameters_of_the_content_type(self, send):
        assert partial(send(as_json(OLD), "application/json; charset=utf-8")) == (0, "")

    def test_a_body_larger_than_django_keeps(self, send, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        assert partial(send(export(OLD))) == (0, "")

    def test_the_project_says_which_is_which(self, send, project):
        project.tracing = {"models": [{"name": "gpt-4o", "model": "triage-11"}]}
        project.save()
        send(export(span(chat(model="gpt-4o"))))
        assert Output.objects.get().model.name == "triage-11"

    def test_what_was_seen_is_taken_down(self, send, project):
        send(export(OLD, span(chat(model="gpt-4o"))))
        seen = seen_spans.of(project)
        assert (seen.spans, seen.calls, seen.stored) == (2, 2, 1)
        assert [(name, count) for name, count, _ in seen.names] == [("gpt-4o", 1)]

    def test_running_runs_go_on(
        self, send, finished_run, monkeypatch, django_capture_on_commit_callbacks
    ):
        type(finished_run).objects.update(state="running", finished_at=None)
        sent = []
        monkeypatch.setattr(
            "evals.dispatch.current_app.send_task", lambda task, args, **_: sent.append(task)
        )
        with django_capture_on_commit_callbacks(execute=True):
            send(export(OLD))
        assert "evals.tasks.advance_run" in sent

    def test_no_query_more_for_more_spans(self, send, django_assert_max_num_queries):
        many = [span(chat(text=str(i)), trace=f"{i + 1:032x}") for i in range(300)]
        send(export(OLD))
        with django_assert_max_num_queries(40):
            assert partial(send(export(*many))) == (0, "")


class TestWhoMayNot:
    def refused(self, response, http, code):
        assert response.status_code == http
        found, message = status(response)
        assert found == code
        assert not Request.objects.exists()
        return message

    def test_without_a_token(self, send):
        response = send(export(OLD), token="")
        assert "need a token" in self.refused(response, 401, 16)
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_a_session_is_no_token(self, as_user, olga, models):
        response = as_user(olga).post("/v1/traces", export(OLD), content_type=PROTOBUF)
        self.refused(response, 401, 16)

    @pytest.mark.parametrize("token", ["cc_nobody", "x" * 5000, "cc_é"])
    def test_an_unknown_token(self, send, token):
        assert "not known here" in self.refused(send(export(OLD), token=token), 401, 16)

    def test_a_revoked_token(self, send, project, erin):
        token, secret = tokens.make(project=project, name="old", by=erin)
        tokens.revoke(token=token, by=erin)
        self.refused(send(export(OLD), token=secret), 401, 16)

    def test_a_reviewer(self, send, project, bob):
        secret = tokens.make(project=project, name="b", by=bob)[1]
        assert "reviewer" in self.refused(send(export(OLD), token=secret), 403, 7)

    def test_the_token_names_the_project(self, send, charlie):
        theirs = projects.create(slug="other", name="Other", preset="classification", by=charlie)
        secret = tokens.make(project=theirs, name="c", by=charlie)[1]
        rejected, message = partial(send(export(OLD), token=secret))
        assert rejected == 1  # it has no model versions, and those of others are not its own
        assert "'triage-09' is no model version of this project" in message

    def test_who_has_left(self, send, project, alice, olga):
        secret = tokens.make(project=project, name="a", by=alice)[1]
        members.remove(membership=Membership.objects.get(user=alice), by=olga)
        response = send(export(OLD), token=secret)
        assert response.status_code in (401, 404)
        assert not Request.objects.exists()

    def test_by_get(self, send, models):
        response = Client().get("/v1/traces")
        assert response.status_code == 405
        assert response["Allow"] == "POST"


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (export(OLD)[:-5], PROTOBUF),
            (as_json(OLD)[:-5], JSON),
            (as_json(OLD), PROTOBUF),
            (export(OLD), JSON),
            (b"", JSON),
            (b"[" * 200_000, JSON),
        ],
    )
    def test_no_export(self, send, body, kind):
        response = send(body, kind)
        assert response.status_code == 400
        assert response["Content-Type"] == kind
        code, message = status(response)
        assert code == 3
        assert "no export request" in message
        assert not Request.objects.exists()

    @pytest.mark.parametrize("kind", ["text/plain", "", "multipart/form-data; boundary=x"])
    def test_another_content_type(self, send, kind):
        response = send(export(OLD), kind)
        assert response.status_code == 415
        assert "application/x-protobuf" in status(response)[1]

    def test_another_encoding(self, send):
        assert send(export(OLD), content_encoding="br").status_code == 415

    @pytest.mark.parametrize("body", [b"plain", gzip.compress(export(OLD))[:-9]])
    def test_not_gzip(self, send, body):
        response = send(body, content_encoding="gzip")
        assert response.status_code == 400
        assert "gzip" in status(response)[1]

    def test_a_bomb(self, send, settings):
        settings.MAX_EXPORT_BYTES = 1_000_000
        packer = zlib.compressobj(wbits=31)
        bomb = packer.compress(b"\0" * 50_000_000) + packer.flush()
        response = send(bomb, content_encoding="gzip")
        assert response.status_code == 413
        assert "smaller batches" in status(response)[1]

    def test_a_million_empty_spans(self, send):
        body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * 300_000 + b"{}]}]}]}"
        assert send(body, JSON).status_code == 413

    def test_one_bad_span_among_good_ones(self, send):
        body = export(OLD, span({**chat(), "x": "ABCD"}), NEW).replace(b"ABCD", b"\xff\xfe\xfd\xfc")
        rejected, message = partial(send(body))
        assert rejected == 1
        assert "UTF-8" in message
        assert Output.objects.count() == 2


class TestLater:
    """What the same export may yet succeed after."""

    def test_the_database_is_away(self, send, monkeypatch):
        def fail(*_):
            raise OperationalError("connection refused")

        monkeypatch.setattr(otlp, "take", fail)
        response = send(export(OLD))
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
        assert status(response)[0] == 14

    def test_another_large_export_is_being_stored(self, send, monkeypatch):
        monkeypatch.setattr(otlp, "_BIG", 100)
        monkeypatch.setattr(otlp, "_WAIT", 0.01)
        monkeypatch.setattr(otlp, "_room", threading.BoundedSemaphore(1))
        assert partial(send(export(OLD))) == (0, "")
        with otlp._room:
            response = send(export(OLD))
        assert response.status_code == 503
        assert response["Retry-After"] == "2"
        assert partial(send(export(OLD))) == (0, "")

    def test_something_unexpected_is_not_tried_again(self, send, monkeypatch):
        monkeypatch.setattr(otlp, "take", lambda *_: 1 / 0)
        response = send(export(OLD))
        assert response.status_code == 500
        assert status(response)[0] == 13
        assert "ZeroDivision" not in status(response)[1]
