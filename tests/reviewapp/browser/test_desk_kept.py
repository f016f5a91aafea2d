"""What this browser keeps: nothing is stopped by a store that fails, and nothing that was typed
goes before the server has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from reviewapp.desk.judgement import JudgementError
from reviewapp.models import Review, Slot
from tests.reviewapp.browser.conftest import wait_for_ahead, wait_for_keys
from tests.reviewapp.browser.test_desk_promises import another_browser as another_browser
from tests.reviewapp.browser.test_desk_promises import both_fine, here, type_note, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NO_STORE = """() => {
    IDBDatabase.prototype.transaction = () => { throw new DOMException("", "InvalidStateError"); };
}"""
CLOSED = """() => {
    const real = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (...given) {
        IDBDatabase.prototype.transaction = real;
        this.close();
        return real.apply(this, given);
    };
}"""
DELETED = """() => new Promise((done) => {
    const asked = indexedDB.deleteDatabase("crosscheck");
    asked.onsuccess = () => done("deleted");
    asked.onblocked = () => done("blocked");
})"""
NO_ROOM = """() => {
    const real = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (value, key) {
        if (key.startsWith("outbox:")) throw new DOMException("", "QuotaExceededError");
        return real.call(this, value, key);
    };
}"""
ON_DISK = """(prefix) => new Promise((done) => {
    indexedDB.open("crosscheck", 1).onsuccess = ({target}) => {
        const keys = target.result.transaction("kept").objectStore("kept").getAllKeys();
        keys.onsuccess = () => done(keys.result.filter((key) => key.startsWith(prefix)).length);
    };
})"""
KNOWN = """async () => {
    const {href} = document.querySelector('link[href*="desk/kept"]');
    return (await import(href)).under("draft:").length;
}"""


def keep_a_draft(page: Page, text: str) -> None:
    """Offline from then on."""
    page.context.set_offline(True)
    type_note(page, text)
    expect(page.locator("#draft-state")).to_contain_text("kept in this browser")


def again(page: Page) -> Page:
    """Another tab, online, once this one is gone."""
    address, context = page.url, page.context
    page.close()
    context.set_offline(False)
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    opened.goto(address)
    wait_for_keys(opened)
    return opened


class TestStore:
    def test_it_fails_when_a_draft_is_there(self, desk: Page) -> None:
        wait_for_ahead(desk)
        first = here(desk)
        keep_a_draft(desk, "typed without a network")
        desk.evaluate(NO_STORE)
        both_fine(desk)
        assert here(desk) != first
        desk.context.set_offline(False)
        until(Review.objects.exists)
        assert Review.objects.get().note == "typed without a network"

    def test_it_fails_while_something_waits(self, desk: Page) -> None:
        wait_for_ahead(desk)
        desk.context.set_offline(True)
        both_fine(desk)
        expect(desk.locator("[data-sending]")).to_contain_text("1 waiting to be sent")
        desk.evaluate(NO_STORE)
        desk.context.set_offline(False)
        until(Review.objects.exists)
        both_fine(desk)
        until(lambda: Review.objects.count() == 2)

    def test_a_closed_connection(self, desk: Page) -> None:
        desk.evaluate(CLOSED)
        keep_a_draft(desk, "half a thought")
        assert desk.evaluate(ON_DISK, "draft:") == 1

    def test_it_is_deleted(self, desk: Page) -> None:
        """As when somebody clears what the browser has of this address."""
        assert desk.evaluate(DELETED) == "deleted"
        keep_a_draft(desk, "half a thought")
        assert desk.evaluate(ON_DISK, "draft:") == 1

    def test_other_tabs_know(self, desk: Page) -> None:
        other = desk.context.new_page()
        other.goto(desk.url)
        wait_for_keys(other)
        keep_a_draft(desk, "half a thought")
        until(lambda: other.evaluate(KNOWN) == 1)
        desk.context.set_offline(False)
        expect(desk.locator("#draft-state")).to_have_text("draft saved")
        until(lambda: other.evaluate(KNOWN) == 0)


class TestRefused:
    @pytest.fixture
    def refused(self, another_browser: Callable[[], Page], monkeypatch: pytest.MonkeyPatch) -> Page:
        """Made without a network, and refused to the page that came after; by the server, since a
        page that is closed may still send what it had begun to."""
        page = another_browser()
        wait_for_ahead(page)
        page.context.set_offline(True)
        type_note(page, "typed without a network")
        both_fine(page)
        expect(page.locator("[data-sending]")).to_contain_text("1 waiting to be sent")
        until(lambda: page.evaluate(ON_DISK, "outbox:"))

        def refuses(*_: object) -> None:
            raise JudgementError({"note": "no <b>"})

        monkeypatch.setattr("reviewapp.views.desk.check", refuses)
        return again(page)

    def test_it_is_kept_and_told(self, refused: Page) -> None:
        dialog = refused.get_by_role("dialog", name="was not taken")
        expect(dialog).to_contain_text("note: no <b>")
        expect(dialog.get_by_label("typed")).to_have_value(
            "Side A: ok\nSide B: ok\nNote: typed without a network"
        )
        dialog.get_by_role("button", name="Close").click()
        refused.reload()
        expect(dialog).to_be_visible()
        dialog.get_by_role("button", name="Throw it away").click()
        until(lambda: not refused.evaluate(ON_DISK, "outbox:"))
        assert not Review.objects.exists()

    def test_sent_again(self, refused: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        dialog = refused.get_by_role("dialog", name="was not taken")
        expect(dialog).to_be_visible()
        monkeypatch.undo()
        dialog.get_by_role("button", name="Send it again").click()
        until(Review.objects.exists)
        assert Review.objects.get().note == "typed without a network"
        until(lambda: not refused.evaluate(ON_DISK, "outbox:"))

    def test_the_form_is_still_there(self, desk: Page) -> None:
        """Kept until the server has what was typed as a draft."""
        desk.route("**/submit/", lambda route: route.fulfill(status=422, body="<p>note: no</p>"))
        desk.route("**/draft/", lambda route: route.abort())
        type_note(desk, "typed before")
        both_fine(desk)
        expect(desk.locator("#problems")).to_contain_text("note: no")
        until(lambda: desk.evaluate(ON_DISK, "outbox:"))
        desk.unroute("**/draft/")
        expect(desk.locator("#draft-state")).to_have_text("draft saved")
        until(lambda: not desk.evaluate(ON_DISK, "outbox:"))

    def test_a_skip_that_was_done(self, another_browser: Callable[[], Page]) -> None:
        page = another_browser()

        def lose(route: Route) -> None:
            route.fetch()
            route.abort("connectionreset")

        page.route("**/skip/", lose)
        page.keyboard.press("k")
        page.get_by_role("button", name="Skip it").click()
        until(lambda: Slot.objects.filter(state="skipped").exists())
        until(lambda: page.evaluate(ON_DISK, "outbox:"))
        with page.context.expect_event("response", lambda one: "/skip/" in one.url) as answer:
            opened = again(page)
        assert answer.value.ok
        until(lambda: not opened.evaluate(ON_DISK, "outbox:"))
        expect(opened.locator("#problems")).to_be_empty()


class TestOnDisk:
    def test_at_once_where_it_is_nowhere_else(self, desk: Page) -> None:
        """Submitted before its draft could be saved, and closed before the server said anything."""
        desk.route("**/submit/", lambda route: None)
        desk.evaluate("() => { setTimeout = () => 0; }")  # neither a draft nor anything is late
        type_note(desk, "typed quickly")
        both_fine(desk)
        until(lambda: desk.evaluate(ON_DISK, "outbox:"))
        again(desk)
        until(Review.objects.exists)
        assert Review.objects.get().note == "typed quickly"

    def test_the_draft_stays_where_there_is_no_room(self, desk: Page) -> None:
        keep_a_draft(desk, "typed without a network")
        desk.evaluate(NO_ROOM)
        # A page that is closed may still send what it had begun to: it is to begin nothing more.
        desk.evaluate("() => { setTimeout = () => 0; }")
        both_fine(desk)
        expect(desk.locator("[data-sending]")).to_contain_text("1 waiting to be sent")
        assert desk.evaluate(ON_DISK, "outbox:") == 0
        opened = again(desk)
        expect(opened.locator("#note")).to_have_value("typed without a network")
