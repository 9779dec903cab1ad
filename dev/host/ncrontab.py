"""NCRONTAB schedules: `{second} {minute} {hour} {day} {month} {day of week}`, all in UTC.

Fields take `*`, numbers, English names of months and days, ranges, lists and steps. Day and day of
week must both match (https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer).
Five fields mean that the seconds are left out; a time span (`00:05:00`) repeats at that interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

from dev.host.settings import parse_time_span

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_HORIZON_DAYS = 8 * 366
"""A schedule for 29 February waits at most eight years."""


class ScheduleError(ValueError):
    """Not a schedule."""


@dataclass(frozen=True)
class Interval:
    """Every so many seconds."""

    seconds: float

    def next_after(self, moment: datetime) -> datetime:
        """When it fires after `moment`."""
        return moment + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Schedule:
    """A parsed expression: the values that each field takes, in order."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    days_of_week: tuple[int, ...]
    """0 is Sunday."""

    def next_after(self, moment: datetime) -> datetime:
        """The first time of the schedule after `moment` (aware).

        Raises:
            ScheduleError: There is none, as for 31 February.
        """
        moment = moment.astimezone(UTC)
        for offset in range(_HORIZON_DAYS):
            day = moment.date() + timedelta(days=offset)
            if not self._has_day(day):
                continue
            for hour, minute, second in product(self.hours, self.minutes, self.seconds):
                found = datetime.combine(day, time(hour, minute, second), UTC)
                if found > moment:
                    return found
        raise ScheduleError("the schedule never fires")

    def _has_day(self, day: date) -> bool:
        return (
            day.month in self.months
            and day.day in self.days
            and day.isoweekday() % 7 in self.days_of_week
        )


def parse_schedule(text: str) -> Schedule | Interval:
    """Parse an NCRONTAB expression or a time span.

    Raises:
        ScheduleError: It is neither.
    """
    seconds = parse_time_span(text)
    if seconds:
        return Interval(seconds)
    fields = text.split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise ScheduleError(f"not an NCRONTAB expression of six fields: {text!r}")
    second, minute, hour, day, month, day_of_week = fields
    return Schedule(
        _parse_field(second, 0, 59),
        _parse_field(minute, 0, 59),
        _parse_field(hour, 0, 23),
        _parse_field(day, 1, 31),
        _parse_field(month, 1, 12, _MONTHS),
        _parse_field(day_of_week, 0, 6, _DAYS),
    )


def _parse_field(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    values: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        try:
            first, last = _parse_span(span, low, high, names, is_open=bool(slash))
            found = range(first, last + 1, int(step) if slash else 1)
        except ValueError:
            raise ScheduleError(f"cannot read {item!r} of a schedule") from None
        if not low <= first <= last <= high:
            raise ScheduleError(f"{item!r} of a schedule is not within {low}-{high}")
        values.update(found)
    return tuple(sorted(values))


def _parse_span(
    text: str, low: int, high: int, names: tuple[str, ...], *, is_open: bool
) -> tuple[int, int]:
    if text == "*":
        return low, high
    first, dash, last = text.partition("-")
    start = _parse_value(first, low, names)
    if dash:
        return start, _parse_value(last, low, names)
    return start, high if is_open else start


def _parse_value(text: str, low: int, names: tuple[str, ...]) -> int:
    name = text[:3].lower()
    return names.index(name) + low if name in names else int(text)
