"""`make bench`: how fast the loop is on this machine, beside what PostgreSQL itself can do.

Everything runs for real: the web server and a worker as `manage.py up` starts them, on embedded
servers in a temporary folder, over HTTP from this process. Nothing here fails; it prints numbers.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests import bench_calls, bench_compare, bench_desk, bench_otlp, bench_report, bench_traffic

ITEMS = 10_000
CLAIMS = 400
LOG = Path(tempfile.gettempdir()) / "crosscheck-bench.log"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="crosscheck-bench-") as folder:
        os.environ["CROSSCHECK_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "reviewapp.settings"
        os.environ.pop("DATABASE_URL", None), os.environ.pop("REDIS_URL", None)
        try:
            measure()
        finally:
            remove_servers(folder)


def measure() -> None:
    say(
        "machine",
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    )
    port = free_port()
    with serving(port) as (process, seconds):
        say("up: from nothing to the first page", f"{seconds:.1f} s")
        time.sleep(10)
        for name, mib in memory(process.pid).items():
            say(f"idle memory (PSS), {name}", f"{mib:.0f} MiB")
        import django

        django.setup()
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            say("PostgreSQL", cursor.fetchone()[0])
        token, slug = fill()
        bare = timed(CLAIMS, bare_claim())
        report("claim, bare SQL on this connection", bare)
        claims, submits = [], []
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(CLAIMS):
            start = time.perf_counter()
            item = post(client, f"/api/v1/projects/{slug}/queue/claim/", token, {})
            claims.append(time.perf_counter() - start)
            body = {
                "item": item["item"],
                "submission": str(uuid4()),
                "sides": {"A": "ok", "B": "ok"},
            }
            start = time.perf_counter()
            post(client, f"/api/v1/projects/{slug}/reviews/", token, body)
            submits.append(time.perf_counter() - start)
        report(f"claim over HTTP, {ITEMS:,} queued", claims, bare)
        report("submit over HTTP", submits, bare)
        web = bench_otlp.web_processes(process.pid)
        bench_otlp.measure(port, bench_otlp.project_token(), web)
        traffic = bench_traffic.project()
        bench_traffic.measure(port, *traffic, web)
        bench_traffic.replay(port, *traffic)
        bench_desk.measure(port, process.pid)
    with serving(port) as (_, seconds):
        say("up: second start", f"{seconds:.1f} s")
    bench_compare.measure(say)
    bench_calls.measure(say)
    bench_report.measure(say)


def remove_servers(folder: str) -> None:
    """Stops the servers of this folder, which this process still uses, and deletes their data.
    The folder has to be named: without it these are the clone's own."""
    for verb in ("stop", "clean"):
        command = [sys.executable, "-m", "reviewapp.embedded", verb, folder]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


@contextmanager
def serving(port: int) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    start = time.perf_counter()
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port)], stdout=log, stderr=log
        )
    try:
        while not answers(port):
            if process.poll() is not None:
                sys.exit(f"the server did not start; see {LOG}")
            time.sleep(0.05)
        yield process, time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/accounts/login/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def post(client: http.client.HTTPConnection, path: str, token: str, body: object) -> dict:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    client.request("POST", path, json.dumps(body), headers)
    response = client.getresponse()
    text = response.read()
    if response.status >= 300:
        sys.exit(f"{path} answered {response.status}: {text[:500]!r}")
    return json.loads(text)


def fill() -> tuple[str, str]:
    """A project with ITEMS items in the queue. Gives a token and the project's slug."""
    from evals import compare
    from evals.ingest import ingest
    from evals.records import decode_lines
    from evals.sampling import SamplingPlan
    from reviewapp.actions import items, models, projects, runs, tokens
    from reviewapp.models import User

    olga = User.objects.create_user("olga")
    project = projects.create(slug="bench", name="Bench", preset="classification", by=olga)
    plan = SamplingPlan(labels=ITEMS, equivalent=0, identical=0)
    projects.set_sampling(project=project, plan=plan, by=olga)
    baseline = models.define(project=project, name="old", by=olga)
    candidate = models.define(project=project, name="new", by=olga)
    lines = (
        json.dumps(
            {
                "id": f"r{i}",
                "input": f"message {i}",
                "outputs": [
                    {"model": "old", "output": f"billing because of {i}"},
                    {"model": "new", "output": f"refund, since {i} says so"},
                ],
            }
        ).encode()
        + b"\n"
        for i in range(ITEMS)
    )
    seconds = clock(lambda: ingest(project, decode_lines(lines)))
    say("ingest", f"{ITEMS / seconds:,.0f} records/s (two outputs each)")
    run = runs.start(
        project=project,
        name="bench",
        baseline=baseline,
        candidate=candidate,
        recorded=True,
        by=olga,
    )

    def settle() -> None:
        compare.enrol(run)
        compare.settle(run)

    say("compare", f"{ITEMS / clock(settle):,.0f} pairs/s")
    compare.finish_if_done(run)
    run.refresh_from_db()
    say("draw", f"{ITEMS / clock(lambda: items.draw(run=run)):,.0f} items/s")
    return tokens.make(project=project, name="bench", by=olga)[1], project.slug


def bare_claim() -> Callable[[], None]:
    """The claim's statement alone, rolled back: what PostgreSQL needs for it."""
    from django.db import connection, transaction

    from reviewapp.actions import claims
    from reviewapp.models import Rater, Slot

    slot = Slot.objects.first()
    rater = Rater.objects.create(project=slot.project, kind="script", name="bench")
    place = {"project": slot.project_id, "rater": rater.pk}
    values = {**place, "lease": "15 minutes", "ahead": False}

    def claim() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(claims._CLAIM, values)
            cursor.fetchone()
            transaction.set_rollback(True)

    return claim


def memory(pid: int) -> dict[str, float]:
    """MiB of PSS by kind of process: what `up` started, and the servers."""
    totals: dict[str, float] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            rollup = (path / "smaps_rollup").read_text()
            environment = (path / "environ").read_bytes()
        except OSError:
            continue
        mine = os.environ["CROSSCHECK_DATA"].encode()
        if mine not in environment and mine not in command.encode() and not is_server(command):
            continue
        if int(path.name) == os.getpid() or "tests.bench" in command:
            continue
        kib = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        name = kind(command)
        totals[name] = totals.get(name, 0) + kib / 1024
    totals["all together"] = sum(totals.values())
    return totals


def is_server(command: str) -> bool:
    """The embedded servers run as users of their own: their environment cannot be read."""
    return command.startswith("postgres:") or any(
        word in command for word in ("bin/postgres ", "redis-server ", "embedded/keeper.py")
    )


def kind(command: str) -> str:
    for word, name in (
        ("gunicorn", "web"),
        ("celery", "worker"),
        ("redis-server", "Redis"),
        ("postgres", "PostgreSQL"),
        ("manage.py", "supervisor"),
    ):
        if word in command:
            return name
    return "keeper"


def timed(times: int, act: Callable[[], object]) -> list[float]:
    return [clock(act) for _ in range(times)]


def clock(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def report(name: str, seconds: list[float], limit: list[float] | None = None) -> None:
    p50 = statistics.median(seconds) * 1000
    p95 = statistics.quantiles(seconds, n=20)[-1] * 1000
    ratio = f", {p50 / (statistics.median(limit) * 1000):.1f}× the bare claim" if limit else ""
    say(name, f"p50 {p50:.1f} ms, p95 {p95:.1f} ms{ratio}")


def say(name: str, value: str) -> None:
    print(f"{name:45} {value}", flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
