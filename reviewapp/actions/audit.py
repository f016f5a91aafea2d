"""The record of who did what, sealed into one chain of digests a project."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from django.db import transaction

from evals.models import Project
from reviewapp.models import AuditEvent, User
from reviewapp.prepared import insert

#: A person, or in words what acted without one: "worker", "command line", "script".
By = User | str


def record(
    *, project: Project, by: By, verb: str, subject: object, data: dict[str, object] | None = None
) -> AuditEvent:
    """One event, in the transaction of what it tells of."""
    person = by if isinstance(by, User) else None
    event = AuditEvent(
        project=project,
        by=person,
        actor=person.get_username() if person else str(by),
        verb=verb,
        subject=str(subject)[:200],
        data=data or {},
    )
    insert(event)
    return event


def seal(project: Project) -> int:
    """Chains events that are not sealed yet. Gives how many.

    In the order of sealing, not of ids: a transaction that commits late is sealed late.
    """
    with transaction.atomic():
        # Not FOR UPDATE: whatever is written in the project meanwhile refers to this row.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        last = AuditEvent.objects.filter(project=project, sequence__isnull=False).order_by(
            "-sequence"
        )
        previous = last.first()
        sequence = previous.sequence or 0 if previous else 0
        digest = previous.digest if previous else ""
        events = AuditEvent.objects.filter(project=project, sequence=None).order_by("id")[:1000]
        count = 0
        for event in events:
            sequence, count = sequence + 1, count + 1
            digest = event.digest = link(digest, sequence, event)
            event.sequence = sequence
            event.save(update_fields=["sequence", "digest"])
        return count


def link(previous: str, sequence: int, event: AuditEvent) -> str:
    content = [
        previous,
        sequence,
        event.at.isoformat(),
        event.by_id,
        event.actor,
        event.verb,
        event.subject,
        event.data,
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def broken_links(project: Project) -> Iterator[str]:
    """What is wrong with a project's chain, in words; nothing where it is whole."""
    previous, expected = "", 1
    sealed = AuditEvent.objects.filter(project=project, sequence__isnull=False)
    for event in sealed.order_by("sequence").iterator():
        if event.sequence != expected:
            yield f"event {expected} of the chain is missing (next found: {event.sequence})"
        elif event.digest != link(previous, expected, event):
            yield f"event {expected} ({event.actor} {event.verb} {event.subject}) was altered"
        previous, expected = event.digest, (event.sequence or 0) + 1
