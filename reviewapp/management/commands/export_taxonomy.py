"""Writes a taxonomy version, its map, or the JSON Schema to standard output."""

from __future__ import annotations

import argparse
import json
from typing import Any

import yaml
from django.core.management.base import CommandError, CommandParser

from evals.models import Project
from reviewapp.management.commands._base import ProjectCommand, project_of, whole_number
from taxonomy import interchange
from taxonomy.models import TaxonomyVersion


class Command(ProjectCommand):
    help = "Writes a taxonomy version as YAML or JSON; import_taxonomy reads it back."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django has a --version of its own in every command.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", nargs="?")
        parser.add_argument("--name", help="of the taxonomy (default: the project's own)")
        parser.add_argument(
            "--version",
            type=_reference,
            metavar="N",
            default=("", None),
            help="2, or support@2 (default: the adopted, or the latest)",
        )
        parser.add_argument("--format", choices=list(interchange.FORMATS), help="default: yaml")
        parser.add_argument("--json", action="store_true", help="the same as --format json")
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--map", action="store_true", help="what became of the version before, instead"
        )
        what.add_argument(
            "--schema", action="store_true", help="the JSON Schema of taxonomies, instead"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["schema"]:
            self.write_lines([interchange.schema_text()])
            return
        if not options["project"]:
            raise CommandError("Name a project.")
        form = "json" if options["json"] else options["format"] or "yaml"
        name, number = options["version"]
        version = _version(project_of(options["project"]), name or options["name"], number)
        if options["map"]:
            self.write_lines([_map(version, form)])
        else:
            self.write_lines([interchange.write(interchange.content_of(version), form)])


def _reference(text: str) -> tuple[str, int]:
    """For argparse: 2 or support@2."""
    name, _, number = text.rpartition("@")
    try:
        return name, whole_number(number)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is no version: write 2 or support@2") from None


def _version(project: Project, name: str | None, number: int | None) -> TaxonomyVersion:
    adopted = project.taxonomy_version
    name = name or adopted.taxonomy.name
    rows = TaxonomyVersion.objects.filter(taxonomy__project=project.slug, taxonomy__name=name)
    if number:
        rows = rows.filter(number=number)
    elif name == adopted.taxonomy.name:
        rows = rows.filter(pk=adopted.pk)
    else:
        rows = rows.exclude(state=TaxonomyVersion.State.DRAFT)
    found = rows.select_related("taxonomy", "based_on__taxonomy").order_by("-number").first()
    if found is None:
        wanted = f"{name}@{number}" if number else name
        raise CommandError(f"There is no taxonomy {wanted!r} in {project.slug}.")
    return found


def _map(version: TaxonomyVersion, form: str) -> str:
    found = interchange.map_as_dict(version)
    if found is None:
        raise CommandError(f"{version} is based on no other version: there is no map.")
    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    text: str = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return text
