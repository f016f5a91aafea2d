"""Labels from elsewhere: stored chunk by chunk; and what is said of a whole set of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from evals.models import Project
from evals.records import LabelRecord, LineError
from reviewapp.actions import audit, exposures, items, reports
from reviewapp.actions.audit import By
from reviewapp.labelling.importing import ImportResult, Statement
from reviewapp.labelling.importing.checking import BadRecord, OfComparison, check
from reviewapp.labelling.importing.ledger import Change
from reviewapp.labelling.importing.lookup import Line, Lookup
from reviewapp.labelling.importing.outputs import Outputs, Part
from reviewapp.labelling.importing.reviews import Reviews, Whole
from reviewapp.labelling.importing.states import settle
from reviewapp.models import LabelSet, Rater, User

#: Records of one transaction, and about the findings and kilobytes of notes in them.
CHUNK = 1000
CHUNK_WEIGHT = 20_000
#: Names that came with labels, in one project.
MOST_RATERS = 10_000
_SLUG = re.compile(r"[-\w]{1,80}\Z", re.ASCII)
_KIND = re.compile(r"[\w][-\w .]{0,39}\Z")


def import_labels(
    *,
    project: Project,
    lines: Iterable[tuple[int, LabelRecord | LineError]],
    statement: Statement,
    by: By,
    result: ImportResult | None = None,
) -> ImportResult:
    """Stores label records in chunks; what a chunk stored stays stored whatever comes after it.

    Give a `result` to follow what was stored, also where `lines` ends with an exception, which is
    passed on. Raises ValidationError for a statement that cannot be kept.
    """
    result = ImportResult() if result is None else result
    _check(statement)
    runs: set[int] = set()
    for chunk in _chunks(lines, result):
        result.take(_store(project, chunk, statement, by, runs))
    for run in sorted(runs):
        reports.refresh_soon(run)
    return result


def _chunks(
    lines: Iterable[tuple[int, LabelRecord | LineError]], result: ImportResult
) -> Iterator[list[Line]]:
    """Where the lines end with an exception, those before it come first."""
    chunk: list[Line] = []
    weight = 0
    try:
        for number, record in lines:
            if isinstance(record, LineError):
                result.reject(record)
                continue
            chunk.append((number, record))
            weight += len(record.findings) + len(record.note or "") // 1024
            weight += sum(len(one.note or "") for one in record.findings) // 1024
            if len(chunk) >= CHUNK or weight >= CHUNK_WEIGHT:
                yield chunk
                chunk, weight = [], 0
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


@transaction.atomic
def _store(
    project: Project, chunk: list[Line], statement: Statement, by: By, runs: set[int]
) -> ImportResult:
    alone(project)
    told = ImportResult()
    known = Lookup(project, chunk)
    good: list[tuple[int, LabelRecord, list[Any]]] = []
    for number, record in chunk:
        try:
            about = check(record, known)
            good.append((number, record, about if isinstance(about, list) else [about]))
        except BadRecord as bad:
            told.reject(bad.at(number))
    raters, strange = _raters(project, {record.reviewer for _, record, _ in good}, statement)
    for number, record, _ in good:
        if record.reviewer in strange:
            told.reject(LineError(number, "$.reviewer", strange[record.reviewer]))
    good = [one for one in good if one[1].reviewer in raters]
    if not good:
        return told
    label_set = _label_set(project, statement, by)
    stored = _keep(label_set, good, raters, told, by, runs)
    if stored:
        LabelSet.objects.filter(pk=label_set.pk).update(
            changes=F("changes") + stored, changed_at=timezone.now()
        )
        counts = {k: v for k, v in told.as_dict().items() if k != "problems" and v}
        audit.record(project=project, by=by, verb="imported labels", subject=label_set, data=counts)
    told.problems.sort(key=lambda one: one.line)
    return told


def _keep(
    label_set: LabelSet,
    good: list[tuple[int, LabelRecord, list[Any]]],
    raters: dict[str, Rater],
    told: ImportResult,
    by: By,
    runs: set[int],
) -> int:
    """Holds the records against what is stored and stores what is new. Gives how many rows."""
    loose = [
        Part(record, raters[record.reviewer], about)
        for _, record, abouts in good
        for about in abouts
        if not isinstance(about, OfComparison)
    ]
    of_runs = [
        Whole(record, raters[record.reviewer], about)
        for _, record, abouts in good
        for about in abouts
        if isinstance(about, OfComparison)
    ]
    outputs = Outputs(label_set, loose)
    reviews = Reviews(label_set, of_runs, timezone.now())
    for number, record, abouts in good:
        rater = raters[record.reviewer]
        try:
            outcomes = [
                reviews.take(Whole(record, rater, about))
                if isinstance(about, OfComparison)
                else outputs.take(Part(record, rater, about))
                for about in abouts
            ]
        except BadRecord as bad:
            told.reject(bad.at(number))
            continue
        changes = [outcome.change for outcome in outcomes]
        for outcome in outcomes:
            if outcome.change == Change.CONFLICT:
                told.report([LineError(number, "$", f"{record.reviewer!r}: {outcome.why}")])
        _count(told, changes)
        blind = label_set.blind if record.blind is None else record.blind
        told.not_blind += not blind and any(change in _WRITTEN for change in changes)
    stored = outputs.write()
    touched = reviews.write()
    settle([item for item in touched if item.label_set_id], reviews.now)
    for item in touched:
        if item.label_set_id is None:
            items.resolve(item=item)
    drawn = {row.item.pk for row, _, _ in reviews.new if row.item.label_set_id is None}
    if isinstance(by, User) and drawn:  # who sends labels knows which side is which
        exposures.knows(items=drawn, who=by)
    runs |= {row.item.run_id for row, _, _ in reviews.new}
    return stored + len(reviews.new)


_WRITTEN = (Change.NEW, Change.MERGED, Change.REVISED)


def _count(told: ImportResult, changes: list[Change]) -> None:
    """A record is one of these, whatever the number of its sides."""
    if Change.CONFLICT in changes:
        told.conflicting += 1
    elif Change.REVISED in changes:
        told.superseded += 1
    elif all(change == Change.NEW for change in changes):
        told.stored += 1
    elif Change.NEW in changes or Change.MERGED in changes:
        told.added += 1
    else:
        told.unchanged += 1


def alone(project: Project) -> None:
    """One import at a time in a project, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('labels ' || %s, 0))", [project.pk]
        )


def _raters(
    project: Project, names: set[str], statement: Statement
) -> tuple[dict[str, Rater], dict[str, str]]:
    """The raters of these names, made where they are new; and why some names cannot be taken."""
    kind = statement.kind or ""
    mine = Rater.objects.filter(project=project, kind=Rater.Kind.IMPORTED)
    found = {rater.name: rater for rater in mine.filter(name__in=names)}
    strange = {
        name: f"{name!r} is known here as {rater.about}, not {kind}: send it under another name"
        for name, rater in found.items()
        if kind and rater.about and rater.about != kind
    }
    missing = sorted(names - found.keys())
    if missing and (room := MOST_RATERS - mine.count()) < len(missing):
        why = f"a project takes labels of at most {MOST_RATERS:,} raters"
        strange |= dict.fromkeys(missing[max(room, 0) :], why)
        missing = missing[: max(room, 0)]
    made = Rater.objects.bulk_create(
        [
            Rater(project=project, kind=Rater.Kind.IMPORTED, name=name, about=kind)
            for name in missing
        ]
    )
    if kind:
        unsaid = [rater.pk for rater in found.values() if not rater.about]
        Rater.objects.filter(pk__in=unsaid).update(about=kind)
    raters = found | {rater.name: rater for rater in made}
    return {name: rater for name, rater in raters.items() if name not in strange}, strange


def _label_set(project: Project, statement: Statement, by: By) -> LabelSet:
    """The set of that name, made or told anew of what the statement says. The caller has the
    project's imports to itself."""
    said = {
        name: value
        for name, value in asdict(statement).items()
        if name != "name" and value is not None
    }
    label_set = LabelSet.objects.filter(project=project, name=statement.name).first()
    who = by.get_username() if isinstance(by, User) else by
    if label_set is None:
        label_set = LabelSet.objects.create(
            project=project, name=statement.name, created_by=who, **said
        )
        verb = "began label set"
    elif any(getattr(label_set, name) != value for name, value in said.items()):
        for name, value in said.items():
            setattr(label_set, name, value)
        label_set.save(update_fields=list(said))
        verb = "said of label set"
    else:
        return label_set
    data: dict[str, object] = {
        "design": label_set.design,
        "kind": label_set.kind,
        "blind": label_set.blind,
    }
    audit.record(project=project, by=by, verb=verb, subject=label_set, data=data)
    return label_set


@transaction.atomic
def describe(*, label_set: LabelSet, statement: Statement, by: By) -> LabelSet:
    """Says of a set that is there how its items were chosen, what its raters are, whether they
    were blind where a record does not say. Raises ValidationError."""
    _check(statement)
    alone(label_set.project)
    return _label_set(label_set.project, statement, by)


def _check(statement: Statement) -> None:
    problems = {}
    if not _SLUG.match(statement.name):
        problems["set"] = "up to 80 letters, digits, - and _"
    if statement.design is not None and statement.design not in LabelSet.Design.values:
        problems["design"] = "write census, random or unknown"
    if statement.kind and not _KIND.match(statement.kind):
        problems["kind"] = "a word or two, such as expert, crowd or model: at most 40 characters"
    if problems:
        raise ValidationError(problems)
