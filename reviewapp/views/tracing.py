"""Settings: which spans are whose, and what lately came in."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evals.comparators import ConfigError
from evals.otlp.tracing import Tracing
from reviewapp import seen_spans
from reviewapp.access import Action, open_project
from reviewapp.actions.tracing import set_tracing
from reviewapp.forms.tracing import TracingForm, rule_forms


@login_required
@require_http_methods(["GET", "POST"])
def tracing(request: HttpRequest, slug: str) -> HttpResponse:
    """Anybody of the project may look. ?name= puts a model that was seen into an empty row."""
    posted = request.method == "POST"
    access = open_project(request.user, slug, Action.RUN if posted else Action.VIEW)
    current = Tracing.parse(access.project.tracing)
    form = TracingForm(request.POST) if posted else TracingForm.of(current)
    wanted = request.GET.getlist("name")[: seen_spans.NAMES]
    rows = rule_forms(access.project, current.models, wanted, request.POST if posted else None)
    problems: list[tuple[str, str]] = []
    if posted and form.is_valid() and rows.is_valid():
        rules = [rule for row in rows if (rule := row.rule)]
        config = {**form.config, "models": rules}
        try:
            set_tracing(project=access.project, config=config, by=access.user)
        except ConfigError as error:
            problems = error.problems
        else:
            seen_spans.forget_names(access.project)
            messages.success(request, "Spans that come in from now on are read this way.")
            return redirect("settings_tracing", slug)
    context = {
        "access": access,
        "section": "settings",
        "may": access.may(Action.RUN),
        "current": current,
        "form": form,
        "rows": rows,
        "problems": problems,
        "seen": seen_spans.of(access.project),
        "versions": access.project.models.values_list("name", flat=True),
        "endpoint": settings.PUBLIC_URL,
    }
    return render(request, "settings_tracing.html", context)
