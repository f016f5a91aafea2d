"""Moves a run to another version of its taxonomy, or says what that would do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from reviewapp.actions import relabel
from reviewapp.labelling import moving
from reviewapp.management.commands._base import ProjectCommand, actor, project_of, run_of


class Command(ProjectCommand):
    help = (
        "Moves a run to another version of its taxonomy: judgements are made in it from then on, "
        "and what labels cannot say in it goes back to the queue."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("run")
        parser.add_argument("version", help='such as "support@2"')
        parser.add_argument("--dry-run", action="store_true", help="only say what it would do")
        self.takes_by(parser)
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        run = run_of(project_of(options["project"]), options["run"])
        try:
            version = moving.find(run, options["version"])
            if options["dry_run"]:
                seen, head = moving.look(run, version), f"{run.name} would go to {version}:"
            else:
                seen = relabel.move_run(run=run, version=version, by=actor(options["by"]))
                head = f"{run.name} is labelled in {version} now:"
        except (moving.UnknownVersion, relabel.RelabelError) as error:
            raise CommandError(str(error)) from None
        told = {"run": run.name, "to": str(version), **seen.as_dict()}
        self.say(told, "\n".join([head, *_lines(seen)]), options["json"])


def _lines(seen: moving.Outlook) -> list[str]:
    lost = ", ".join(f"{count} of “{name}”" for name, count in seen.lost.items())
    split = ", ".join(f"{count} of “{name}”" for name, count in seen.split.items())
    lines = [
        f"  {seen.follow} labels follow",
        f"  {seen.items} items go back to the queue" + (f" ({split})" if split else ""),
        f"  {seen.untranslatable} labels cannot be translated whole"
        + (f" ({lost})" if lost else ""),
        f"  {seen.drafts} drafts are carried over",
    ]
    if seen.elsewhere:
        lines.append(f"  {seen.elsewhere} labels from elsewhere do not say everything, for good")
    if seen.unasked:
        lines.append(f"  unknown for labels so far: {', '.join(seen.unasked)}")
    return lines


def _listed(counts: dict[str, int]) -> str:
    named = ", ".join(f"{count} of “{name}”" for name, count in counts.items())
    return f" ({named})" if named else ""
