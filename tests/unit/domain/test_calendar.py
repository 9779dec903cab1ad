"""When decisions take effect, by clocks that jump; each moment found minute by minute, too."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.calendar import frozen_until, takes_effect_at
from shared.domain.policy import ApprovalPolicy, Freeze, Hours

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
WORKDAYS = (0, 1, 2, 3, 4)
EVERY_DAY = (*WORKDAYS, 5, 6)
OFFICE = Hours(WORKDAYS, time(9), time(17))

CHANGES = {
    (BERLIN, "spring"): datetime(2026, 3, 27, tzinfo=UTC),
    (BERLIN, "autumn"): datetime(2026, 10, 23, tzinfo=UTC),
    (NEW_YORK, "spring"): datetime(2026, 3, 6, tzinfo=UTC),
    (NEW_YORK, "autumn"): datetime(2026, 10, 30, tzinfo=UTC),
}
"""Fridays before a Sunday on which the clock changes."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def terms(
    hours: Hours | None = None, *freezes: tuple[datetime, datetime], zone: str = BERLIN
) -> ApprovalPolicy:
    frozen = tuple(Freeze(begins, ends) for begins, ends in freezes)
    return ApprovalPolicy((), 60.0, time_zone=zone, hours=hours, freezes=frozen)


@cache
def minutes(zone: str, begin: datetime) -> list[tuple[datetime, date, time]]:
    """Three weeks of minutes: the local day, and the latest time its clock has shown so far."""
    found: list[tuple[datetime, date, time]] = []
    reached = time()
    for number in range(-24 * 60, 21 * 24 * 60):
        local = (begin + number * MINUTE).astimezone(ZoneInfo(zone))
        is_same_day = bool(found) and found[-1][1] == local.date()
        reached = max(reached, local.time()) if is_same_day else local.time()
        found.append((begin + number * MINUTE, local.date(), reached))
    return found


def first_open(policy: ApprovalPolicy, begin: datetime, moment: datetime) -> datetime:
    """By looking at every minute."""
    for at, day, reached in minutes(policy.time_zone, begin):
        hours = policy.hours
        is_open = hours is None or (
            day.weekday() in hours.days and hours.opens <= reached < hours.closes
        )
        is_frozen = any(each.begins_at <= at < each.ends_at for each in policy.freezes)
        if at >= moment and is_open and not is_frozen:
            return at
    raise AssertionError("never open")


class TestHours:
    def test_always_without_any(self) -> None:
        moment = utc("2026-11-07T03:00:00.000001")
        assert takes_effect_at(terms(), moment) == moment

    @pytest.mark.parametrize(
        ("zone", "moment", "effect"),
        [
            (BERLIN, "2026-11-02T07:59", "2026-11-02T08:00"),
            (BERLIN, "2026-11-02T08:00", "2026-11-02T08:00"),
            (BERLIN, "2026-11-02T15:59:59.999999", "2026-11-02T15:59:59.999999"),
            (BERLIN, "2026-11-02T16:00", "2026-11-03T08:00"),
            (BERLIN, "2026-11-06T16:00", "2026-11-09T08:00"),
            (NEW_YORK, "2026-11-02T13:59", "2026-11-02T14:00"),
            # Saturday there, Sunday in UTC
            (NEW_YORK, "2026-11-08T02:00", "2026-11-09T14:00"),
            # Friday evening there, Saturday in UTC
            (NEW_YORK, "2026-11-07T00:30", "2026-11-09T14:00"),
            # the clock changes on the weekend between
            (BERLIN, "2026-03-27T16:00", "2026-03-30T07:00"),
            (BERLIN, "2026-10-23T15:00", "2026-10-26T08:00"),
            (NEW_YORK, "2026-03-06T22:00", "2026-03-09T13:00"),
            (NEW_YORK, "2026-10-30T21:00", "2026-11-02T14:00"),
        ],
    )
    def test_inside_of_a_working_day(self, zone: str, moment: str, effect: str) -> None:
        assert takes_effect_at(terms(OFFICE, zone=zone), utc(moment)) == utc(effect)

    @pytest.mark.parametrize(
        ("opens", "closes", "moment", "effect"),
        [
            # summer time begins: 02:00 is 03:00
            (time(2, 30), time(5), "2026-03-29T00:30", "2026-03-29T01:00"),
            (time(1), time(2, 30), "2026-03-29T00:59", "2026-03-29T00:59"),
            (time(1), time(2, 30), "2026-03-29T01:00", "2026-03-29T23:00"),
            (time(2, 10), time(2, 50), "2026-03-28T02:00", "2026-03-30T00:10"),
            # it ends: 03:00 is 02:00
            (time(2, 30), time(5), "2026-10-25T00:00", "2026-10-25T00:30"),
            (time(2, 30), time(5), "2026-10-25T01:10", "2026-10-25T01:10"),
            (time(1), time(2, 30), "2026-10-25T00:30", "2026-10-26T00:00"),
        ],
    )
    def test_when_the_clock_jumps(
        self, opens: time, closes: time, moment: str, effect: str
    ) -> None:
        policy = terms(Hours(EVERY_DAY, opens, closes))
        assert takes_effect_at(policy, utc(moment)) == utc(effect)

    def test_the_answer_is_in_utc(self) -> None:
        moment = datetime(2026, 11, 2, 10, 0, tzinfo=ZoneInfo(BERLIN))
        assert takes_effect_at(terms(OFFICE), moment).isoformat() == "2026-11-02T09:00:00+00:00"


class TestFreezes:
    opens, closes = utc("2026-11-02T08:00"), utc("2026-11-02T16:00")
    tomorrow = utc("2026-11-03T08:00")

    def effect(self, moment: datetime, *freezes: tuple[datetime, datetime]) -> datetime:
        return takes_effect_at(terms(OFFICE, *freezes), moment)

    def test_inside_of_hours(self) -> None:
        freeze = (utc("2026-11-02T10:00"), utc("2026-11-02T11:00"))
        before = freeze[0] - MICROSECOND
        assert self.effect(before, freeze) == before
        assert self.effect(freeze[0], freeze) == freeze[1]
        assert self.effect(freeze[1], freeze) == freeze[1]

    def test_one_that_begins_or_ends_with_the_hours(self) -> None:
        half = utc("2026-11-02T12:00")
        assert self.effect(self.opens, (self.opens, half)) == half
        assert self.effect(half, (half, self.closes)) == self.tomorrow
        assert self.effect(self.opens, (utc("2026-11-01T00:00"), self.opens)) == self.opens
        last = self.closes - MICROSECOND
        assert self.effect(last, (self.closes, self.tomorrow)) == last
        assert self.effect(self.closes, (self.closes, self.tomorrow)) == self.tomorrow

    def test_some_that_touch_or_overlap_are_one(self) -> None:
        hours = [utc(f"2026-11-02T{hour}:00") for hour in ("09", "10", "11", "12")]
        touching = [(hours[1], hours[3]), (hours[0], hours[1])]
        overlapping = [(hours[0], hours[2]), (hours[1], hours[3])]
        for freezes in (touching, overlapping, touching[::-1], overlapping[::-1]):
            assert self.effect(hours[0], *freezes) == hours[3]

    def test_one_that_ends_at_night_leaves_it_to_the_hours(self) -> None:
        assert self.effect(self.opens, (self.opens, utc("2026-11-02T20:00"))) == self.tomorrow

    def test_one_may_be_given_in_another_zone(self) -> None:
        ends = datetime(2026, 11, 2, 8, 0, tzinfo=ZoneInfo(NEW_YORK))
        assert self.effect(self.opens, (self.opens, ends)) == utc("2026-11-02T13:00")

    def test_until_when(self) -> None:
        policy = terms(None, (self.opens, self.closes), (self.opens, self.tomorrow))
        assert frozen_until(policy, self.opens) == self.tomorrow
        assert frozen_until(policy, self.opens - MICROSECOND) is None
        assert frozen_until(policy, self.tomorrow) is None


@settings(max_examples=60, deadline=None)
@given(
    change=st.sampled_from(list(CHANGES)),
    after=st.integers(0, 5 * 24 * 60),
    times=st.lists(st.integers(0, 24 * 60 - 1), min_size=2, max_size=2, unique=True)
    | st.lists(st.integers(45, 200), min_size=2, max_size=2, unique=True),
    days=st.sampled_from([None, EVERY_DAY, WORKDAYS, (6,), (0, 6)]),
    freezes=st.lists(
        st.tuples(st.integers(0, 5 * 24 * 60), st.integers(1, 2 * 24 * 60)), max_size=3
    ),
)
def test_it_is_the_first_minute_that_is_open(
    change: tuple[str, str],
    after: int,
    times: list[int],
    days: tuple[int, ...] | None,
    freezes: list[tuple[int, int]],
) -> None:
    begin = CHANGES[change]
    opens, closes = (time(*divmod(minute, 60)) for minute in sorted(times))
    hours = None if days is None else Hours(days, opens, closes)
    frozen = [(begin + at * MINUTE, begin + (at + length) * MINUTE) for at, length in freezes]
    policy = terms(hours, *frozen, zone=change[0])
    moment = begin + after * MINUTE
    effect = takes_effect_at(policy, moment)
    assert effect == first_open(policy, begin, moment)
    assert takes_effect_at(policy, effect) == effect
