"""What Django alone reaches: one view without middleware, authentication or checks that makes the
writes of a submission. `gunicorn tests.bench_bare` serves it for `tests.bench_desk`."""

from __future__ import annotations

import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone

django.setup()
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []
application = get_wsgi_application()

from reviewapp.models import AuditEvent, Review, ReviewItem, Slot  # noqa: E402


@transaction.atomic
def submit(request: HttpRequest) -> JsonResponse:
    sent = json.loads(request.body)
    item = ReviewItem.objects.select_for_update(of=("self",), no_key=True).select_related("run")
    found = item.get(pk=sent["item"])
    now = timezone.now()
    review = Review.objects.create(
        item=found,
        rater_id=sent["rater"],
        taxonomy_version_id=found.run.taxonomy_version_id,
        baseline="ok",
        candidate="ok",
        submission=sent["submission"],
    )
    Slot.objects.filter(pk=sent["slot"]).update(state="submitted", lease_until=None, closed_at=now)
    ReviewItem.objects.filter(pk=found.pk).update(state="resolved", resolved_at=now)
    AuditEvent.objects.create(
        project_id=found.project_id, actor="bench", verb="reviewed", subject=f"item {found.pk}"
    )
    return JsonResponse({"review": review.pk})


urlpatterns = [path("", submit)]
