"""The items behind a number of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from evals.models import Run
from evals.values import row_number
from reviewapp.access import open_project
from reviewapp.actions import exposures
from reviewapp.models import Finding, Report, Review, ReviewItem
from reviewapp.reports import behind_numbers
from reviewapp.views.report import chosen_report, version_of
from taxonomy.models import Category, TaxonomyVersion

PAGE = 25


@dataclass(frozen=True)
class Number:
    """Of a report. category: None for errors of any kind; side, d: "" for any."""

    category: Category | None
    side: str
    d: str

    def in_report(self, data: dict[str, Any]) -> int | None:
        """What a report says, where it says it as a count."""
        row = data["overall"]
        if self.category:
            key = self.category.key
            row = next((one for one in data["categories"] if one["key"] == key), None)
        if not row:
            return None
        said = row[self.d] if self.d else (row.get("found") or {}).get(self.side)
        return said if isinstance(said, int) else None


@login_required
@require_GET
def items(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """Resolved items that a number counts: ?category= (none: errors of any kind), &side=, &d=worse
    or better. Whoever is shown them knows their sides, which is kept."""
    access = open_project(request.user, slug)
    found = access.run(run)
    asked = {name: str(value).replace("\0", "") for name, value in request.GET.items()}
    version = version_of(found, asked.get("taxonomy", ""))
    report = chosen_report(found, asked.get("frozen", ""), version)
    number = _number(version or found.taxonomy_version, asked)
    context = {
        "access": access,
        "section": "runs",
        "run": found,
        "report": report,
        "number": number,
        **_links(asked),
        **_behind(found, version or found.taxonomy_version, report, number, asked),
    }
    exposures.show(items=[row["item"].pk for row in context["rows"]], to=access.user)
    return render(request, "report_items.html", context)


def _number(version: TaxonomyVersion, asked: dict[str, str]) -> Number:
    side, d = asked.get("side", ""), asked.get("d", "")
    return Number(
        _category(version, asked.get("category", "")),
        side if side in behind_numbers.SIDES else "",
        d if d in behind_numbers.WAYS else "",
    )


def _links(asked: dict[str, str]) -> dict[str, str]:
    kept = urlencode({name: asked[name] for name in ("taxonomy", "frozen") if asked.get(name)})
    return {"back": f"?{kept}" if kept else "", "keep": f"&{kept}" if kept else ""}


def _behind(
    run: Run, version: TaxonomyVersion, report: Report | None, number: Number, asked: dict[str, str]
) -> dict[str, Any]:
    """Labels that were made elsewhere are of outputs: no items are behind their numbers."""
    elsewhere = bool(report and report.data["elsewhere"])
    every = (
        []
        if elsewhere
        else behind_numbers.items(run, version, number.category, number.side, number.d)
    )
    resolved = ReviewItem.objects.filter(pk__in=every, state=ReviewItem.State.RESOLVED)
    rows, more = _page(resolved, asked)
    return {
        "rows": rows,
        "more": urlencode({**asked, "after": str(more)}) if more else "",
        "count": len(every),
        "hidden": len(every) - resolved.count(),
        "elsewhere": elsewhere,
        "counted": number.in_report(report.data) if report and not elsewhere else None,
    }


def _category(version: TaxonomyVersion, key: str) -> Category | None:
    if not key:
        return None
    found = version.categories.filter(key=key).first()
    if found is None:
        raise Http404(f"There is no category {key!r} in {version}.")
    return found


def _page(resolved: Any, asked: dict[str, str]) -> tuple[list[dict[str, Any]], int | None]:
    """Items after ?after=, each with what was said of it; and after which the next page begins."""
    found = list(
        resolved.filter(pk__gt=row_number(asked.get("after", "")))
        .select_related(
            "comparison__request", "comparison__baseline_output", "comparison__candidate_output"
        )
        .order_by("pk")[: PAGE + 1]
    )
    more = found[PAGE - 1].pk if len(found) > PAGE else None
    said = _said([item.pk for item in found[:PAGE]])
    return [{"item": item, "findings": said.get(item.pk, [])} for item in found[:PAGE]], more


def _said(items: list[int]) -> dict[int, list[Finding]]:
    """Findings of the label that counts: the adjudication where there is one."""
    reviews = Review.objects.filter(item__in=items, live=True, blind=True)
    chosen: dict[int, int] = {}
    for pk, item in reviews.order_by("item", "-authoritative", "rater").values_list("pk", "item"):
        chosen.setdefault(item, pk)
    rows = Finding.objects.filter(review__in=chosen.values()).select_related(
        "category", "severity", "review"
    )
    said: dict[int, list[Finding]] = {}
    for finding in rows.order_by("side", "pk"):
        said.setdefault(finding.review.item_id, []).append(finding)
    return said
