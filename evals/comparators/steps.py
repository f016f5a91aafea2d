"""One named comparator with what happens before it, and how it is read from configuration."""

from dataclasses import dataclass
from typing import Any

import msgspec

from evals.comparators.base import MISS, Comparator, Verdict
from evals.comparators.config import Problems
from evals.comparators.extract import EXTRACTORS, CodeFence, Extractor, JsonPath, extract
from evals.comparators.kinds import COMPARATORS
from evals.comparators.normalise import NORMALISERS, Normaliser, normalise
from evals.comparators.text import Text
from evals.comparators.tool_calls import ToolCalls

LONGEST_NAME = 60
LARGEST_WEIGHT = 1e6
_FIELDS = ("name", "kind", "extract", "normalise", "options", "weight")


@dataclass(frozen=True)
class Step:
    """Extract, normalise, compare. `weight` is None where it is not given."""

    name: str
    kind: str
    comparator: Comparator
    extractors: tuple[Extractor, ...] = ()
    normalisers: tuple[Normaliser, ...] = ()
    weight: float | None = None

    def extract(self, value: object) -> object:
        return extract(self.extractors, value)

    def read(self, value: object) -> object:
        return normalise(self.normalisers, self.extract(value))

    def verdict(self, a: object, b: object, tools: object = None) -> Verdict:
        """Of two values as `read` gives them."""
        if isinstance(self.comparator, ToolCalls):
            return self.comparator.compare(a, b, tools)
        return self.comparator.compare(a, b)

    @property
    def uses_tools(self) -> bool:
        return isinstance(self.comparator, ToolCalls) and self.comparator.by_schema

    def path_of(self, verdict: Verdict) -> str | None:
        """The JSON path of the first difference, from the root of the output where it is JSON."""
        if not self.extractors or not isinstance(self.extractors[-1], JsonPath):
            return verdict.path
        if any(not isinstance(one, CodeFence) for one in self.extractors[:-1]):
            return verdict.path
        return self.extractors[-1].path + (verdict.path or "$")[1:]

    def hits(self, output: object, expected: object, tools: object = None) -> bool:
        """Whether an output is the expected one; an expected value in which the extraction finds
        nothing stands for itself."""
        wanted = self.extract(expected)
        wanted = normalise(self.normalisers, expected if wanted is MISS else wanted)
        verdict = self.verdict(self.read(output), wanted, tools)
        # Two values that the comparator cannot read are not a hit unless they say the same.
        return Text().compare(output, expected).matches if verdict.missed else verdict.matches

    @property
    def config(self) -> dict[str, object]:
        """As `read_steps` reads it, with the options' defaults spelled out."""
        config: dict[str, object] = {
            "name": self.name,
            "kind": self.kind,
            "extract": [_named(EXTRACTORS, one) for one in self.extractors],
            "options": msgspec.to_builtins(self.comparator),
        }
        # Left out where they are not given: configurations from before keep their digest.
        if self.normalisers:
            config["normalise"] = [_named(NORMALISERS, one) for one in self.normalisers]
        if self.weight is not None:
            config["weight"] = self.weight
        return config


EXACT = Step("exact", "exact", COMPARATORS["exact"]())


def read_steps(listed: list[Any], path: str, problems: Problems) -> tuple[Step, ...]:
    """The steps of a list of comparators; EXACT alone where it is empty."""
    steps = [_step(item, f"{path}[{i}]", problems) for i, item in enumerate(listed)]
    seen: set[str] = set()
    for i, step in enumerate(steps):
        if step and step.name in seen:
            problems.add(f"{path}[{i}].name", f"{step.name!r} is taken; names are unique")
        seen |= {step.name} if step else set()
    read = tuple(step for step in steps if step)
    if read and all(step.weight == 0 for step in read):
        problems.add(path, "every weight is 0; at least one must be more")
    return read or (EXACT,)


def _named(kinds: dict[str, Any], one: Any) -> dict[str, object]:
    names = {kind: name for name, kind in kinds.items()}
    return {"by": names[type(one)], **msgspec.to_builtins(one)}


def _step(item: object, path: str, problems: Problems) -> Step | None:
    given = problems.read(item, dict[str, Any], path, None)
    if given is None:
        return None
    problems.unknown(given, _FIELDS, path)
    if "kind" not in given:
        problems.add(f"{path}.kind", f"missing; it is one of {', '.join(COMPARATORS)}")
    kind = problems.read(given.get("kind", ""), str, f"{path}.kind", "")
    comparator: Comparator | None = None
    if kind in COMPARATORS:
        options = problems.read(given.get("options", {}), dict[str, Any], f"{path}.options", None)
        if options is not None:
            comparator = problems.build(COMPARATORS[kind], options, f"{path}.options")
    elif kind:
        problems.add(f"{path}.kind", f"{kind!r} is none of {', '.join(COMPARATORS)}")
    name = problems.read(given.get("name", kind), str, f"{path}.name", "")
    if not 1 <= len(name) <= LONGEST_NAME and kind:
        problems.add(f"{path}.name", f"must have between 1 and {LONGEST_NAME} characters")
    weight = problems.read(given.get("weight"), float | None, f"{path}.weight", None)
    if weight is not None and not 0 <= weight <= LARGEST_WEIGHT:
        problems.add(f"{path}.weight", f"must be between 0 and {LARGEST_WEIGHT:,.0f}")
    extractors = _listed(EXTRACTORS, given, "extract", path, problems)
    normalisers = _listed(NORMALISERS, given, "normalise", path, problems)
    if comparator is None:
        return None
    return Step(name, kind, comparator, tuple(extractors), tuple(normalisers), weight)


def _listed(
    kinds: dict[str, Any], given: dict[str, Any], field: str, path: str, problems: Problems
) -> list[Any]:
    """The things that a field lists: each an object with `by`, or the name alone."""
    listed = problems.read(given.get(field, []), list[Any], f"{path}.{field}", [])
    read = [_one(kinds, item, f"{path}.{field}[{i}]", problems) for i, item in enumerate(listed)]
    return [one for one in read if one is not None]


def _one(kinds: dict[str, Any], item: object, path: str, problems: Problems) -> Any:
    item = {"by": item} if isinstance(item, str) else item
    given = problems.read(item, dict[str, Any], path, None)
    if given is None:
        return None
    if "by" not in given:
        problems.add(f"{path}.by", f"missing; it is one of {', '.join(kinds)}")
    by = problems.read(given.get("by", ""), str, f"{path}.by", "")
    if by in kinds:
        rest = {key: value for key, value in given.items() if key != "by"}
        return problems.build(kinds[by], rest, path)
    if by:
        problems.add(f"{path}.by", f"{by!r} is none of {', '.join(kinds)}")
    return None
