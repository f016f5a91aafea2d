"""The report in a real browser: the switch, a month's cost, its items, paper, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import ModelVersion, Project, Run
from reviewapp import workers
from reviewapp.actions import parts, projects, promotions, reports
from reviewapp.models import User
from tests.reviewapp.browser.conftest import sign_in
from tests.reviewapp.browser.test_accessibility import violations
from tests.reviewapp.reported import reported

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(
    page: Page,
    live_server: LiveServer,
    project: Project,
    models: tuple[ModelVersion, ModelVersion],
    olga: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """A whole report, and olga signed in."""
    monkeypatch.setattr(workers, "alive", lambda: True)
    made = reported(project, models, requests=150, labels=40, budget=100)
    olga.set_password("correct-horse-1")
    olga.save()
    sign_in(page, live_server, "olga")
    return made


@pytest.fixture
def address(live_server: LiveServer) -> str:
    return f"{live_server.url}/p/support/runs/shadow-11/report/"


def test_the_interval_is_switched_in_place(page: Page, run: Run, address: str) -> None:
    page.goto(address)
    page.evaluate("window.same = true")
    page.get_by_role("link", name="traffic like it").click()
    chosen = page.locator(".switch [aria-current]")
    expect(chosen).to_have_text("traffic like it")
    assert page.evaluate("window.same")
    assert "for=traffic" in page.url
    page.go_back()
    expect(chosen).to_have_text("this window")


def test_a_month_is_reckoned_while_typing(page: Page, run: Run, address: str) -> None:
    page.goto(address)
    page.get_by_label("Requests a month").press_sequentially("1000000")
    expect(page.locator("#monthly")).to_contain_text("A month: $700.00 → $440.00")
    expect(page.get_by_label("Requests a month")).to_be_focused()


def test_without_script(page: Page, run: Run, address: str) -> None:
    browser = page.context.browser
    assert browser
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    plain = context.new_page()
    plain.goto(address)
    plain.get_by_role("link", name="traffic like it").click()
    expect(plain.locator(".switch [aria-current]")).to_have_text("traffic like it")
    plain.get_by_label("Requests a month").fill("1000")
    plain.get_by_role("button", name="Project").click()
    expect(plain.locator("#monthly")).to_contain_text("A month: $0.70 → $0.44")
    expect(plain.locator(".switch [aria-current]")).to_have_text("traffic like it")
    context.close()


def test_a_row_of_the_plot_leads_to_its_items(page: Page, run: Run, address: str) -> None:
    page.goto(address)
    page.locator("svg.forest a").first.press("Enter")
    page.get_by_role("heading", name="Missed").wait_for()


def test_a_part_appears_by_itself(page: Page, run: Run, address: str) -> None:
    current = run.reports.get(frozen_at=None)
    current.data["latency"] = None
    current.data["parts"]["latency"] = {**current.data["parts"]["latency"], "as_of": None}
    current.save()
    page.goto(address)
    latency = page.locator("#part-latency")
    expect(latency).to_contain_text("Being computed")
    parts.refresh(run=run, name="latency")
    expect(latency.get_by_role("img")).to_be_visible()
    expect(page.locator("#age[hx-get]")).to_have_count(0)


def test_newer_numbers_do_not_come_under_the_eyes_of_a_reader(
    page: Page, run: Run, address: str, olga: User
) -> None:
    projects.set_policy(project=run.project, margin=0.02, critical_margin=0.02, by=olga)
    page.goto(address)
    before = page.locator("#categories").inner_html()
    expect(page.locator("#age")).to_contain_text("newer labels are being worked in")
    reports.refresh(run=run)
    page.get_by_role("link", name="newer numbers are there").wait_for()
    assert page.locator("#categories").inner_html() == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_it(page: Page, run: Run, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    problems = []
    for one in (address, f"{address}?for=traffic&volume=x", f"{address}items/?d=worse"):
        page.goto(one)
        problems += list(violations(page, one, scheme))
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.set_viewport_size({"width": 1280, "height": 800})
    assert problems == []


def test_on_paper(page: Page, run: Run, address: str, olga: User, tmp_path: Path) -> None:
    promotion = promotions.open(run=run, by=olga)
    promotions.decide(promotion=promotion, verdict="refuse", reason="Too many.", by=olga)
    page.goto(f"{address}?frozen={promotion.report_id}")
    page.emulate_media(media="print")
    assert page.get_by_role("link", name="JSON").count() == 0
    assert page.get_by_role("navigation").count() == 0
    assert page.get_by_text("Too many.").is_visible()
    assert page.pdf(path=tmp_path / "report.pdf", format="A4").startswith(b"%PDF")
