"""Publishes a taxonomy version from YAML or JSON, and adopts it for new runs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from reviewapp.actions import projects
from reviewapp.management.commands._base import ProjectCommand, actor, opened, project_of
from taxonomy import interchange


class Command(ProjectCommand):
    help = (
        "Publishes a taxonomy version from YAML or JSON and adopts it for runs that start from now "
        "on. Content that is published already makes nothing new."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("file", help="YAML or JSON; - for standard input")
        parser.add_argument("--name", help="of the taxonomy (default: the project's own)")
        self.takes_by(parser)
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_of(options["project"])
        with opened(options["file"]) as stream:
            source = stream.read(interchange.MAX_BYTES + 4)
        try:
            content = interchange.read(source.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise CommandError(f"Byte {error.start + 1} is not UTF-8.") from None
        version = projects.import_taxonomy(
            project=project,
            name=options["name"] or project.taxonomy_version.taxonomy.name,
            content=content,
            by=actor(options["by"]),
        )
        made = {"version": str(version), "title": version.title, "digest": version.digest}
        text = f"{version} is published; runs of {project.slug} that start from now on take it."
        self.say(made, text, options["json"])
