"""Stores traffic records from a JSONL file, or from standard input."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from evals.ingest import IngestResult, ingest
from evals.records import decode_lines
from reviewapp.actions.runs import advance
from reviewapp.management.commands._base import ProjectCommand, opened, project_of


class Command(ProjectCommand):
    help = (
        "Stores traffic records, one JSON object a line. The same line twice changes nothing; a "
        "bad line costs nothing else. Exits with 1 if any line was rejected or in conflict."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("file", help="JSONL, may be .gz; - for standard input")
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_of(options["project"])
        with opened(options["file"]) as stream:
            lines = decode_lines(stream, settings.MAX_LINE_BYTES)
            result = ingest(project, self.counted(lines))
        advance(project=project)
        self.complain(result.problems)
        self.say(result.as_dict(), _text(result), options["json"])
        bad = result.rejected + result.conflicting
        if bad > len(result.problems):
            self.stderr.write(f"(the first {len(result.problems)} problems are shown)")
        if bad:
            were = "1 line was" if bad == 1 else f"{bad:,} lines were"
            raise CommandError(f"{were} rejected or in conflict; all others are stored.")


def _text(result: IngestResult) -> str:
    names = ("stored", "added", "unchanged", "conflicting", "rejected")
    return ", ".join(f"{name} {getattr(result, name):,}" for name in names)
