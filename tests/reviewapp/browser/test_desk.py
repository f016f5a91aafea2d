"""The loop as a person meets it, in a real browser: sign in, label by keyboard, see the report."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Comparison, Output, Run
from reviewapp.actions import projects, reports
from reviewapp.models import Report, Review, User
from tests.reviewapp.browser.conftest import sign_in, wait_for_keys

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_it_works(page: Page, live_server: LiveServer, finished_run: Run, bob: User) -> None:
    """Three items by keyboard, and the report is another one than before."""
    project = finished_run.project
    projects.set_policy(project=project, margin=0.05, critical_margin=0.01, by=bob)
    before = reports.refresh(run=finished_run)
    assert before.data["labels"]["used"] == 0
    sign_in(page, live_server, "bob")
    page.get_by_role("link", name=project.name).first.click()
    page.get_by_role("link", name="Review", exact=True).click()
    hotkey = project.taxonomy_version.leaves().exclude(hotkey="")[0].hotkey
    for number in range(3):
        expect(page.locator(".deskbar")).to_contain_text(f"{number} today")
        wait_for_keys(page)
        page.keyboard.press("a")
        page.keyboard.press("f")
        page.keyboard.press("b")
        page.keyboard.press(hotkey)
        expect(page.locator('[data-findings="B"] li')).to_have_count(1)
        page.keyboard.press("Enter")
    expect(page.locator(".deskbar")).to_contain_text("3 today")
    assert Review.objects.filter(item__run=finished_run).count() == 3
    reports.refresh(run=finished_run)
    page.goto(f"{live_server.url}/p/{project.slug}/runs/{finished_run.name}/report/")
    expect(page.locator(".opening")).to_contain_text("rrors overall")
    assert Report.objects.get(run=finished_run).data["labels"]["used"] >= 1


def test_draft_comes_back(desk: Page) -> None:
    desk.locator("#note").fill("half a thought")
    desk.keyboard.press("Escape")
    desk.keyboard.press("f")
    expect(desk.locator("#draft-state")).to_have_text("draft saved")
    desk.reload()
    wait_for_keys(desk)
    expect(desk.locator("#note")).to_have_value("half a thought")
    expect(desk.locator('[data-fine="A"]')).to_have_attribute("aria-pressed", "true")


def test_keys_faster_than_the_swap(desk: Page) -> None:
    """Somebody types ahead: the keys arrive before htmx has taken up the next form."""
    desk.evaluate("""() => new MutationObserver((_, observer) => {
        if (document.querySelector(".deskbar").textContent.includes("0 today")) return;
        observer.disconnect();
        for (const key of ["F", "Enter"])
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    }).observe(document.querySelector("main"), {childList: true, subtree: true})""")
    desk.keyboard.press("F")
    desk.keyboard.press("Enter")
    expect(desk.locator(".deskbar")).to_contain_text("2 today")


def test_incomplete_judgement_is_told(desk: Page) -> None:
    desk.keyboard.press("f")
    desk.keyboard.press("Enter")
    expect(desk.locator("#problems")).to_contain_text("Side B is not judged yet")
    assert not Review.objects.exists()


def test_lost_slot_keeps_the_work(desk: Page, finished_run: Run, bob: User) -> None:
    """The lease ran out and somebody else took the item: nothing typed is lost."""
    desk.locator("#note").fill("typed before the lease ran out")
    desk.keyboard.press("Escape")
    other = User.objects.create_user("other")
    rater = finished_run.project.raters.create(kind="member", user=other, name="other")
    slots = finished_run.project.raters.get(user=bob).slots
    slots.update(rater=rater)
    desk.keyboard.press("F")
    desk.keyboard.press("Enter")
    expect(desk.locator("#problems")).to_contain_text("This review was not counted")
    expect(desk.locator("#note")).to_have_value("typed before the lease ran out")
    assert not Review.objects.exists()


def test_sides_are_not_given_away(desk: Page, finished_run: Run) -> None:
    text = desk.content()
    for name in (finished_run.baseline.name, finished_run.candidate.name, "baseline", "candidate"):
        assert not re.search(rf"\b{re.escape(name)}\b", text), name


def test_output_is_never_markup(
    page: Page, live_server: LiveServer, finished_run: Run, bob: User
) -> None:
    """A hostile output is shown as the text that it is."""
    hostile = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    for comparison in Comparison.objects.filter(run=finished_run).select_related("request"):
        comparison.candidate_output = Output.objects.create(
            request=comparison.request,
            model=finished_run.candidate,
            sample=9,
            text=hostile,
            value=hostile,
            digest="0" * 64,
        )
        comparison.save()
    sign_in(page, live_server, "bob")
    page.goto(f"{live_server.url}/p/{finished_run.project.slug}/review/")
    expect(page.locator(".sides")).to_contain_text("<img src=x onerror=")
    assert page.locator(".sides img, .sides script").count() == 0
    assert "owned" not in page.title()
