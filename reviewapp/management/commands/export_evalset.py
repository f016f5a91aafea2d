"""Writes an eval-set version to standard output, one example a line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from evals.evalsets import export_examples, find_version
from evals.formats import FORMATS
from reviewapp.management.commands._base import ProjectCommand, project_of, whole_number


class Command(ProjectCommand):
    help = "Writes an eval-set version to standard output, one example with its provenance a line."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django has a --version of its own in every command.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("name", help="name, or name@2")
        parser.add_argument("--version", type=whole_number, metavar="N", help="default: the latest")
        parser.add_argument("--format", choices=sorted(FORMATS), default="traffic")

    def handle(self, *args: Any, **options: Any) -> None:
        reference = options["name"]
        if options["version"]:
            reference = f"{reference.partition('@')[0]}@{options['version']}"
        version = find_version(project_of(options["project"]), reference)
        self.write_lines(FORMATS[options["format"]](export_examples(version)))
