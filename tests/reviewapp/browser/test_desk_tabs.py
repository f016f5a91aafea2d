"""Several tabs of one browser: what a closed one left is seen to by one that is open, once, and
never as somebody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp.models import Draft, Review, Slot, User
from tests.reviewapp.browser.conftest import (
    ONLINE,
    PROBLEMS,
    SENDING,
    sign_in,
    wait_for_ahead,
    wait_for_keys,
)
from tests.reviewapp.browser.test_desk_kept import ON_DISK, keep_a_draft
from tests.reviewapp.browser.test_desk_promises import another_browser as another_browser
from tests.reviewapp.browser.test_desk_promises import (
    both_fine,
    fetched_ahead,
    here,
    other_takes,
    type_note,
    until,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def another_tab(page: Page) -> Page:
    opened = page.context.new_page()
    opened.set_default_timeout(15_000)
    opened.goto(page.url)
    wait_for_keys(opened)
    return opened


def submit_offline(page: Page, note: str) -> None:
    wait_for_ahead(page)
    page.context.set_offline(True)
    type_note(page, note)
    both_fine(page)
    expect(page.locator(SENDING)).to_contain_text("1 waiting to be sent")
    until(lambda: page.evaluate(ON_DISK, "outbox:"))


class TestClosedTab:
    def test_one_of_the_others_sends_it(self, desk: Page) -> None:
        others = [another_tab(desk), another_tab(desk)]
        submit_offline(desk, "typed without a network")
        sent: list[str] = []
        context = desk.context
        context.on("response", lambda one: sent.append(one.url) if "/submit/" in one.url else None)
        desk.close()
        until(lambda: any("from a tab that was closed" in text(one, SENDING) for one in others))
        assert sum("from a tab" in text(one, SENDING) for one in others) == 1
        context.set_offline(False)
        until(Review.objects.exists)
        until(lambda: any("is sent" in text(one, SENDING) for one in others))
        until(lambda: not others[0].evaluate(ON_DISK, "outbox:"))
        assert len(sent) == 1
        assert Review.objects.get().note == "typed without a network"
        for page in others:
            expect(page.locator("[data-today]").first).to_have_text("1")

    def test_what_was_typed_is_in_the_form_of_another(self, desk: Page) -> None:
        other = another_tab(desk)
        keep_a_draft(desk, "half a thought")
        context = desk.context
        desk.close()
        expect(other.locator("#note")).to_have_value("half a thought")
        context.set_offline(False)
        expect(other.locator(PROBLEMS)).to_contain_text("What you typed in a tab that was closed")
        until(lambda: Draft.objects.filter(body__note="half a thought").exists())

    def test_the_item_is_somebody_elses(self, desk: Page, finished_run: Run) -> None:
        """What was typed on it is a draft on the server again, and not in this browser for good."""
        item = here(desk)
        keep_a_draft(desk, "half a thought")
        other_takes(finished_run, item)
        address, context = desk.url, desk.context
        desk.close()
        context.set_offline(False)
        opened = context.new_page()
        opened.goto(address)
        wait_for_keys(opened)
        assert here(opened) != item
        until(lambda: Draft.objects.filter(item=item, body__note="half a thought").exists())
        expect(opened.locator(SENDING)).to_contain_text("is saved as a draft")
        until(lambda: not opened.evaluate(ON_DISK, "draft:"))

    def test_what_it_had_ahead_is_kept_by_the_others(self, desk: Page, finished_run: Run) -> None:
        other = another_tab(desk)
        item = fetched_ahead(other, finished_run)
        wait_for_ahead(desk)
        wait_for_ahead(other)
        desk.close(run_before_unload=True)
        until(lambda: not Slot.objects.get(item=item).ahead)
        until(lambda: Slot.objects.get(item=item).ahead)
        both_fine(other)
        expect(other.locator("[data-today]").first).to_have_text("1")
        assert here(other) == item


class TestSomebodyElse:
    @pytest.fixture
    def desk(self, another_browser: Callable[[], Page]) -> Page:
        return another_browser()

    @pytest.fixture
    def danas(self, desk: Page, live_server: LiveServer, finished_run: Run, dana: User) -> Page:
        """Bob has judged, and it did not reach the server; dana has signed in in another tab, and
        was given his item."""
        item = here(desk)
        wait_for_ahead(desk)
        desk.route("**/submit/", lambda route: route.abort("connectionreset"))
        type_note(desk, "of bob")
        both_fine(desk)
        expect(desk.locator(SENDING)).to_contain_text("1 waiting to be sent")
        until(lambda: desk.evaluate(ON_DISK, "outbox:"))
        Slot.objects.filter(state="claimed").update(
            state="open", rater=None, lease_until=None, claimed_at=None, ahead=False
        )
        dana.set_password("correct-horse-1")
        dana.save()
        page = desk.context.new_page()
        page.set_default_timeout(15_000)
        page.goto(f"{live_server.url}/p/{finished_run.project.slug}/")
        page.get_by_role("button", name="Sign out").click()
        sign_in(page, live_server, "dana")
        page.goto(desk.url)
        wait_for_keys(page)
        assert here(page) == item
        return page

    def test_an_open_page_says_so(self, desk: Page, danas: Page) -> None:
        desk.unroute("**/submit/")
        desk.evaluate(ONLINE)
        expect(desk.locator(SENDING)).to_contain_text("somebody else has signed in")
        type_note(desk, "of bob, too")
        expect(desk.locator("#draft-state")).to_contain_text("somebody else has signed in")
        assert not Review.objects.exists()
        assert not Draft.objects.filter(rater__user__username="dana").exists()

    def test_a_closed_page(
        self, desk: Page, danas: Page, live_server: LiveServer, finished_run: Run
    ) -> None:
        """It waits for bob, and is his."""
        item = here(danas)
        desk.close()
        both_fine(danas)
        expect(danas.locator("[data-today]").first).to_have_text("1")
        assert Review.objects.get().note == ""
        assert danas.evaluate(ON_DISK, "outbox:") == 1
        danas.get_by_role("button", name="Sign out").click()
        sign_in(danas, live_server, "bob")
        danas.goto(f"{live_server.url}/p/{finished_run.project.slug}/review/")
        until(lambda: Draft.objects.filter(body__note="of bob", item=item).exists())
        assert Draft.objects.get(item=item).rater.user.username == "bob"
        expect(danas.locator(PROBLEMS)).to_contain_text("was not counted")
        assert Review.objects.get().rater.user.username == "dana"


class TestSameItem:
    @pytest.fixture
    def other(self, desk: Page) -> Page:
        """Another tab in which something else is typed on the item that this one submits."""
        other = another_tab(desk)
        type_note(other, "typed in the other tab")
        expect(other.locator("#draft-state")).to_have_text("draft saved")
        both_fine(desk)
        expect(other.locator(PROBLEMS)).to_contain_text(
            "You have submitted this item in another tab"
        )
        return other

    def test_what_is_typed_stays(self, desk: Page, other: Page) -> None:
        item = Review.objects.get().item_id
        assert here(other) == item
        expect(other.locator("#note")).to_have_value("typed in the other tab")
        other.get_by_role("link", name="Revise it").click()
        expect(other.locator("#note")).to_have_value("typed in the other tab")

    def test_going_on(self, desk: Page, other: Page) -> None:
        other.get_by_role("button", name="Go on").click()
        expect(other.locator("[data-today]").first).to_have_text("1")
        both_fine(other)
        until(lambda: Review.objects.count() == 2)
        assert Review.objects.values("item").distinct().count() == 2

    def test_submitting_it_all_the_same(self, desk: Page, other: Page) -> None:
        both_fine(other)
        expect(other.locator(PROBLEMS)).to_contain_text("You have submitted this item already")
        expect(other.get_by_role("link", name="Revise your review with it")).to_be_visible()
        assert Review.objects.count() == 1


def text(page: Page, selector: str) -> str:
    return page.locator(selector).first.text_content() or ""
