"""Stores label records that were made elsewhere, from a JSONL file of any length."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from evals.models import SeveralRaters
from evals.records import decode_labels
from reviewapp.actions.imported import import_labels
from reviewapp.actions.several_raters import set_several_raters
from reviewapp.labelling.importing import ImportResult, Statement
from reviewapp.management.commands._base import ProjectCommand, actor, project_of
from reviewapp.management.commands._progress import shown, watched
from reviewapp.models import LabelSet


class Command(ProjectCommand):
    help = (
        "Stores label records, one JSON object a line, with their raters. Where a record has no "
        "run its sides name model versions, and every run over them sees it. The same line twice "
        "changes nothing; a bad line costs nothing else. Exits with 1 if any line was rejected or "
        "in conflict."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("file", help="JSONL, may be .gz; - for standard input")
        parser.add_argument("--set", default="imported", metavar="NAME", help="the label set")
        parser.add_argument(
            "--design",
            choices=LabelSet.Design.values,
            help="how the items were chosen: all there are, at random in each stratum, or nobody "
            "knows (then there is no gate; so it is where nothing is said)",
        )
        parser.add_argument("--kind", help="what the raters are: expert, crowd, model …")
        parser.add_argument(
            "--blind",
            action="store_true",
            help="no rater knew which version an output is of, where a record does not say",
        )
        parser.add_argument(
            "--average",
            action="store_true",
            help="from now on average several raters of an output, in the whole project",
        )
        self.takes_by(parser)
        self.takes_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project, by = project_of(options["project"]), actor(options["by"])
        statement = Statement(
            options["set"], options["design"], options["kind"], options["blind"] or None
        )
        result = ImportResult()
        if options["average"]:
            set_several_raters(project=project, several=SeveralRaters.AVERAGE, by=by)
        try:
            with (
                watched(options["file"]) as (source, stream),
                shown(self.stderr, source, lambda: result.lines),
            ):
                lines = decode_labels(stream, settings.MAX_LINE_BYTES)
                import_labels(
                    project=project, lines=lines, statement=statement, by=by, result=result
                )
        finally:
            self._tell(result, options["json"])
        if bad := result.rejected + result.conflicting:
            were = "1 line was" if bad == 1 else f"{bad:,} lines were"
            raise CommandError(f"{were} rejected or in conflict; all others are stored.")

    def _tell(self, result: ImportResult, as_json: bool) -> None:
        self.complain(result.in_order)
        bad = result.rejected + result.conflicting
        if bad > len(result.problems):
            self.stderr.write(f"(the first {len(result.problems)} problems are shown)")
        if result.not_blind:
            self.stderr.write(
                f"{result.not_blind:,} of them are not known to be blind: they are kept and shown, "
                "and left out of estimates and the gate. If no rater knew which version an output "
                'is of, send them with --blind, or with "blind": true in each record.'
            )
        text = ", ".join(f"{name} {getattr(result, name):,}" for name in result.OUTCOMES)
        self.say(result.as_dict(), text, as_json)
