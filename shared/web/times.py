"""Times as people write and read them: in a policy's time zone, with its hours and freezes."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from shared.domain.calendar import in_zone, takes_effect_at
from shared.domain.decision import Decision
from shared.domain.policy import ApprovalPolicy, Freeze, Hours

_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
"""What browsers send for a `datetime-local` field (HTML, "valid local date and time string")."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def moment(at: datetime, zone: str = "UTC") -> str:
    """A time for people: `24 Dec 2026, 09:00 UTC`, `24 Dec 2026, 10:00 Europe/Berlin`."""
    there = in_zone(at, ZoneInfo(zone))
    return f"{there.day} {there:%b %Y, %H:%M} {zone}"


def machine(at: datetime) -> str:
    """A time for `<time datetime>`."""
    return in_zone(at, UTC).isoformat(timespec="seconds")


def read_local(text: str, zone: str) -> datetime:
    """The moment that a `datetime-local` field means in a time zone, in UTC.

    Where clocks go back an hour comes twice: the first one is meant.

    Raises:
        ValueError: It is no time, or one that the time zone leaves out; the message is for people.
    """
    if not _LOCAL.fullmatch(text):
        raise ValueError("Write the day and the time, for example 2026-12-24T09:00.")
    try:
        naive = datetime.fromisoformat(text)
        at = naive.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("There is no such day or time.") from error
    if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != naive:
        raise ValueError(f"There is no such time in {zone}: clocks go forward then.")
    return at


def hours_words(policy: ApprovalPolicy) -> str:
    """When decisions take effect, as a sentence; empty where they do at any time."""
    hours = policy.hours
    if hours is None:
        return ""
    times = f"{hours.opens:%H:%M} to {hours.closes:%H:%M}"
    return f"Decisions take effect {_days(hours)}, {times} ({policy.time_zone})."


def freeze_words(policy: ApprovalPolicy, freeze: Freeze) -> str:
    """When no decision takes effect, as a sentence."""
    begins, ends = (moment(at, policy.time_zone) for at in (freeze.begins_at, freeze.ends_at))
    reason = f": {freeze.reason}" if freeze.reason else ""
    return f"No decision takes effect from {begins} to {ends}{reason}."


def delays(policy: ApprovalPolicy, given: datetime, effect: datetime) -> list[str]:
    """Why what is decided at `given` takes effect only at `effect`; empty where it does at once."""
    if effect <= given:
        return []
    frozen = [
        freeze_words(policy, each)
        for each in policy.freezes
        if each.begins_at < effect and given < each.ends_at
    ]
    return [words for words in (hours_words(policy), *frozen) if words]


def effect_of(policy: ApprovalPolicy, decision: Decision) -> datetime:
    """When an answer takes effect."""
    return takes_effect_at(policy, max(decision.effective_at or decision.at, decision.at))


def freezes_ahead(policy: ApprovalPolicy, now: datetime, until: datetime) -> list[str]:
    """The freezes between two moments, a sentence for each."""
    return [
        freeze_words(policy, each)
        for each in policy.freezes
        if each.begins_at < until and now < each.ends_at
    ]


def _days(hours: Hours) -> str:
    days = sorted(hours.days)
    if len(days) == 7:
        return "every day"
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{_DAYS[days[0]]} to {_DAYS[days[-1]]}"
    return ", ".join(_DAYS[day] for day in days)
