"""The items behind a number of a report."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from evals.models import Run, SeveralRaters
from evals.values import row_number
from reviewapp.access import Access, open_project
from reviewapp.actions import exposures
from reviewapp.among import among
from reviewapp.labelling import elsewhere
from reviewapp.labelling.averaging import averages
from reviewapp.models import Finding, Report, ReviewItem
from reviewapp.reports import behind_numbers
from reviewapp.reports.behind_numbers import Number
from reviewapp.views import report_pairs
from reviewapp.views.report import chosen_report, version_of
from taxonomy.models import Category, TaxonomyVersion

PAGE = 25


@login_required
@require_GET
def items(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """Resolved items that a number counts: ?category= (none: errors of any kind), &side=, &d=worse
    or better. Whoever is shown them knows their sides, which is kept."""
    access = open_project(request.user, slug)
    found = access.run(run)
    asked = {name: str(value).replace("\0", "") for name, value in request.GET.items()}
    chosen = version_of(found, asked.get("taxonomy", ""))
    report = chosen_report(found, asked.get("frozen", ""), chosen)
    frozen = report is not None and report.frozen_at is not None
    version = report.taxonomy_version if report and frozen else chosen or found.taxonomy_version
    number = _number(version, asked)
    after = row_number(asked.get("after", ""))
    if (report and report.data["elsewhere"]) and (said := elsewhere.of(found)) is not None:
        pairs = behind_numbers.pairs(found, version, said, number)
        behind = report_pairs.page(found, pairs, access, after=after, size=PAGE)
    else:
        behind = _page(_behind(found, version, report, number), access, after)
    more = behind.pop("more")
    context = {
        "access": access,
        "section": "runs",
        "run": found,
        "report": report,
        "number": number,
        "averaged": _averaged(found, report),
        "counted": number.in_report(report.data) if report else None,
        "more": urlencode({**asked, "after": str(more)}) if more else "",
        **_links(asked),
        **behind,
    }
    return render(request, "report_items.html", context)


def _averaged(run: Run, report: Report | None) -> bool:
    """Whether the report was of means over raters."""
    if report is None:
        return averages(run)
    said = (report.data["elsewhere"] or report.data["run"]).get("several_raters")
    return bool(said == SeveralRaters.AVERAGE)


def _number(version: TaxonomyVersion, asked: dict[str, str]) -> Number:
    side, d = asked.get("side", ""), asked.get("d", "")
    return Number(
        _category(version, asked.get("category", "")),
        side if side in behind_numbers.SIDES else "",
        d if d in behind_numbers.WAYS else "",
    )


def _category(version: TaxonomyVersion, key: str) -> Category | None:
    if not key:
        return None
    found = version.categories.filter(key=key).first()
    if found is None:
        raise Http404(f"There is no category {key!r} in {version}.")
    return found


def _links(asked: dict[str, str]) -> dict[str, str]:
    kept = urlencode({name: asked[name] for name in ("taxonomy", "frozen") if asked.get(name)})
    return {"back": f"?{kept}" if kept else "", "keep": f"&{kept}" if kept else ""}


def _behind(
    run: Run, version: TaxonomyVersion, report: Report | None, number: Number
) -> dict[int, list[int]]:
    """As the report counted them; a report of before this was kept, or none, has those of now."""
    counted = report.data.get("counted") if report else None
    if counted is None:
        return behind_numbers.items(run, version, number)
    return behind_numbers.items_counted(counted, version, number)


def _page(every: dict[int, list[int]], access: Access, after: int) -> dict[str, Any]:
    """Resolved items after `after`, each with what was said of it; and after which the next page
    begins."""
    resolved = ReviewItem.objects.filter(
        among(ReviewItem, "id", every), state=ReviewItem.State.RESOLVED
    )
    found = list(
        resolved.filter(pk__gt=after)
        .select_related(
            "comparison__request", "comparison__baseline_output", "comparison__candidate_output"
        )
        .order_by("pk")[: PAGE + 1]
    )
    more = found[PAGE - 1].pk if len(found) > PAGE else None
    shown = found[:PAGE]
    may_see = exposures.show(items=[item.pk for item in shown], to=access.user)
    said = _said([pk for item in shown for pk in every[item.pk]])
    rows = [
        {"item": item, "of": item.comparison, "findings": said.get(item.pk, [])}
        for item in shown
        if item.pk in may_see
    ]
    hidden = len(every) - resolved.count() + len(shown) - len(rows)
    return {"rows": rows, "more": more, "count": len(every), "hidden": hidden}


def _said(reviews: list[int]) -> dict[int, list[Finding]]:
    """Findings of these reviews by item."""
    rows = Finding.objects.filter(review__in=reviews).select_related(
        "category", "severity", "review"
    )
    said: dict[int, list[Finding]] = {}
    for finding in rows.order_by("side", "pk"):
        said.setdefault(finding.review.item_id, []).append(finding)
    return said
