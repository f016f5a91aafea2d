"""The comparators of a project, in order: what two outputs are to each other."""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from evals.comparators.base import MISS, Comparator
from evals.comparators.config import ConfigError, Problems
from evals.comparators.extract import EXTRACTORS, Extractor, extract
from evals.comparators.kinds import COMPARATORS
from evals.comparators.likeness import likeness
from evals.comparators.text import Text
from evals.values import as_text, canonical, digest

# Raise it when a comparator's meaning changes: results of before and after must not share a digest.
_MEANING = 1
_LONGEST_PATH = 500


@dataclass(frozen=True)
class Outcome:
    """What two outputs are to each other. `similarity` is that of the two whole texts, in [0, 1];
    `reason` the name of the first comparator that fired, "" unless they differ; `path` the JSON
    path of the first difference where that comparator has one."""

    outcome: Literal["identical", "equivalent", "differ"]
    similarity: float
    reason: str = ""
    path: str | None = None


@dataclass(frozen=True)
class Step:
    """One named comparator with the extraction before it."""

    name: str
    kind: str
    comparator: Comparator
    extractors: tuple[Extractor, ...] = ()

    def read(self, value: object) -> object:
        return extract(self.extractors, value)


@dataclass(frozen=True)
class Pipeline:
    """All of a project's comparators; two outputs match where all of them match.

    With `serves_extract` the application serves no more than the extracts, so equal extracts are
    identical outputs.
    """

    steps: tuple[Step, ...]
    serves_extract: bool = False

    @classmethod
    def parse(cls, config: object) -> "Pipeline":
        """A pipeline from its JSON; an empty one compares exactly. ConfigError lists all problems.

        {"serves_extract": false, "comparators": [{"name": "label", "kind": "label",
         "extract": [{"by": "regex", "pattern": "…"}], "options": {}}]}
        """
        problems = Problems()
        given = problems.read({} if config is None else config, dict[str, Any], "config", {})
        problems.unknown(given, ("serves_extract", "comparators"), "")
        serves = problems.read(given.get("serves_extract", False), bool, "serves_extract", False)
        listed = problems.read(given.get("comparators", []), list[Any], "comparators", [])
        steps = [_step(item, f"comparators[{i}]", problems) for i, item in enumerate(listed)]
        seen: set[str] = set()
        for i, step in enumerate(steps):
            if step and step.name in seen:
                problems.add(f"comparators[{i}].name", f"{step.name!r} is taken; names are unique")
            seen |= {step.name} if step else set()
        if serves and not any(isinstance(x, dict) and x.get("extract") for x in listed):
            problems.add("serves_extract", "no comparator has an extraction; add one, or set false")
        if problems.found:
            raise ConfigError(problems.found)
        exact = Step("exact", "exact", COMPARATORS["exact"]())
        return cls(tuple(step for step in steps if step) or (exact,), serves)

    @property
    def config(self) -> dict[str, object]:
        """The configuration with every default spelled out; `parse` reads it back."""
        names = {kind: name for name, kind in EXTRACTORS.items()}
        comparators = [
            {
                "name": step.name,
                "kind": step.kind,
                "extract": [
                    {"by": names[type(one)], **msgspec.to_builtins(one)}  # type: ignore[index]
                    for one in step.extractors
                ],
                "options": msgspec.to_builtins(step.comparator),
            }
            for step in self.steps
        ]
        return {"serves_extract": self.serves_extract, "comparators": comparators}

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal, equal for configurations that mean the same."""
        return digest({"meaning": _MEANING, **self.config})

    def extracts(self, value: object) -> dict[str, object]:
        """What each comparator looks at, by its name; MISS where its extraction finds nothing."""
        return {step.name: step.read(value) for step in self.steps}

    def compare(self, baseline: object, candidate: object) -> Outcome:
        """The outcome for two JSON values."""
        if canonical(baseline) == canonical(candidate):
            return Outcome("identical", 1.0)
        alike = likeness(as_text(baseline), as_text(candidate))
        pairs = [(step, step.read(baseline), step.read(candidate)) for step in self.steps]
        if self.serves_extract and all(_equal(a, b) for _, a, b in pairs):
            return Outcome("identical", alike)
        for step, a, b in pairs:
            verdict = step.comparator.compare(a, b)
            if not verdict.matches:
                path = verdict.path and verdict.path[:_LONGEST_PATH]
                return Outcome("differ", alike, step.name, path)
        return Outcome("equivalent", alike)

    def correct(self, output: object, expected: object) -> bool | None:
        """Whether all comparators match the output with what was expected; None where that is
        not known. An expected value in which the extraction finds nothing stands for itself."""
        return None if expected is None else all(_hits(s, output, expected) for s in self.steps)


def _hits(step: Step, output: object, expected: object) -> bool:
    found, wanted = step.read(output), step.read(expected)
    verdict = step.comparator.compare(found, expected if wanted is MISS else wanted)
    # Two values that the comparator cannot read are not a hit unless they say the same.
    return Text().compare(output, expected).matches if verdict.missed else verdict.matches


def _equal(a: object, b: object) -> bool:
    return a is b if a is MISS or b is MISS else canonical(a) == canonical(b)


def _step(item: object, path: str, problems: Problems) -> Step | None:
    given = problems.read(item, dict[str, Any], path, None)
    if given is None:
        return None
    problems.unknown(given, ("name", "kind", "extract", "options"), path)
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
    if not 1 <= len(name) <= 60 and kind:
        problems.add(f"{path}.name", "must have between 1 and 60 characters")
    listed = problems.read(given.get("extract", []), list[Any], f"{path}.extract", [])
    steps = [_extractor(one, f"{path}.extract[{i}]", problems) for i, one in enumerate(listed)]
    if comparator is None:
        return None
    return Step(name, kind, comparator, tuple(one for one in steps if one))


def _extractor(item: object, path: str, problems: Problems) -> Extractor | None:
    given = problems.read(item, dict[str, Any], path, None)
    if given is None:
        return None
    if "by" not in given:
        problems.add(f"{path}.by", f"missing; it is one of {', '.join(EXTRACTORS)}")
    by = problems.read(given.get("by", ""), str, f"{path}.by", "")
    if by in EXTRACTORS:
        rest = {key: value for key, value in given.items() if key != "by"}
        return problems.build(EXTRACTORS[by], rest, path)
    if by:
        problems.add(f"{path}.by", f"{by!r} is none of {', '.join(EXTRACTORS)}")
    return None
