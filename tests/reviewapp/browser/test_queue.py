"""The list of items, adjudication and agreement in a browser: by keyboard, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp.actions import agreement
from reviewapp.models import Membership, Rater, Review, ReviewItem, Role, User
from tests.reviewapp.browser.conftest import sign_in, wait_for_keys
from tests.reviewapp.browser.test_accessibility import violations
from tests.reviewapp.judging import judge, second_place

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HERE = "/p/support"


@pytest.fixture
def disputed(finished_run: Run, bob: User) -> list[ReviewItem]:
    """Two items on which two others differ; Bob, who leads, has judged neither."""
    Membership.objects.filter(user=bob).update(role=Role.LEAD)
    project = finished_run.project
    one, other = (
        Rater.objects.create(project=project, kind="script", name=name) for name in ("x-1", "x-2")
    )
    chosen = list(
        finished_run.items.filter(stratum__startswith="differ").order_by("rank", "pk")[:2]
    )
    for item in chosen:
        second_place(item)
        judge(item, one, A="ok", B="ok")
        judge(item, other, A="error", B="ok")
    return chosen


def at(page: Page, live_server: LiveServer, path: str) -> None:
    sign_in(page, live_server, "bob")
    page.goto(f"{live_server.url}{HERE}/{path}")


class TestList:
    def test_a_filter_changes_the_rows_in_place(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        at(page, live_server, "queue/")
        page.select_option("#state", "disputed")
        expect(page.locator("[data-row]")).to_have_count(2)
        assert page.url.endswith("/queue/?state=disputed")
        page.fill("#q", "nowhere")
        page.keyboard.press("Enter")
        expect(page.locator("#rows")).to_contain_text("No items here")
        page.reload()
        expect(page.locator("#q")).to_have_value("nowhere")

    def test_by_keyboard(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        at(page, live_server, "queue/?state=disputed")
        for key in ("j", "x", "j", "k", "j"):
            page.keyboard.press(key)
        expect(page.locator('[name="item"]:checked')).to_have_count(1)
        page.keyboard.press("Enter")
        second = max(one.pk for one in disputed)
        expect(page.locator("h1")).to_contain_text(f"Item {second}")

    def test_bulk_says_first_and_then_does(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        ReviewItem.objects.filter(pk=disputed[0].pk).update(state="skipped")
        at(page, live_server, "queue/?state=skipped")
        page.get_by_label("Choose item").check()
        page.get_by_role("button", name="Put skipped ones back").click()
        expect(page.locator("#bulk")).to_contain_text("1 of 1 item")
        page.get_by_role("button", name="Put 1 back").click()
        expect(page.locator(".messages")).to_contain_text("1 item back in the queue")

    def test_the_panel_asks_again_by_itself(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        at(page, live_server, "queue/")
        with page.expect_response(lambda answer: answer.url.endswith("/queue/live/")):
            page.evaluate("htmx.trigger('#live', 'seen')")
        expect(page.locator("#live")).to_have_count(1)


class TestAdjudication:
    def test_accepting_by_key_goes_on_with_the_next(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        at(page, live_server, "adjudicate/")
        wait_for_keys(page)
        page.keyboard.press("y")
        expect(page.locator("h1")).to_contain_text(f"item {disputed[1].pk}")
        assert Review.objects.get(authoritative=True).item == disputed[0]

    def test_judging_anew_goes_on_with_the_next(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        at(page, live_server, "adjudicate/")
        wait_for_keys(page)
        page.keyboard.press("F")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text(f"item {disputed[1].pk}")
        word = Review.objects.get(authoritative=True)
        assert (word.item, word.baseline, word.candidate) == (disputed[0], "ok", "ok")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages(
    page: Page, live_server: LiveServer, disputed: list[ReviewItem], scheme: str
) -> None:
    agreement.refresh(project=disputed[0].project)
    page.emulate_media(color_scheme=scheme)
    sign_in(page, live_server, "bob")
    addresses = [
        "",
        "queue/?q=message",
        "queue/bulk/?verb=release&all=yes",
        "adjudicate/",
        "agreement/",
    ]
    problems = []
    for path in addresses:
        page.goto(f"{live_server.url}{HERE}/{path}")
        problems += violations(page, path, scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    for path in addresses:
        page.goto(f"{live_server.url}{HERE}/{path}")
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        problems += [f"{path}: {over} px too wide"] if over > 0 else []
    assert problems == []
