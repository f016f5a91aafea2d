"""Whatever the server answers, or does not: one review, nothing typed lost, and words that say what
happened and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp.actions import relabel, reviews, runs
from reviewapp.models import Draft, Rater, Review, Slot, User
from taxonomy.models import TaxonomyVersion
from tests.reviewapp.browser.conftest import (
    ONLINE,
    PROBLEMS,
    SENDING,
    sign_in,
    wait_for_ahead,
    wait_for_keys,
)
from tests.reviewapp.browser.test_desk_kept import ON_DISK, again, keep_a_draft
from tests.reviewapp.browser.test_desk_promises import (
    address,
    both_fine,
    fetched_ahead,
    here,
    other_takes,
    type_note,
    until,
)
from tests.reviewapp.browser.test_desk_promises import another_browser as another_browser
from tests.reviewapp.versions import further

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ANSWERS: dict[str, dict[str, object]] = {
    "broken": {"status": 500, "body": "<h1>Server error</h1>"},
    "away": {"status": 502, "body": ""},
    "slow": {"status": 408, "body": ""},
    "busy": {"status": 429, "body": ""},
    "somebody else's page": {"status": 200, "body": "<h1>Welcome to the hotel</h1>"},
    "half": {"status": 200, "content_type": "application/json", "body": '{"item": 1, "cou'},
}


@pytest.fixture
def page(another_browser: Callable[[], Page]) -> Page:
    return another_browser()


class TestSubmit:
    @pytest.mark.parametrize("kind", ANSWERS)
    def test_it_is_sent_again(self, page: Page, kind: str) -> None:
        item = here(page)

        def answers(route: Route) -> None:
            if kind == "half":
                route.fetch()
            route.fulfill(**ANSWERS[kind])  # type: ignore[arg-type]

        page.route("**/submit/", answers)
        type_note(page, "typed before")
        both_fine(page)
        expect(page.locator(SENDING)).to_contain_text("1 waiting to be sent, trying again")
        page.unroute("**/submit/")
        page.evaluate(ONLINE)
        expect(page.locator("[data-today]").first).to_have_text("1")
        expect(page.locator(SENDING)).to_be_empty()
        assert list(Review.objects.values_list("item", "note")) == [(item, "typed before")]

    @pytest.mark.parametrize(
        ("status", "words"), [(413, "shorten it"), (404, "copy what you need")]
    )
    def test_it_is_refused_for_good(self, page: Page, status: int, words: str) -> None:
        item = here(page)
        page.route("**/submit/", lambda route: route.fulfill(status=status, body="<p>no</p>"))
        type_note(page, "typed before")
        both_fine(page)
        expect(page.locator(PROBLEMS)).to_contain_text(words)
        assert here(page) == item
        expect(page.locator("#note")).to_have_value("typed before")
        page.unroute("**/submit/")
        page.keyboard.press("Enter")
        expect(page.locator("[data-today]").first).to_have_text("1")
        assert Review.objects.get().note == "typed before"

    def test_long_and_not_in_latin(self, page: Page) -> None:
        """More than a browser sends behind a page that is left."""
        long = "ж" * 20_000
        page.locator("#corrected").fill(long)
        page.keyboard.press("Escape")
        expect(page.locator("#draft-state")).to_have_text("draft saved")
        both_fine(page)
        until(Review.objects.exists)
        assert Review.objects.get().corrected_output == long

    def test_taken_back_meanwhile(self, page: Page, another_browser: Callable[[], Page]) -> None:
        """In another browser, before this one heard that it had been stored."""
        item = here(page)

        def lose(route: Route) -> None:
            route.fetch()
            route.abort("connectionreset")

        page.route("**/submit/", lose)
        type_note(page, "too quick")
        both_fine(page)
        until(Review.objects.exists)
        other = another_browser()
        other.keyboard.press("u")
        expect(other.locator("#note")).to_have_value("too quick")
        page.unroute("**/submit/")
        page.evaluate(ONLINE)
        expect(page.locator(PROBLEMS)).to_contain_text("You have taken this judgement back")
        assert here(page) == item
        expect(page.locator("#note")).to_have_value("too quick")
        both_fine(page)
        until(lambda: Review.objects.filter(live=True).exists())
        assert Review.objects.count() == 2

    def test_a_skip_of_what_is_somebody_elses(self, page: Page) -> None:
        item = here(page)
        wait_for_ahead(page)
        Slot.objects.filter(item=item).update(
            state="open", rater=None, lease_until=None, claimed_at=None
        )
        page.keyboard.press("k")
        with page.expect_response("**/skip/"):
            page.get_by_role("button", name="Skip it").click()
        expect(page.locator("#desk-said")).to_contain_text("nothing left to skip")
        assert here(page) != item
        expect(page.locator(SENDING)).to_be_empty()

    def test_the_next_one_went_to_somebody_else(self, page: Page, finished_run: Run) -> None:
        """Its lease ran out while the machine was asleep, say."""
        wait_for_ahead(page)
        item, following = here(page), fetched_ahead(page, finished_run)
        other_takes(finished_run, following)
        both_fine(page)
        expect(page.locator(PROBLEMS)).to_contain_text("has gone to somebody else")
        assert here(page) not in (item, following)
        assert list(Review.objects.values_list("item", flat=True)) == [item]

    def test_the_run_was_cancelled(self, page: Page, finished_run: Run, bob: User) -> None:
        item = here(page)
        runs.cancel(run=finished_run, by=bob)
        type_note(page, "typed before")
        both_fine(page)
        expect(page.locator(PROBLEMS)).to_contain_text("The run was cancelled")
        expect(page.locator("#note")).to_have_value("typed before")
        expect(page.get_by_role("button", name="Claim it again")).to_be_hidden()
        page.get_by_role("button", name="not counted").click()
        expect(page.locator("h1")).to_contain_text("Nothing is waiting for you")
        assert list(Review.objects.values_list("item", "counted")) == [(item, False)]

    def test_kept_and_wrong(self, page: Page) -> None:
        """What cannot be kept as it is has its ways on still."""
        wait_for_ahead(page)
        Slot.objects.filter(item=here(page)).update(
            state="open", rater=None, lease_until=None, claimed_at=None
        )
        both_fine(page)
        expect(page.locator(PROBLEMS)).to_contain_text("nobody has it")
        page.evaluate("document.querySelector('#note').maxLength = 20000")
        type_note(page, "long " * 3000)
        page.get_by_role("button", name="not counted").click()
        expect(page.locator(PROBLEMS)).to_contain_text("longer than 10,000 characters")
        page.get_by_role("button", name="Claim it again").click()
        expect(page.locator(PROBLEMS)).to_contain_text("It is yours again")
        type_note(page, "short")
        page.keyboard.press("Enter")
        until(Review.objects.exists)
        assert Review.objects.get().counted


class TestDraft:
    def test_no_answer(self, page: Page) -> None:
        """What is typed meanwhile is on the disk, and comes back."""
        page.route("**/draft/", lambda route: None)
        type_note(page, "typed first")
        expect(page.locator("#draft-state")).to_contain_text("the server is slow: draft kept")
        type_note(page, "typed later")
        until(lambda: page.evaluate(KEPT_NOTE) == "typed later")
        opened = again(page)
        expect(opened.locator("#note")).to_have_value("typed later")
        until(lambda: Draft.objects.filter(body__note="typed later").exists())

    def test_refused(self, page: Page) -> None:
        page.route("**/draft/", lambda route: route.fulfill(status=413, json={"error": "too long"}))
        type_note(page, "typed before")
        expect(page.locator("#draft-state")).to_contain_text(
            "(too long): draft kept in this browser"
        )
        opened = again(page)
        expect(opened.locator("#note")).to_have_value("typed before")

    def test_of_a_megabyte(self, page: Page) -> None:
        page.locator("#corrected").fill("word " * 200_000)
        expect(page.locator("#draft-state")).to_have_text("draft saved")
        page.reload()
        wait_for_keys(page)
        assert len(page.locator("#corrected").input_value()) == 1_000_000

    def test_on_an_items_page(self, page: Page, live_server: LiveServer, finished_run: Run) -> None:
        item = here(page)
        both_fine(page)
        until(Review.objects.exists)
        page.goto(address(live_server, finished_run, f"queue/{item}/?revise"))
        wait_for_keys(page)
        keep_a_draft(page, "thought over")
        opened = again(page)
        expect(opened.locator("#note")).to_have_value("thought over")
        opened.keyboard.press("Enter")
        until(lambda: Review.objects.count() == 2)
        assert Review.objects.get(live=True).note == "thought over"
        opened.wait_for_url(re.compile(r"/queue/\d+/$"))
        until(lambda: not opened.evaluate(ON_DISK, "draft:"))

    def test_in_another_taxonomy_version(self, page: Page, finished_run: Run, bob: User) -> None:
        """Typed without a network, and the run has moved on until it is back."""
        wait_for_ahead(page)
        page.route("**/draft/", lambda route: route.abort())  # also once it is closed
        page.context.set_offline(True)
        page.get_by_role("button", name="Missed").first.click()
        type_note(page, "see")
        expect(page.locator("#draft-state")).to_contain_text("kept in this browser")
        moved(finished_run, bob)
        opened = again(page)
        expect(opened.locator(".findings li")).to_contain_text("choose: Late or Never (was Missed)")
        expect(opened.locator("#note")).to_have_value("see")
        expect(opened.locator(PROBLEMS)).to_contain_text("moved to another taxonomy version")

    def test_a_sign_in_page_is_no_output(self, page: Page) -> None:
        page.route("**/text/**", lambda route: route.fulfill(status=302, headers=SIGN_IN))
        page.evaluate("document.querySelector('[data-text=A]').removeAttribute('data-text')")
        page.keyboard.press("c")
        expect(page.locator(PROBLEMS)).to_contain_text("was not copied")
        expect(page.locator("#corrected")).to_have_value("")


class TestKeys:
    def test_nothing_is_judged_that_was_not_there(self, page: Page) -> None:
        """Two items are at hand without a network; what is pressed after them is for none."""
        wait_for_ahead(page)
        page.context.set_offline(True)
        for _ in range(10):
            both_fine(page)
        expect(page.locator(SENDING)).to_contain_text("2 waiting to be sent")
        page.wait_for_timeout(1100)  # longer than somebody types ahead
        page.context.set_offline(False)
        expect(page.locator("[data-today]").first).to_have_text("2")
        expect(page.locator('[data-fine="A"]')).to_have_attribute("aria-pressed", "false")
        assert Review.objects.count() == 2

    def test_twice_where_the_next_one_is_filled_in(self, page: Page, finished_run: Run) -> None:
        """A double click, or a key that was pressed twice, judges one item."""
        item = here(page)
        whole = {"sides": {"A": "ok", "B": "ok"}, "note": "from before"}
        rater = Rater.objects.get(user__username="bob")
        for other in finished_run.items.exclude(pk=item):
            reviews.save_draft(item=other, rater=rater, body=whole)
        page.reload()
        wait_for_keys(page)
        wait_for_ahead(page)
        page.keyboard.press("F")
        page.evaluate("""() => {
            for (const _ of [1, 2])
                document.querySelector("#judgement").requestSubmit();
        }""")
        expect(page.locator("#note")).to_have_value("from before")
        expect(page.locator("[data-today]").first).to_have_text("1")
        assert list(Review.objects.values_list("item", flat=True)) == [item]
        page.keyboard.press("F")
        page.keyboard.press("Enter")
        until(lambda: Review.objects.count() == 2)

    def test_held_down_in_a_field(self, page: Page) -> None:
        """The item that comes next is whole already: it was judged half an hour ago, say."""
        wait_for_ahead(page)
        item = here(page)
        page.keyboard.press("F")
        page.evaluate("""() => {
            const enter = {key: "Enter", ctrlKey: true, bubbles: true, cancelable: true};
            const press = (repeat) => document.querySelector("#note").dispatchEvent(
                new KeyboardEvent("keydown", {...enter, repeat}));
            press(false);
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "F", bubbles: true}));
            press(true);
        }""")
        expect(page.locator("[data-today]").first).to_have_text("1")
        assert list(Review.objects.values_list("item", flat=True)) == [item]
        expect(page.locator('[data-fine="A"]')).to_have_attribute("aria-pressed", "true")


class TestUndo:
    def test_no_answer(self, page: Page) -> None:
        """What it has done is seen; to try again would take one more back."""
        items = []
        for number in (1, 2):
            wait_for_ahead(page)
            items.append(here(page))
            both_fine(page)
            expect(page.locator("[data-today]").first).to_have_text(str(number))

        def lose(route: Route) -> None:
            route.fetch()
            route.abort("connectionreset")

        page.route("**/undo/", lose)
        page.keyboard.press("u")
        expect(page.locator("[data-today]").first).to_have_text("1")
        assert here(page) == items[1]
        assert list(Review.objects.filter(live=True).values_list("item", flat=True)) == items[:1]


class TestSession:
    def test_it_ends_in_the_middle(self, page: Page, live_server: LiveServer) -> None:
        """Signed out in another tab; signed in again there, it is sent, once."""
        item = here(page)
        other = page.context.new_page()
        other.goto(page.url)
        other.get_by_role("button", name="Sign out").click()
        type_note(page, "typed before")
        expect(page.locator("#draft-state")).to_contain_text("you are signed out")
        both_fine(page)
        expect(page.locator(SENDING)).to_contain_text("sign in in another tab")
        sign_in(other, live_server, "bob")
        page.evaluate(ONLINE)
        expect(page.locator("[data-today]").first).to_have_text("1")
        assert list(Review.objects.values_list("item", "note")) == [(item, "typed before")]


class TestNewVersion:
    def test_the_page_gets_itself_anew(self, page: Page) -> None:
        """Once nothing of it is on its way: the item at hand is judged in the page as it is."""
        item = here(page)
        page.evaluate("""() => {
            document.querySelector("script[data-desk]").setAttribute("src", "/static/desk.old.js");
            window.isOld = true;
        }""")
        for number in (1, 2, 3):
            both_fine(page)
            expect(page.locator("[data-today]").first).to_have_text(str(number))
            wait_for_keys(page)
        assert not page.evaluate("window.isOld")
        assert here(page) != item
        assert Review.objects.values("item").distinct().count() == 3


class TestClock:
    @pytest.mark.parametrize("hours", [-5, 5])
    def test_a_wrong_one(self, page: Page, hours: int) -> None:
        page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
        page.reload()
        wait_for_keys(page)
        expect(page.locator("[data-lease]").first).to_have_text(re.compile(r"^1[45]:\d\d$"))
        expect(page.locator("[data-do=renew]")).to_be_hidden()


KEPT_NOTE = """() => new Promise((done) => {
    indexedDB.open("crosscheck", 1).onsuccess = ({target}) => {
        const all = target.result.transaction("kept").objectStore("kept").getAll();
        all.onsuccess = () => done(all.result[0]?.note);
    };
})"""
SIGN_IN = {"location": "/accounts/login/"}


def moved(run: Run, bob: User) -> TaxonomyVersion:
    """The run is labelled in another version from now on: what was missed is late or never."""
    version = further(
        run.project,
        new=("late", "never"),
        out=("label.missed",),
        became={"label.missed": "late never"},
    )
    relabel.move_run(run=run, version=version, by=bob)
    return version
