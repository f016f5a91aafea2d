"""The comparators of a project, in order: what two outputs are to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from evals.comparators.base import MISS
from evals.comparators.config import ConfigError, Problems
from evals.comparators.likeness import likeness
from evals.comparators.overrides import Override, read_overrides
from evals.comparators.steps import Step, read_steps
from evals.values import as_text, canonical, digest

# Raise it when a comparator's meaning changes: results of before and after must not share a digest.
_MEANING = 1
_LONGEST_PATH = 500


@dataclass(frozen=True)
class Outcome:
    """What two outputs are to each other. `similarity` is in [0, 1]: of the two whole texts, or
    the weighted mean of the comparators' where weights are given. `reason` is the name of the
    first comparator that fired, with the override it is of, "" unless they differ; `path` the JSON
    path of the first difference where that comparator has one; `override` the override's name."""

    outcome: Literal["identical", "equivalent", "differ"]
    similarity: float
    reason: str = ""
    path: str | None = None
    override: str = ""


class Chosen(NamedTuple):
    """The comparators that hold for one request, and the override that they are of."""

    steps: tuple[Step, ...]
    serves_extract: bool
    override: str


@dataclass(frozen=True)
class Pipeline:
    """All of a project's comparators; two outputs match where all of them match.

    With `serves_extract` the application serves no more than the extracts, so equal extracts are
    identical outputs. The first override whose `when` a request's segment meets takes the place of
    the steps.
    """

    steps: tuple[Step, ...]
    serves_extract: bool = False
    overrides: tuple[Override, ...] = ()

    @classmethod
    def parse(cls, config: object) -> "Pipeline":
        """A pipeline from its JSON; an empty one compares exactly. ConfigError lists all problems.

        {"serves_extract": false, "comparators": [{"name": "label", "kind": "label",
         "extract": [{"by": "regex", "pattern": "…"}], "normalise": ["case"], "options": {},
         "weight": 1}], "overrides": [{"when": {"locale": "de"}, "comparators": […]}]}
        """
        problems = Problems()
        given = problems.read({} if config is None else config, dict[str, Any], "config", {})
        problems.unknown(given, ("serves_extract", "comparators", "overrides"), "")
        serves = problems.read(given.get("serves_extract", False), bool, "serves_extract", False)
        listed = problems.read(given.get("comparators", []), list[Any], "comparators", [])
        steps = read_steps(listed, "comparators", problems)
        overrides = read_overrides(given.get("overrides", []), serves, problems)
        if serves and not any(isinstance(x, dict) and x.get("extract") for x in listed):
            problems.add("serves_extract", "no comparator has an extraction; add one, or set false")
        if problems.found:
            raise ConfigError(problems.found)
        return cls(steps, serves, overrides)

    @property
    def config(self) -> dict[str, object]:
        """The configuration with every default spelled out; `parse` reads it back."""
        config: dict[str, object] = {
            "serves_extract": self.serves_extract,
            "comparators": [step.config for step in self.steps],
        }
        if self.overrides:
            config["overrides"] = [override.config for override in self.overrides]
        return config

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal, equal for configurations that mean the same."""
        return digest({"meaning": _MEANING, **self.config})

    @property
    def uses_tools(self) -> bool:
        """Whether an outcome can depend on the tools that the request offers."""
        every = [self.steps, *(override.steps for override in self.overrides)]
        return any(step.uses_tools for steps in every for step in steps)

    def chosen(self, segment: Mapping[str, object] | None) -> Chosen:
        """What holds for a request of that segment."""
        for one in self.overrides:
            if one.holds(segment or {}):
                return Chosen(one.steps, one.serves_extract, one.name)
        return Chosen(self.steps, self.serves_extract, "")

    def extracts(
        self, value: object, *, segment: Mapping[str, object] | None = None
    ) -> dict[str, object]:
        """What each comparator looks at, by its name; MISS where its extraction finds nothing."""
        return {step.name: step.read(value) for step in self.chosen(segment).steps}

    def served(self, value: object, *, segment: Mapping[str, object] | None = None) -> object:
        """What the application serves of an output: its only extract, where it serves extracts
        and there is one."""
        steps, serves_extract, _ = self.chosen(segment)
        found = steps[0].extract(value) if serves_extract and len(steps) == 1 else MISS
        return value if found is MISS else found

    def compare(
        self,
        baseline: object,
        candidate: object,
        *,
        segment: Mapping[str, object] | None = None,
        tools: object = None,
    ) -> Outcome:
        """The outcome for two JSON values; `segment` and `tools` are those of their request."""
        if canonical(baseline) == canonical(candidate):
            return Outcome("identical", 1.0)
        steps, serves_extract, override = self.chosen(segment)
        weighted = any(step.weight is not None for step in steps)
        fired, alike, weights = None, 0.0, 0.0
        for step in steps:
            verdict = step.verdict(step.read(baseline), step.read(candidate), tools)
            if not verdict.matches and fired is None:
                fired = (step, verdict)
            if not weighted and fired:
                break
            weight = 1.0 if step.weight is None else step.weight
            alike, weights = alike + weight * verdict.similarity, weights + weight
        alike = alike / weights if weighted else likeness(as_text(baseline), as_text(candidate))
        served = ((step.extract(baseline), step.extract(candidate)) for step in steps)
        if serves_extract and all(_equal(a, b) for a, b in served):
            return Outcome("identical", alike, override=override)
        if not fired:
            return Outcome("equivalent", alike, override=override)
        step, verdict = fired
        path = step.path_of(verdict)
        reason = f"{step.name} ({override})" if override else step.name
        return Outcome("differ", alike, reason, path and path[:_LONGEST_PATH], override)

    def correct(
        self,
        output: object,
        expected: object,
        *,
        segment: Mapping[str, object] | None = None,
        tools: object = None,
    ) -> bool | None:
        """Whether all comparators match the output with what was expected; None where that is
        not known. An expected value in which the extraction finds nothing stands for itself."""
        if expected is None:
            return None
        return all(step.hits(output, expected, tools) for step in self.chosen(segment).steps)


def _equal(a: object, b: object) -> bool:
    return a is b if a is MISS or b is MISS else canonical(a) == canonical(b)
