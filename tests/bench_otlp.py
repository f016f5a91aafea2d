"""How many spans a second /v1/traces takes, each answer given when its spans are committed.

`python -m tests.bench_otlp` measures it alone; `make bench` calls `measure`.
"""

from __future__ import annotations

import http.client
import os
import threading
import time
from pathlib import Path

BATCHES, BATCH, SENDERS = 48, 512, 4
#: Bytes of a span, its share of the resource included.
BYTES = 1600
#: Characters of the question; the answer's make up the rest.
QUESTION = 600


def measure(port: int, token: str, web_pids: list[int]) -> None:
    """Exports spans of two model versions, "old" and "new", of one request each pair, to the
    project of the token; prints spans a second and the memory of the web server."""
    from tests.bench import say

    bodies = [_body(n) for n in range(BATCHES)]
    size = sum(map(len, bodies)) / (BATCHES * BATCH)
    peak, done = _watch(web_pids)
    waiting = list(enumerate(bodies))
    lock, took, failed = threading.Lock(), [], []

    def send() -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            with lock:
                if not waiting:
                    return
                _, body = waiting.pop()
            start = time.perf_counter()
            client.request(
                "POST",
                "/v1/traces",
                body,
                {"authorization": f"Bearer {token}", "content-type": "application/x-protobuf"},
            )
            answer = client.getresponse()
            said = answer.read()
            took.append(time.perf_counter() - start)
            if answer.status != 200 or said:
                failed.append(f"{answer.status}: {said[:300]!r}")

    start = time.perf_counter()
    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    seconds = time.perf_counter() - start
    done.set()
    if failed:
        say("OTLP", f"{len(failed)} exports were not stored as sent: {failed[0]}")
    took.sort()
    say(
        f"OTLP, protobuf, {size:,.0f} bytes a span, {BATCH} an export, {SENDERS} senders",
        f"{BATCHES * BATCH / seconds:,.0f} spans/s, p50 {1000 * took[len(took) // 2]:.0f} ms an "
        f"export; web server {peak():,.0f} MiB at most",
    )


def _body(number: int) -> bytes:
    from tests.evals.otlp.builders import chat, export, span

    spans = []
    for i in range(BATCH // 2):
        trace = f"{number + 1:016x}{i + 1:016x}"
        question = f"request {trace} ".ljust(QUESTION, "q")
        for model in ("old", "new"):
            attributes = chat(text=question, answer="", model=model)
            spare = BYTES - len(export(span(attributes, trace=trace)))
            attributes = chat(text=question, answer=f"{model} ".ljust(spare, "a"), model=model)
            spans.append(span(attributes, trace=trace, span_id=f"{i + 1:016x}"))
    return export(*spans)


def _watch(pids: list[int]):
    """Looks at the memory (PSS) of these processes until told to stop."""
    highest, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            highest[0] = max(highest[0], sum(map(_pss, pids)))

    threading.Thread(target=look, daemon=True).start()
    return lambda: highest[0], done


def _pss(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def web_processes(supervisor: int) -> list[int]:
    """The web server and its workers, among all that descend from the supervisor."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found, left = [], [supervisor]
    while left:
        parent = left.pop()
        left += (pid for pid, of in parents.items() if of == parent)
        found += (pid for pid, of in parents.items() if of == parent)
    return [pid for pid in found if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def main() -> None:
    import tempfile

    from tests import bench

    with tempfile.TemporaryDirectory(prefix="crosscheck-bench-") as folder:
        os.environ["CROSSCHECK_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "reviewapp.settings"
        os.environ.pop("DATABASE_URL", None), os.environ.pop("REDIS_URL", None)
        try:
            port = bench.free_port()
            with bench.serving(port) as (process, _):
                import django

                django.setup()
                token = project_token()
                measure(port, token, web_processes(process.pid))
        finally:
            bench.remove_servers(folder)


def project_token() -> str:
    """A project with the model versions "old" and "new": a token for it."""
    from reviewapp.actions import models, projects, tokens
    from reviewapp.models import User

    olga = User.objects.create_user("spans")
    project = projects.create(slug="spans", name="Spans", preset="classification", by=olga)
    for name in ("old", "new"):
        models.define(project=project, name=name, by=olga)
    return tokens.make(project=project, name="bench", by=olga)[1]


if __name__ == "__main__":
    main()
