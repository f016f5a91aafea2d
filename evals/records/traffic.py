"""Traffic records: real requests, with the outputs that are known so far."""

from functools import cached_property
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from evals.records.fields import Count, Duration, Moment, Money, Name

#: Of traffic. A clock that is not set says 1970; 2200 and later is a mistaken unit.
FIRST_YEAR, LAST_YEAR = 1971, 2199


class FieldError(ValueError):
    """A value that the type of its field lets through; `path` is the field's, below the record."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(reason)


class OutputRecord(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one model answered, or the error that it failed with.

    `output` is the JSON source as received. `sample` 0 is the served answer, others are repeats.
    """

    model: Name
    sample: Annotated[int, Meta(ge=0, le=32767)] = 0
    output: msgspec.Raw = msgspec.Raw()
    error: Annotated[str, Meta(min_length=1)] | None = None
    latency_ms: Duration | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cost_usd: Money | None = None

    def __post_init__(self) -> None:
        if self.error is None and bytes(self.output) in (b"", b"null"):
            raise ValueError("neither `output` nor `error` is given; give one of them")
        if self.error is not None and bytes(self.output) not in (b"", b"null"):
            raise ValueError(
                "both `output` and `error` are given; an output exists only on success"
            )

    @cached_property
    def value(self) -> Any:
        """The output as a Python value; None where there is an error instead."""
        return msgspec.json.decode(self.output) if self.error is None else None

    @property
    def is_text(self) -> bool:
        return isinstance(self.value, str)

    @property
    def text(self) -> str:
        """The output as received: the text itself, or the source text of any other JSON."""
        return self.value if self.is_text else bytes(self.output).decode()


class TrafficRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One real request with the outputs that are known so far."""

    id: Name
    input: Any
    occurred_at: Moment | None = None
    expected: Any = None
    segment: dict[str, Any] = {}
    group: Name | None = None
    variant_of: Name | None = None
    outputs: list[OutputRecord] = []

    def __post_init__(self) -> None:
        if self.input is None:
            raise ValueError("`input` is null; give the request as text or JSON")
        self.check()

    def check(self) -> None:
        """Raises ValueError for what the types of the fields let through."""
        if self.occurred_at and not FIRST_YEAR <= self.occurred_at.year <= LAST_YEAR:
            raise FieldError(
                ".occurred_at",
                f"the year of `occurred_at` is {self.occurred_at.year}; is a clock not set, "
                "or seconds taken for milliseconds?",
            )
        for key, item in self.segment.items():
            if not 1 <= len(key) <= 200:
                reason = "a key of `segment` has not between 1 and 200 characters"
                raise FieldError(".segment", reason)
            if isinstance(item, list | dict):
                reason = f"`segment.{key}` must be text, a number, true, false or null"
                raise FieldError(".segment", reason)
        seen: set[tuple[str, int]] = set()
        for output in self.outputs:
            if (output.model, output.sample) in seen:
                raise ValueError(
                    f"two outputs of model {output.model!r}, sample {output.sample}; "
                    "number repeats with `sample`"
                )
            seen.add((output.model, output.sample))


class OutputsRecord(TrafficRecord, frozen=True, kw_only=True):
    """A traffic record whose request is stored already: its input may be left out."""

    input: Any = None

    def __post_init__(self) -> None:
        self.check()
