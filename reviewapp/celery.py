"""The Celery application; tasks live in evals/tasks.py and reviewapp/tasks.py."""

import os

from celery import Celery
from celery.signals import beat_embedded_init, heartbeat_sent

from reviewapp import workers
from reviewapp.supervisor import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")

app = Celery("crosscheck")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
_worker = os.getpid()


def end_with_worker(**_: object) -> None:
    """The scheduler is a child of the worker. One that is killed while it starts would leave it
    behind, asking for work for ever."""
    if os.getpid() == _worker:  # a thread of it
        return
    end_with_parent()
    if os.getppid() != _worker:  # it is gone already
        raise SystemExit


heartbeat_sent.connect(workers.say_alive)
beat_embedded_init.connect(end_with_worker)
