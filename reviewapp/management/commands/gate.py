"""Holds a run to the project's margins. For CI: the verdict is the exit code."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reviewapp.actions import reports
from reviewapp.management.commands._base import ProjectCommand, project_of, run_of

PASS, FAIL, UNDECIDED, USAGE = 0, 1, 2, 3
CODES = {"pass": PASS, "fail": FAIL}


class Command(ProjectCommand):
    help = (
        "Says whether a run passes the project's gate. Exits with 0: pass, 1: fail, 2: not decided "
        "(also without a policy), 3: the question could not be answered."
    )

    failed = USAGE

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("run")
        self.takes_json(parser)

    def run_from_argv(self, argv: list[str]) -> None:
        self._called_from_command_line = True
        try:
            self.create_parser(argv[0], argv[1]).parse_args(argv[2:])
        except SystemExit as stop:
            raise SystemExit(USAGE if stop.code else 0) from None
        super().run_from_argv(argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            raise CommandError(str(error), returncode=USAGE) from None
        except Exception as error:
            # An exit code of 1 would read as a verdict.
            raise CommandError(f"{type(error).__name__}: {error}", returncode=USAGE) from error

    def handle(self, *args: Any, **options: Any) -> None:
        run = run_of(project_of(options["project"]), options["run"])
        data = reports.refresh(run=run).data
        gate = data["gate"]
        self.say({"run": run.name, **gate}, str(data["sentences"][-1]), options["json"])
        sys.exit(CODES.get(gate["verdict"], UNDECIDED))
