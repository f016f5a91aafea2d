"""Prints the report of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from reviewapp.actions import reports
from reviewapp.management.commands._base import ProjectCommand, project_of, run_of
from reviewapp.words import interval, points


class Command(ProjectCommand):
    help = "Prints what a run's report says. It is computed where it is missing or out of date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("run")
        parser.add_argument("--fresh", action="store_true", help="compute it in any case")
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        run = run_of(project_of(options["project"]), options["run"])
        current = reports.refresh(run=run) if options["fresh"] else reports.up_to_date(run=run)
        text = "\n".join(_lines(current.data, f"{run.candidate} against {run.baseline}"))
        self.say(current.data, text, options["json"])


def _lines(data: dict[str, Any], sides: str) -> Iterator[str]:
    yield f"{data['run']['name']}: {sides}"
    yield from data["sentences"]
    labels = data["labels"]
    yield f"{labels['used']} labels of {labels['drawn']} drawn items."
    if labels["used"]:
        yield ""
        yield from _table([_row(category) for category in data["categories"]])


def _row(category: dict[str, Any]) -> list[str]:
    return [
        category["name"] + (" (critical)" if category["critical"] else ""),
        f"{points(category['baseline']['value'])} %",
        f"{points(category['candidate']['value'])} %",
        interval(category["difference"]),
        category["verdict"],
    ]


def _table(rows: list[list[str]]) -> Iterator[str]:
    head = ["category", "production", "candidate", "difference", "verdict"]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [
            cell.rjust(width) if i in (1, 2) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
