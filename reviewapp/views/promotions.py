"""Promotions: asked for on a frozen report, decided once."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviewapp.access import Action, frozen_report, open_project
from reviewapp.actions import promotions as actions
from reviewapp.actions.reports import NotNow
from reviewapp.forms.pages import DecisionForm
from reviewapp.models import Decision, Promotion

PAGE = 50


@login_required
@require_GET
def promotions(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug)
    found = (
        Promotion.objects.filter(project=access.project)
        .defer("report__data")
        .select_related("report__run__candidate", "report__run__baseline", "opened_by")
        .select_related("decision__decided_by")
        .order_by("-number")
    )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"access": access, "section": "promotions", "page": page}
    return render(request, "promotions.html", context)


@login_required
@require_POST
def open_promotion(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """Asks for a decision on the frozen report that is named, or on the current one, frozen."""
    access = open_project(request.user, slug, Action.DECIDE)
    note = request.POST.get("note", "").replace("\0", "")[:2000]
    found, named = access.run(run), request.POST.get("frozen", "")
    frozen = frozen_report(found, named) if named else None
    try:
        promotion = actions.open(run=found, by=access.user, note=note, frozen=frozen)
    except NotNow as error:
        messages.error(request, str(error))
        return redirect("report", slug, run)
    messages.success(request, f"Promotion {promotion.number} is open, on a report that is frozen.")
    return redirect("promotion", slug, promotion.number)


@login_required
@require_http_methods(["GET", "POST"])
def promotion(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    writes = request.method == "POST"
    access = open_project(request.user, slug, Action.DECIDE if writes else Action.VIEW)
    found = access.promotion(number)
    form = DecisionForm(request.POST or None)
    if form.is_valid():
        try:
            actions.decide(promotion=found, **form.cleaned_data, by=access.user)
            messages.success(request, "Your decision is on record.")
        except actions.AlreadyDecided as error:
            messages.error(request, str(error))
        return redirect("promotion", slug, number)
    decided = Decision.objects.filter(promotion=found).select_related("decided_by").first()
    context = {
        "access": access,
        "section": "promotions",
        "promotion": found,
        "data": found.report.data,
        "decision": decided,
        "form": form,
    }
    return render(request, "promotion.html", context)
