"""Texts at the desk: shown in several ways, folded, searched, marked as evidence with and without
a mouse, and never anything but what is stored."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response, expect

from reviewapp.models import Finding, Review
from tests.reviewapp.browser.conftest import side_with, wait_for_ahead

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
CHAT = {
    "messages": [
        {"role": "system", "content": "You are the support desk. " * 40},
        *(
            one
            for i in range(6)
            for one in (
                {"role": "user", "content": f"Where is order {i}? " * 20},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": f"c{i}", "function": {"name": "find", "arguments": '{"order": 7}'}}
                    ],
                },
                {"role": "tool", "tool_call_id": f"c{i}", "content": "on its way"},
            )
        ),
        {"role": "user", "content": "So when does it come?"},
    ]
}


def submitted(page: Page) -> Review:
    page.keyboard.press("Enter")
    expect(page.locator("[data-today]").first).to_have_text("1")
    return Review.objects.get()


def evidence(review: Review, text: str) -> str:
    finding = Finding.objects.get(review=review)
    return text[finding.span_start : finding.span_end]


def highlighted(page: Page, name: str) -> list[str]:
    found: list[str] = page.evaluate(
        "name => [...(CSS.highlights.get(name) || [])].map((range) => range.toString())", name
    )
    return found


class TestWays:
    def test_one_key_and_remembered(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("one\ntwo\nthree", "one\n2\nthree")
        expect(page.locator("#ways")).to_have_attribute("data-way", "words")
        page.keyboard.press("s")
        expect(page.locator("#ways")).to_have_attribute("data-way", "lines")
        expect(page.locator("#joint table.aligned tr")).to_have_count(4)
        page.reload()
        expect(page.locator("#ways")).to_have_attribute("data-way", "lines")

    def test_the_item_fetched_before_follows(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("**one**", "two")
        wait_for_ahead(page)
        page.get_by_role("button", name="as it reads").click()
        expect(page.locator(".markdown strong")).to_have_text("one")
        page.keyboard.press("F")
        page.keyboard.press("Enter")
        expect(page.locator("[data-today]").first).to_have_text("1")
        expect(page.locator("#ways")).to_have_attribute("data-way", "read")

    def test_json_field_by_field(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with({"a": {"b": 1}, "c": [1, 2]}, {"a": {"b": 2}, "c": [1, 2]})
        expect(page.locator("#ways")).to_have_attribute("data-way", "fields")
        expect(page.locator("#joint .differs")).to_have_count(1)
        expect(page.locator(".equal")).to_contain_text("2 equal fields")
        page.locator('#joint .differs [data-mark="A"]').click()
        expect(page.locator("#evidence-now")).to_contain_text("$.a.b")
        page.keyboard.press("1")
        page.keyboard.press("b")
        page.keyboard.press("f")
        review = submitted(page)
        assert Finding.objects.get(review=review).path == "$.a.b"

    def test_chat(self, desk_with: Callable[..., Page]) -> None:
        """Calls of tools as trees, and the last question in sight."""
        page = desk_with("tomorrow", "on Monday", CHAT)
        expect(page.locator("#request h2")).to_contain_text("20 turns")
        expect(page.locator(".call").first).to_contain_text("find")
        expect(page.get_by_text("So when does it come?")).to_be_in_viewport()


class TestFolded:
    def test_a_megabyte(self, desk_with: Callable[..., Page]) -> None:
        long = "word and " * 120_000 + "the end"
        page = desk_with(long, "short")
        assert len(page.content()) < 150_000
        side = side_with(page, "word and")
        pane = page.locator(f"#pane-{side}")
        expect(pane).not_to_contain_text("the end")
        pane.get_by_role("button", name="Show all (1,080,007 characters)").click()
        expect(pane).to_contain_text("the end")

    def test_copied_whole(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("x" * 30_000, "short")
        side = side_with(page, "xxx")
        page.keyboard.press({"A": "c", "B": "v"}[side])
        expect(page.locator("#corrected")).to_have_value("x" * 30_000)

    def test_first_load(self, desk: Page, browser: Browser) -> None:
        """All that the desk needs before it is used, as it comes over the wire to somebody who was
        never here."""
        context = browser.new_context()
        context.add_cookies(desk.context.cookies())
        page = context.new_page()
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        page.goto(desk.url)
        wait_for_ahead(page)
        needed = [one for one in answers if not one.url.endswith("/ahead/")]
        total = sum(one.request.sizes()["responseBodySize"] for one in needed)
        context.close()
        print(f"first load: {len(needed)} answers, {total:,} bytes")
        assert 50_000 < total < 150_000


class TestEvidence:
    def test_with_the_mouse(self, desk_with: Callable[..., Page]) -> None:
        """Places are those of the stored text: with carriage returns and signs of two units."""
        text = "first\r\nsecond 😀 third\r\nfourth"
        page = desk_with(text, "nothing like that")
        side = side_with(page, "third")
        page.evaluate(
            """side => {
                const box = document.querySelector(`[data-text="${side}"]`);
                const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
                for (let node; (node = walker.nextNode()); ) {
                    const at = node.data.indexOf("third");
                    if (at >= 0) getSelection().setBaseAndExtent(node, at, node, at + 5);
                }
            }""",
            side,
        )
        page.keyboard.press("1")
        assert highlighted(page, "evidence") == ["third"]
        expect(page.locator(f'[data-findings="{side}"] mark')).to_have_text("third")
        page.keyboard.press({"A": "b", "B": "a"}[side])
        page.keyboard.press("f")
        assert evidence(submitted(page), text) == "third"

    def test_without_a_mouse(self, desk_with: Callable[..., Page]) -> None:
        text = "Hello there. Your card is blocked."
        page = desk_with(text, "nothing like that")
        side = side_with(page, "card")
        page.keyboard.press(side.lower())
        for key in ("j", "ArrowDown", "ArrowRight", "Shift+ArrowRight"):
            page.keyboard.press(key)
        expect(page.locator("#desk-said p").last).to_have_text("card is")
        page.keyboard.press("1")
        page.keyboard.press({"A": "b", "B": "a"}[side])
        page.keyboard.press("f")
        assert evidence(submitted(page), text) == "card is"

    def test_in_the_request(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("one", "two", CHAT)
        for key in ("j", "Tab", "Tab", "1"):
            page.keyboard.press(key)
        expect(page.locator('[data-findings="A"]')).to_contain_text("request: You")
        assert page.evaluate("document.activeElement.closest('[data-input]') !== null")

    def test_goes_where_it_can_be_marked(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("# one", "# two")
        page.get_by_role("button", name="as it reads").click()
        expect(page.locator("#mark-hint")).to_be_visible()
        page.keyboard.press("j")
        expect(page.locator("#ways")).to_have_attribute("data-way", "words")
        expect(page.locator(".text.marking")).to_have_count(1)

    def test_against_the_direction(self, desk_with: Callable[..., Page]) -> None:
        """In text from right to left the left arrow goes on."""
        page = desk_with("تم شحن الطلب", "تم إلغاء الطلب")
        page.keyboard.press("j")
        page.keyboard.press("ArrowLeft")
        words = (page.locator('[data-text="A"]').text_content() or "").split()
        expect(page.locator("#desk-said p").last).to_have_text(words[1])

    def test_what_cannot_be_seen(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("good\u202egnirts", "good")
        side = side_with(page, "gnirts")
        expect(page.locator(f'[data-text="{side}"] .odd')).to_have_attribute("data-code", "U+202E")
        assert page.locator(f'[data-text="{side}"]').text_content() == "good\u202egnirts"


class TestSearch:
    def test_it_works(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("pending, Pending", "settled", "is it pending?")
        before = page.locator(".sides").inner_html()
        page.keyboard.press("/")
        page.keyboard.type("pending")
        expect(page.locator("#found")).to_have_text("1 of 3")
        page.keyboard.press("Enter")
        expect(page.locator("#found")).to_have_text("2 of 3")
        assert len(highlighted(page, "found")) == 3
        assert page.locator(".sides").inner_html() == before
        page.keyboard.press("Escape")
        assert highlighted(page, "found") == []
        expect(page.locator("#finder")).to_be_hidden()

    def test_in_what_is_folded(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("word " * 10_000 + "needle", "short")
        page.keyboard.press("/")
        page.keyboard.type("needle")
        expect(page.locator("#found")).to_have_text("1 of 1")
        assert highlighted(page, "found-now") == ["needle"]

    def test_nothing_there(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("one", "two")
        page.keyboard.press("/")
        page.keyboard.type("(.*")
        expect(page.locator("#found")).to_have_text("not found")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_way_is_accessible(desk_with: Callable[..., Page], scheme: str) -> None:
    """With findings, evidence, a message and the search open; none wider than a telephone."""
    page = desk_with("# one\n\n```python\nx = 1\n```\ntwo", "# one\n\n`y`\n2", CHAT)
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.type("o")
    for way in page.locator("#ways [data-show]").all():
        name = way.get_attribute("data-show") or ""
        page.locator(f'[data-show="{name}"]').click()
        expect(page.locator("#ways")).to_have_attribute("data-way", name)
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(name, one["id"], one["nodes"][0]["target"]) for one in found] == []
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        page.set_viewport_size({"width": 1280, "height": 800})


def test_hostile_output_in_every_way(desk_with: Callable[..., Page]) -> None:
    hostile = "<script>document.title='owned'</script>\n<img src=x onerror=document.title='owned'>"
    page = desk_with(hostile, f"{hostile}\n[x](javascript:document.title='owned')")
    for _ in range(4):
        way = page.locator("#ways").get_attribute("data-way") or ""
        assert page.locator("#desk :is(img, script:not(#desk-data), iframe)").count() == 0
        expect(page.locator("#desk")).to_contain_text("<img src=x onerror=")
        page.keyboard.press("s")
        expect(page.locator("#ways")).not_to_have_attribute("data-way", way)
    assert page.locator('a[href^="javascript"]').count() == 0
    assert not re.search("owned", page.title())
