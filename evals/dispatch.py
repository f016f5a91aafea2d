"""Sends background tasks, by name so that nothing need import upward."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def soon(task: str, *args: object, countdown: float = 0) -> None:
    """Sends a task when the transaction is committed. A broker that is down costs time, not
    work: what is due is read from rows every few seconds."""

    def send() -> None:
        try:
            current_app.send_task(task, args, countdown=countdown, retry=False)
        except OperationalError as error:
            log.warning("the broker cannot be reached, %s waits: %s", task, error)

    transaction.on_commit(send)
