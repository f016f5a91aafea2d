"""Never lost, never doubled, never given away: each promise of the desk in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp.actions import exposures
from reviewapp.models import Rater, Review, Slot, User
from tests.reviewapp.browser.conftest import sign_in, wait_for_keys

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def another_browser(
    browser: Browser, live_server: LiveServer, finished_run: Run, bob: User
) -> Iterator[Callable[[], Page]]:
    """Bob at the desk in a browser that knows nothing of the first one, as often as it is asked
    for."""
    contexts: list[BrowserContext] = []

    def at_the_desk() -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        sign_in(page, live_server, "bob")
        page.goto(address(live_server, finished_run))
        wait_for_keys(page)
        return page

    yield at_the_desk
    for context in contexts:
        context.set_offline(True)
        context.close()


def address(live_server: LiveServer, run: Run, rest: str = "review/") -> str:
    return f"{live_server.url}/p/{run.project.slug}/{rest}"


def until(what: Callable[[], object]) -> None:
    """Until it is so in the database."""
    deadline = time.monotonic() + 15
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def here(page: Page) -> int:
    """The item that stands on the page."""
    return int(page.evaluate("JSON.parse(document.querySelector('#desk-data').textContent).item"))


def fetched_ahead(page: Page, run: Run) -> int:
    """Waits until the next item was fetched. Gives it."""
    page.wait_for_load_state("networkidle")
    until(lambda: Slot.objects.filter(project=run.project, ahead=True).exists())
    return Slot.objects.get(project=run.project, ahead=True).item_id


def type_note(page: Page, text: str) -> None:
    page.locator("#note").fill(text)
    page.keyboard.press("Escape")


def both_fine(page: Page) -> None:
    page.keyboard.press("F")
    page.keyboard.press("Enter")


def other_takes(run: Run, item: int) -> Rater:
    """The lease ran out and somebody else has claimed the item."""
    other = User.objects.create_user("other")
    rater = run.project.raters.create(kind="member", user=other, name="other")
    Slot.objects.filter(item=item, state="claimed").update(rater=rater, ahead=False)
    return rater


class TestDrafts:
    def test_saved_within_a_second(self, desk: Page) -> None:
        with desk.expect_response(lambda answer: "/draft/" in answer.url, timeout=1500) as saved:
            desk.locator("#note").fill("half a thought")
        assert saved.value.ok

    def test_reload(self, desk: Page) -> None:
        type_note(desk, "half a thought")
        desk.keyboard.press("f")
        expect(desk.locator("#draft-state")).to_have_text("draft saved")
        desk.reload()
        wait_for_keys(desk)
        expect(desk.locator("#note")).to_have_value("half a thought")
        expect(desk.locator('[data-fine="A"]')).to_have_attribute("aria-pressed", "true")

    def test_killed_browser(self, desk: Page, another_browser: Callable[[], Page]) -> None:
        """On another machine, with nothing of this browser."""
        item = here(desk)
        type_note(desk, "half a thought")
        expect(desk.locator("#draft-state")).to_have_text("draft saved")
        desk.context.set_offline(True)  # it says nothing any more
        again = another_browser()
        assert here(again) == item
        expect(again.locator("#note")).to_have_value("half a thought")

    def test_lost_lease(self, desk: Page, finished_run: Run) -> None:
        """It ran out while nobody was there, and the item is open for all: it comes back."""
        item = here(desk)
        type_note(desk, "half a thought")
        expect(desk.locator("#draft-state")).to_have_text("draft saved")
        long_ago = timezone.now() - timedelta(hours=1)
        Slot.objects.filter(item=item, state="claimed").update(lease_until=long_ago)
        desk.reload()
        wait_for_keys(desk)
        assert here(desk) == item
        expect(desk.locator("#note")).to_have_value("half a thought")
        both_fine(desk)
        until(lambda: Review.objects.filter(item=item, live=True).exists())


class TestLostSlot:
    @pytest.fixture
    def refused(self, desk: Page, finished_run: Run) -> Page:
        type_note(desk, "typed before")
        fetched_ahead(desk, finished_run)
        other_takes(finished_run, here(desk))
        both_fine(desk)
        expect(desk.locator("#problems")).to_contain_text("This review was not counted")
        return desk

    def test_text_stays(self, refused: Page) -> None:
        expect(refused.locator("#note")).to_have_value("typed before")
        expect(refused.locator('[data-fine="A"]')).to_have_attribute("aria-pressed", "true")
        assert not Review.objects.exists()

    def test_keep_it(self, refused: Page) -> None:
        item = here(refused)
        refused.get_by_role("button", name="not counted").click()
        until(Review.objects.exists)
        kept = Review.objects.get()
        assert (kept.item_id, kept.note) == (item, "typed before")
        assert (kept.counted, kept.live) == (False, False)
        expect(refused.locator("#problems")).to_be_empty()

    def test_claim_it_again(self, refused: Page, finished_run: Run) -> None:
        item = here(refused)
        Slot.objects.filter(item=item, rater__name="other").update(
            state="open", rater=None, lease_until=None, claimed_at=None
        )
        type_note(refused, "typed before, and after")
        refused.keyboard.press("Enter")
        refused.get_by_role("button", name="Claim it again").click()
        expect(refused.locator("#problems")).to_contain_text("It is yours again")
        expect(refused.locator("#note")).to_have_value("typed before, and after")
        refused.keyboard.press("Enter")
        until(Review.objects.exists)
        review = Review.objects.get()
        assert (review.item_id, review.counted, review.note) == (
            item,
            True,
            "typed before, and after",
        )

    def test_go_on(self, refused: Page) -> None:
        item = here(refused)
        refused.get_by_role("button", name="Go on").click()
        refused.wait_for_function(
            "item => JSON.parse(document.querySelector('#desk-data').textContent).item !== item",
            arg=item,
        )
        both_fine(refused)
        until(Review.objects.exists)
        assert Review.objects.get().item_id != item


class TestOnce:
    def test_double_submit(self, desk: Page) -> None:
        """Enter twice at once, and the button on top of it."""
        item = here(desk)
        desk.keyboard.press("F")
        desk.evaluate("""() => {
            const enter = () => document.body.dispatchEvent(
                new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}));
            const form = document.querySelector("#judgement");
            enter(); enter(); form.requestSubmit();
        }""")
        expect(desk.locator("[data-today]").first).to_have_text("1")
        assert list(Review.objects.values_list("item", flat=True)) == [item]

    def test_two_tabs(self, desk: Page, finished_run: Run) -> None:
        """Both show the same item; what is submitted in one is not asked for in the other."""
        second = desk.context.new_page()
        second.goto(desk.url)
        wait_for_keys(second)
        item = here(desk)
        assert here(second) == item
        both_fine(desk)
        until(Review.objects.exists)
        second.wait_for_function(
            "item => JSON.parse(document.querySelector('#desk-data').textContent).item !== item",
            arg=item,
        )
        both_fine(second)
        until(lambda: Review.objects.count() == 2)
        assert Review.objects.values("item").distinct().count() == 2

    def test_two_machines(self, desk: Page, another_browser: Callable[[], Page]) -> None:
        """Nobody tells the second one: it is told when it submits, and loses nothing."""
        second = another_browser()
        item = here(desk)
        assert here(second) == item
        type_note(second, "mine as well")
        both_fine(desk)
        until(Review.objects.exists)
        both_fine(second)
        expect(second.locator("#problems")).to_contain_text("already")
        expect(second.locator("#note")).to_have_value("mine as well")
        assert Review.objects.count() == 1

    def test_back_button(self, desk: Page, live_server: LiveServer, finished_run: Run) -> None:
        """A page from before is not an item from before."""
        item = here(desk)
        both_fine(desk)
        until(Review.objects.exists)
        desk.goto(address(live_server, finished_run, "queue/"))
        desk.go_back()
        wait_for_keys(desk)
        assert here(desk) != item
        both_fine(desk)
        until(lambda: Review.objects.count() == 2)
        assert Review.objects.values("item").distinct().count() == 2

    def test_answer_lost_on_the_way(self, another_browser: Callable[[], Page]) -> None:
        """The server has it, the browser does not know: what it sends again is the same one."""
        desk = another_browser()
        lost: list[str] = []

        def lose(route: Route) -> None:
            if lost:
                route.continue_()
                return
            lost.append(route.request.url)
            route.fetch()
            route.abort("connectionreset")

        desk.route("**/submit/", lose)
        item = here(desk)
        both_fine(desk)
        expect(desk.locator("[data-today]").first).to_have_text("1")
        assert lost
        assert list(Review.objects.values_list("item", flat=True)) == [item]


class TestOffline:
    def test_for_a_minute(self, another_browser: Callable[[], Page]) -> None:
        desk = another_browser()
        desk.clock.install()
        desk.reload()
        wait_for_keys(desk)
        run = Run.objects.get()
        first, second = here(desk), fetched_ahead(desk, run)
        desk.context.set_offline(True)
        both_fine(desk)
        expect(desk.locator("[data-sending]")).to_contain_text("1 waiting to be sent")
        assert here(desk) == second
        type_note(desk, "typed without a network")
        desk.clock.run_for(60_000)
        expect(desk.locator("#draft-state")).to_contain_text("kept in this browser")
        assert not Review.objects.exists()
        desk.context.set_offline(False)
        desk.clock.run_for(20_000)
        until(Review.objects.exists)
        expect(desk.locator("[data-sending]")).to_be_empty()
        assert list(Review.objects.values_list("item", flat=True)) == [first]
        until(lambda: run.items.get(pk=second).drafts.filter(body__note__icontains="without"))
        assert here(desk) == second

    def test_draft_after_a_killed_browser(self, another_browser: Callable[[], Page]) -> None:
        """What was typed offline is in the browser until the server has it."""
        desk = another_browser()
        desk.context.set_offline(True)
        type_note(desk, "typed without a network")
        expect(desk.locator("#draft-state")).to_contain_text("kept in this browser")
        again = desk.context.new_page()
        desk.close()
        again.context.set_offline(False)
        again.goto(re.sub(r"#.*", "", desk.url))
        wait_for_keys(again)
        expect(again.locator("#note")).to_have_value("typed without a network")


class TestUndo:
    def test_it_works(self, desk: Page) -> None:
        item = here(desk)
        type_note(desk, "too quick")
        both_fine(desk)
        expect(desk.locator("[data-today]").first).to_have_text("1")
        desk.keyboard.press("u")
        expect(desk.locator("#note")).to_have_value("too quick")
        assert here(desk) == item
        expect(desk.locator('[data-fine="B"]')).to_have_attribute("aria-pressed", "true")
        type_note(desk, "thought over")
        desk.keyboard.press("Enter")
        until(lambda: Review.objects.filter(item=item).count() == 2)
        first, second = Review.objects.filter(item=item).order_by("pk")
        assert (first.live, first.note, second.live, second.note) == (
            False,
            "too quick",
            True,
            "thought over",
        )
        assert second.blind

    def test_not_once_somebody_has_seen_it(
        self, desk: Page, finished_run: Run, alice: User
    ) -> None:
        item = here(desk)
        both_fine(desk)
        expect(desk.locator("[data-today]").first).to_have_text("1")
        exposures.show(items=[item], to=alice)
        desk.keyboard.press("u")
        expect(desk.locator("#problems")).not_to_be_empty()
        assert here(desk) != item
        assert Review.objects.get().live


class TestAhead:
    def test_next_item_without_the_server(self, desk: Page, finished_run: Run) -> None:
        following = fetched_ahead(desk, finished_run)
        texts = desk.locator(".sides").text_content()
        desk.context.set_offline(True)
        both_fine(desk)
        assert here(desk) == following
        expect(desk.locator(".sides")).not_to_have_text(texts or "")

    def test_leaving_gives_it_back(
        self, desk: Page, live_server: LiveServer, finished_run: Run
    ) -> None:
        held, following = here(desk), fetched_ahead(desk, finished_run)
        desk.goto(address(live_server, finished_run, "queue/"))
        until(lambda: Slot.objects.get(item=following).state == "open")
        assert Slot.objects.get(item=held).state == "claimed"

    def test_its_lease_begins_when_it_is_shown(self, desk: Page, finished_run: Run) -> None:
        following = fetched_ahead(desk, finished_run)
        lease = Slot.objects.get(item=following).lease_until
        assert lease
        assert lease < timezone.now() + timedelta(minutes=3)
        both_fine(desk)
        until(lambda: not Slot.objects.get(item=following).ahead)
        begun = Slot.objects.get(item=following).lease_until
        assert begun
        assert begun > timezone.now() + timedelta(minutes=14)


class TestSides:
    """What tells which side is the candidate is nowhere before an item is resolved."""

    def test_nowhere(self, desk: Page, live_server: LiveServer, finished_run: Run) -> None:
        item, following = here(desk), fetched_ahead(desk, finished_run)
        names = [finished_run.baseline.name, finished_run.candidate.name]
        words = "|".join(map(re.escape, [*names, "baseline", "candidate"]))
        telling = re.compile(rf"\b({words})\b")
        cookies = {one["name"]: one["value"] for one in desk.context.cookies()}
        post = {"headers": {"X-CSRFToken": cookies["crosscheck_csrf"], "X-Desk": "ahead"}}
        here_at = address(live_server, finished_run)
        ask = desk.context.request
        answers = [
            ask.get(here_at),
            ask.post(f"{here_at}ahead/", **post),
            ask.get(f"{here_at}{item}/text/A/"),
            *(
                ask.get(f"{here_at}{item}/shown/?way={way}")
                for way in ("words", "lines", "fields", "read", "plain")
            ),
            ask.get(address(live_server, finished_run, f"queue/{item}/")),
            ask.get(address(live_server, finished_run, f"queue/{following}/")),
        ]
        for answer in answers:
            assert answer.ok, answer.url
            said = f"{answer.headers}\n{answer.text()}"
            found = telling.search(said)
            around = said[max(0, found.start() - 80) : found.end() + 80] if found else ""
            assert not found, f"{answer.url}: {around}"
