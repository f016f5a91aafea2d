"""Prints the report of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reviewapp.actions import reports
from reviewapp.labelling import moving
from reviewapp.management.commands._base import ProjectCommand, project_of, run_of
from reviewapp.reports.words import interval, points


class Command(ProjectCommand):
    help = "Prints what a run's report says. It is computed where it is missing or out of date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("run")
        parser.add_argument("--fresh", action="store_true", help="compute it in any case")
        parser.add_argument(
            "--taxonomy", metavar="VERSION", help='say it in this version, such as "support@1"'
        )
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        run = run_of(project_of(options["project"]), options["run"])
        version = None
        if options["taxonomy"]:
            try:
                version = moving.find(run, options["taxonomy"])
            except moving.UnknownVersion as error:
                raise CommandError(str(error)) from None
        current = reports.up_to_date(run=run, version=version)
        if options["fresh"]:
            current = reports.refresh(run=run, version=version)
        text = "\n".join(_lines(current.data, f"{run.candidate} against {run.baseline}"))
        self.say(current.data, text, options["json"])


def _lines(data: dict[str, Any], sides: str) -> Iterator[str]:
    yield f"{data['run']['name']}: {sides}"
    yield from data["sentences"]
    yield from data["taxonomy"]["sentences"]
    if plan := data["gate"].get("plan"):
        yield plan["sentence"] + "."
    labels = data["labels"]
    yield _of_how_many(labels, "pair" if data["elsewhere"] else "drawn item")
    if labels["used"]:
        yield ""
        yield from _table([_row(category) for category in data["categories"]])
    if data["missing"]:
        yield ""
        yield from (one["sentence"] for one in data["missing"])


def _of_how_many(labels: dict[str, int], one: str) -> str:
    used, drawn = labels["used"], labels["drawn"]
    return (
        f"{used:,} label{'' if used == 1 else 's'} of {drawn:,} {one}{'' if drawn == 1 else 's'}."
    )


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
