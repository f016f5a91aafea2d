"""The spending cap: stopped before it is passed, whatever is in flight and whoever dies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from evals import fetch, spending
from evals.calls import call_of
from evals.models import ModelVersion, Output, Request, Run, Spending
from reviewapp.actions import limits
from reviewapp.models import AuditEvent, User
from tests.evals.fetching import change
from tests.evals.model_server import Answer, ModelServer, refuses, says
from tests.evals.test_ingest import at_once

pytestmark = pytest.mark.django_db
# By the prices of the fixture: 12 tokens at 2.5 and 3 at 10 US$ per million.
COST = Decimal("0.00006")


@pytest.fixture
def capped(start: Any, model: ModelVersion, olga: User) -> Any:
    def started(count: int, cap: str, **fields: Any) -> Run:
        change(model, parameters={"max_tokens": 10}, **fields)
        run = start(count)
        limits.set_cap(run=run, cap_usd=Decimal(cap), by=olga)
        run.refresh_from_db()
        return run

    return started


class TestCap:
    def test_it_stops_before_it_is_passed(
        self, capped: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        server.answer = lambda text, nth: says(text, delay=0.01)
        run = capped(60, "0.001", concurrency=8)
        stored = fetch.fetch(run, model)
        run.refresh_from_db()
        spent, reserved = spending.totals(run)
        assert (run.state, run.paused_by) == ("paused", "cap")
        assert (spent, reserved) == (stored * COST, 0)
        most = spending.most_of(model, call_of(model, Request.objects.first()))
        assert Decimal("0.001") - most < spent <= Decimal("0.001")
        assert f"US$ {spent:.4f} spent" in run.state_reason
        assert "Raise the cap to go on" in run.state_reason

    def test_no_answer_costs_more_than_was_set_aside(
        self, capped: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        """Even where every answer is as long as it may be."""
        server.answer = lambda text, nth: says(text, tokens=(60, 10), delay=0.01)
        run = capped(60, "0.002", concurrency=16)
        fetch.fetch(run, model)
        assert spending.totals(run)[0] <= Decimal("0.002")

    def test_raised_it_goes_on(
        self, capped: Any, model: ModelVersion, server: ModelServer, olga: User
    ) -> None:
        run = capped(20, "0.0005")
        stored = fetch.fetch(run, model)
        assert 0 < stored < 20
        limits.set_cap(run=run, cap_usd=Decimal(1), by=olga)
        run.refresh_from_db()
        assert (run.state, run.state_reason, run.paused_by) == ("running", "", "")
        assert fetch.fetch(run, model) == 20 - stored
        event = AuditEvent.objects.filter(verb="changed the spending cap of").last()
        assert (event.data["from"], event.data["to"]) == ("0.0005", "1")

    def test_nothing_is_asked_under_a_cap_of_nothing(
        self, capped: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = capped(3, "0")
        assert fetch.fetch(run, model) == server.calls == 0
        run.refresh_from_db()
        assert run.paused_by == "cap"

    def test_recorded_outputs_cost_nothing(self, model: ModelVersion) -> None:
        model.provider = "recorded"
        assert not spending.is_billed(model)


class TestWhatIsCounted:
    @pytest.mark.parametrize(
        ("answer", "charged"),
        [
            (refuses(503), False),
            (refuses(400), False),
            (Answer(body=b"<html>"), True),
            (Answer(body=b'{"choices": [{"message": {"content": null}}]}'), True),
            (says("fine", tokens=None), True),
        ],
    )
    def test_what_may_have_been_charged_is(
        self, capped: Any, model: ModelVersion, server: ModelServer, answer: Answer, charged: bool
    ) -> None:
        server.answer = lambda *_: answer
        run = capped(1, "1")
        most = spending.most_of(model, call_of(model, Request.objects.get()))
        fetch.fetch(run, model)
        assert spending.totals(run) == (most if charged else 0, 0)

    def test_what_a_dead_worker_had_set_aside_is_spent(
        self, capped: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = capped(1, "1")
        spending.reserve(run, model, [Decimal("0.25"), Decimal("0.25")])
        fetch.fetch(run, model)
        assert spending.totals(run) == (Decimal("0.5") + COST, 0)

    def test_without_a_cap_it_is_counted_too(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        run = start(5)
        fetch.fetch(run, model)
        assert spending.totals(run) == (5 * COST, 0)

    def test_without_prices_nothing_is_known(
        self, start: Any, model: ModelVersion, server: ModelServer
    ) -> None:
        change(model, price_input=None)
        fetch.fetch(start(1), model)
        assert not Spending.objects.exists()
        assert Output.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_two_sides_at_once_share_it(self, capped: Any, model: ModelVersion) -> None:
        run = capped(1, "1")
        estimates = [Decimal("0.1")] * 8

        def reserve() -> int:
            return spending.reserve(run, model, estimates).calls

        assert sum(at_once(reserve, reserve, reserve)) == 10
        assert spending.totals(run) == (0, 1)
