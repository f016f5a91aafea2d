import gzip
import io
import json
import zlib

import pytest
from django.test import RequestFactory
from rest_framework.request import Request as ApiRequest

from evals.models import Output, Request
from reviewapp.api import bodies
from reviewapp.api.bodies import gunzip, pieces
from reviewapp.api.errors import BadBody
from tests.reviewapp.conftest import as_lines, records


class TestTraffic:
    def test_it_works(self, api, erin, models):
        client = api(erin)
        response = client.lines("traffic/", as_lines(records()))
        assert response.status_code == 200
        assert response.json()["stored"] == 12
        assert Output.objects.count() == 24
        again = client.lines("traffic/", as_lines(records()))
        assert again.json() | {"problems": []} == {
            "stored": 0,
            "added": 0,
            "unchanged": 12,
            "conflicting": 0,
            "rejected": 0,
            "problems": [],
            "warnings": [],
        }

    @pytest.mark.parametrize(
        "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""]
    )
    def test_any_content_type(self, api, erin, models, kind):
        response = api(erin).lines("traffic/", as_lines(records()), content_type=kind)
        assert response.json()["stored"] == 12

    def test_gzip(self, api, erin, models):
        body = gzip.compress(as_lines(records()))
        response = api(erin).lines("traffic/", body, headers={"content-encoding": "gzip"})
        assert response.json()["stored"] == 12

    def test_a_body_larger_than_memory_allows(self, api, erin, models, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        assert api(erin).lines("traffic/", as_lines(records())).json()["stored"] == 12

    def test_a_bad_line_costs_nothing_else(self, api, erin, models):
        body = b'{"id": 3}\n' + as_lines(records()[:2]) + b"{\n"
        response = api(erin).lines("traffic/", body)
        assert response.status_code == 200
        assert response.json()["stored"] == 2
        assert [p["line"] for p in response.json()["problems"]] == [1, 4]

    def test_fields_that_are_not_known_are_told(self, api, erin, models):
        rows = [
            {"id": f"r{i}", "input": 1, "expcted": "x", "own": i, "outputs": outputs}
            for i, outputs in enumerate(([], [{"model": "triage-09", "output": 1, "latency": 3}]))
        ]
        answer = api(erin).lines("traffic/", as_lines(rows)).json()
        assert answer["stored"] == 2
        told = {one["field"]: one for one in answer["warnings"]}
        assert {key: (one["line"], one["count"]) for key, one in told.items()} == {
            "$.expcted": (1, 2),
            "$.own": (1, 2),
            "$.outputs[].latency": (2, 1),
        }
        assert "did you mean `expected`" in told["$.expcted"]["reason"]
        assert "did you mean" not in told["$.own"]["reason"]

    def test_made_up_names_fill_nothing(self, api, erin, models):
        rows = [{"id": f"r{i}", "input": 1, str(i).ljust(200, "x"): 1} for i in range(200)]
        answer = api(erin).lines("traffic/", as_lines(rows)).json()
        assert answer["stored"] == 200
        assert len(answer["warnings"]) == 50
        assert max(len(one["field"]) for one in answer["warnings"]) < 110

    def test_running_runs_go_on(
        self, api, erin, models, finished_run, monkeypatch, django_capture_on_commit_callbacks
    ):
        type(finished_run).objects.update(state="running", finished_at=None)
        sent = []
        monkeypatch.setattr(
            "evals.dispatch.current_app.send_task",
            lambda task, args, **_: sent.append((task, args)),
        )
        with django_capture_on_commit_callbacks(execute=True):
            api(erin).lines("traffic/", b'{"id": "new", "input": "hello"}')
        assert ("evals.tasks.advance_run", (finished_run.pk,)) in sent


class TestWhoMayNot:
    def test_a_reviewer(self, api, bob, models):
        assert api(bob).lines("traffic/", as_lines(records())).status_code == 403
        assert not Request.objects.exists()

    def test_an_outsider(self, api, charlie):
        assert api(charlie).lines("traffic/", as_lines(records())).status_code == 404


class TestBadInput:
    def test_every_line_is_bad(self, api, erin):
        response = api(erin).lines("traffic/", as_lines(records()))  # no model is defined
        assert response.status_code == 400
        assert response.json()["rejected"] == 12
        error = response.json()["error"]
        assert error["where"] == "line 1, $.outputs[0].model"

    def test_empty(self, api, erin):
        assert api(erin).lines("traffic/", b"\n\n").status_code == 400

    @pytest.mark.parametrize("body", [b"plain", gzip.compress(as_lines(records()))[:-10]])
    def test_not_gzip(self, api, erin, models, body):
        response = api(erin).lines("traffic/", body, headers={"content-encoding": "gzip"})
        assert response.status_code == 400
        assert "gzip" in response.json()["error"]["what"]

    def test_cut_off_gzip_keeps_what_was_whole(self, api, erin, models):
        lines = as_lines(records())
        packer = zlib.compressobj(wbits=31)
        body = packer.compress(lines) + packer.flush(zlib.Z_SYNC_FLUSH)
        response = api(erin).lines("traffic/", body, headers={"content-encoding": "gzip"})
        assert response.status_code == 400
        assert response.json()["stored"] == Request.objects.count() == 12
        assert "cut off" in response.json()["error"]["what"]

    def test_gzip_that_does_not_say_so(self, api, erin, models):
        response = api(erin).lines("traffic/", gzip.compress(as_lines(records())))
        assert response.status_code == 400
        assert "Content-Encoding: gzip" in response.json()["error"]["what"]

    def test_a_form(self, api, erin):
        response = api(erin).lines("traffic/", b"x", content_type="multipart/form-data; boundary=x")
        assert response.status_code == 415
        assert "--data-binary" in response.json()["error"]["what"]

    def test_two_records_on_a_line(self, api, erin, models):
        answer = api(erin).lines("traffic/", b'{"id":"a","input":1} {"id":"b","input":1}').json()
        assert "--data-binary" in answer["problems"][0]["reason"]

    def test_zeros_in_one_line_packed(self, api, erin, models):
        good = as_lines(records()[:2])
        body = gzip.compress(good + b"0" * 12_000_000 + b"\n" + as_lines(records()[2:3]))
        response = api(erin).lines("traffic/", body, headers={"content-encoding": "gzip"})
        answer = response.json()
        assert (answer["stored"], answer["rejected"]) == (3, 1)
        assert answer["problems"][0]["reason"].startswith("longer than 8388608 bytes")

    def test_a_bomb_ends(self, api, erin, models):
        packer = zlib.compressobj(wbits=31)
        body = packer.compress(as_lines(records()))
        body += b"".join(packer.compress(b"\n" * 1_000_000) for _ in range(20)) + packer.flush()
        assert len(body) < 200_000
        response = api(erin).lines("traffic/", body, headers={"content-encoding": "gzip"})
        assert response.status_code == 400
        assert "200 times its size" in response.json()["error"]["what"]
        assert response.json()["stored"] == 12

    def test_large_outputs(self, api, erin, models):
        outputs = [{"model": "triage-09", "output": "\t\\" * 500_000}]
        body = as_lines([{"id": f"r{i}", "input": 1, "outputs": outputs} for i in range(9)])
        assert api(erin).lines("traffic/", body).json()["stored"] == 9
        assert Output.objects.filter(text=outputs[0]["output"]).count() == 9

    def test_a_body_shorter_than_its_length(self):
        request = request_of(b"abc", CONTENT_LENGTH="10")
        request._request._stream = io.BytesIO(b"abc")
        with pytest.raises(BadBody, match="3 of 10 bytes"):
            list(pieces(request))

    def test_an_unknown_project(self, erin, api):
        response = api(erin).lines("/api/v1/projects/none/traffic/", b'{"id":"a","input":1}')
        assert response.status_code == 404

    def test_another_encoding(self, api, erin):
        response = api(erin).lines("traffic/", b"x", headers={"content-encoding": "br"})
        assert response.status_code == 415

    def test_a_line_that_is_too_long(self, api, erin, monkeypatch):
        monkeypatch.setattr("reviewapp.api.traffic.LIMIT", 50)
        body = json.dumps({"id": "a", "input": "x" * 100}).encode() + b'\n{"id": "b", "input": 1}\n'
        response = api(erin).lines("traffic/", body)
        assert response.json()["stored"] == 1
        assert response.json()["problems"][0]["line"] == 1


def request_of(body, **more):
    http = RequestFactory().generic("POST", "/", body, **more)
    return ApiRequest(http)


class TestPieces:
    def test_chunked_as_gunicorn_passes_it_on(self):
        request = request_of(b"")
        request._request.META.update(
            {
                "HTTP_TRANSFER_ENCODING": "chunked",
                "wsgi.input_terminated": True,
                "wsgi.input": io.BytesIO(b"abc"),
            }
        )
        assert b"".join(pieces(request)) == b"abc"

    def test_chunked_without_an_end(self):
        request = request_of(b"", HTTP_TRANSFER_ENCODING="chunked")
        with pytest.raises(BadBody):
            list(pieces(request))

    def test_a_bomb_comes_in_small_pieces(self):
        packed = zlib.compressobj(wbits=31)
        bomb = packed.compress(b"a" * 15_000_000) + packed.flush()
        assert len(bomb) < 100_000
        sizes = [len(piece) for piece in gunzip(iter([bomb]))]
        assert max(sizes) <= bodies.CHUNK
        assert sum(sizes) == 15_000_000

    @pytest.mark.parametrize("step", [1, 7, 1000])
    def test_members_cut_anywhere(self, step):
        text = bytes(range(256)) * 300
        packed = gzip.compress(text) + gzip.compress(b"more") + b"\0" * 20
        cut = (packed[i : i + step] for i in range(0, len(packed), step))
        assert b"".join(gunzip(cut)) == text + b"more"

    def test_nothing(self):
        assert list(gunzip(iter([]))) == []
