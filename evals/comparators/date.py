"""Comparison of dates and times."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from evals.comparators.base import MISS, Miss, Verdict, equality, verdict_of_misses

_LONGEST = 100
_DAY = 86_400.0
# What strptime reads that is no moment by itself, or depends on the machine's language.
_REFUSED = ("%c", "%x", "%X")


class Date(msgspec.Struct, frozen=True):
    """The same day or moment, however it is written: ISO 8601, or a format that is named.

    A date without a time equals every time of that day (in `zone`). A text that is no date is a
    miss: one that says more needs an extraction first.
    """

    formats: Annotated[
        list[str],
        Meta(description='other ways of writing it, tried in order: ["%d.%m.%Y", "%B %d, %Y"]'),
    ] = []
    days: Annotated[float, Meta(ge=0, le=1e6, description="days apart that still match")] = 0.0
    seconds: Annotated[
        float, Meta(ge=0, le=1e9, description="seconds apart that still match, beside `days`")
    ] = 0.0
    zone: Annotated[
        str, Meta(description="of times that name no zone of their own: Europe/Berlin")
    ] = "UTC"

    def __post_init__(self) -> None:
        for one in self.formats:
            _check_format(one)
        _zone(self.zone)

    def compare(self, a: object, b: object) -> Verdict:
        x, y = self._read(a), self._read(b)
        if isinstance(x, Miss) or isinstance(y, Miss):
            return verdict_of_misses(x, y) or equality(x, y)
        apart = self._apart(x, y)
        return Verdict(apart <= self.days * _DAY + self.seconds, 1 / (1 + apart / _DAY))

    def _read(self, value: object) -> date | Miss:
        """A datetime that knows its zone; a date where no time of day is said."""
        text = value.strip() if isinstance(value, str) and len(value) <= _LONGEST else ""
        if not text.isascii():
            text = ""
        found = _iso(text) or next(filter(None, (_parse(text, one) for one in self.formats)), None)
        if isinstance(found, datetime) and found.tzinfo is None:
            found = found.replace(tzinfo=_zone(self.zone))
        return MISS if found is None else found

    def _apart(self, x: date, y: date) -> float:
        """Seconds between two; whole days where either says no time of day."""
        if isinstance(x, datetime) and isinstance(y, datetime):
            return abs((_plain(x) - _plain(y)).total_seconds())
        return abs((self._day(x) - self._day(y)).days) * _DAY

    def _day(self, value: date) -> date:
        if not isinstance(value, datetime):
            return value
        try:
            return value.astimezone(_zone(self.zone)).date()
        except OverflowError:  # the last hours of year 9999, the first of year 1
            return value.date()


def _iso(text: str) -> date | None:
    # "20240301" is ISO too, and so is any number of eight digits: it needs its dashes here.
    if "-" not in text[:8]:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _parse(text: str, given: str) -> date | None:
    try:
        found = datetime.strptime(text, given)
    except (ValueError, OverflowError):
        return None
    return found if _has_time(given) else found.date()


def _plain(moment: datetime) -> datetime:
    """The moment in UTC without saying so; the calendar's ends stay where they are."""
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return moment.replace(tzinfo=None)


def _has_time(given: str) -> bool:
    return any(mark in given for mark in ("%H", "%I", "%M", "%S", "%f"))


def _check_format(given: str) -> None:
    unfit = next((mark for mark in _REFUSED if mark in given), None)
    if unfit:
        raise ValueError(f"{given!r} holds {unfit}, which differs between machines; spell it out")
    sample = datetime(2003, 2, 1, 4, 5, 6, tzinfo=UTC)
    try:
        read = _parse(sample.strftime(given), given)
    except (ValueError, UnicodeError):
        read = None
    if read is None or (read.year, read.month, read.day) != (2003, 2, 1):
        raise ValueError(
            f"{given!r} is no format of year, month and day such as '%d.%m.%Y' or '%Y-%m-%d %H:%M'"
        )


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"{name!r} is no time zone such as UTC or Europe/Berlin") from None
