"""Writes a taxonomy version as YAML to standard output."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from reviewapp.management.commands._base import ProjectCommand, project_of, whole_number
from taxonomy import interchange
from taxonomy.models import TaxonomyVersion


class Command(ProjectCommand):
    help = "Writes a taxonomy version as YAML to standard output; import_taxonomy reads it back."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django has a --version of its own in every command.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--name", help="of the taxonomy (default: the project's own)")
        parser.add_argument(
            "--version", type=whole_number, metavar="N", help="default: the adopted, or the latest"
        )
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project = project_of(options["project"])
        adopted = project.taxonomy_version
        name = options["name"] or adopted.taxonomy.name
        rows = TaxonomyVersion.objects.filter(taxonomy__project=project.slug, taxonomy__name=name)
        if options["version"]:
            rows = rows.filter(number=options["version"])
        elif name == adopted.taxonomy.name:
            rows = rows.filter(pk=adopted.pk)
        found = rows.order_by("-number").first()
        if found is None:
            wanted = f"{name}@{options['version']}" if options["version"] else name
            raise CommandError(f"There is no taxonomy {wanted!r} in {project.slug}.")
        content = interchange.content_of(found)
        if options["json"]:
            self.stdout.write(json.dumps(interchange.as_dict(content), ensure_ascii=False))
        else:
            self.write_lines([interchange.write(content)])
