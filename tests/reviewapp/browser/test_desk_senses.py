"""The desk for who enlarges it, listens to it, touches it, or chooses its colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from reviewapp.models import Comment, Review
from tests.reviewapp.browser.conftest import side_with, wait_for_ahead, wait_for_keys

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
#: 1280 by 800 pixels at 100, 200 and 400 percent.
ZOOMS = {100: (1280, 800), 200: (640, 400), 400: (320, 256)}
#: Whether the control that has the focus is seen, at its middle, and not something over it.
UNCOVERED = """() => {
    const one = document.activeElement, at = one.getBoundingClientRect();
    const x = at.left + at.width / 2, y = at.top + Math.min(at.height / 2, 12);
    const seen = document.elementFromPoint(x, y);
    return one.contains(seen) || seen?.contains(one) && !seen.matches(".ending, .bar, .finder");
}"""


def said(page: Page) -> Locator:
    """The last that was said to who listens."""
    return page.locator("#desk-said p").last


def listen(page: Page) -> None:
    """Keeps all that is said, in `heard`."""
    page.evaluate("""() => {
        globalThis.heard = [];
        new MutationObserver((changes) => {
            for (const { addedNodes } of changes)
                for (const one of addedNodes) heard.push(one.textContent);
        }).observe(document.querySelector("#desk-said"), { childList: true });
    }""")


class TestZoom:
    @pytest.mark.parametrize("zoom", ZOOMS)
    def test_it_reflows(self, desk: Page, zoom: int) -> None:
        """Nothing is wider than the window, and what has the focus is never covered."""
        width, height = ZOOMS[zoom]
        desk.set_viewport_size({"width": width, "height": height})
        desk.keyboard.press("1")
        assert desk.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        desk.locator("#desk h1").focus()
        seen = set()
        for _ in range(80):
            desk.keyboard.press("Tab")
            name = desk.evaluate("document.activeElement.textContent.trim().slice(0, 40)")
            if desk.evaluate("document.activeElement.closest('#desk') === null"):
                break
            seen.add(name)
            assert desk.evaluate(UNCOVERED), name
        assert {one for one in seen if one.startswith("Submit")}
        assert Axe().run(desk, options=RULES).response["violations"] == []

    def test_the_keys_of_the_taxonomy_are_in_sight(self, desk: Page) -> None:
        """Whatever is to be read: texts scroll in their places."""
        box = desk.locator("[data-text=A]")
        box.evaluate("one => one.textContent = 'word '.repeat(5000)")
        for control in (desk.locator("[data-category]").last, desk.locator("[type=submit]").first):
            expect(control).to_be_in_viewport(ratio=1)
        assert box.evaluate("one => one.scrollHeight > one.clientHeight")

    def test_findings_are_in_sight(self, desk: Page) -> None:
        desk.set_viewport_size({"width": 1280, "height": 640})
        desk.locator("[data-text=A]").evaluate("one => one.textContent = 'word '.repeat(5000)")
        desk.keyboard.press("1")
        expect(desk.locator("[data-findings=A] li")).to_be_in_viewport()


class TestColours:
    def test_what_is_pressed_is_seen_in_the_colours_of_the_system(self, desk: Page) -> None:
        desk.emulate_media(forced_colors="active")
        desk.keyboard.press("f")
        look = "one => getComputedStyle(one).backgroundColor"
        for pressed, other in (
            ('[data-fine="A"]', '[data-fine="B"]'),
            ('[data-choose="A"]', '[data-choose="B"]'),
        ):
            assert desk.locator(pressed).evaluate(look) != desk.locator(other).evaluate(look)
        outline = "one => getComputedStyle(one).outlineStyle"
        assert desk.locator(".side.a").evaluate(outline) == "solid"
        assert desk.locator(".side.b").evaluate(outline) == "none"

    def test_nothing_moves_for_who_wants_no_motion(self, desk: Page) -> None:
        desk.emulate_media(reduced_motion="reduce")
        wait_for_ahead(desk)
        for key in ("F", "Enter"):
            desk.keyboard.press(key)
        assert desk.evaluate("document.getAnimations().length") == 0


class TestListening:
    """What a screen reader is told: names, states, and what has happened, in this order."""

    def test_all_that_happens(self, desk: Page) -> None:
        wait_for_ahead(desk)
        listen(desk)
        for key in ("b", "1", "m", "Backspace", "Backspace", "Backspace", "1", "s", "F", "Enter"):
            desk.keyboard.press(key)
            if key == "s":
                expect(said(desk)).to_have_text("Shown: as it reads.")
        expect(said(desk)).to_have_text("Submitted. u undoes it.")
        assert desk.evaluate("heard") == [
            "Judging side B",
            "Missed on side B",
            "severity Minor",
            "removed Missed",
            "There is no finding on side B.",
            "There is no finding on side B.",  # the same again is said again
            "Missed on side B",
            "Shown: as it reads.",
            "Both sides are fine: 1 finding removed",
            "Submitted. u undoes it.",
        ]

    def test_which_item_stands_here(self, desk: Page) -> None:
        """The heading has the focus and names the request: nothing else need say it."""
        wait_for_ahead(desk)
        first = desk.locator("#request-title .mono").inner_text()
        for key in ("F", "Enter"):
            desk.keyboard.press(key)
        expect(said(desk)).to_have_text("Submitted. u undoes it.")
        second = desk.locator("#request-title .mono").inner_text()
        assert second != first
        heading = desk.get_by_role("heading", level=1)
        expect(heading).to_have_text(re.compile(f", request {second}$"))
        expect(heading).to_be_focused()
        desk.keyboard.press("u")
        expect(heading).to_have_text(re.compile(f", request {first}$"))
        expect(heading).to_be_focused()
        expect(desk.locator("#problems")).to_contain_text("Undone: the judgement is taken back")

    def test_nothing_is_left_to_be_said_twice(self, desk: Page) -> None:
        """What a live region still holds is said again when a dialog closes."""
        desk.clock.install()
        desk.keyboard.press("1")
        expect(said(desk)).to_have_text("Missed on side A")
        desk.clock.run_for(6000)
        expect(desk.locator("#desk-said")).to_be_empty()

    def test_what_goes_well_is_no_news(self, desk: Page) -> None:
        """A saved draft is not told; that it is not saved, and that it is again, are."""
        state = desk.locator("#draft-state")
        desk.keyboard.press("1")
        expect(state).to_have_text("draft saved")
        expect(state).to_have_attribute("aria-live", "off")
        desk.context.set_offline(True)
        desk.keyboard.press("m")
        expect(state).to_contain_text("kept in this browser")
        expect(state).to_have_attribute("aria-live", "polite")
        desk.context.set_offline(False)
        expect(state).to_have_text("draft saved", timeout=15_000)
        expect(state).to_have_attribute("aria-live", "polite")

    def test_what_differs_is_told(self, desk_with: Callable[..., Page]) -> None:
        """And the text stays what is stored, since places of evidence are counted in it."""
        page = desk_with("It was charged once.", "It was charged twice.")
        page.locator('[data-show="words"]').click()
        for word in ("once", "twice"):
            side = side_with(page, word)
            text = page.locator(f'[data-text="{side}"]')
            expect(text.get_by_role("insertion")).to_have_text(word)
            assert text.text_content() == f"It was charged {word}."

    def test_marking_takes_the_keys_from_a_screen_reader(self, desk: Page) -> None:
        """To a text field it lets the arrow keys through; before and after, it is no such field."""
        text = desk.locator('[data-text="A"]')
        desk.locator("[data-do=mark]").focus()
        desk.keyboard.press("Enter")
        expect(text).to_be_focused()
        expect(text).to_have_attribute("role", "textbox")
        expect(text).to_have_attribute("aria-readonly", "true")
        assert Axe().run(desk, options=RULES).response["violations"] == []
        desk.keyboard.press("Escape")
        expect(text).to_be_focused()
        expect(text).to_have_attribute("role", "group")
        assert text.get_attribute("aria-readonly") is None

    def test_what_was_found_is_read(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("the card is blocked", "nothing", "Where is my card?")
        page.keyboard.press("/")
        page.keyboard.type("card")
        expect(page.locator("#found")).to_have_text("1 of 2")
        expect(said(page)).to_have_text("Request: Where is my card?")
        page.keyboard.press("Enter")
        side = side_with(page, "blocked")
        expect(said(page)).to_have_text(f"Side {side}: the card is blocked")

    def test_names_and_states(self, desk: Page) -> None:
        for key in ("f", "b", "1"):
            desk.keyboard.press(key)
        expect(desk.locator("#desk")).to_match_aria_snapshot("""
          - heading /Review · .+/ [level=1]
          - region /Request req-\\d+/:
            - heading /Request req-\\d+/ [level=2]
          - region "Known answer"
          - group "How the outputs are shown":
            - button "words that differ" [pressed]
          - region "Side A":
            - heading "Side A ✓ fine" [level=2]
            - button "Fine on side A f" [pressed]
            - group "Text of side A"
          - region "Side B":
            - heading "Side B ✗ has findings" [level=2]
            - button "Judge this side b" [pressed]
            - group "Text of side B"
            - list "Findings on side B":
              - listitem:
                - combobox "Severity of Missed"
                - textbox "Note on Missed"
                - button "Remove Missed"
          - heading "Your judgement" [level=2]
          - group "Findings for B":
            - button "1 Missed (critical)"
          - group "Severity of the last finding":
            - button "M Major" [pressed]
          - textbox /Correct output/
          - textbox "Note"
          - button "Submit and next ⏎"
          - text: draft saved
        """)

    def test_what_is_wrong_is_said_once_and_goes(self, desk: Page) -> None:
        desk.keyboard.press("f")
        desk.keyboard.press("Enter")
        problems = desk.locator("#problems")
        expect(problems).to_contain_text("Side B is not judged yet")
        expect(problems).to_have_attribute("aria-live", "assertive")
        assert desk.locator("[role=alert]").count() == 0  # a live region inside one says it twice
        desk.keyboard.press("b")
        desk.keyboard.press("f")
        expect(problems).to_be_empty()

    def test_the_focus_comes_back(self, desk: Page) -> None:
        """From the search and from dialogs to where it was."""
        text = desk.locator("[data-text=B]")
        text.focus()
        for key in ("/", "Escape", "?", "Escape", "k", "Escape", "!", "Escape"):
            desk.keyboard.press(key)
            if key == "Escape":
                expect(text).to_be_focused()

    def test_a_note_on_a_finding_is_typed(self, desk: Page) -> None:
        """Key by key: a row is not made anew under who types in it."""
        desk.keyboard.press("1")
        note = desk.get_by_label("Note on Missed")
        note.focus()
        desk.keyboard.type("ok, book")
        expect(note).to_be_focused()
        expect(note).to_have_value("ok, book")

    def test_the_focus_stays_at_the_findings(self, desk: Page) -> None:
        for key in ("1", "2"):
            desk.keyboard.press(key)
        desk.locator("[data-findings=A] select").first.focus()
        desk.keyboard.press("ArrowUp")
        expect(desk.locator("[data-findings=A] select").first).to_be_focused()
        desk.keyboard.press("Tab")
        for following in ("[data-findings=A] .away", "[data-choose=A]"):
            desk.keyboard.press("Tab")
            desk.locator("[data-findings=A] .away").first.focus()
            desk.keyboard.press("Enter")
            expect(desk.locator(following).first).to_be_focused()

    def test_after_the_mouse_enter_submits(self, desk: Page) -> None:
        desk.keyboard.press("1")
        desk.locator("[data-findings=A] .away").click()
        assert desk.evaluate("document.activeElement === document.body")

    def test_another_way_of_showing_takes_no_focus(self, desk: Page) -> None:
        for place in ("[data-text=B]", "#request"):
            desk.locator(place).focus()
            desk.keyboard.press("s")
            expect(desk.locator("[data-show=words]")).to_have_attribute("aria-pressed", "false")
            assert desk.evaluate("document.activeElement !== document.body")
            desk.keyboard.press("s")
            desk.keyboard.press("s")

    def test_a_list_of_categories_is_looked_through(self, desk: Page) -> None:
        """Arrow keys in a closed list would choose at once."""
        desk.keyboard.press("o")
        for key in ("ArrowDown", "ArrowDown"):
            desk.keyboard.press(key)
        expect(desk.locator(".findings li")).to_have_count(0)
        desk.keyboard.press("Enter")
        expect(desk.locator(".findings li")).to_have_count(1)

    def test_the_keys_begin_at_their_beginning(self, desk: Page) -> None:
        desk.keyboard.press("?")
        expect(desk.get_by_role("heading", name="Keys")).to_be_focused()
        expect(desk.get_by_role("heading", name="Keys")).to_be_in_viewport()


class TestTouch:
    @pytest.fixture
    def phone(self, desk: Page, browser: Browser) -> Iterator[Page]:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
        )
        context.add_cookies(desk.context.cookies())
        page = context.new_page()
        page.goto(desk.url)
        wait_for_keys(page)
        yield page
        context.set_offline(True)
        context.close()

    def test_an_item_by_touch_alone(self, phone: Page) -> None:
        phone.locator('[data-fine="A"]').tap()
        phone.locator('[data-choose="B"]').tap()
        phone.locator("[data-category]").first.tap()
        phone.get_by_role("button", name="Submit and next").tap()
        expect(phone.locator("[data-today]").first).to_have_text("1")
        assert Review.objects.get().findings.count() == 1

    def test_targets_are_large_enough(self, phone: Page) -> None:
        """24 by 24 at least (WCAG 2.5.8)."""
        small = phone.evaluate("""() => [...document.querySelectorAll("#desk button")]
            .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
            .filter(([, at]) => at.width && (at.width < 24 || at.height < 24))
            .map(([name]) => name)""")
        assert small == []


class TestFlagDialog:
    def test_what_was_said_before(self, desk: Page) -> None:
        for text in ("Is this one category or two?", "Two, I think."):
            desk.keyboard.press("!")
            desk.locator("#flag-text").fill(text)
            desk.get_by_role("button", name="Flag it").click()
            expect(desk.locator("#flag-dialog")).to_be_hidden()
        desk.reload()
        wait_for_keys(desk)
        desk.keyboard.press("!")
        expect(desk.locator("#flags li .note")).to_have_text(
            ["Is this one category or two?", "Two, I think."]
        )
        expect(desk.locator("#flags li strong").first).to_have_text("bob")
        assert Comment.objects.count() == 2
