"""Writes the label records of resolved items to standard output."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from evals.formats.base import json_line
from evals.models import Run
from reviewapp import labels
from reviewapp.management.commands._base import ProjectCommand, project_of, run_of


class Command(ProjectCommand):
    help = "Writes label records of resolved items to standard output, one JSON object a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--run", help="one run (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        project, name = project_of(options["project"]), options["run"]
        chosen = [run_of(project, name)] if name else Run.objects.filter(project=project)
        self.write_lines(json_line(record) for run in chosen for record in labels.records(run))
