"""A real browser, signed in as bob; any error on its console fails the test."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from evals import values
from evals.models import Comparison, Output, Request, Run
from reviewapp.models import Membership, Role, User
from tests import browser as chromium

#: Where the desk says what waits to be sent, and what is wrong; what tells it that it is online.
SENDING, PROBLEMS = "[data-sending]", "#problems"
ONLINE = "dispatchEvent(new Event('online'))"


@pytest.fixture(scope="module")  # its loop would stand in the way of other modules' own
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if not path:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium: python -m tests.browser says why")
        pytest.skip("no Chromium on this machine, and none could be installed")
    # Playwright's loop runs in this thread; Django must not mistake our queries for async ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(autouse=True)
def _answered(transactional_db: None) -> Iterator[None]:
    """Waits at the end for what the server is still at: a page fetches the next item while the
    test is over, and would meet a database that is being emptied."""
    under_way = Counter[str]()

    def begun(**_: object) -> None:
        under_way["requests"] += 1

    def ended(**_: object) -> None:
        under_way["requests"] -= 1

    request_started.connect(begun, weak=False)
    request_finished.connect(ended, weak=False)
    yield
    deadline = time.monotonic() + 10
    while under_way["requests"] > 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    request_started.disconnect(begun)
    request_finished.disconnect(ended)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    yield opened
    context.set_offline(True)  # what is sent on leaving would meet a database that is emptied
    context.close()
    # The desk's script is refused with these, and says so on the page.
    refused = ("status of 409", "status of 422", "ERR_INTERNET_DISCONNECTED")
    assert [one for one in problems if not any(known in one for known in refused)] == []


@pytest.fixture
def bob(finished_run: Run) -> User:
    user, _ = User.objects.get_or_create(username="bob")
    user.set_password("correct-horse-1")
    user.save()
    Membership.objects.get_or_create(
        project=finished_run.project, user=user, defaults={"role": Role.REVIEWER}
    )
    return user


@pytest.fixture
def desk(page: Page, live_server: LiveServer, finished_run: Run, bob: User) -> Page:
    """The page, signed in as bob, at the desk."""
    sign_in(page, live_server, "bob")
    page.goto(f"{live_server.url}/p/{finished_run.project.slug}/review/")
    wait_for_keys(page)
    return page


def wait_for_keys(page: Page) -> None:
    """Until the desk's script listens."""
    page.locator("#desk-data[data-started]").wait_for(state="attached")


def wait_for_ahead(page: Page) -> None:
    """Until the next item has been fetched."""
    page.locator("#desk-elsewhere[data-ahead]").wait_for(state="attached")


def sign_in(page: Page, live_server: LiveServer, name: str) -> None:
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("correct-horse-1")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


@pytest.fixture
def desk_with(
    page: Page, live_server: LiveServer, finished_run: Run, bob: User
) -> Callable[..., Page]:
    """Bob at the desk, where every item has the same outputs (and request)."""

    def opened(one: object, other: object = "other", request: object = None) -> Page:
        for comparison in Comparison.objects.filter(run=finished_run).select_related("request"):
            asked = comparison.request
            comparison.baseline_output = _output(asked, finished_run.baseline, one)
            comparison.candidate_output = _output(asked, finished_run.candidate, other)
            comparison.save()
            if request is not None:
                Request.objects.filter(pk=asked.pk).update(input=request)
        sign_in(page, live_server, "bob")
        page.goto(f"{live_server.url}/p/{finished_run.project.slug}/review/")
        wait_for_keys(page)
        return page

    return opened


def _output(request: Request, model: Any, value: object) -> Output:
    text, digest = values.as_text(value), values.digest(value)
    made = {"text": text, "value": value, "digest": digest}
    return Output.objects.create(request=request, model=model, sample=9, **made)


def side_with(page: Page, text: str) -> str:
    """A or B: the one that shows the text."""
    shown = page.locator('[data-text="A"]').text_content() or ""
    return "A" if text in shown else "B"
