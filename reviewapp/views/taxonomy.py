"""The project's taxonomy: what an error can be called, and how heavy it is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviewapp.access import Access, Action, open_project
from reviewapp.actions import projects, taxonomies
from reviewapp.forms.configuration import TaxonomyForm
from reviewapp.labelling.labelled import findings_by_category
from reviewapp.views.taxonomy_notes import notes_to_sort
from taxonomy import interchange
from taxonomy.drafts import stored
from taxonomy.models import Category, TaxonomyVersion

Tree = list[dict[str, Any]]


@login_required
@require_http_methods(["GET", "POST"])
def taxonomy(request: HttpRequest, slug: str) -> HttpResponse:
    """The version in force, or ?version=NAME@N. A POST begins a draft with the content of a
    file, and shows what publishing it would change."""
    writes = request.method == "POST"
    access = open_project(request.user, slug, Action.CONFIGURE if writes else Action.VIEW)
    form = TaxonomyForm(request.POST or None, request.FILES or None)
    problems: list[str] = []
    if form.is_valid():
        try:
            content = interchange.read(form.cleaned_data["text"])
            taxonomies.start_from(project=access.project, content=content, by=access.user)
        except interchange.TaxonomyError as error:
            problems = [str(problem) for problem in error.problems]
        else:
            return redirect("taxonomy_draft_publish", slug)
    shown = version_of(access, request.GET.get("version", ""))
    context = {
        "access": access,
        "section": "taxonomy",
        "version": shown,
        "tree": tree(shown),
        "labels": findings_by_category(shown),
        "versions": versions(access),
        "draft": stored.open_draft(access.project.taxonomy_version.taxonomy),
        "notes": notes_to_sort(access.project).count(),
        "form": form,
        "problems": problems,
    }
    return render(request, "taxonomy.html", context)


@login_required
@require_POST
def adopt(request: HttpRequest, slug: str) -> HttpResponse:
    """Goes to another published version, for runs that start from now on."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    version = version_of(access, request.POST.get("version", ""))
    try:
        projects.set_taxonomy(project=access.project, version=version, by=access.user)
    except interchange.TaxonomyError as error:  # it was retired meanwhile
        messages.error(request, f"{error.problems[0].message}.")
    else:
        messages.success(request, f"Runs that start from now on use {version}.")
    return redirect("taxonomy", slug)


@login_required
@require_POST
def retire(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes a version out of use, or with `back` into use again."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    version = version_of(access, request.POST.get("version", ""))
    back = "back" in request.POST
    change = projects.unretire_taxonomy if back else projects.retire_taxonomy
    try:
        change(project=access.project, version=version, by=access.user)
    except interchange.TaxonomyError as error:
        messages.error(request, f"{error.problems[0].message}.")
    else:
        how = "can be used again" if back else "is retired: no new run can use it"
        messages.success(request, f"{version} {how}.")
    return redirect("taxonomy", slug)


@login_required
@require_GET
def export(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug)
    reference = request.GET.get("version", "")
    draft = stored.open_draft(access.project.taxonomy_version.taxonomy)
    mine = draft is not None and str(draft) == reference and access.may(Action.CONFIGURE)
    version = draft if draft and mine else version_of(access, reference)
    text = interchange.write(interchange.content_of(version))
    file = f"{version.taxonomy.name}-{version.number}.yaml"
    return HttpResponse(
        text,
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


def versions(access: Access) -> QuerySet[TaxonomyVersion]:
    return (
        TaxonomyVersion.objects.filter(taxonomy__project=access.project.slug)
        .exclude(state=TaxonomyVersion.State.DRAFT)
        .select_related("taxonomy", "based_on__taxonomy")
        .annotate(count=Count("categories"))
        .order_by("taxonomy__name", "-number")
    )


def version_of(access: Access, reference: str) -> TaxonomyVersion:
    """The version in force, or the one behind "support@2"."""
    if not reference:
        return access.project.taxonomy_version
    name, _, number = reference.partition("@")
    found = None
    if number.isdecimal() and len(number) < 9:
        found = versions(access).filter(taxonomy__name=name, number=int(number)).first()
    if found is None:
        raise Http404(f"There is no taxonomy version {reference!r} in this project.")
    return found


def tree(version: TaxonomyVersion) -> Tree:
    """The top categories, each with its children; two queries more for severities and weights."""
    below: dict[int | None, list[Category]] = {}
    rows = version.categories.select_related("default_severity").order_by("position")
    for category in rows.prefetch_related("weights__severity"):
        below.setdefault(category.parent_id, []).append(category)
    return _nested(None, below)


def _nested(parent: int | None, below: dict[int | None, list[Category]]) -> Tree:
    return [
        {"category": category, "children": _nested(category.pk, below)}
        for category in below.get(parent, [])
    ]
