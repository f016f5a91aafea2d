"""Eval sets made from files, and grown from what people have labelled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction

from evals import evalsets, values
from evals.evalsets import NewExample
from evals.models import EvalSet, EvalSetVersion, Project, Run
from evals.records import LineError, TrafficRecord
from reviewapp.actions import audit
from reviewapp.actions.audit import By
from reviewapp.labelling import labels
from reviewapp.models import User


class NothingToAdd(ValueError):
    """No item of the run has a known correct output yet; an eval set is never made empty."""


@transaction.atomic
def create(
    *,
    project: Project,
    name: str,
    lines: Iterable[tuple[int, TrafficRecord | LineError]],
    file: str = "",
    note: str = "",
    by: By,
) -> EvalSetVersion:
    """A version from a file of records. Raises evalsets.EvalSetError; then nothing was made."""
    version = evalsets.create_from_records(
        project=project, name=name, lines=lines, created_by=_name(by), note=note, file=file
    )
    _record(version, by)
    return version


@transaction.atomic
def grow(*, evalset: EvalSet, run: Run, by: By) -> tuple[EvalSetVersion, int]:
    """A new version: the latest one's examples, and each resolved item of `run` with a known
    correct output. Gives the version and how many examples came in or changed their answer.

    An `evalset` that is not saved yet is made. Raises NothingToAdd where it would be empty.
    """
    evalset, _ = EvalSet.objects.get_or_create(project=evalset.project, name=evalset.name)
    # Locked before the latest version is read: another growth at the same time comes before it
    # or after it, and neither leaves out what the other added.
    evalset = EvalSet.objects.select_for_update(no_key=True).get(pk=evalset.pk)
    latest = evalset.versions.order_by("-number").first()
    examples = {
        example.request_id: NewExample(
            example.request, example.expected, example.origin, example.provenance
        )
        for example in (latest.examples.select_related("request") if latest else [])
    }
    changed = 0
    for example in labels.examples(run):
        before = examples.get(example.request.pk)
        if before and values.canonical(before.expected) == values.canonical(example.expected):
            continue  # nothing new: it keeps where it came from
        changed += 1
        if before:  # another answer to what came in by the same way as before
            example = replace(example, origin=before.origin)
        examples[example.request.pk] = example
    if not examples:
        raise NothingToAdd(f"No item of {run.name} is resolved with a known correct output yet.")
    version = evalsets.create_version(
        project=evalset.project,
        name=evalset.name,
        examples=list(examples.values()),
        created_by=_name(by),
        note=f"grown from {run.name}",
    )
    if version != latest:
        _record(version, by)
    return version, changed


def _name(by: By) -> str:
    return by.get_username() if isinstance(by, User) else by


def _record(version: EvalSetVersion, by: By) -> None:
    audit.record(
        project=version.evalset.project,
        by=by,
        verb="made eval set",
        subject=version,
        data={"digest": version.digest, "examples": version.size},
    )
