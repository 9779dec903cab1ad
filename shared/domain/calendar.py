"""When a decision takes effect: hours of the day, days of the week, and freezes.

A day's hours are from when the local clock first shows `opens`, or jumps over it, until it first
shows `closes`, or jumps over it.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from shared.domain.policy import ApprovalPolicy, Hours

PROMPTLY: Final = timedelta(minutes=2)
"""What begins so soon after it was settled was not held up."""

_DAY = timedelta(days=1)


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The moment by a zone's clock; the first or last that there is where it has no such day.

    Azure's services tell of a time that nobody set as 0001-01-01, which is no day in New York.
    """
    try:
        return moment.astimezone(zone)
    except OverflowError:
        if moment.year == 1:
            return datetime.min.replace(tzinfo=zone)
        return datetime.max.replace(tzinfo=zone)


def takes_effect_at(policy: ApprovalPolicy, moment: datetime) -> datetime:
    """The first moment from `moment` on in which decisions take effect, in UTC."""
    moment = moment.astimezone(UTC)
    while True:
        opened = _next_opening(policy.hours, ZoneInfo(policy.time_zone), moment)
        thawed = _after_freezes(policy, opened)
        if thawed == moment:
            return moment
        moment = thawed


def may_begin_at(policy: ApprovalPolicy, settled_at: datetime, now: datetime) -> datetime:
    """When what was settled may be acted on: at once, or with the next decisions that take effect.

    What was held up must not begin in a freeze that it was settled before.
    """
    return now if now - settled_at <= PROMPTLY else takes_effect_at(policy, now)


def frozen_until(policy: ApprovalPolicy, moment: datetime) -> datetime | None:
    """The end of the freeze that a moment lies in; None outside of any."""
    ends = [
        freeze.ends_at for freeze in policy.freezes if freeze.begins_at <= moment < freeze.ends_at
    ]
    return max(ends, default=None)


def _after_freezes(policy: ApprovalPolicy, moment: datetime) -> datetime:
    while (end := frozen_until(policy, moment)) is not None:
        moment = end.astimezone(UTC)
    return moment


def _next_opening(hours: Hours | None, zone: ZoneInfo, moment: datetime) -> datetime:
    if hours is None:
        return moment
    day = moment.astimezone(zone).date()
    while True:
        if day.weekday() in hours.days:
            opens, closes = _window(hours, zone, day)
            if max(moment, opens) < closes:
                return max(moment, opens)
        day += _DAY


def _window(hours: Hours, zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    return _strikes(day, hours.opens, zone), _strikes(day, hours.closes, zone)


def _strikes(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When the clock first shows a time of a day, or jumps over it as summer time begins."""
    local = datetime.combine(day, at)
    late, early = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    start = min(early, late)  # of a gap, or the first of two; early and late are one otherwise

    def shown(seconds: int) -> datetime:
        return (start + timedelta(seconds=seconds)).astimezone(zone).replace(tzinfo=None)

    gap = range(int((late - start).total_seconds()))
    return start + timedelta(seconds=bisect_left(gap, local, key=shown))
