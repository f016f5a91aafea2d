"""What a screen reader is told on pages other than the desk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp.models import Slot, User
from tests.reviewapp.browser.conftest import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class TestSignIn:
    def test_why_it_was_refused(self, page: Page, live_server: LiveServer, bob: User) -> None:
        """It belongs to the field that has the focus, so it is read with that."""
        page.goto(f"{live_server.url}/accounts/login/")
        expect(page.get_by_label("Name")).not_to_have_attribute("aria-invalid", "true")
        page.get_by_label("Name").fill("bob")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        name = page.get_by_label("Name")
        expect(name).to_be_focused()
        expect(name).to_have_attribute("aria-invalid", "true")
        expect(name).to_have_accessible_description(re.compile("not correct"))


class TestAtThisMoment:
    @pytest.fixture
    def queue(self, page: Page, live_server: LiveServer, finished_run: Run, bob: User) -> Page:
        sign_in(page, live_server, "bob")
        page.goto(f"{live_server.url}/p/{finished_run.project.slug}/queue/")
        return page

    def asked(self, page: Page) -> None:
        with page.expect_response(lambda answer: "/live/" in answer.url):
            page.evaluate("htmx.trigger('#live', 'seen')")

    def test_what_is_as_it_was_is_left_alone(self, queue: Page) -> None:
        """Replaced every few seconds, it cannot be read: the place of reading is gone each time."""
        queue.evaluate("globalThis.before = document.querySelector('#live dd')")
        for _ in range(2):
            self.asked(queue)
        queue.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping')")
        assert queue.evaluate("before.isConnected")

    def test_what_has_changed_is_shown(self, queue: Page) -> None:
        before = queue.locator("#live dd").first.inner_text()
        Slot.objects.filter(state="open").order_by("pk")[:1].get().delete()
        self.asked(queue)
        expect(queue.locator("#live dd").first).not_to_have_text(before)
