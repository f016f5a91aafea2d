"""A new taxonomy version asks for a label again: the desk has it filled in and wants the choice."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp.actions import relabel, reports
from reviewapp.models import Membership, Review, Role, User
from taxonomy.models import TaxonomyVersion
from tests.reviewapp.actions.scenes import review
from tests.reviewapp.browser.conftest import sign_in, wait_for_keys
from tests.reviewapp.versions import further

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def second(finished_run: Run, bob: User) -> TaxonomyVersion:
    """Bob has labelled an item before it was published."""
    project = finished_run.project
    rater = project.raters.create(kind="member", user=bob, name="bob")
    item = finished_run.items.filter(stratum__startswith="differ").first()
    review(item, rater, "", "label.missed", note="see")
    return further(
        project,
        new=("late", "never"),
        out=("label.missed",),
        became={"label.missed": "late never"},
    )


def test_it_works(
    page: Page, live_server: LiveServer, finished_run: Run, bob: User, second: TaxonomyVersion
) -> None:
    relabel.move_run(run=finished_run, version=second, by=bob)
    sign_in(page, live_server, "bob")
    page.goto(f"{live_server.url}/p/support/review/")
    wait_for_keys(page)
    expect(page.locator(".notice")).to_contain_text("You labelled this in classification@1")
    expect(page.locator(".findings li")).to_contain_text("choose: Late or Never (was Missed)")
    expect(page.locator("#note")).to_have_value("see")
    page.keyboard.press("Enter")
    expect(page.locator("#problems")).to_contain_text("choose Late or Never (was Missed)")
    page.get_by_role("button", name="Never").first.click()
    expect(page.locator(".findings li")).to_contain_text("Never (was Missed)")
    page.keyboard.press("Enter")
    expect(page.locator(".deskbar")).to_contain_text("2 today")
    new = Review.objects.get(live=True)
    assert (new.findings.get().category.key, new.blind) == ("never", True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_pages(
    page: Page,
    live_server: LiveServer,
    finished_run: Run,
    bob: User,
    second: TaxonomyVersion,
    scheme: str,
) -> None:
    """Against the rules of axe, and none wider than a telephone."""
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    reports.refresh(run=finished_run, version=second)
    page.emulate_media(color_scheme=scheme)
    sign_in(page, live_server, "bob")
    run = f"/p/support/runs/{finished_run.name}"
    asked = f"?version={second}"
    _check(page, live_server, f"{run}/taxonomy/{asked}", f"{run}/report/?taxonomy={second}")
    page.goto(live_server.url + f"{run}/taxonomy/{asked}")
    page.get_by_role("button", name="Move").click()
    expect(page.locator("main")).to_contain_text("1 by bob")
    _check(page, live_server, f"{run}/taxonomy/", "/p/support/queue/", "/p/support/review/")


def _check(page: Page, live_server: LiveServer, *addresses: str) -> None:
    for address in addresses:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(live_server.url + address)
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(address, one["id"], one["nodes"][0]["target"]) for one in found] == []
        page.set_viewport_size({"width": 390, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{address}: {over} px"
