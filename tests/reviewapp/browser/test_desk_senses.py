"""The desk for who enlarges it, listens to it, touches it, or chooses its colours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from reviewapp.models import Comment, Review
from tests.reviewapp.browser.conftest import wait_for_ahead, wait_for_keys

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
        desk.evaluate("""() => {
            globalThis.heard = [];
            const listen = (one) => new MutationObserver(() => {
                const text = one.textContent.trim();
                if (text) heard.push(text);
            }).observe(one, {childList: true, characterData: true, subtree: true});
            listen(document.querySelector("#desk-said"));
        }""")
        for key in ("b", "1", "m", "Backspace", "Backspace", "s", "F", "Enter"):
            desk.keyboard.press(key)
            if key == "s":
                expect(desk.locator("#desk-said")).to_contain_text("Shown:")
        expect(desk.locator("[data-today]").first).to_have_text("1")
        expect(desk.locator("#desk-said")).to_contain_text("u undoes it")
        desk.keyboard.press("u")
        expect(desk.locator("#desk-said")).to_contain_text("Undone")
        heard = desk.evaluate("heard")
        key = desk.locator("#request-title .mono").inner_text()
        for said in (
            "Judging side B",
            "Missed on side B",
            "severity Minor",
            "removed Missed",
            "There is no finding on side B.",
            "Shown: as it reads.",
            "Both sides are fine",
            "Submitted. u undoes it.",
            f"Undone: it is before you again, as you judged it. Request {key}.",
        ):
            assert said in heard
        assert heard == sorted(heard, key=heard.index)
        assert desk.evaluate("document.activeElement.tagName") == "H1"

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
            - heading "A ✓ fine" [level=2]
            - button "Fine on side A f" [pressed]
            - group "Text of side A"
          - region "Side B":
            - heading "B ✗ has findings" [level=2]
            - button "Judge this side b" [pressed]
            - group "Text of side B"
            - list "Findings on side B":
              - listitem:
                - combobox "Severity of Missed"
                - textbox "Note on Missed"
                - button "Remove Missed"
          - group "Categories":
            - button "1 Missed (critical)"
          - group "Severity of the last finding":
            - button "M Major" [pressed]
          - textbox /Correct output/
          - textbox "Note"
          - button "Submit and next ⏎"
          - status: draft saved
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
