"""Checks the chain of audit events."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from evals.models import Project
from reviewapp.actions import audit
from reviewapp.management.commands._base import ProjectCommand, project_of
from reviewapp.models import AuditEvent


class Command(ProjectCommand):
    help = "Checks that no sealed audit event was altered or removed. Exits with 1 where one was."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", nargs="?", help="all projects if left out")
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["project"]
        checked = [
            _checked(project)
            for project in ([project_of(slug)] if slug else Project.objects.order_by("slug"))
        ]
        self.say(checked, "\n".join(map(_text, checked)) or "No projects yet.", options["json"])
        broken = [one["project"] for one in checked if one["broken"]]
        if broken:
            raise CommandError(f"The audit record of {', '.join(broken)} is not whole.")


def _checked(project: Project) -> dict[str, Any]:
    events = AuditEvent.objects.filter(project=project)
    last = events.filter(sequence__isnull=False).order_by("-sequence").first()
    return {
        "project": project.slug,
        "sealed": last.sequence if last else 0,
        "unsealed": events.filter(sequence=None).count(),
        "head": last.digest if last else "",
        "broken": list(audit.broken_links(project)),
    }


def _text(one: dict[str, Any]) -> str:
    waiting = f", {one['unsealed']} not sealed yet" if one["unsealed"] else ""
    state = "\n  ".join(["BROKEN", *one["broken"]]) if one["broken"] else "whole"
    return f"{one['project']}: {one['sealed']} sealed events{waiting}: {state}"
