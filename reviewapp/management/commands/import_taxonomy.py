"""Publishes a taxonomy version from YAML or JSON, and adopts it for new runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reviewapp import imports
from reviewapp.actions import projects
from reviewapp.management.commands._base import ProjectCommand, actor, opened, project_of
from taxonomy import interchange
from taxonomy.diff import WARNING, Change


class Command(ProjectCommand):
    help = (
        "Publishes a taxonomy version from YAML or JSON and adopts it for runs that start from now "
        "on. Prints what changes and how many labels that is about. Content that is published "
        "already makes nothing new. What is not mapped is the same as what had its key before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("file", help="YAML or JSON; - for standard input")
        parser.add_argument("--name", help="of the taxonomy (default: the project's own)")
        for option, metavar, what in (
            ("--map", "OLD=NEW[,NEW2]", "what a category became; OLD= if it is retired"),
            ("--map-severity", "OLD=NEW", "what a severity became; OLD= if it is retired"),
            ("--relabel", "OLD", "a category that leaves out some of what it meant before"),
        ):
            again = f"{what}; may be given several times"
            parser.add_argument(option, metavar=metavar, action="append", default=[], help=again)
        parser.add_argument("--draft", action="store_true", help="make it the draft, to be edited")
        parser.add_argument("--dry-run", action="store_true", help="say what changes, do nothing")
        parser.add_argument(
            "--yes", action="store_true", help="even if past labels come to mean something else"
        )
        self.takes_by(parser)
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_of(options["project"])
        content = interchange.read(_text_of(options["file"]))
        name = options["name"] or project.taxonomy_version.taxonomy.name
        said = imports.SaidMap(
            tuple(options["map"]), tuple(options["map_severity"]), tuple(options["relabel"])
        )
        plan = imports.plan(project, name, content, said)
        told = {"based_on": plan.base and str(plan.base), "changes": imports.as_dicts(plan.changes)}
        lines = list(_lines(plan.changes))
        if options["dry_run"]:
            lines = lines or ["Nothing changes."]
            self.say({"version": None, **told}, "\n".join(lines), options["json"])
            return
        try:
            version = projects.import_taxonomy(
                project=project,
                name=name,
                content=content,
                said=said,
                draft=options["draft"],
                confirmed=options["yes"],
                by=actor(options["by"]),
            )
        except imports.Unconfirmed as error:
            warned = "\n".join(_lines(error.plan.warnings))
            raise CommandError(
                f"This changes what labels mean that were made:\n{warned}\n"
                "Nothing was done. Map it otherwise (--map, --relabel), or confirm with --yes."
            ) from None
        state = (
            "is the draft"
            if options["draft"]
            else f"is published; runs of {project.slug} that start from now on take it"
        )
        made = {"version": str(version), "title": version.title, "digest": version.digest}
        self.say({**made, **told}, "\n".join([*lines, f"{version} {state}."]), options["json"])


def _text_of(file: str) -> str:
    with opened(file) as stream:
        source = stream.read(interchange.MAX_BYTES + 4)
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"Byte {error.start + 1} is not UTF-8.") from None


def _lines(changes: Iterable[Change]) -> Iterable[str]:
    for change in changes:
        yield f"{'!' if change.level == WARNING else ' '} {change.sentence}"
