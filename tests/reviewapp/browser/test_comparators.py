"""Comparators are tried in a real browser: the page stays, the part with what was found comes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp import trying
from reviewapp.models import Membership, Role, User
from tests.reviewapp.browser.conftest import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LABEL = '{"comparators": [{"kind": "label"}]}'


def test_try_and_save(
    page: Page,
    live_server: LiveServer,
    finished_run: Run,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Membership.objects.filter(user=bob).update(role=Role.LEAD)
    monkeypatch.setattr(trying, "STEP", 5)
    monkeypatch.setattr(trying.go_on, "__defaults__", (0,))  # three answers for twelve pairs
    sign_in(page, live_server, "bob")
    page.goto(f"{live_server.url}/p/support/settings/comparators/")
    page.fill("#id_config", "{")
    page.get_by_role("button", name="Try on the last 200 pairs").click()
    expect(page.locator("#tried")).to_contain_text("line 1, column 2")
    page.fill("#id_config", LABEL)
    page.get_by_role("button", name="Try on the last 200 pairs").click()
    expect(page.locator("#tried")).to_contain_text("Of the newest 12 pairs")
    expect(page.locator("#tried")).to_contain_text("differ → equivalent")
    assert page.input_value("#id_config") == LABEL
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text("Runs that start from now on")
    page.goto(f"{live_server.url}/p/support/runs/shadow-11/")
    page.get_by_text("The project's are others by now").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Compare again").click()
    expect(page.locator("#again")).to_contain_text("0 % of 12 comparisons")
