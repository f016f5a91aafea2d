"""Every page against the WCAG 2.2 AA rules of axe, light and dark; none wider than a telephone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from evals.models import EvalSet, Run
from evals.otlp.intake import Taken
from evals.records import decode_labels
from reviewapp import seen_spans, trying
from reviewapp.actions import evalsets, imported, projects, promotions, reports, reviews, taxonomies
from reviewapp.desk.judgement import check
from reviewapp.labelling.importing import Statement
from reviewapp.models import Finding, Membership, ReviewItem, Role, User
from taxonomy import drafts
from tests.reviewapp.browser.conftest import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: A panel of the taxonomy editor each.
DRAFT = (
    "",
    "?do=new&beside=label.none",
    "?do=remove&category=value",
    "?do=split&category=label.none",
    "?do=merge&keys=value.wrong&keys=value.partial",
    "?do=labels",
    "?do=assign&category=label.none",
    "?do=severities",
    "?do=about",
    "?do=import",
)
LABEL = b'{"request": "req-01", "reviewer": "ann", "sides": {"triage-11": "ok"}}\n'
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def addresses(finished_run: Run, bob: User) -> list[str]:
    """All pages of a project in which something has happened on each."""
    project = finished_run.project
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    projects.set_policy(project=project, margin=0.05, critical_margin=0.01, by=bob)
    rater = project.raters.create(kind="script", name="script")
    items = []
    for _ in range(3):
        claim = reviews.claim(project=project, rater=rater)
        assert claim
        item = ReviewItem.objects.get(pk=claim.item_id)
        category = finished_run.taxonomy_version.leaves()[0].key
        found = [{"side": "A", "category": category, "severity": "minor", "span": [0, 1]}]
        sent = {"sides": {"A": "error", "B": "ok"}, "findings": found}
        judgement = check(sent, item, rater)
        reviews.submit(item=item, rater=rater, judgement=judgement, submission=uuid4(), by="script")
        items.append(item)
    seen_spans.note(project, Taken(3, 2, 1, unmapped=Counter({"gpt-4o": 1})))
    reports.refresh(run=finished_run)
    promotion = promotions.open(run=finished_run, by=bob)
    grown = EvalSet.objects.create(project=project, name="grown")
    evalsets.grow(evalset=grown, run=finished_run, by=bob)
    draft = taxonomies.start_draft(project=project, by=bob)
    first = finished_run.taxonomy_version.leaves()[0].key
    Finding.objects.create(review=items[0].reviews.get(), side="candidate", note="It shouts.")
    taxonomies.edit(
        project=project,
        version=draft,
        revision=1,
        change=lambda now: drafts.split(now, first, ["One", "Two"]),
        by=bob,
    )
    imported.import_labels(
        project=project,
        lines=decode_labels([LABEL]),
        statement=Statement(kind="expert", blind=True),
        by=bob,
    )
    trial = trying.begin(finished_run, {"comparators": [{"kind": "label"}]})
    trying.go_on(trial)
    model = finished_run.baseline
    waiting = ReviewItem.objects.filter(run=finished_run, state="pending").first()
    assert waiting
    pages = [
        "",
        "review/",
        "queue/",
        "queue/?category=nothing&q=refund",
        "queue/bulk/?verb=requeue&all=yes",
        "adjudicate/",
        "agreement/",
        f"queue/{items[0].pk}/",
        f"queue/{waiting.pk}/",
        "runs/",
        "runs/new/",
        f"runs/{finished_run.name}/",
        f"runs/{finished_run.name}/report/",
        f"runs/{finished_run.name}/report/items/",
        "promotions/",
        f"promotions/{promotion.number}/",
        "taxonomy/",
        "taxonomy/changes/",
        "taxonomy/notes/",
        "taxonomy/draft/publish/",
        *(f"taxonomy/draft/{query}" for query in DRAFT),
        "evalset/",
        "evalset/new/",
        "evalset/grown/",
        "settings/",
        "settings/models/",
        "settings/models/new/",
        f"settings/models/{model.pk}/",
        "settings/comparators/",
        f"settings/comparators/try/{trial.token}/",
        "settings/sampling/",
        "settings/gate/",
        "settings/labels/",
        "settings/tracing/?name=gpt-4o",
        "settings/tokens/",
    ]
    return ["/", "/projects/new/", *(f"/p/{project.slug}/{page}" for page in pages)]


def violations(page: Page, address: str, scheme: str) -> Iterator[str]:
    for found in Axe().run(page, options=RULES).response["violations"]:
        places = [" ".join(node["target"]) for node in found["nodes"][:3]]
        yield f"{address} ({scheme}) {found['id']}: {places}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages(page: Page, live_server: LiveServer, addresses: list[str], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    sign_in(page, live_server, "bob")
    problems: list[str] = []
    for address in addresses:
        answer = page.goto(live_server.url + address)
        assert answer
        assert answer.status == 200, address
        problems += violations(page, address, scheme)
    assert problems == []


def test_no_page_is_wider_than_its_window(
    page: Page, live_server: LiveServer, addresses: list[str]
) -> None:
    """At 320 pixels: a small telephone, and 400 percent of 1280 (WCAG 1.4.10)."""
    page.set_viewport_size({"width": 320, "height": 256})
    sign_in(page, live_server, "bob")
    wide = []
    for address in addresses:
        page.goto(live_server.url + address)
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        wide += [f"{address}: {over} px"] if over > 0 else []
    assert wide == []


def test_signed_out(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/accounts/login/")
    assert list(violations(page, "login", "light")) == []
