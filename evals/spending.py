"""What a run spends on asking, and the cap that it stops before.

The most that a call can cost is reserved in a row before the call is made, and turned into what it
did cost afterwards. So the cap holds over all workers; and where a worker dies, what it had
reserved counts as spent, since the server may have answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_UP, Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Sum

from evals.limits import bytes_sent, longest_answer
from evals.models import ModelVersion, Run, Spending
from evals.providers import PROVIDERS
from evals.providers.base import Call

NOTHING = Decimal(0)
_SMALLEST = Decimal("0.000000001")
_MOST = Decimal(1_000_000)


def is_billed(model: ModelVersion) -> bool:
    """Whether asking this version costs money."""
    return bool(model.provider) and PROVIDERS[model.provider].billed


def has_prices(model: ModelVersion) -> bool:
    return model.price_input is not None and model.price_output is not None


def most_of(model: ModelVersion, call: Call) -> Decimal:
    """The most that the call can cost: every byte a token, and the longest answer that the
    parameters allow. 0 where asking is free or no price is known."""
    if not is_billed(model) or model.price_input is None or model.price_output is None:
        return NOTHING
    cost = model.price_input * bytes_sent(call) + model.price_output * longest_answer(model)
    return min((cost / 1_000_000).quantize(_SMALLEST, ROUND_UP), _MOST)


class Reserved(NamedTuple):
    """How many of the calls may be made; `spent` and `waiting` (reserved for calls in flight)
    before them, and the cap, where there is one."""

    calls: int
    spent: Decimal
    waiting: Decimal
    cap: Decimal | None

    def is_passed_by(self, estimate: Decimal) -> bool:
        """Whether a call could pass the cap even when all in flight turn out to be free."""
        return self.cap is not None and self.spent + estimate > self.cap


@transaction.atomic
def reserve(run: Run, model: ModelVersion, estimates: Sequence[Decimal]) -> Reserved:
    """Sets aside what the first of these calls can cost, as many as fit under the run's cap."""
    cap = (
        Run.objects.select_for_update(no_key=True).values_list("cap_usd", flat=True).get(pk=run.pk)
    )
    spent, waiting = totals(run)
    taken, calls = NOTHING, 0
    for estimate in estimates:
        if cap is not None and spent + waiting + taken + estimate > cap:
            break
        taken, calls = taken + estimate, calls + 1
    if taken:
        row, _ = Spending.objects.get_or_create(run=run, model=model)
        Spending.objects.filter(pk=row.pk).update(reserved_usd=F("reserved_usd") + taken)
    return Reserved(calls, spent, waiting, cap)


def spend(run: Run, model: ModelVersion, reserved: Decimal, cost: Decimal) -> None:
    """Turns what was reserved for calls into what they did cost."""
    if reserved or cost:
        row, _ = Spending.objects.get_or_create(run=run, model=model)
        Spending.objects.filter(pk=row.pk).update(
            reserved_usd=F("reserved_usd") - reserved, spent_usd=F("spent_usd") + cost
        )


def recover(model: ModelVersion) -> None:
    """What is still reserved for this model was reserved by a worker that died. The caller is the
    one process that asks it."""
    Spending.objects.filter(model=model, reserved_usd__gt=0).update(
        spent_usd=F("spent_usd") + F("reserved_usd"), reserved_usd=0
    )


def totals(run: Run) -> tuple[Decimal, Decimal]:
    """(spent, reserved) of a run in US dollars."""
    found = Spending.objects.filter(run=run).aggregate(s=Sum("spent_usd"), r=Sum("reserved_usd"))
    return found["s"] or NOTHING, found["r"] or NOTHING
