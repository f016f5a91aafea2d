"""The comparators there are. To add one: copy exact.py, name it here."""

from dataclasses import dataclass
from typing import Any

import msgspec

from evals.comparators.date import Date
from evals.comparators.exact import Exact
from evals.comparators.extract import EXTRACTORS
from evals.comparators.json_fields import JsonFields
from evals.comparators.label import Label
from evals.comparators.lists import ListOf, SetOf
from evals.comparators.normalise import NORMALISERS
from evals.comparators.number import Number
from evals.comparators.similarity import Similarity
from evals.comparators.text import Text
from evals.comparators.tool_calls import ToolCalls
from evals.comparators.unit import Quantity

Kind = (
    type[Exact]
    | type[Text]
    | type[Label]
    | type[JsonFields]
    | type[Number]
    | type[Similarity]
    | type[SetOf]
    | type[ListOf]
    | type[Date]
    | type[Quantity]
    | type[ToolCalls]
)

COMPARATORS: dict[str, Kind] = {
    "exact": Exact,
    "text": Text,
    "label": Label,
    "json": JsonFields,
    "number": Number,
    "similarity": Similarity,
    "set": SetOf,
    "list": ListOf,
    "date": Date,
    "unit": Quantity,
    "tool_calls": ToolCalls,
}


@dataclass(frozen=True)
class OptionHelp:
    """One option as a settings page shows it; `default` is None where it must be given."""

    name: str
    default: object
    description: str


@dataclass(frozen=True)
class KindHelp:
    """One kind of comparator or extraction as a settings page shows it."""

    kind: str
    description: str
    options: tuple[OptionHelp, ...]


def _help(kinds: dict[str, Any]) -> dict[str, KindHelp]:
    return {
        name: KindHelp(name, (kind.__doc__ or "").split("\n")[0], _options(kind))
        for name, kind in kinds.items()
    }


def _options(kind: Any) -> tuple[OptionHelp, ...]:
    annotated = {field.name: field for field in msgspec.structs.fields(kind)}
    return tuple(
        OptionHelp(name, _default(field), _description(field.type))
        for name, field in annotated.items()
    )


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.required else field.default


def _description(annotation: Any) -> str:
    return next((one.description for one in annotation.__metadata__ if one.description), "")


COMPARATOR_HELP = _help(COMPARATORS)
EXTRACTOR_HELP = _help(EXTRACTORS)
NORMALISER_HELP = _help(NORMALISERS)
