"""Traffic over a real connection to the real web server: chunks, breaks, memory, the examples of
the documentation."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.models import ModelVersion, Output, Project, Request
from reviewapp.actions import tokens
from reviewapp.models import User
from tests.worker.processes import ROOT, database_url
from tests.worker.web import Web

pytestmark = [
    pytest.mark.worker,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("models"),
]
PATH = "/api/v1/projects/support/traffic/"


def lines(start: int, count: int, size: int = 10) -> bytes:
    outputs = [{"model": name, "output": "y" * size} for name in ("triage-09", "triage-11")]
    rows = ({"id": f"r{i}", "input": "x", "outputs": outputs} for i in range(start, start + count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


class Door:
    """Sends to the address of the traffic, as engineer Erin."""

    def __init__(self, web: Web, secret: str) -> None:
        self.web, self.port, self.secret = web, web.port, secret

    def send(self, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Authorization": f"Bearer {self.secret}", **headers}
        client.request("POST", PATH, body, {k.replace("_", "-"): v for k, v in sent.items()})
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())

    def open(self, *headers: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        head = [f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self.secret}"]
        connection.sendall("\r\n".join([*head, *headers, "", ""]).encode())
        return connection


@pytest.fixture
def door(erin: User, project: Project, tmp_path: Path) -> Iterator[Door]:
    secret = tokens.make(project=project, name="test", by=erin)[1]
    with Web(tmp_path) as web:
        yield Door(web, secret)


def ends(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def read(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


class TestOverAConnection:
    def test_bodies_of_all_kinds(self, door: Door) -> None:
        """A length, no length, packed; then what goes wrong, and the server goes on."""
        assert door.send(lines(0, 5))[1]["stored"] == 5
        assert door.send(iter([lines(5, 5), b"", lines(10, 5)]))[1]["stored"] == 10
        packed = gzip.compress(lines(15, 5))
        assert door.send(packed, Content_Encoding="gzip")[1]["stored"] == 5
        pieces = iter([packed[:20], packed[20:]])
        assert door.send(pieces, Content_Encoding="gzip")[1]["unchanged"] == 5
        for body, headers, status, word in (
            (packed[:-9], {"Content_Encoding": "gzip"}, 400, "cut off"),
            (packed, {}, 400, "say so"),
            (lines(0, 1), {"Content_Encoding": "br"}, 415, "gzip, or plain"),
            (b"x" * 30_000_000, {"Authorization": "Bearer cc_no"}, 401, "not known"),
            (lines(0, 1, 9_000_000), {}, 400, "Every line was bad"),
        ):
            answer = door.send(body, **headers)
            assert (answer[0], word in answer[1]["error"]["what"]) == (status, True), answer
        assert door.send(lines(0, 20))[1]["unchanged"] == 20

    def test_a_chunked_body_that_is_cut_off(self, door: Door) -> None:
        connection = door.open("Transfer-Encoding: chunked", "Connection: close")
        piece = lines(0, 2000)
        connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) + b"zz\r\nwhat\r\n")
        status, answer = ends(read(connection))
        assert status == 400
        assert 0 < answer["stored"] == Request.objects.count() < 2000
        assert "cut off, or badly made" in answer["error"]["what"]

    def test_a_connection_that_breaks_half_way(self, door: Door) -> None:
        """What was committed stays, nothing else was acknowledged, and all is sent again."""
        everything = lines(0, 5000)
        connection = door.open(f"Content-Length: {len(everything)}")
        connection.sendall(everything[: len(everything) // 2])
        connection.close()
        status, answer = door.send(everything)
        assert (status, answer["problems"]) == (200, [])
        assert answer["stored"] + answer["unchanged"] == 5000
        assert Request.objects.count() == 5000
        assert Output.objects.count() == 10_000

    def test_memory_is_flat(self, door: Door) -> None:
        """A body ten times as long, and one of the longest lines, need no more than 300 MB."""
        door.send(lines(0, 1000, 2000))
        few = door.web.largest()
        packer = zlib.compressobj(1, wbits=31)

        def body() -> Iterator[bytes]:
            for start in range(1000, 11_000, 500):
                yield packer.compress(lines(start, 500, 2000))
            yield packer.flush()

        assert door.send(body(), Content_Encoding="gzip")[1]["stored"] == 10_000
        assert door.web.largest() < few + 60
        assert door.send(lines(20_000, 2, 4_000_000))[1]["stored"] == 2
        assert door.web.largest() < 300


def blocks(kind: str) -> list[str]:
    """The fenced blocks of the documentation's section on NDJSON."""
    page = (ROOT / "docs" / "traffic.md").read_text()
    section = page.partition("## NDJSON")[2].partition("\n## ")[0]
    return re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_examples_of_the_documentation(door: Door, tmp_path: Path) -> None:
    assert ModelVersion.objects.filter(name="triage-09").exists()
    script = "\n".join(blocks("bash"))
    assert "curl" in script
    assert "manage.py ingest" in script
    (tmp_path / "manage.py").symlink_to(ROOT / "manage.py")
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "CROSSCHECK": f"http://127.0.0.1:{door.port}",
            "CROSSCHECK_TOKEN": door.secret,
            "CROSSCHECK_DATA": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    first, second, third = (line for line in ran.stdout.splitlines() if "stored" in line)
    assert json.loads(first)["stored"] == 2
    assert json.loads(second)["unchanged"] == 2
    assert third == "stored 0, added 0, unchanged 2, conflicting 0, rejected 0"
    assert Output.objects.count() == 3
