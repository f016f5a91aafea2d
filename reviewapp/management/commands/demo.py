from __future__ import annotations

import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evals import compare
from evals.models import Run
from reviewapp import serving
from reviewapp.actions import parts, reports
from reviewapp.demo import load, messages, model_server, project
from reviewapp.models import Report, ReviewItem
from reviewapp.reports.freshness import behind, is_fresh
from reviewapp.supervisor import ChildFailed, PortTaken, Supervisor, check_port

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Command(BaseCommand):
    help = (
        "Serves the demo on this machine: a small language model, 300 real messages, a run whose "
        "outputs are fetched live, reviews by a script, a report. Ctrl-C stops everything."
    )

    # They import every page, which would stay in memory as long as this runs.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        if host not in LOOPBACK:
            raise CommandError("The demo's passwords are public, so it listens on loopback only.")
        if not (model_server.installed() and messages.installed()):
            raise CommandError("The demo's packages are missing: start it with make demo.")
        try:
            check_port(host, port)
            self._serve(host, port)
        except (PortTaken, ChildFailed) as error:
            raise CommandError(str(error)) from error

    def _serve(self, host: str, port: int) -> None:
        serving.prepare()
        run = load.load()
        url, model_port = serving.public_url(host, port), _free_port()
        address = f"http://127.0.0.1:{model_port}"
        env = {"CROSSCHECK_PUBLIC_URL": url, load.ADDRESS: f"{address}/v1"}
        with Supervisor(env, self.stderr.write) as supervisor:
            supervisor.start("model server", *model_server.command(model_port))
            serving.start_web(supervisor, host, port)
            supervisor.wait(lambda: serving.answers(host, port) and model_server.is_ready(address))
            serving.start_worker(supervisor)
            self._say(f"\nCrosscheck is at {url}   (Ctrl-C stops it)")
            people = ", ".join(f"{name} ({role})" for name, role in load.PEOPLE.items())
            self._say(f"Sign in as {people}; the password is {load.PASSWORD}\n")
            page = f"{url}/p/{project.PROJECT['slug']}/runs/{run.name}"
            self._fetch(supervisor, run, page)
            self._review(supervisor, run)
            if not supervisor.stopping:
                self._report(run, page)
                supervisor.wait()
        self._say("Stopped.")

    def _fetch(self, supervisor: Supervisor, run: Run, page: str) -> None:
        """Shows how far the workers are, until the run has all its outputs."""
        shown = -1

        def finished() -> bool:
            nonlocal shown
            run.refresh_from_db()
            if run.state == Run.State.RUNNING:
                share = compare.progress(run).share
                if sys.stdout.isatty() or int(share * 10) > shown:
                    self._bar(share)
                    shown = int(share * 10)
                return False
            return True

        if run.state == Run.State.RUNNING:
            self._say(f"The workers are asking both model versions: {page}/")
            supervisor.wait(finished, pause=0.5)
            self._say("")
        if run.state == Run.State.PAUSED:
            self._say(f"The run is paused: {run.state_reason}. Resume it at {page}/")

    def _review(self, supervisor: Supervisor, run: Run) -> None:
        if run.state != Run.State.FINISHED or supervisor.stopping:
            return
        supervisor.wait(lambda: ReviewItem.objects.filter(run=run).exists())
        if not supervisor.stopping and (done := load.review(run)):
            self._say(f"A script reviewed {done} items from their known answers.")

        def fresh() -> bool:
            current = Report.objects.current(run)
            if current is None or not is_fresh(current):
                reports.refresh_soon(run.pk, looked_at=True)
                return False
            if behind(run.pk):
                parts.refresh_soon(run.pk)
                return False
            return True

        supervisor.wait(fresh)

    def _report(self, run: Run, page: str) -> None:
        current = Report.objects.current(run)
        if current:
            self._say(
                "\n".join(["", *current.data["sentences"], "", f"The report: {page}/report/"])
            )
        left = ReviewItem.objects.filter(run=run, state=ReviewItem.State.PENDING).count()
        if left:
            self._say(
                f"{left} items wait for you: {page.split('/runs/')[0]}/review/ as bob or alice"
            )

    def _bar(self, share: float) -> None:
        full = int(30 * share)
        bar = f"  [{'█' * full}{'·' * (30 - full)}] {share:4.0%} "
        self.stdout.write(bar, ending="\r" if sys.stdout.isatty() else "\n")
        self.stdout.flush()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
