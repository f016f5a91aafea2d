"""Starts a run: shadow, or offline over an eval set."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
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
        parser.add_argument(
            "--share", type=float, metavar="0..1", help="the share of traffic that a shadow takes"
        )
        parser.add_argument(
            "--samples", type=int, default=0, metavar="K", help="offline: K further samples of both"
        )
        parser.add_argument("--cap", metavar="USD", help="spending cap: pauses before it is passed")
        parser.add_argument(
            "--no-draw", action="store_true", help="labels come from elsewhere: nothing is queued"
        )
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
            share=options["share"],
            samples=options["samples"],
            cap_usd=_dollars(options["cap"]),
            draw=not options["no_draw"],
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
            "traffic_share": run.sampling["traffic_share"],
            "samples": run.samples,
            "cap_usd": None if run.cap_usd is None else str(run.cap_usd),
        }
        text = f"Started {name} ({run.kind}): {run.candidate} against {run.baseline}."
        self.say(started, text, options["json"])


def _dollars(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise CommandError(f"--cap is {text!r}: write US dollars, such as 25.50.") from None


def _model(project: Project, name: str) -> ModelVersion:
    models = {model.name: model for model in project.models.all()}
    if name not in models:
        known = ", ".join(sorted(models)) or "none yet"
        raise CommandError(f"There is no model version {name!r} in {project.slug} ({known}).")
    return models[name]
