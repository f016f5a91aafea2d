"""How fast the desk is with a long queue and eight reviewers at once, beside what PostgreSQL and a
bare Django view do with the same writes.

`python -m tests.bench_desk` measures it alone; `make bench` calls `measure`. With `--kill [N]`: ten
thousand (or N) submissions by eight reviewers while the web server is killed five times.
"""

from __future__ import annotations

import http.client
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests import desk_clients, desk_kill

WAITING, LABELLED = 100_000, 20_000
REVIEWERS = 8
#: Submissions a second, all reviewers together, of the quiet measurement.
PACE = 20
SECONDS = 15
#: Submissions of a measurement at full load, each by somebody of their own: a person holds one.
HELD = 400
ROUNDS = 4
#: Filters of the lists that are named.
SLOWEST = 5
#: Items that are judged in the browser.
JUDGED = 30
KILLED = 10_000
SLUG = "long"


def measure(port: int, pid: int) -> None:
    """Fills a project on the running servers and measures it over HTTP; `pid` is of `up`."""
    from tests.bench import say

    people = fill()
    _settled()
    idle = _memory(pid)
    cpu = Cpu(pid)
    limit = _full_load(port, people, cpu)
    _paced(port, people, cpu)
    _at_the_desk(port, people, limit, cpu)
    _lists(port, people[0]["session"])
    _browser(port, people[1]["session"])
    after = _memory(pid)
    say("desk: memory of the web server", f"{idle:.0f} MiB before, {after:.0f} MiB after all this")


def fill() -> list[dict[str, str]]:
    """The long queue and its people: first the eight reviewers, then those who hold one each."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from reviewapp.actions import tokens
    from reviewapp.models import User
    from reviewapp.sessions import SessionStore
    from tests import long_queue
    from tests.bench import clock, say

    by = User.objects.create_user("long")
    made: list[Any] = []
    seconds = clock(
        lambda: made.append(long_queue.make(slug=SLUG, waiting=WAITING, labelled=LABELLED, by=by))
    )
    say(f"desk: {WAITING:,} waiting, {LABELLED:,} labelled", f"made in {seconds:.0f} s")
    people = []
    for number, user in enumerate(long_queue.members(made[0], REVIEWERS + HELD)):
        session = SessionStore()
        if number < REVIEWERS:
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save()
        rater = user.raters.get().pk
        token = tokens.make(project=made[0], name="bench", by=user)[1]
        people.append({"token": token, "session": session.session_key or "", "rater": rater})
    return people


def _settled(most: float = 300.0) -> None:
    """Waits until the worker has done what a new queue gives it to do, such as indexing it."""
    from django.db import connection

    from tests.bench import say

    start, quiet = time.monotonic(), 0
    while quiet < 8 and time.monotonic() - start < most:
        time.sleep(1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE state <> 'idle' AND pid <> pg_backend_pid() AND datname IS NOT NULL"
            )
            quiet = quiet + 1 if cursor.fetchone() == (0,) else 0
    say("desk: until the worker was done with it", f"{time.monotonic() - start:.0f} s")


class Cpu:
    """CPU seconds of the web server and of PostgreSQL: what a request costs, however busy the
    machine is with something else. The worker's share of PostgreSQL is in it."""

    def __init__(self, pid: int) -> None:
        from tests.bench_otlp import web_processes

        self.web = web_processes(pid)
        self.before = (0.0, 0.0)

    def start(self) -> None:
        self.before = self._now()

    def each(self, count: int) -> str:
        """Since `start`, by each of `count` requests."""
        web, database = (
            1000 * (now - before) / count
            for now, before in zip(self._now(), self.before, strict=True)
        )
        return f"CPU each: web {web:.1f} ms, PostgreSQL {database:.1f} ms"

    def _now(self) -> tuple[float, float]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
            backends = [pid for (pid,) in cursor.fetchall()]
        return sum(map(_seconds, self.web)), sum(map(_seconds, backends))


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _full_load(port: int, people: list[dict[str, Any]], cpu: Cpu) -> float:
    """Submissions a second by statements alone, by a bare view, and by the API. Gives the first."""
    from django.conf import settings

    from tests.bench import say

    statements = _statements()
    url = {"url": settings.DATABASE_URL, "statements": statements}
    limit = _rate("sql", people, 2, lambda held: {**url, "held": [one[:3] for one in held]})
    say("submit: PostgreSQL alone, two connections", f"{limit:,.0f}/s")
    with _bare_server() as bare:
        view = _rate("bare", people, REVIEWERS, lambda held: {"port": bare, "held": held})
    say("submit: bare Django view, same writes", f"{view:,.0f}/s, {view / limit:.2f}× PostgreSQL")
    tokens = {one["rater"]: one["token"] for one in people}
    cpu.start()
    rate = _rate(
        "submits",
        people,
        REVIEWERS,
        lambda held: {
            "port": port,
            "slug": SLUG,
            "held": [(tokens[rater], item) for item, _, rater in held],
        },
    )
    say(
        f"submit at full load, {REVIEWERS} connections",
        f"{rate:,.0f}/s, {rate / limit:.2f}× PostgreSQL, {rate / view:.2f}× the bare view; "
        + cpu.each(ROUNDS * HELD),
    )
    return limit


def _rate(
    do: str,
    people: list[dict[str, Any]],
    processes: int,
    job: Callable[[list[tuple[int, int, int]]], dict[str, Any]],
) -> float:
    """Submissions a second: `HELD` at a time, of items that are held before the clock starts."""
    rates = []
    for _ in range(ROUNDS):
        held = _hold([one["rater"] for one in people[REVIEWERS:]])
        start = time.time() + 1
        told = desk_clients.in_processes(
            [{"do": do, "start": start, **job(held[i::processes])} for i in range(processes)]
        )
        rates.append(len(held) / (max(one["ended"] for one in told) - start))
    return statistics.median(rates)


def _hold(raters: list[int]) -> list[tuple[int, int, int]]:
    """Has each of them hold the next item of the queue: (item, slot, rater)."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH free AS (
                SELECT id, row_number() OVER (ORDER BY rank, id) AS n FROM (
                    SELECT s.id, s.rank FROM reviewapp_slot s
                    JOIN reviewapp_reviewitem i ON i.id = s.item_id
                    JOIN evals_project p ON p.id = s.project_id
                    WHERE p.slug = %s AND s.state = 'open' AND s.number = 1
                    ORDER BY s.rank, s.id LIMIT %s) first),
            who AS (SELECT id, row_number() OVER (ORDER BY id) AS n
                    FROM unnest(%s::bigint[]) AS id)
            UPDATE reviewapp_slot s SET state = 'claimed', rater_id = who.id, claimed_at = now(),
                lease_until = now() + interval '1 hour'
            FROM free JOIN who USING (n) WHERE s.id = free.id
            RETURNING s.item_id, s.id, s.rater_id
            """,
            [SLUG, len(raters), raters],
        )
        return list(cursor.fetchall())


def _statements() -> list[str]:
    """What a submission writes at least; the columns that do not matter as in an earlier one."""
    from reviewapp.models import AuditEvent, Review

    review = Review.objects.filter(item__project__slug=SLUG).earliest("pk")
    event = AuditEvent.objects.filter(project__slug=SLUG).latest("pk")
    return [
        "SELECT id, state FROM reviewapp_reviewitem WHERE id = %(item)s FOR NO KEY UPDATE",
        _like(
            review,
            item_id="%(item)s",
            rater_id="%(rater)s",
            submission="%(submission)s::uuid",
            created_at="now()",
        ),
        "UPDATE reviewapp_slot SET state = 'submitted', lease_until = NULL, closed_at = now() "
        "WHERE id = %(slot)s AND rater_id = %(rater)s AND state = 'claimed'",
        "UPDATE reviewapp_reviewitem SET state = 'resolved', resolved_at = now() "
        "WHERE id = %(item)s",
        # A worker has sealed it perhaps, with a number that is its own.
        _like(event, at="now()", sequence="NULL", digest="''"),
    ]


def _like(row: Any, **columns: str) -> str:
    names = [field.column for field in row._meta.concrete_fields if field.column != "id"]
    values = ", ".join(columns.get(name, f'"{name}"') for name in names)
    into = ", ".join(f'"{name}"' for name in names)
    table = row._meta.db_table
    return f"INSERT INTO {table} ({into}) SELECT {values} FROM {table} WHERE id = {row.pk}"


@contextmanager
def _bare_server() -> Iterator[int]:
    """tests.bench_bare, served as the product is."""
    from django.conf import settings

    from reviewapp.serving import web_command
    from tests.bench import LOG, free_port

    port = free_port()
    command = [
        "tests.bench_bare" if part == "reviewapp.wsgi" else part
        for part in web_command("127.0.0.1", port)
    ]
    env = {**os.environ, "DATABASE_URL": settings.DATABASE_URL, "REDIS_URL": settings.REDIS_URL}
    with LOG.open("ab") as log:
        process = subprocess.Popen(command, cwd=desk_clients.ROOT, env=env, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the bare view did not start; see {LOG}")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/nothing/")
        return connection.getresponse().status < 600
    except OSError:
        return False
    finally:
        connection.close()


def _paced(port: int, people: list[dict[str, Any]], cpu: Cpu) -> None:
    """Eight reviewers at once, by the API: at the pace of people, and as fast as it goes."""
    from tests.bench import say

    for rate, name in ((PACE / REVIEWERS, f"{PACE}/s"), (None, "as fast as it goes")):
        cpu.start()
        told = _together("cycles", port, people, rate, key="token")
        _say(f"claim by the API, {REVIEWERS} reviewers, {name}", told["claims"])
        _say(f"submit by the API, {REVIEWERS} reviewers, {name}", told["submits"])
    pairs = len(told["submits"])
    say("claim and submit by the API", f"{pairs / SECONDS:,.0f} pairs/s; {cpu.each(pairs)}")


def _at_the_desk(port: int, people: list[dict[str, Any]], limit: float, cpu: Cpu) -> None:
    """The same by the addresses of the page: the next item is fetched before one is submitted."""
    from tests.bench import say

    for rate, name in ((PACE / REVIEWERS, f"{PACE}/s"), (None, "as fast as it goes")):
        cpu.start()
        told = _together("pages", port, people, rate, key="session")
        _say(f"next item at the desk, {REVIEWERS} reviewers, {name}", told["claims"])
        _say(f"submit at the desk, {REVIEWERS} reviewers, {name}", told["submits"])
    pairs = len(told["submits"])
    say(
        "next item and submit at the desk",
        f"{pairs / SECONDS:,.0f} pairs/s, {pairs / SECONDS / limit:.2f}× PostgreSQL's submits; "
        f"{cpu.each(pairs)}",
    )


def _together(
    do: str, port: int, people: list[dict[str, Any]], rate: float | None, *, key: str
) -> dict[str, list[float]]:
    common = {"do": do, "port": port, "slug": SLUG, "rate": rate, "seconds": SECONDS}
    start = time.time() + 1.5
    told = desk_clients.in_processes(
        [{**common, "start": start, key: one[key]} for one in people[:REVIEWERS]]
    )
    return {
        name: [seconds for one in told for seconds in one[name]] for name in ("claims", "submits")
    }


def _say(name: str, seconds: list[float]) -> None:
    from tests.bench import report

    report(name, seconds)


# ---- Lists


class _Filters(HTMLParser):
    """The choices of a page's filters: {name: [value, …]}, the empty ones left out."""

    def __init__(self) -> None:
        super().__init__()
        self.choices: dict[str, list[str]] = {}
        self.inside = ""
        self.option = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        name = given.get("name") or ""
        if tag == "select" and name:
            self.inside = name
            self.choices[name] = []
        elif tag == "option" and self.inside:
            self.option = "value" not in given
            if given.get("value"):
                self.choices[self.inside].append(given["value"] or "")
        elif tag == "input" and given.get("type", "text") in ("text", "search") and name:
            self.choices[name] = []

    def handle_data(self, data: str) -> None:
        if self.inside and self.option and data.strip():
            self.choices[self.inside].append(data.strip())
            self.option = False

    def handle_endtag(self, tag: str) -> None:
        self.inside = "" if tag == "select" else self.inside


#: What is typed into the fields of the filters.
TYPED = {
    "q": "refund ledger",
    "request": "r-9",
    "segment": "locale=de",
    "reviewer": "earlier",
}


def _lists(port: int, session: str) -> None:
    """The queue by each choice of each filter, at its beginning, in its middle and at its end."""
    from tests.bench import say

    here = f"/p/{SLUG}/queue/"
    client = desk_clients.Client(port, SLUG, session=session)
    page = client.send("GET", here)[1].decode()
    filters = _Filters()
    filters.feed(page)
    chosen: list[dict[str, str]] = [{}]
    for name, values in filters.choices.items():
        if name not in ("csrfmiddlewaretoken", "after"):
            chosen += [{name: value} for value in values[:6] or [TYPED.get(name, "")] if value]
    firsts = list({next(iter(one)): one for one in reversed(chosen) if one}.values())
    pairs = [{**one, **other} for one, other in combinations(firsts, 2)]
    paths: dict[str, list[str]] = {}
    for name, some in (("filters", chosen), ("pairs of filters", pairs)):
        for one in some:
            for depth, more in _depths(one):
                address = f"{here}?{urlencode({**one, **more})}"
                paths.setdefault(f"{name}, {depth}", []).append(address)
    slowest: list[tuple[float, str]] = []
    for depth, some in paths.items():
        job = {"do": "gets", "port": port, "slug": SLUG, "session": session, "times": 8}
        told = desk_clients.in_processes([{**job, "paths": some}])[0]["gets"]
        _say(f"queue, {len(some)} {depth}", [s for took in told.values() for s in took])
        slowest += [
            (statistics.quantiles(took, n=20, method="inclusive")[-1], path)
            for path, took in told.items()
        ]
    for seconds, path in sorted(slowest, reverse=True)[:SLOWEST]:
        said = path.partition("?")[2] or "none"
        say("queue, slowest filters", f"p95 {1000 * seconds:.0f} ms: {said}")


def _depths(chosen: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Where a list begins, its middle and its last page, as its addresses say it."""
    from reviewapp import listing
    from reviewapp.access import open_project
    from reviewapp.models import User

    access = open_project(User.objects.get(username="reviewer-0"), SLUG)
    found = listing.chosen(access, listing.Asked.read(chosen))
    ids = list(found.order_by("-pk" if chosen.get("order") else "pk").values_list("pk", flat=True))
    yield "first page", {}
    if len(ids) > 200:
        for depth, at in (("middle", len(ids) // 2), ("last page", len(ids) - 40)):
            yield depth, {"after": str(ids[at])}


# ---- The browser


#: From the key to the frame in which the next item's text is there.
_FROM_KEY = """() => new Promise((done) => {
    const shown = () => document.querySelector(".sides")?.textContent;
    const before = shown();
    let pressed = 0;
    const press = () => { pressed = performance.now(); };
    addEventListener("keydown", press, {capture: true, once: true});
    const look = () => {
        const now = shown();
        if (pressed && now && now !== before) done(performance.now() - pressed);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""


def _browser(port: int, session: str) -> None:
    """In a real Chromium: what the first page weighs, and from the key to the next item."""
    from playwright.sync_api import sync_playwright

    from tests import browser
    from tests.bench import say

    path = browser.find()
    if not path:
        say("desk in a browser", "not measured: no Chromium (python -m tests.browser)")
        return
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(browser.ARGUMENTS))
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies(
            [
                {
                    "name": "crosscheck_session",
                    "value": session,
                    "url": f"http://127.0.0.1:{port}",
                }
            ]
        )
        page = context.new_page()
        page.set_default_timeout(30_000)
        wire: list[float] = []
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda event: wire.append(event["encodedDataLength"]))
        page.goto(f"http://127.0.0.1:{port}/p/{SLUG}/review/", wait_until="load")
        page.locator("#desk-data[data-started]").wait_for(state="attached")
        page.wait_for_timeout(1000)
        say("desk, first load", f"{sum(wire) / 1024:.0f} KB over the wire, {len(wire)} requests")
        took: list[float] = []
        for _ in range(JUDGED):
            page.wait_for_timeout(600)  # somebody reads
            page.keyboard.press("F")
            page.evaluate(f"() => {{ window.next = ({_FROM_KEY})(); }}")
            page.keyboard.press("Enter")
            took.append(page.evaluate("() => window.next") / 1000)
        _say(f"browser: submit key to the next item, {JUDGED} items", took)
        chromium.close()


def _memory(pid: int) -> float:
    """MiB (PSS) of the web server and its workers, when it has been left alone for 20 s."""
    from tests.bench_otlp import _pss, web_processes

    time.sleep(20)
    return sum(map(_pss, web_processes(pid)))


def main(arguments: list[str]) -> int:
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
                if "--kill" in arguments:
                    count = int(([*arguments, ""][arguments.index("--kill") + 1]) or KILLED)
                    whole = desk_kill.kill(port, process.pid, fill()[:REVIEWERS], count)
                    return 0 if whole else 1
                measure(port, process.pid)
        finally:
            bench.remove_servers(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
