"""What experts are given to judge at the desk: Markdown, long chats, deep JSON, text from right to
left, and texts full of HTML and script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reviewapp.models import Finding, Review
from tests.reviewapp.browser.conftest import wait_for_keys

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MARKDOWN = "# Refund\n\nI paid **twice**:\n\n- Monday\n- Tuesday\n\n```python\nx = 1\n```"
HOSTILE = (
    "# <script>document.title='owned'</script>\n<img src=x onerror=document.title='owned'>\n"
    "[click](javascript:document.title='owned') ![a cat](https://example.com/cat.png)\n"
    "<style>*{display:none}</style></div></main> good\u202egnirts"
)


def wide(fields: int, deep: int) -> dict[str, Any]:
    """An object of so many fields at each of so many levels."""
    if not deep:
        return {f"leaf_{i}": i for i in range(fields)}
    return {f"level_{deep}_{i}": wide(fields, deep - 1) for i in range(fields)}


class TestRequest:
    def test_markdown_reads(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("one", "two", MARKDOWN)
        request = page.locator("#request")
        expect(request.locator("h3")).to_have_text("Refund")
        expect(request.locator("li")).to_have_text(["Monday", "Tuesday"])
        expect(request.locator("pre .code-number")).to_have_text("1")

    def test_or_is_shown_as_stored(self, desk_with: Callable[..., Page]) -> None:
        """By one key, which is remembered, and then evidence can be marked in it."""
        page = desk_with("one", "two", MARKDOWN)
        page.keyboard.press("*")
        expect(page.locator("#request [data-input]")).to_have_text(MARKDOWN)
        page.reload()
        wait_for_keys(page)
        page.locator("#request").focus()
        for key in ("j", "Shift+ArrowRight", "1"):
            page.keyboard.press(key)
        expect(page.locator('[data-findings="A"]')).to_contain_text("request: # Refund")

    def test_marking_in_it_shows_it_as_stored(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("one", "two", MARKDOWN)
        page.locator("#request").focus()
        page.keyboard.press("j")
        expect(page.locator("#request [data-input].marking")).to_be_focused()

    def test_why_nothing_can_be_marked(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("one", "two", MARKDOWN)
        page.locator("#request li").first.dblclick()
        expect(page.locator("#evidence-now")).to_contain_text("* shows it as stored")

    def test_a_plain_text_is_shown_once(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("one", "two", "line one\nsnake_case & 2 < 3")
        assert page.locator("#request [data-do=request-way]").count() == 0
        page.keyboard.press("*")
        expect(page.locator("#desk-said")).to_have_text("The request reads as it is stored.")

    def test_a_long_chat(self, desk_with: Callable[..., Page]) -> None:
        """The last question in sight, under how long it is; its tool calls as trees."""
        turns = [
            one
            for i in range(20)
            for one in (
                {"role": "user", "content": f"Where is **order {i}**?"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": f"c{i}", "function": {"name": "find", "arguments": '{"a": 7}'}}
                    ],
                },
                {"role": "tool", "tool_call_id": f"c{i}", "content": "on its way"},
            )
        ]
        chat = {"messages": [*turns, {"role": "user", "content": "So **when**?"}]}
        page = desk_with("tomorrow", "on Monday", chat)
        expect(page.locator("#request .turn").nth(60).locator("strong")).to_be_in_viewport()
        expect(page.locator("#request-title")).to_contain_text("61 turns")
        expect(page.locator("#request-title")).to_be_in_viewport()
        expect(page.locator("#request .call .key").first).to_have_text("a")


class TestDeepJson:
    def test_comes_when_it_is_opened(self, desk_with: Callable[..., Page]) -> None:
        value = wide(6, 4)
        page = desk_with("one", "two", value)
        assert len(page.content()) < 120_000
        path = [f"level_{deep}_5" for deep in (4, 3, 2, 1)]
        for key in path:
            summary = page.locator("#request summary:visible")
            summary = summary.filter(has=page.get_by_text(key, exact=True)).last
            if not summary.evaluate("one => one.parentElement.open"):
                summary.click()
        expect(page.locator("#request").get_by_text("leaf_5", exact=True).last).to_be_visible()

    def test_a_long_list_goes_on(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("one", "two", {"rows": list(range(250))})
        leaves = page.locator("#request .leaf")
        expect(leaves).to_have_count(100)
        for count in (200, 250):
            page.locator("#request").get_by_role("button", name="Show more").click()
            expect(leaves).to_have_count(count)
        expect(leaves.last).to_contain_text("249")

    def test_is_searched_all_the_same(self, desk_with: Callable[..., Page]) -> None:
        value = {f"part {i}": {"inside": {"of": f"needle {i}"}} for i in range(300)}
        page = desk_with("one", "two", value)
        page.keyboard.press("/")
        page.keyboard.type("needle 299")
        expect(page.locator("#found")).to_have_text("1 of 1")

    def test_field_by_field_is_folded(self, desk_with: Callable[..., Page]) -> None:
        one = {f"field {i}": i for i in range(500)}
        page = desk_with(one, {**one, **{f"field {i}": -1 for i in range(300)}})
        expect(page.locator("#joint .differs")).to_have_count(60)
        page.get_by_role("button", name="Show all 500 fields").click()
        expect(page.locator("#joint .differs")).to_have_count(300)
        expect(page.locator("#joint summary")).to_have_text("200 equal fields")


class TestRightToLeft:
    def test_texts_and_no_more(self, desk_with: Callable[..., Page]) -> None:
        """Each text has its own direction, also as Markdown; the page keeps its own."""
        page = desk_with("تم شحن **الطلب**", "תודה", "מה **קורה**?")
        page.locator('[data-show="read"]').click()
        expect(page.locator("#pane-A .read")).to_be_visible()
        assert page.locator("#request .markdown").count() == 1
        for text in page.locator("#request .markdown, .pane .text").all():
            assert text.evaluate("one => getComputedStyle(one).direction") == "rtl"
        sides = page.locator(".sides")
        assert sides.evaluate("one => getComputedStyle(one).direction") == "ltr"

    def test_line_by_line(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with("تم\nشحن", "تم\nإلغاء")
        page.locator('[data-show="lines"]').click()
        cell = page.locator("#joint td").first
        start = "one => [getComputedStyle(one).direction, getComputedStyle(one).textAlign]"
        assert cell.evaluate(start) == ["rtl", "start"]


class TestHostile:
    def test_request_and_outputs(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with(HOSTILE, f"{HOSTILE} too", HOSTILE)
        for way in ("words", "read"):
            page.locator(f'[data-show="{way}"]').click()
            expect(page.locator("#ways")).to_have_attribute("data-way", way)
            for shown in ("stored", "read"):
                page.keyboard.press("*")
                expect(page.locator("#request [data-way]")).to_have_attribute("data-way", shown)
                expect(page.locator("#request")).to_contain_text("<script>document.title='owned'")
            loaded = page.locator("#desk :is(img, style, iframe, script:not(#desk-data))")
            assert loaded.count() == 0
            assert page.locator('a[href^="javascript"]').count() == 0
        # What cannot be seen has its sign in Markdown, too.
        expect(page.locator(".markdown .odd").first).to_have_attribute("data-code", "U+202E")
        assert not re.search("owned", page.title())

    def test_it_can_be_judged(self, desk_with: Callable[..., Page]) -> None:
        page = desk_with(HOSTILE, "other", HOSTILE)
        page.keyboard.press("c")
        expect(page.locator("#corrected")).not_to_have_value("")
        page.keyboard.press("F")
        page.keyboard.press("Enter")
        expect(page.locator("[data-today]").first).to_have_text("1")
        assert Review.objects.get().corrected_output in (HOSTILE, "other")
        assert not Finding.objects.exists()
