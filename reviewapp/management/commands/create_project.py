"""Makes a project with its taxonomy from a preset."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_slug

from evals.models import Project
from reviewapp.actions import projects
from reviewapp.management.commands._base import ProjectCommand, user_of
from taxonomy import presets


class Command(ProjectCommand):
    help = "Makes a project with its taxonomy from a preset; the owner may then invite others."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="its place in addresses, such as support")
        parser.add_argument("--name", help="the slug if left out")
        parser.add_argument(
            "--preset",
            default="classification",
            choices=[key for key, _ in presets.names()],
            help="the taxonomy to start from",
        )
        parser.add_argument("--owner", required=True, metavar="USERNAME")
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        slug, owner = options["slug"], user_of(options["owner"])
        validate_slug(slug)
        if len(slug) > 60:
            raise CommandError(f"{slug!r} is longer than 60 characters.")
        if Project.objects.filter(slug=slug).exists():
            raise CommandError(f"There is a project {slug!r} already.")
        project = projects.create(
            slug=slug, name=options["name"] or slug, preset=options["preset"], by=owner
        )
        made = {
            "slug": slug,
            "name": project.name,
            "owner": owner.get_username(),
            "taxonomy": str(project.taxonomy_version),
        }
        text = f"Made {project.name} ({slug}), owned by {owner}, with {made['taxonomy']}."
        self.say(made, text, options["json"])
