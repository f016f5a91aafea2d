"""Comparison of tool calls: which tools are called, and with what."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from evals.comparators.base import Verdict, verdict_of_misses
from evals.comparators.json_fields import JsonFields, parse
from evals.comparators.json_schema import as_schema_says, schemas
from evals.values import canonical

Call = tuple[str, object]


class ToolCalls(msgspec.Struct, frozen=True):
    """The same tools called with the same arguments; what is said beside them does not count.

    Arguments are compared as JSON, after the JSON Schema that the request's `tools` give them: a
    default that is left out is filled in, and "5" is 5 where an integer is asked for. An output
    without a call equals only another without one. Ids of calls never count.
    """

    ignore: Annotated[
        list[str], Meta(description='JSON paths inside the arguments: ["$.request_id"]')
    ] = []
    ordered: Annotated[bool, Meta(description="the order of calls counts")] = True
    by_schema: Annotated[
        bool, Meta(description="fill defaults and coerce types as the request's tools say")
    ] = True

    def __post_init__(self) -> None:
        JsonFields(ignore=self.ignore)  # names what is no path

    def compare(self, a: object, b: object, tools: object = None) -> Verdict:
        missed = verdict_of_misses(a, b)
        if missed:
            return missed
        said = schemas(tools) if self.by_schema else {}
        mine, theirs = ([_by_schema(call, said) for call in read_calls(x)] for x in (a, b))
        if not self.ordered:
            mine, theirs = self._apart(mine, theirs)
        most = max(len(mine), len(theirs))
        matches, alike, path = True, 0.0, None
        for i in range(most):
            verdict = self._of(i, mine, theirs)
            alike += verdict.similarity
            if not verdict.matches and matches:
                matches, path = False, verdict.path if self.ordered else "$.tool_calls"
        return Verdict(matches, alike / most if most else 1.0, path)

    def _of(self, i: int, mine: Sequence[Call], theirs: Sequence[Call]) -> Verdict:
        at = f"$.tool_calls[{i}]"
        if i >= len(mine) or i >= len(theirs):
            return Verdict(False, 0.0, at)
        (name, arguments), (other, others) = mine[i], theirs[i]
        if name != other:
            return Verdict(False, 0.0, f"{at}.name")
        found = JsonFields(ignore=self.ignore).compare(arguments, others)
        inside = f"{at}.arguments{(found.path or '$')[1:]}"
        # The name is right at least.
        return Verdict(found.matches, (1 + found.similarity) / 2, inside)

    def _apart(self, mine: list[Call], theirs: list[Call]) -> tuple[list[Call], list[Call]]:
        """The calls in an order of their own: those in both first, then by name and arguments."""
        fields = JsonFields(ignore=self.ignore)
        mine, theirs = (
            sorted(side, key=lambda call: (call[0], canonical(fields.prepared(call[1]))))
            for side in (mine, theirs)
        )
        keys = [
            [(name, canonical(fields.prepared(arguments))) for name, arguments in side]
            for side in (mine, theirs)
        ]
        both, i, j = [], 0, 0
        while i < len(mine) and j < len(theirs):
            if keys[0][i] == keys[1][j]:
                both.append((mine[i], theirs[j]))
                i, j = i + 1, j + 1
            elif keys[0][i] < keys[1][j]:
                i += 1
            else:
                j += 1
        common = {id(call) for pair in both for call in pair}
        return (
            [x for x, _ in both] + [call for call in mine if id(call) not in common],
            [y for _, y in both] + [call for call in theirs if id(call) not in common],
        )


def read_calls(value: object) -> list[Call]:
    """(name, arguments) of each call of an output, in order; none where there are none.

    Read are OpenAI's form ({"function": {"name", "arguments"}}), the flat form of OpenTelemetry
    ({"name", "arguments"}) and {"name", "input"}; alone, in a list, or under `tool_calls`.
    """
    value = parse(value)
    if isinstance(value, dict) and "tool_calls" in value:
        value = value["tool_calls"]
    items = value if isinstance(value, list) else [value]
    return [call for call in map(_call, items) if call]


def _call(item: object) -> Call | None:
    if not isinstance(item, dict):
        return None
    inner: Any = item.get("function") if isinstance(item.get("function"), dict) else item
    name = inner.get("name")
    given = next((inner[key] for key in ("arguments", "input") if key in inner), None)
    if not isinstance(name, str):
        return None
    return name, {} if given is None or given == "" else parse(given)


def _by_schema(call: Call, said: dict[str, Any]) -> Call:
    name, arguments = call
    return (name, as_schema_says(arguments, said[name])) if name in said else call
