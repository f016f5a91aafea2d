"""What an output cost, where it can be told."""

from __future__ import annotations

from decimal import Decimal

from evals.models import ModelVersion
from evals.records import OutputRecord

#: US dollars for one output that a row has room for.
MOST_COST = 10_000_000


def cost_of(
    model: ModelVersion, input_tokens: int | None, output_tokens: int | None
) -> Decimal | None:
    """US dollars by the model's prices, or None where a price or a count is not known, or where
    it is more than a column of costs holds: a server that counts two billion tokens is not right.
    """
    if None in (model.price_input, model.price_output, input_tokens, output_tokens):
        return None
    assert model.price_input is not None
    assert model.price_output is not None
    cost = (
        model.price_input * (input_tokens or 0) + model.price_output * (output_tokens or 0)
    ) / 1_000_000
    return cost if cost < MOST_COST else None


def cost_told(model: ModelVersion, record: OutputRecord) -> Decimal | None:
    """US dollars as the record has them, or else by the model's prices."""
    if record.cost_usd is not None:
        return Decimal(str(record.cost_usd))
    return cost_of(model, record.input_tokens, record.output_tokens)
