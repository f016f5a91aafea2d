"""The Celery application; tasks live in evals/tasks.py and reviewapp/tasks.py."""

import os

from celery import Celery
from celery.signals import heartbeat_sent

from reviewapp import workers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")

app = Celery("crosscheck")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
heartbeat_sent.connect(workers.say_alive)
