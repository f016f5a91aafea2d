"""Judgements of outputs: records without a run. What is new of a chunk, and its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Value
from django.db.models.functions import Coalesce

from evals import values
from evals.records import LabelRecord
from reviewapp.labelling.importing.checking import OfOutput
from reviewapp.labelling.importing.ledger import Change, Found, Outcome, Said, Side, decide
from reviewapp.labelling.importing.lookup import Words
from reviewapp.models import LabelSet, OutputFinding, OutputJudgement, Rater


class Part(NamedTuple):
    """One output of a record that came in."""

    record: LabelRecord
    rater: Rater
    about: OfOutput


def found_values(words: Words, one: Found) -> dict[str, object]:
    """The columns of a finding."""
    return {
        "category_id": words.categories[one.category][0] if one.category else None,
        "severity_id": words.severities[one.severity] if one.severity else None,
        "where": one.where,
        "path": one.path,
        "span_start": one.start if one.end > 0 else None,
        "span_end": one.end if one.end > 0 else None,
        "note": one.note,
    }


#: What a `Found` is made of, from the rows of findings.
FOUND = (
    Coalesce("category__key", Value("")),
    Coalesce("severity__key", Value("")),
    "where",
    "path",
    Coalesce("span_start", Value(-1)),
    Coalesce("span_end", Value(-1)),
    "note",
)


class Outputs:
    """`take` each part in the order of lines, then `write`. The caller has the project's imports
    to itself until its transaction ends."""

    def __init__(self, label_set: LabelSet, parts: Sequence[Part]) -> None:
        self.label_set = label_set
        self.said = _stored(parts)
        outputs = {part.about.output for part in parts if part.record.authoritative}
        decided = OutputJudgement.objects.filter(output__in=outputs, live=True, authoritative=True)
        self.decided = dict(decided.values_list("output_id", "rater_id"))
        self.old: list[int] = []
        self.new: list[tuple[OutputJudgement, Words, Side]] = []

    def take(self, part: Part) -> Outcome:
        record, rater, about = part
        said = self.said[about.output, rater.pk]
        outcome = decide(said, about.word)
        word = outcome.word
        if word is None:
            return outcome
        if word.authoritative and self.decided.setdefault(about.output, rater.pk) != rater.pk:
            why = "somebody else's word is the authoritative one on this output; it stays"
            return Outcome(Change.CONFLICT, why=why)
        if outcome.before:
            outcome.before.live = outcome.before.row.live = False
            if outcome.before.row.pk:
                self.old.append(outcome.before.row.pk)
        (side,) = word.sides.values()
        row = OutputJudgement(
            label_set=self.label_set,
            rater=rater,
            output_id=about.output,
            model_id=about.model,
            taxonomy_version=about.words.version,
            revision=word.revision,
            authoritative=word.authoritative,
            blind=word.blind,
            verdict=side.verdict,
            corrected_output=values.loads(word.corrected) if word.corrected else None,
            note=word.note,
            duration_s=record.duration_s,
            reviewed_at=record.reviewed_at,
        )
        said.append(Said(**vars(word), row=row))
        self.new.append((row, about.words, side))
        return outcome

    def write(self) -> int:
        """Gives how many judgements it stored."""
        OutputJudgement.objects.filter(pk__in=self.old).update(live=False)
        OutputJudgement.objects.bulk_create([row for row, _, _ in self.new], batch_size=1000)
        OutputFinding.objects.bulk_create(
            [
                OutputFinding(judgement=row, **found_values(words, one))
                for row, words, side in self.new
                for one in side.findings
            ],
            batch_size=1000,
        )
        return len(self.new)


def _stored(parts: Sequence[Part]) -> dict[tuple[int, int], list[Said]]:
    """All that these raters have said of these outputs, by output and rater."""
    said: dict[tuple[int, int], list[Said]] = defaultdict(list)
    names = {part.about.model: next(iter(part.about.word.sides)) for part in parts}
    rows = list(
        OutputJudgement.objects.filter(
            output__in={part.about.output for part in parts},
            rater__in={part.rater.pk for part in parts},
        ).order_by("revision")
    )
    found: dict[int, list[Found]] = defaultdict(list)
    findings = OutputFinding.objects.filter(judgement__in=[row.pk for row in rows])
    for pk, *columns in findings.values_list("judgement_id", *FOUND):
        found[pk].append(Found(*columns))
    for row in rows:
        side = Side(row.verdict, tuple(sorted(found[row.pk])))
        said[row.output_id, row.rater_id].append(
            Said(
                {names[row.model_id]: side},
                row.revision,
                row.authoritative,
                row.blind,
                corrected(row.corrected_output),
                row.note,
                row=row,
                live=row.live,
            )
        )
    return said


def corrected(value: object) -> str:
    return "" if value is None else values.canonical(value)
