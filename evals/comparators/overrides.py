"""Other comparators for some segments of the traffic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evals.comparators.config import Problems
from evals.comparators.steps import Step, read_steps
from evals.values import canonical

LONGEST_NAME = 50
_FIELDS = ("name", "when", "serves_extract", "comparators")


@dataclass(frozen=True)
class Override:
    """The comparators of requests whose segment has, for each key of `when`, one of its values."""

    name: str
    when: Mapping[str, tuple[object, ...]]
    steps: tuple[Step, ...]
    serves_extract: bool

    def holds(self, segment: Mapping[str, object]) -> bool:
        return all(
            key in segment and canonical(segment[key]) in map(canonical, values)
            for key, values in self.when.items()
        )

    @property
    def config(self) -> dict[str, object]:
        return {
            "name": self.name,
            "when": {key: list(values) for key, values in self.when.items()},
            "serves_extract": self.serves_extract,
            "comparators": [step.config for step in self.steps],
        }


def read_overrides(given: object, serves_extract: bool, problems: Problems) -> tuple[Override, ...]:
    """The overrides in the order in which they are tried. `serves_extract` is that of the whole
    pipeline, which each has unless it says otherwise."""
    listed = problems.read(given, list[Any], "overrides", [])
    read: list[Override] = []
    for i, item in enumerate(listed):
        path = f"overrides[{i}]"
        override = _override(item, path, serves_extract, problems)
        if override is None:
            continue
        if override.name and any(one.name == override.name for one in read):
            problems.add(f"{path}.name", f"{override.name!r} is taken; names are unique")
        above = next((one for one in read if _covers(one, override)), None)
        if above:
            problems.add(
                f"{path}.when",
                f"never reached: {above.name!r} stands above it and holds for all of its requests; "
                "put the more specific one first",
            )
        read.append(override)
    return tuple(read)


def _override(item: object, path: str, serves_extract: bool, problems: Problems) -> Override | None:
    given = problems.read(item, dict[str, Any], path, None)
    if given is None:
        return None
    problems.unknown(given, _FIELDS, path)
    for field in ("when", "comparators"):
        if field not in given:
            problems.add(f"{path}.{field}", "missing; it must be given")
    said = problems.read(given.get("when", {}), dict[str, Any], f"{path}.when", {})
    if "when" in given and not said:
        problems.add(f"{path}.when", 'names no segment; write {"locale": "de"}')
    when = {}
    for key, value in said.items():
        values = tuple(value) if isinstance(value, list) else (value,)
        if not values or any(isinstance(one, list | dict) for one in values):
            problems.add(f"{path}.when.{key}", "must be a value, or a list of some")
        when[key] = values
    listed = problems.read(given.get("comparators", []), list[Any], f"{path}.comparators", [])
    steps = read_steps(listed, f"{path}.comparators", problems)
    serves = problems.read(
        given.get("serves_extract", serves_extract), bool, f"{path}.serves_extract", False
    )
    if serves and not any(step.extractors for step in steps):
        problems.add(
            f"{path}.serves_extract", "no comparator has an extraction; add one, or set false"
        )
    name = problems.read(given.get("name", _named(when)), str, f"{path}.name", "")
    if not 1 <= len(name) <= LONGEST_NAME and when:
        problems.add(f"{path}.name", f"must have between 1 and {LONGEST_NAME} characters")
    return Override(name, when, steps, serves)


def _named(when: Mapping[str, tuple[object, ...]]) -> str:
    parts = (f"{key}={'|'.join(map(str, values))}" for key, values in when.items())
    return ", ".join(parts)[:LONGEST_NAME]


def _covers(above: Override, below: Override) -> bool:
    """Whether every segment that the lower one holds for is taken by the upper one."""
    return all(
        key in below.when
        and {canonical(x) for x in below.when[key]} <= {canonical(x) for x in values}
        for key, values in above.when.items()
    )
