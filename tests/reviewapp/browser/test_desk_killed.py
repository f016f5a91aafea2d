"""A browser that is killed while the server cannot be reached: what was submitted and typed in it
is on its disk, and reaches the server once, when it is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.models import Run
from reviewapp.models import Draft, Rater, Review, Slot, User
from tests import browser as chromium
from tests.reviewapp.browser.conftest import sign_in, wait_for_ahead, wait_for_keys
from tests.reviewapp.browser.test_desk_promises import both_fine, here, type_note, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def started(
    browser: Browser, live_server: LiveServer, finished_run: Run, bob: User, tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """Bob at the desk in a browser of his own, whose folder is the same at each start."""
    contexts: list[BrowserContext] = []

    def start(left: bool = True) -> Page:
        context = browser.browser_type.launch_persistent_context(
            tmp_path, executable_path=chromium.find(), args=list(chromium.ARGUMENTS)
        )
        contexts.append(context)
        page = context.pages[0]
        page.set_default_timeout(15_000)
        sign_in(page, live_server, "bob")
        page.goto(f"{live_server.url}/p/{finished_run.project.slug}/review/")
        if left:
            wait_for_keys(page)
        return page

    yield start
    for context in contexts:
        with suppress(Error):
            context.set_offline(True)
            context.close()


def kill(folder: Path) -> None:
    """SIGKILL to the browser that lives in a folder, with all of its processes at once."""
    for pid in (doomed := _processes(folder)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert doomed
    deadline = time.monotonic() + 15
    while _alive(doomed):
        assert time.monotonic() < deadline, "the browser lives on"
        time.sleep(0.02)
    # Who started it may not have noticed yet: then it counts as alive, and holds this.
    (folder / "SingletonLock").unlink(missing_ok=True)


def _processes(folder: Path) -> set[int]:
    rows = [row.split(None, 2) for row in _ps("pid", "ppid", "command")]
    found = {int(pid) for pid, _, command in rows if f"--user-data-dir={folder}" in command}
    while more := {int(pid) for pid, parent, _ in rows if int(parent) in found} - found:
        found |= more
    return found


def _alive(pids: set[int]) -> bool:
    """Whether one of them is more than a name that nobody has asked for yet."""
    rows = [row.split() for row in _ps("pid", "stat")]
    return any(int(pid) in pids and not state.startswith("Z") for pid, state in rows)


def _ps(*columns: str) -> list[str]:
    asked = ["ps", "-axww", *(f"-o{column}=" for column in columns)]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()


def test_what_was_submitted_and_typed(started: Callable[..., Page], tmp_path: Path) -> None:
    page = started()
    wait_for_ahead(page)
    first = here(page)
    page.context.set_offline(True)
    type_note(page, "said without a network")
    both_fine(page)
    second = here(page)
    assert second != first
    type_note(page, "half a thought")
    expect(page.locator("[data-sending]")).to_contain_text("1 waiting to be sent")
    expect(page.locator("#draft-state")).to_contain_text("kept in this browser")
    kill(tmp_path)
    assert not Review.objects.exists()
    page = started()
    until(Review.objects.exists)
    expect(page.locator("[data-today]").first).to_have_text("1")
    expect(page.locator("#note")).to_have_value("half a thought")
    assert here(page) == second
    assert Review.objects.get().note == "said without a network"
    assert Review.objects.get().item_id == first
    until(lambda: Draft.objects.filter(item=second, body__note="half a thought").exists())
    page.reload()
    wait_for_keys(page)
    expect(page.locator("#note")).to_have_value("half a thought")
    assert Review.objects.count() == 1


def test_an_answer_that_never_came(started: Callable[..., Page], tmp_path: Path) -> None:
    """It was on its way, and the server says nothing: killed then, it is the same review later."""
    page = started()
    item = here(page)
    page.route("**/submit/", lambda route: route.fetch() and None)  # it arrives; nothing comes back
    both_fine(page)
    until(Review.objects.exists)
    page.wait_for_timeout(1000)
    kill(tmp_path)
    page = started()
    expect(page.locator("[data-today]").first).to_have_text("1")
    assert here(page) != item
    assert Review.objects.count() == 1


def test_nothing_is_left_when_it_comes_back(
    started: Callable[..., Page], dana: User, finished_run: Run, tmp_path: Path
) -> None:
    """All is somebody else's by then: what was judged is told of and kept as a draft."""
    page = started()
    item = here(page)
    page.context.set_offline(True)
    type_note(page, "said without a network")
    both_fine(page)
    expect(page.locator("[data-sending]")).to_contain_text("1 waiting to be sent")
    kill(tmp_path)
    theirs, _ = Rater.objects.get_or_create(
        project=finished_run.project, user=dana, defaults={"name": "dana", "kind": "member"}
    )
    for slot in Slot.objects.filter(item__run=finished_run):
        Slot.objects.filter(pk=slot.pk).update(
            state="submitted", rater=theirs, lease_until=None, ahead=False, closed_at=timezone.now()
        )
    page = started(left=False)
    expect(page.locator("h1")).to_contain_text("Nothing is waiting for you")
    expect(page.locator("#problems")).to_contain_text("kept as a draft")
    assert Draft.objects.filter(item=item, body__note="said without a network").exists()
    assert not Review.objects.exists()
