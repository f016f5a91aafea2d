from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviewapp import serving
from reviewapp.supervisor import ChildFailed, PortTaken, Supervisor, check_port


class Command(BaseCommand):
    help = (
        "Serves Crosscheck on this machine: web, worker and, where no address is given for them, "
        "PostgreSQL and Redis. Ctrl-C stops everything."
    )

    # They import every page, which would stay in memory as long as this runs.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        try:
            check_port(host, port)
            first_link = serving.prepare()
            url = os.environ.get("CROSSCHECK_PUBLIC_URL") or serving.public_url(host, port)
            with Supervisor({"CROSSCHECK_PUBLIC_URL": url}, self.stderr.write) as supervisor:
                serving.start_web(supervisor, host, port)
                serving.start_worker(supervisor)
                supervisor.wait(lambda: serving.answers(host, port))
                if supervisor.stopping:
                    return
                if first_link:
                    self.stdout.write(
                        "\nNobody has an account yet. This link makes the first one; it works "
                        f"once, and until the next start:\n\n    {url}{first_link}\n"
                    )
                self.stdout.write(f"Crosscheck is at {url} (Ctrl-C stops it)")
                self.stdout.flush()
                supervisor.wait()
        except (PortTaken, ChildFailed) as error:
            raise CommandError(str(error)) from error
