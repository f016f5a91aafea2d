"""A label record held against what it names: requests, outputs, runs, a taxonomy version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evals import values
from evals.models import Comparison, Output, Request, Run
from evals.records import FindingRecord, LabelRecord, LineError
from reviewapp.desk.judgement import text_at
from reviewapp.labelling.importing.ledger import Found, Side, Word
from reviewapp.labelling.importing.lookup import Lookup, Words

#: Of one record.
MOST_FINDINGS = 1000
LONGEST_NOTE = 10_000
LONGEST_PATH = 500
_GONE = {"baseline": "the baseline", "candidate": "the candidate"}


class BadRecord(ValueError):
    """What is wrong with a record, and at which of its fields."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")

    def at(self, number: int) -> LineError:
        return LineError(number, self.path, self.reason)


@dataclass(frozen=True)
class OfOutput:
    """A judgement of one output; the word has one side, called by the model's name."""

    output: int
    model: int
    words: Words
    word: Word


@dataclass(frozen=True)
class OfComparison:
    """A judgement of a run's comparison; its sides are baseline and candidate."""

    run: Run
    comparison: Comparison
    words: Words
    word: Word


def check(record: LabelRecord, known: Lookup) -> list[OfOutput] | OfComparison:
    """What a record is about, with all its references resolved. Raises BadRecord."""
    _check_size(record)
    request = known.requests.get(record.request)
    if request is None:
        raise BadRecord("$.request", f"no request {record.request!r} is stored; send traffic first")
    if record.run is None:
        words = _words(record, known, None)
        return list(_of_outputs(record, known, request, words))
    run = known.runs.get(record.run)
    if run is None:
        raise BadRecord("$.run", f"there is no run {record.run!r} in this project")
    comparison = known.comparisons.get((run.pk, request))
    if comparison is None:
        raise BadRecord("$.request", f"{record.request!r} is not in the run {run.name}")
    if comparison.outcome is None:
        raise BadRecord("$.request", "its outputs have not been compared yet; send it again later")
    words = _words(record, known, run)
    sides = {}
    for name in record.sides:
        output = getattr(comparison, f"{name}_output_id")
        if output is None:
            raise BadRecord(f"$.sides.{name}", f"{_GONE[name]} gave no output to this request")
        sides[name] = _side(record, name, words, request, output, known.lengths[output])
    if comparison.outcome == Comparison.Outcome.FAILED:
        raise BadRecord("$.request", "a side gave no output: there is no pair to label")
    return OfComparison(run, comparison, words, _word(record, sides))


def _of_outputs(
    record: LabelRecord, known: Lookup, request: int, words: Words
) -> Iterator[OfOutput]:
    for name in record.sides:
        model = known.models.get(name)
        if model is None:
            names = ", ".join(sorted(known.models)[:20]) or "none yet"
            raise BadRecord(
                "$.sides",
                f"no model version {name!r} in this project (known: {names}); with `run` null the "
                "sides name model versions",
            )
        output = known.outputs.get((request, model.pk))
        if output is None:
            raise BadRecord(
                "$.sides", f"no output of {name!r} to {record.request!r} is stored; send it first"
            )
        side = _side(record, name, words, request, output.pk, output.length)
        yield OfOutput(output.pk, model.pk, words, _word(record, {name: side}))


def _check_size(record: LabelRecord) -> None:
    if len(record.findings) > MOST_FINDINGS:
        raise BadRecord("$.findings", f"more than {MOST_FINDINGS:,} findings in one record")
    if len(record.note or "") > LONGEST_NOTE:
        raise BadRecord("$.note", f"longer than {LONGEST_NOTE:,} characters")


def _words(record: LabelRecord, known: Lookup, run: Run | None) -> Words:
    """The version that the record names, else the run's, else the project's."""
    own = run.taxonomy_version if run else known.project.taxonomy_version
    if record.taxonomy is None:
        return known.words(own)
    version = known.versions.get(record.taxonomy)
    if version is None:
        names = ", ".join(sorted(known.versions)[:20])
        raise BadRecord(
            "$.taxonomy", f"no published version {record.taxonomy!r} in this project: {names}"
        )
    if run and version.taxonomy_id != own.taxonomy_id:
        raise BadRecord(
            "$.taxonomy", f"{run.name} is labelled in {own}, which {version} is no version of"
        )
    return known.words(version)


def _word(record: LabelRecord, sides: dict[str, Side]) -> Word:
    corrected = record.corrected_output
    return Word(
        sides,
        record.revision,
        record.authoritative,
        record.blind,
        "" if corrected is None else values.canonical(corrected),
        (record.note or "").strip(),
    )


def _side(
    record: LabelRecord, name: str, words: Words, request: int, output: int, length: int
) -> Side:
    found = [
        _found(one, f"$.findings[{i}]", words, request, output, length)
        for i, one in enumerate(record.findings)
        if one.side == name
    ]
    return Side(record.sides[name], tuple(sorted(found)))


def _found(
    one: FindingRecord, at: str, words: Words, request: int, output: int, length: int
) -> Found:
    severity = one.severity or ""
    if one.category is not None:
        if one.category not in words.categories:
            raise BadRecord(
                f"{at}.category",
                f"{one.category!r} is no category of {words.version}, or only a heading of some",
            )
        severity = severity or words.categories[one.category][1]
    if severity and severity not in words.severities:
        names = ", ".join(words.severities)
        raise BadRecord(
            f"{at}.severity", f"{severity!r} is no severity of {words.version} ({names})"
        )
    note, path = (one.note or "").strip(), one.path or ""
    if one.category is None and not note:
        raise BadRecord(f"{at}.note", "it has no category, and its note is blank: say what it is")
    if len(note) > LONGEST_NOTE:
        raise BadRecord(f"{at}.note", f"longer than {LONGEST_NOTE:,} characters")
    if len(path) > LONGEST_PATH:
        raise BadRecord(f"{at}.path", f"longer than {LONGEST_PATH} characters")
    start, end = one.span or (-1, -1)
    if one.span or path:
        _check_place(one, at, request, output, length)
    return Found(one.category or "", severity, one.where, path, start, end, note)


def _check_place(one: FindingRecord, at: str, request: int, output: int, length: int) -> None:
    """A path names one text; a span lies in it and holds something."""
    if one.path or one.where == "input":
        text = _text(one, request, output)
        if text is None:
            raise BadRecord(f"{at}.path", f"{one.path!r} is no text in the {one.where}")
        length = len(text)
    if one.span and not one.span[0] < one.span[1] <= length:
        raise BadRecord(
            f"{at}.span",
            f"[{one.span[0]}, {one.span[1]}) holds nothing, or is not inside the text, which has "
            f"{length} characters",
        )


def _text(one: FindingRecord, request: int, output: int) -> str | None:
    """Looked up one by one: few findings are of this kind, and texts may be large."""
    if one.where == "input":
        value = Request.objects.values_list("input", flat=True).get(pk=request)
    else:
        value = Output.objects.values_list("value", flat=True).get(pk=output)
    return text_at(value, one.path)
