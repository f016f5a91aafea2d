"""How many records of traffic a second come through HTTP into PostgreSQL, beside what COPY of the
same rows into the same tables reaches, and how long a comparison takes to follow its request.

`python -m tests.bench_traffic` measures it alone; `make bench` calls `measure` and `replay`.
"""

from __future__ import annotations

import csv
import http.client
import json
import os
import random
import statistics
import string
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

RECORDS = 60_000
#: Characters of a request and of each of its two outputs.
REQUEST, OUTPUT = 300, 800
SHARED = Path(
    os.environ.get("CROSSCHECK_SHARED_DATA")
    or Path(__file__).resolve().parents[2] / "shared" / "data"
)
TRACE = SHARED / "azure_llm_trace"
#: Seconds that the recorded arrivals are pressed into.
REPLAY = float(os.environ.get("CROSSCHECK_BENCH_REPLAY", "60"))


def measure(port: int, token: str, slug: str, web: list[int]) -> None:
    """Sends to the project `slug`, which knows the model versions "old" and "new"."""
    from tests.bench import say
    from tests.bench_otlp import _watch

    copied = _copied(slug)
    say("traffic: COPY of its rows into its tables", f"{copied:,.0f} records/s, one connection")
    for senders in (1, 2, 4):
        peak, done = _watch(web)
        rate = _sent(port, token, slug, senders)
        done.set()
        say(
            f"traffic over HTTP, {senders} bod{'y' if senders == 1 else 'ies'} at once",
            f"{rate:,.0f} records/s, {rate / copied:.2f}× COPY; web server {peak():,.0f} MiB",
        )


def _body(name: str, count: int) -> bytes:
    """Records of words, as texts are, not of one letter."""
    chance = random.Random(name)
    words = ["".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(2000)]
    texts = [" ".join(chance.choices(words, k=OUTPUT // 6))[:OUTPUT] for _ in range(2000)]

    def lines() -> Iterator[bytes]:
        for i in range(count):
            old, new = texts[i % 2000], texts[(i * 7 + 1) % 2000]
            outputs = [
                {"model": "old", "output": old, "latency_ms": 412, "output_tokens": 200},
                {"model": "new", "output": new, "latency_ms": 350, "output_tokens": 201},
            ]
            record = {"id": f"{name}-{i}", "input": new[-REQUEST:], "outputs": outputs}
            yield json.dumps(record).encode() + b"\n"

    return b"".join(lines())


def _copied(slug: str) -> float:
    """Records a second where the rows are ready and COPY is all that is left to do."""
    from django.db import transaction
    from django.utils import timezone

    from evals.ingest.chunks import chunks
    from evals.ingest.ledger import Ledger
    from evals.ingest.tables import write
    from evals.models import Project
    from evals.records import decode_lines

    project = Project.objects.get(slug=slug)
    models = {model.name: model for model in project.models.all()}
    ready = chunks(decode_lines([_body("copied", RECORDS // 2)]), models)
    ledgers = [Ledger(project, chunk.lines) for chunk in ready]
    start = time.perf_counter()
    for ledger in ledgers:
        with transaction.atomic():
            write(ledger, "traffic", timezone.now())
    return RECORDS // 2 / (time.perf_counter() - start)


def _sent(port: int, token: str, slug: str, senders: int) -> float:
    bodies = [_body(f"sent-{senders}-{i}", RECORDS // senders) for i in range(senders)]
    answers: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda body=body: answers.append(_post(port, token, slug, body)))
        for body in bodies
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    stored = sum(answer.get("stored", 0) for answer in answers)
    if stored != RECORDS:
        print(f"{stored} of {RECORDS} records were stored: {str(answers)[:500]}")
    return stored / seconds


def _post(port: int, token: str, slug: str, body: bytes) -> dict[str, Any]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    client.request("POST", f"/api/v1/projects/{slug}/traffic/", body, headers)
    answer: dict[str, Any] = json.loads(client.getresponse().read())
    client.close()
    return answer


def replay(port: int, token: str, slug: str) -> None:
    """Real arrivals (Azure's trace of two services), pressed into REPLAY seconds, into a running
    shadow run; prints how long after its arrival a request's comparison is settled."""
    from tests.bench import say

    if not TRACE.is_dir():
        say("traffic, replayed", f"skipped: {TRACE} is absent; set CROSSCHECK_SHARED_DATA")
        return
    run, arrivals = _shadow(slug), _arrivals()
    factor = arrivals[-1][0] / REPLAY
    start, sent, late = time.time(), 0, 0.0
    while sent < len(arrivals):
        now = (time.time() - start) * factor
        due = sent
        while due < len(arrivals) and arrivals[due][0] <= now:
            due += 1
        if due == sent:
            time.sleep(0.02)
            continue
        late = max(late, (now - arrivals[sent][0]) / factor)
        _post(port, token, slug, b"".join(map(_arrived, range(sent, due), arrivals[sent:due])))
        sent = due
    lags = _lags(run, len(arrivals))
    name = f"replayed {len(arrivals):,} arrivals at {factor:.0f}× ({len(arrivals) / REPLAY:.0f}/s)"
    if len(lags) < len(arrivals):
        say(name, f"only {len(lags):,} comparisons were settled within two minutes")
        return
    cuts = statistics.quantiles(lags, n=100)
    say(
        f"traffic, {name}",
        f"from stored to compared p50 {cuts[49]:.1f} s, p95 {cuts[94]:.1f} s, at most "
        f"{max(lags):.1f} s; sending was at most {late:.1f} s behind",
    )


def _shadow(slug: str) -> Any:
    from evals.models import Project
    from reviewapp.actions import runs

    project = Project.objects.get(slug=slug)
    sides = {model.name: model for model in project.models.all()}
    return runs.start(
        project=project,
        name="replay",
        baseline=sides["old"],
        candidate=sides["new"],
        days=1,
        by="bench",
    )


def _arrivals() -> list[tuple[float, int, int]]:
    """(seconds from the first, tokens of the prompt, tokens of the answer), in order."""
    rows = []
    for path in sorted(TRACE.glob("*.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                at = datetime.fromisoformat(row["TIMESTAMP"][:26]).timestamp()
                rows.append((at, int(row["ContextTokens"]), int(row["GeneratedTokens"])))
    rows.sort()
    return [(at - rows[0][0], prompt, answer) for at, prompt, answer in rows]


def _arrived(number: int, arrival: tuple[float, int, int]) -> bytes:
    """A record of about as many words as the trace counts tokens; one answer in four differs."""
    _, prompt, answer = arrival
    outputs = [
        {"model": "old", "output": "word " * answer, "output_tokens": answer},
        {"model": "new", "output": "word " * answer + "x" * (number % 4 == 0)},
    ]
    record = {"id": f"arrival-{number}", "input": "word " * prompt, "outputs": outputs}
    return json.dumps(record).encode() + b"\n"


def _lags(run: Any, wanted: int) -> list[float]:
    """Seconds from a request's arrival to its comparison, once all are settled or time is up."""
    from django.db import connection

    deadline = time.monotonic() + 120
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM c.settled_at - r.received_at)::float8"
                " FROM evals_comparison c JOIN evals_request r ON r.id = c.request_id"
                " WHERE c.run_id = %s AND c.settled_at IS NOT NULL",
                [run.pk],
            )
            found = [lag for (lag,) in cursor.fetchall()]
        if len(found) >= wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def main() -> None:
    import tempfile

    from tests import bench
    from tests.bench_otlp import web_processes

    with tempfile.TemporaryDirectory(prefix="crosscheck-bench-") as folder:
        os.environ["CROSSCHECK_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "reviewapp.settings"
        os.environ.pop("DATABASE_URL", None), os.environ.pop("REDIS_URL", None)
        try:
            port = bench.free_port()
            with bench.serving(port) as (process, _):
                import django

                django.setup()
                token, slug = project()
                measure(port, token, slug, web_processes(process.pid))
                replay(port, token, slug)
        finally:
            bench.remove_servers(folder)


def project() -> tuple[str, str]:
    """A project of its own. Gives a token and its slug."""
    from reviewapp.actions import models, projects, tokens
    from reviewapp.models import User

    owner = User.objects.create_user("bench-traffic")
    made = projects.create(slug="traffic", name="Traffic", preset="classification", by=owner)
    for name in ("old", "new"):
        models.define(project=made, name=name, by=owner)
    return tokens.make(project=made, name="bench", by=owner)[1], made.slug


if __name__ == "__main__":
    main()
