"""Makes an eval-set version from traffic records that have an `expected` each."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_slug

from evals.evalsets import EvalSetError
from evals.records import decode_lines
from reviewapp.actions import evalsets
from reviewapp.management.commands._base import ProjectCommand, actor, opened, project_of


class Command(ProjectCommand):
    help = (
        "Makes an immutable version of an eval set from JSONL: traffic records with an `expected` "
        "each. All or nothing. The same content again gives the version that there is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("name")
        parser.add_argument("file", help="JSONL, may be .gz; - for standard input")
        parser.add_argument("--note", default="")
        self.takes_by(parser)
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project, name = project_of(options["project"]), options["name"]
        validate_slug(name)
        if len(name) > 60:
            raise CommandError(f"{name!r} is longer than 60 characters.")
        try:
            with opened(options["file"]) as stream:
                version = evalsets.create(
                    project=project,
                    name=name,
                    lines=decode_lines(stream, settings.MAX_LINE_BYTES),
                    file=PurePath(options["file"]).name,
                    note=options["note"],
                    by=actor(options["by"]),
                )
        except EvalSetError as error:
            self.complain(error.problems)
            raise CommandError("Nothing was made: put right what is named above.") from None
        made = {"name": name, "version": version.number, "size": version.size}
        made["digest"] = version.digest
        examples = "1 example" if version.size == 1 else f"{version.size:,} examples"
        text = f"{version}: {examples}, digest {version.digest[:12]}"
        self.say(made, text, options["json"])
