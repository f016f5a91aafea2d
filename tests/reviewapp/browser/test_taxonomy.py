"""The taxonomy editor by keyboard alone, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp.actions import taxonomies
from reviewapp.models import Membership, Role, User
from taxonomy import drafts
from taxonomy.drafts import stored
from taxonomy.models import TaxonomyVersion
from tests.reviewapp.browser.conftest import sign_in
from tests.reviewapp.label_by_hand import label_one

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def editor(page: Page, live_server: LiveServer, finished_run: Run, bob: User) -> Page:
    """The page, signed in as bob, who leads, at a draft of a taxonomy that one label is made in."""
    Membership.objects.filter(user=bob).update(role=Role.LEAD)
    label_one(finished_run)
    sign_in(page, live_server, "bob")
    page.goto(f"{live_server.url}/p/{finished_run.project.slug}/taxonomy/")
    page.get_by_role("button", name="Start a draft").press("Enter")
    expect(page.locator("#editor[data-started]")).to_be_visible()
    return page


def draft() -> drafts.Draft:
    return stored.load(TaxonomyVersion.objects.get(state="draft"))


def keys() -> list[str]:
    return [one.key for one in draft().new.categories]


def row(page: Page, name: str) -> None:
    """Goes to a category with the arrow keys."""
    page.keyboard.press("t")
    page.keyboard.press("Home")
    for _ in keys():
        if page.evaluate("document.activeElement.textContent") == name:
            return
        page.keyboard.press("ArrowDown")
    pytest.fail(f"no row {name}")


def focused(page: Page, key: str) -> None:
    expect(page.locator(f'[data-node="{key}"]')).to_be_focused()


def said(page: Page, what: str) -> None:
    expect(page.locator("#said")).to_contain_text(what)


def test_reorder_edit_split_publish(editor: Page, finished_run: Run) -> None:
    row(editor, "False alarm")
    for _ in range(2):  # quicker than the server: the second waits for the first
        editor.keyboard.press("Alt+ArrowDown")
    said(editor, "moved “False alarm” down")
    expect(editor.locator("[data-tree] a").nth(4)).to_have_text("False alarm")
    focused(editor, "label.false-alarm")

    editor.keyboard.press("Enter")
    expect(editor.locator("#id_name")).to_be_focused()
    editor.keyboard.type("False positive")
    expect(editor.locator("#what-changes")).to_contain_text("to “False positive")
    editor.keyboard.press("Control+Enter")
    said(editor, "bob renamed “False alarm” to “False positive”")
    focused(editor, "label.false-alarm")

    row(editor, "Missed")
    editor.keyboard.press("s")
    expect(editor.locator("#id_names")).to_be_focused()
    editor.keyboard.press("Control+End")
    editor.keyboard.type("Seen too late")
    editor.keyboard.press("Control+Enter")
    said(editor, "split “Missed” into “Missed”, “Seen too late”")
    expect(editor.locator("#what-changes")).to_contain_text("the same definition")

    row(editor, "Seen too late")
    editor.keyboard.press("Enter")
    expect(editor.locator("#id_name")).to_be_focused()
    expect(editor.locator("#id_name")).to_have_value("Seen too late")
    editor.locator("#id_definition").focus()
    editor.keyboard.press("Control+a")
    editor.keyboard.type("It was noticed after the time in which it mattered.")
    editor.keyboard.press("Control+Enter")
    said(editor, "changed definition of “Seen too late”")

    editor.keyboard.press("p")
    expect(editor.locator(".warned")).to_contain_text("1 label goes back to the queue")
    editor.get_by_label("I have read").press("Space")
    editor.get_by_role("button", name="Publish").press("Enter")
    expect(editor.locator(".messages")).to_contain_text("classification@2 is published")
    finished_run.project.refresh_from_db()
    assert finished_run.project.taxonomy_version.number == 2


def test_new_indent_remove_undo(editor: Page) -> None:
    row(editor, "Wrong value")
    editor.keyboard.press("n")
    expect(editor.locator("#id_name")).to_be_focused()
    editor.keyboard.type("Stale value")
    editor.keyboard.press("Tab")
    editor.keyboard.type("5")  # which another one has
    expect(editor.locator("#clash-hotkey")).to_contain_text("“5” is taken by “Invented value”")
    editor.keyboard.press("Backspace")
    editor.keyboard.press("Tab")
    editor.keyboard.type("It was right once.")
    editor.keyboard.press("Control+Enter")
    said(editor, "added “Stale value”")
    focused(editor, "value.stale-value")
    editor.keyboard.press("Alt+ArrowRight")
    said(editor, "moved “Stale value” under “Wrong value”")
    assert draft().moves.categories["value.wrong"] == ("value.stale-value",)
    editor.keyboard.press("Alt+ArrowLeft")
    said(editor, "moved “Stale value” out of “Wrong value”")
    editor.keyboard.press("Delete")
    expect(editor.locator("#id_into")).to_be_focused()
    editor.keyboard.press("Control+Enter")
    said(editor, "removed “Stale value”")
    editor.keyboard.press("u")
    said(editor, "undid: removed “Stale value”")
    assert "value.stale-value" in keys()


def test_merge(editor: Page) -> None:
    for name in ("Partial value", "Wrong value"):
        row(editor, name)
        editor.keyboard.press("x")
    editor.keyboard.press("m")
    expect(editor.get_by_role("heading", name="Merge categories")).to_be_visible()
    editor.locator("#id_into").select_option("value.wrong")
    editor.locator("#id_into").press("Control+Enter")
    said(editor, "merged “Partial value” into “Wrong value”")
    assert draft().moves.categories["value.partial"] == ("value.wrong",)


def test_keys_are_shown(editor: Page) -> None:
    editor.keyboard.press("?")
    expect(editor.locator("#keys")).to_contain_text("move it up or down")
    editor.keyboard.press("Escape")
    row(editor, "Missed")


def test_two_people(editor: Page, finished_run: Run) -> None:
    """What was typed stays; it is put on top of the other's when that is wanted."""
    row(editor, "Missed")
    editor.keyboard.press("Enter")
    expect(editor.locator("#id_name")).to_be_focused()
    dana = User.objects.create_user("dana")
    taxonomies.edit(
        project=finished_run.project,
        version=TaxonomyVersion.objects.get(state="draft"),
        revision=1,
        change=lambda d: drafts.edit(d, "label.missed", name="Overlooked"),
        by=dana,
    )
    editor.keyboard.type("Not seen")
    editor.keyboard.press("Control+Enter")
    alert = editor.get_by_role("alert")
    expect(alert).to_contain_text("dana changed this draft")
    expect(alert).to_contain_text("dana renamed “Missed” to “Overlooked”")
    expect(alert.locator("td").first).to_have_text("Overlooked")
    expect(editor.locator("#id_name")).to_have_value("Not seen")
    assert drafts.category(draft(), "label.missed").name == "Overlooked"
    editor.locator("#id_name").press("Control+Enter")
    said(editor, "bob renamed “Overlooked” to “Not seen”")


def test_what_is_typed_is_not_left_behind(editor: Page) -> None:
    asked: list[str] = []
    editor.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    row(editor, "Missed")
    editor.keyboard.press("Enter")
    expect(editor.locator("#id_name")).to_be_focused()
    editor.keyboard.type("Half a thought")
    editor.keyboard.press("Escape")
    editor.keyboard.press("ArrowDown")
    editor.keyboard.press("Enter")
    assert asked == ["What you typed is not saved. Go on without it?"]
    expect(editor.locator("#id_name")).to_have_value("Half a thought")
    editor.locator("#id_name").press("Control+Enter")
    said(editor, "to “Half a thought”")
