"""Reviewers as programs, over HTTP: what the benchmark measures with and the kill test is done by.

The standard library alone, and each a process of its own (`in_processes`), so that the clients are
never what is slow. A job is {"do": a function here, …}; what it gives is JSON.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
#: Any 32 letters do: the cookie and the header have to be the same.
CSRF = "bench" * 6 + "ch"
FINE = {"sides": {"A": "ok", "B": "ok"}}


class Refused(Exception):
    """An answer that is not the one hoped for."""


class Client:
    """One connection that is kept open, as one person: by token, or by the session of a page."""

    def __init__(self, port: int, slug: str, token: str = "", session: str = "") -> None:
        self.port, self.slug = port, slug
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        if session:
            cookie = f"crosscheck_session={session}; crosscheck_csrf={CSRF}"
            self.headers = {"Cookie": cookie, "X-CSRFToken": CSRF}
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def send(
        self, verb: str, path: str, body: bytes | str | None = None, **headers: str
    ) -> tuple[int, bytes]:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self.connection.request(verb, path, body, {**self.headers, **headers})
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            self.connection.close()  # the next one opens it again
            raise

    def post_json(self, path: str, body: object) -> tuple[int, Any]:
        status, text = self.send("POST", path, json.dumps(body), Content_Type="application/json")
        return status, json.loads(text) if text else None

    # By the API

    def claim(self) -> int:
        status, found = self.post_json(f"/api/v1/projects/{self.slug}/queue/claim/", {})
        if status != 200:
            raise Refused(f"claim: {status} {found}")
        return int(found["item"])

    def submit(self, item: int, submission: str | None = None) -> tuple[int, Any]:
        sent = {"item": item, "submission": submission or str(uuid4()), **FINE}
        return self.post_json(f"/api/v1/projects/{self.slug}/reviews/", sent)

    # By the desk, as its page does

    def desk(self) -> int:
        """The page with the next item."""
        return _item_in(*self.send("GET", f"/p/{self.slug}/review/"))

    def ahead(self) -> int:
        """What the page fetches while an item is judged: the one after it."""
        return _item_in(*self.send("POST", f"/p/{self.slug}/review/ahead/", "", X_Desk="ahead"))

    def judge(self, item: int) -> None:
        """Submits as the page does that has the next item already."""
        form = {"submission": str(uuid4()), "judgement": json.dumps(FINE)}
        status, text = self.send(
            "POST",
            f"/p/{self.slug}/review/{item}/submit/",
            urlencode(form),
            Content_Type="application/x-www-form-urlencoded",
            X_Desk="ahead",
        )
        if status != 200:
            raise Refused(f"submit at the desk: {status} {text[:300]!r}")


def _item_in(status: int, page: bytes) -> int:
    found = re.search(rb'id="desk-data"[^>]*>.*?"item": (\d+)', page, re.DOTALL)
    if status != 200 or not found:
        raise Refused(f"{status}: no item in {page[:300]!r}")
    return int(found[1])


def cycles(job: dict[str, Any]) -> dict[str, Any]:
    """Claims and submits by the API for some seconds: back to back, or `rate` times a second."""
    client = _client(job)
    claims: list[float] = []
    submits: list[float] = []
    for _ in _beats(job):
        started = time.perf_counter()
        item = client.claim()
        claims.append(time.perf_counter() - started)
        started = time.perf_counter()
        status, said = client.submit(item)
        submits.append(time.perf_counter() - started)
        if status != 201:
            raise Refused(f"submit: {status} {said}")
    return {"claims": claims, "submits": submits}


def pages(job: dict[str, Any]) -> dict[str, Any]:
    """As the desk's page does: fetches the next item while one is judged, then submits that."""
    client = _client(job)
    started = time.perf_counter()
    item = client.desk()
    opened, claims, submits = time.perf_counter() - started, [], []
    for _ in _beats(job):
        started = time.perf_counter()
        following = client.ahead()
        claims.append(time.perf_counter() - started)
        started = time.perf_counter()
        client.judge(item)
        submits.append(time.perf_counter() - started)
        item = following
    return {"opened": opened, "claims": claims, "submits": submits}


def submits(job: dict[str, Any]) -> dict[str, Any]:
    """Submits items that are held already, each by the token of who holds it, back to back."""
    client = Client(job["port"], job["slug"])
    took = []
    _until(job["start"])
    for token, item in job["held"]:
        client.headers = {"Authorization": f"Bearer {token}"}
        started = time.perf_counter()
        status, said = client.submit(item)
        took.append(time.perf_counter() - started)
        if status != 201:
            raise Refused(f"submit: {status} {said}")
    return {"submits": took, "ended": time.time()}


def bare(job: dict[str, Any]) -> dict[str, Any]:
    """The same to the bare view of tests/bench_bare.py."""
    client = Client(job["port"], "")
    took = []
    _until(job["start"])
    for item, slot, rater in job["held"]:
        started = time.perf_counter()
        status, said = client.post_json(
            "/", {"item": item, "slot": slot, "rater": rater, "submission": str(uuid4())}
        )
        took.append(time.perf_counter() - started)
        if status != 200:
            raise Refused(f"bare: {status} {said}")
    return {"submits": took, "ended": time.time()}


def sql(job: dict[str, Any]) -> dict[str, Any]:
    """The same writes as statements alone, on a connection of its own."""
    import psycopg

    took = []
    with psycopg.connect(job["url"], autocommit=True) as connection:
        _until(job["start"])
        for item, slot, rater in job["held"]:
            values = {"item": item, "slot": slot, "rater": rater, "submission": str(uuid4())}
            started = time.perf_counter()
            with connection.transaction():
                for statement in job["statements"]:
                    connection.execute(statement, values)
            took.append(time.perf_counter() - started)
    return {"submits": took, "ended": time.time()}


def gets(job: dict[str, Any]) -> dict[str, Any]:
    """Each path several times: seconds by path."""
    client = _client(job)
    took: dict[str, list[float]] = {}
    for path in job["paths"]:
        for _ in range(job["times"]):
            started = time.perf_counter()
            status, text = client.send("GET", path)
            took.setdefault(path, []).append(time.perf_counter() - started)
            if status != 200:
                raise Refused(f"{path}: {status} {text[:200]!r}")
    return {"gets": took}


def stubborn(job: dict[str, Any], stopped: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Reviews by the API until `count` were acknowledged, whatever becomes of the server: what got
    no answer is sent again as it was. One in ten is sent again although it was acknowledged.

    Gives what was claimed, [item, …]; what was acknowledged, [[submission, item, review], …]; how
    often a connection broke; and what must not be.
    """
    client = _client(job)
    chance = random.Random(job["seed"])
    claimed: list[int] = []
    acknowledged: list[tuple[str, int, int]] = []
    wrong: list[str] = []
    broken = again = 0
    while len(acknowledged) < job["count"] and not stopped():
        submission = str(uuid4())
        item = 0
        while not stopped():
            try:
                if not item:
                    item = client.claim()
                    claimed.append(item)
                status, said = client.submit(item, submission)
                break
            except (OSError, HTTPException):
                broken += 1
                time.sleep(0.02)
            except Refused as error:
                wrong.append(str(error))
                return _told(claimed, acknowledged, wrong, broken, again)
        else:
            break
        if status not in (200, 201):
            wrong.append(f"submit {item}: {status} {said}")
            continue
        again += status == 200
        acknowledged.append((submission, item, said["review"]))
        if chance.random() < 0.1:
            try:
                status, twice = client.submit(item, submission)
            except (OSError, HTTPException):
                broken += 1
                continue
            if status != 200 or twice["review"] != said["review"]:
                wrong.append(f"sent twice: {status} {twice}")
    return _told(claimed, acknowledged, wrong, broken, again)


def _told(
    claimed: list[int],
    acknowledged: list[tuple[str, int, int]],
    wrong: list[str],
    broken: int,
    again: int,
) -> dict[str, Any]:
    return {
        "claimed": claimed,
        "acknowledged": acknowledged,
        "wrong": wrong,
        "broken": broken,
        "stored_unheard": again,
    }


def _client(job: dict[str, Any]) -> Client:
    return Client(job["port"], job["slug"], job.get("token", ""), job.get("session", ""))


def _beats(job: dict[str, Any]) -> Any:
    """The moments at which to act: by the clock where there is a rate, else at once."""
    end = job["start"] + job["seconds"]
    step = 1 / job["rate"] if job["rate"] else 0.0
    due = job["start"] + step * random.random()
    while due < end and time.time() < end:
        _until(due)
        yield due
        due = due + step if step else time.time()


def _until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def in_processes(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the jobs give, done at once by a process each. Raises Refused where one failed."""
    running = []
    for job in jobs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.desk_clients"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        process.stdin.write(json.dumps(job))
        process.stdin.close()
        running.append(process)
    told = []
    for process in running:
        assert process.stdout
        said = process.stdout.read()
        if process.wait():
            raise Refused("a client failed; it says why above")
        told.append(json.loads(said))
    return told


DOES = {one.__name__: one for one in (cycles, pages, submits, bare, sql, gets, stubborn)}

if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(DOES[asked["do"]](asked), sys.stdout)
