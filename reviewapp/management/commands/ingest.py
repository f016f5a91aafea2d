"""Stores traffic records from a JSONL file of any length, or from standard input."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from evals.ingest import IngestResult, ingest
from evals.records import UnknownFields, decode_lines
from reviewapp.actions.runs import advance
from reviewapp.management.commands._base import ProjectCommand, project_of
from reviewapp.management.commands._progress import shown, watched


class Command(ProjectCommand):
    help = (
        "Stores traffic records, one JSON object a line. The same line twice changes nothing; a "
        "bad line costs nothing else. What is counted is stored, also where it is interrupted: "
        "start it again on the same file. Exits with 1 if any line was rejected or in conflict."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("file", help="JSONL, may be .gz; - for standard input")
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_of(options["project"])
        result, unknown = IngestResult(), UnknownFields()
        try:
            with (
                watched(options["file"]) as (source, stream),
                shown(self.stderr, source, lambda: result.lines),
            ):
                lines = decode_lines(stream, settings.MAX_LINE_BYTES, unknown)
                # Whoever waits for a pipe must be able to stop it: not in another thread.
                ingest(project, lines, overlap=source.size is not None, result=result)
        finally:
            if result.lines:
                self._tell(result, unknown, options["json"])
                advance(project=project)
        if not result.lines:
            self._tell(result, unknown, options["json"])
        if bad := result.rejected + result.conflicting:
            were = "1 line was" if bad == 1 else f"{bad:,} lines were"
            raise CommandError(f"{were} rejected or in conflict; all others are stored.")

    def _tell(self, result: IngestResult, unknown: UnknownFields, as_json: bool) -> None:
        self.complain(result.problems)
        bad = result.rejected + result.conflicting
        if bad > len(result.problems):
            self.stderr.write(f"(the first {len(result.problems)} problems are shown)")
        warnings = unknown.as_list()
        for one in warnings:
            lines = "1 line" if one["count"] == 1 else f"{one['count']:,} lines"
            self.stderr.write(f"line {one['line']}, {one['field']}: {one['reason']} ({lines})")
        self.say({**result.as_dict(), "warnings": warnings}, _text(result), as_json)


def _text(result: IngestResult) -> str:
    names = ("stored", "added", "unchanged", "conflicting", "rejected")
    return ", ".join(f"{name} {getattr(result, name):,}" for name in names)
