"""Starts a run: shadow, or offline over an eval set."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_slug

from evals.evalsets import find_version
from evals.models import ModelVersion, Project
from reviewapp.actions import runs
from reviewapp.management.commands._base import ProjectCommand, actor, project_of


class Command(ProjectCommand):
    help = (
        "Starts a run of two model versions over live traffic (the next 14 days), over recorded "
        "traffic, or over an eval set. Comparators, sampling plan and taxonomy are pinned."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("name")
        parser.add_argument("--baseline", required=True, metavar="MODEL")
        parser.add_argument("--candidate", required=True, metavar="MODEL")
        parser.add_argument("--evalset", metavar="NAME[@N]", help="offline over this eval set")
        parser.add_argument("--recorded", action="store_true", help="traffic that is there already")
        parser.add_argument("--days", type=float, help="the window of a shadow (14)")
        self.takes_by(parser)
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project, name = project_of(options["project"]), options["name"]
        validate_slug(name)
        if len(name) > 80:
            raise CommandError(f"{name!r} is longer than 80 characters.")
        evalset = options["evalset"]
        run = runs.start(
            project=project,
            name=name,
            baseline=_model(project, options["baseline"]),
            candidate=_model(project, options["candidate"]),
            evalset_version=find_version(project, evalset) if evalset else None,
            recorded=options["recorded"],
            days=options["days"],
            by=actor(options["by"]),
        )
        started = {
            "project": project.slug,
            "name": name,
            "kind": run.kind,
            "baseline": run.baseline.name,
            "candidate": run.candidate.name,
            "evalset": str(run.evalset_version) if run.evalset_version else None,
            "taxonomy": str(run.taxonomy_version),
            "opens_at": run.opens_at.isoformat(),
            "closes_at": run.closes_at.isoformat() if run.closes_at else None,
        }
        text = f"Started {name} ({run.kind}): {run.candidate} against {run.baseline}."
        self.say(started, text, options["json"])


def _model(project: Project, name: str) -> ModelVersion:
    models = {model.name: model for model in project.models.all()}
    if name not in models:
        known = ", ".join(sorted(models)) or "none yet"
        raise CommandError(f"There is no model version {name!r} in {project.slug} ({known}).")
    return models[name]
