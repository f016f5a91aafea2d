"""Label records: what a rater found in the two sides of a request."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from evals.records.fields import Count, Duration, Moment, Name, Path


class FindingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One error found on one side. `span` counts code points, its end excluded."""

    side: Name
    category: Name | None = None
    severity: Name | None = None
    where: Literal["output", "input"] = "output"
    path: Path | None = None
    span: tuple[Count, Count] | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if self.category is None and not self.note:
            raise ValueError("neither `category` nor `note` says what was found; give one")
        if self.span and self.span[0] > self.span[1]:
            raise ValueError("`span` ends before it starts; give [start, end)")


class LabelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One rater's judgement of one request. A side that is left out was not judged; a side that
    is "error" may come without findings, since many label sets hold no more than that."""

    request: Name
    reviewer: Name
    sides: Annotated[dict[str, Literal["ok", "error"]], Meta(min_length=1)]
    run: Name | None = None
    reviewed_at: Moment | None = None
    taxonomy: Name | None = None
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 1
    authoritative: bool = False
    blind: bool | None = None
    stratum: Name | None = None
    inclusion: Annotated[float, Meta(gt=0, le=1)] | None = None
    corrected_output: Any = None
    note: str | None = None
    duration_s: Duration | None = None
    findings: list[FindingRecord] = []

    def __post_init__(self) -> None:
        if self.reviewed_at and not 1970 <= self.reviewed_at.year <= 9998:
            raise ValueError("the year of `reviewed_at` is not between 1970 and 9998")
        for side in self.sides:
            if not 1 <= len(side) <= 200:
                raise ValueError("a name in `sides` has not between 1 and 200 characters")
            if self.run is not None and side not in ("baseline", "candidate"):
                raise ValueError(
                    f"`sides` names {side!r}; with a run they are baseline and candidate, "
                    "with `run` null the names of model versions"
                )
        for finding in self.findings:
            if self.sides.get(finding.side) != "error":
                raise ValueError(
                    f"a finding is on side {finding.side!r}, which `sides` does not call an error"
                )
