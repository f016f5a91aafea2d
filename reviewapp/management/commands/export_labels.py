"""Writes the label records of resolved items to standard output."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from evals.formats.base import json_line
from evals.models import Run
from reviewapp.actions import exposures
from reviewapp.labelling import label_records
from reviewapp.management.commands._base import ProjectCommand, project_of, run_of, user_of


class Command(ProjectCommand):
    help = "Writes label records of resolved items to standard output, one JSON object a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--run", help="one run (default: all)")
        self.takes_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project, name = project_of(options["project"]), options["run"]
        chosen = [run_of(project, name)] if name else list(Run.objects.filter(project=project))
        who = user_of(options["by"]) if options["by"] else None
        if who:  # they see which side is which: what they say again later is not blind
            exposures.show_runs(runs=chosen, to=who)
        rows = label_records.of(project, chosen, shown_to=who, loose=not name, blind=bool(who))
        self.write_lines(json_line(one) for one in rows)
