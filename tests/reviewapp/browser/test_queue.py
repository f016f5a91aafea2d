"""The list of items, adjudication and agreement in a browser: by keyboard, light and dark."""

from __future__ import annotations

import pytest
from django.utils import timezone
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


@pytest.fixture
def adjudicating(page: Page, live_server: LiveServer, disputed: list[ReviewItem]) -> Page:
    """Bob before the first of the two."""
    at(page, live_server, "adjudicate/")
    wait_for_keys(page)
    return page


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
        page.go_back()  # to the row that one was at
        expect(page.locator(f'[data-row] th a[href$="/{second}/"]')).to_be_focused()

    def test_bulk_says_first_and_then_does(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        ReviewItem.objects.filter(pk=disputed[0].pk).update(state="skipped")
        at(page, live_server, "queue/?state=skipped")
        page.get_by_label("Choose all items").check()
        expect(page.locator("legend")).to_contain_text("ticked: 1")
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
    def test_accepting_by_key_goes_on_with_the_next(self, adjudicating: Page) -> None:
        first, second = ReviewItem.objects.filter(state="disputed").order_by("rank", "pk")
        adjudicating.keyboard.press("y")
        expect(adjudicating.locator("h1")).to_contain_text(f"item {second.pk}")
        expect(adjudicating.locator(".deskbar")).to_contain_text(f"Item {first.pk} is adjudicated")
        assert Review.objects.get(authoritative=True).item == first

    def test_another_review_by_key(self, adjudicating: Page) -> None:
        expect(adjudicating.locator(".review.chosen")).to_have_attribute("data-review", "1")
        adjudicating.keyboard.press("q")
        expect(adjudicating.locator(".review.chosen")).to_have_attribute("data-review", "2")
        said = adjudicating.locator(".review.chosen li").inner_text()
        adjudicating.keyboard.press("y")
        expect(adjudicating.locator(".deskbar")).to_contain_text("is adjudicated")
        found = Review.objects.get(authoritative=True).findings.exists()
        assert found == ("No findings" not in said)

    def test_what_a_review_points_to_is_marked_in_the_texts(self, adjudicating: Page) -> None:
        """Of the two reviews one found something, on the first character of a side."""
        error = adjudicating.locator(".review", has=adjudicating.locator("[data-place]"))
        error.locator("h3").click()
        quote = error.locator("q").inner_text().strip('“”"')
        adjudicating.wait_for_function(
            "text => [...(CSS.highlights.get('said') || [])].map(String).join() === text", arg=quote
        )

    def test_beginning_with_a_review(self, adjudicating: Page) -> None:
        error = adjudicating.locator(".review", has=adjudicating.locator("[data-place]"))
        error.get_by_role("link", name="Begin with it").click()
        expect(adjudicating.locator("ul.findings li")).to_have_count(1)

    def test_what_was_typed_is_not_given_up_without_a_question(self, adjudicating: Page) -> None:
        adjudicating.on("dialog", lambda dialog: dialog.dismiss())
        adjudicating.keyboard.press("f")
        expect(adjudicating.locator(".side.a")).to_contain_text("✓ fine")
        with adjudicating.expect_event("dialog") as asked:
            adjudicating.keyboard.press("y")
        assert "not kept" in asked.value.message
        assert not Review.objects.filter(authoritative=True).exists()

    def test_left_to_somebody_else_by_key(self, adjudicating: Page) -> None:
        adjudicating.keyboard.press("k")
        expect(adjudicating.get_by_role("button", name="show the 1 again")).to_be_visible()

    def test_the_last_one_is_undone_by_key(self, adjudicating: Page) -> None:
        first = adjudicating.locator("h1").inner_text()
        adjudicating.keyboard.press("F")
        adjudicating.keyboard.press("Enter")
        expect(adjudicating.locator(".deskbar")).to_contain_text("is adjudicated")
        wait_for_keys(adjudicating)
        adjudicating.keyboard.press("u")
        expect(adjudicating.locator("h1")).to_have_text(first)
        expect(adjudicating.locator(".side.a")).to_contain_text("✓ fine")
        assert not Review.objects.filter(authoritative=True, live=True).exists()

    def test_it_fits_the_window(self, adjudicating: Page) -> None:
        """As the desk does: the texts and the reviews scroll, what judges is always in sight."""
        over = "document.documentElement.scrollHeight - innerHeight"
        assert adjudicating.evaluate(over) <= 0
        for name in ("Submit and next", "Judge this side a", "Accept review 1 as it is"):
            button = adjudicating.get_by_role("button", name=name).first
            expect(button).to_be_in_viewport(ratio=1)

    def test_from_the_list(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        at(page, live_server, "queue/?state=disputed")
        for key in ("j", "j", "d"):
            page.keyboard.press(key)
        second = max(one.pk for one in disputed)
        expect(page.locator("h1")).to_contain_text(f"item {second}")

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


class TestItem:
    def test_it_is_read_in_the_desks_ways(
        self, page: Page, live_server: LiveServer, disputed: list[ReviewItem]
    ) -> None:
        ReviewItem.objects.filter(pk=disputed[0].pk).update(
            state="resolved", resolved_at=timezone.now()
        )
        at(page, live_server, f"queue/{disputed[0].pk}/")
        assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
        page.get_by_role("link", name="plain").click()
        expect(page.locator(".ways [aria-current]")).to_have_text("plain")
        expect(page.locator(".diff")).to_have_count(0)


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
