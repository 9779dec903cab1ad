from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from shared.domain.policy import Freeze, Hours
from shared.web.times import delays, freezes_ahead, hours_words, machine, moment, read_local
from tests.unit.web.samples import BERLIN
from tests.unit.web.support import (
    POLICY,
)

FREEZE = BERLIN.freezes[0]


def test_times_are_told_in_the_time_zone_that_is_named() -> None:
    at = datetime(2026, 12, 4, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    assert moment(at) == "3 Dec 2026, 23:05 UTC"
    assert moment(at, "Europe/Berlin") == "4 Dec 2026, 00:05 Europe/Berlin"
    assert moment(at, "Asia/Kathmandu") == "4 Dec 2026, 04:50 Asia/Kathmandu"
    assert machine(at) == "2026-12-03T23:05:00+00:00"


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-11-02T10:00", "Europe/Berlin", "2026-11-02T09:00"),
        ("2026-07-02T10:00:30", "Europe/Berlin", "2026-07-02T08:00:30"),
        ("2026-11-02T10:00:00.5", "UTC", "2026-11-02T10:00:00.500"),
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),
        ("2026-03-29T01:59", "Europe/Berlin", "2026-03-29T00:59"),
        ("2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00"),
    ],
)
def test_local_times_are_read(text: str, zone: str, utc: str) -> None:
    assert read_local(text, zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Write the day"),
        ("tomorrow", "Write the day"),
        ("2026-11-02", "Write the day"),
        ("2026-11-02 10:00", "Write the day"),
        ("2026-11-02T10:00Z", "Write the day"),
        ("2026-11-02T10:00+01:00", "Write the day"),
        ("٢٠٢٦-11-02T10:00", "Write the day"),
        ("20260-11-02T10:00", "Write the day"),
        ("2026-13-02T10:00", "no such day"),
        ("2026-02-29T10:00", "no such day"),
        ("2026-11-02T24:00", "no such day"),
        ("0001-01-01T00:00", "no such day"),
        ("2026-03-29T02:30", "clocks go forward"),
    ],
)
def test_what_is_no_local_time_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_local(text, "Europe/Berlin")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((0, 1, 2, 3, 4), "Monday to Friday"),
        ((4, 3, 2), "Wednesday to Friday"),
        ((0, 1), "Monday, Tuesday"),
        ((0, 2, 4), "Monday, Wednesday, Friday"),
        ((6,), "Sunday"),
        (tuple(range(7)), "every day"),
    ],
)
def test_hours_are_told_by_days(days: tuple[int, ...], words: str) -> None:
    policy = replace(BERLIN, hours=Hours(days, time(9), time(17, 30)))
    assert hours_words(policy) == (
        f"Decisions take effect {words}, 09:00 to 17:30 (Europe/Berlin)."
    )


def test_a_policy_without_hours_says_nothing_of_them() -> None:
    assert hours_words(POLICY) == ""


def test_why_a_decision_waits_names_hours_and_the_freezes_between() -> None:
    given = FREEZE.begins_at - timedelta(minutes=1)
    effect = FREEZE.ends_at + timedelta(hours=2)
    words = delays(BERLIN, given, effect)
    assert words[0].startswith("Decisions take effect Monday to Friday")
    assert words[1] == (
        "No decision takes effect from 3 Nov 2026, 18:00 Europe/Berlin "
        "to 4 Nov 2026, 07:00 Europe/Berlin: end of the quarter."
    )
    assert delays(BERLIN, given, given) == []
    before = FREEZE.begins_at - timedelta(hours=5)
    assert len(delays(BERLIN, before, before + timedelta(hours=1))) == 1


def test_freezes_that_touch_nothing_are_left_out() -> None:
    bare = replace(BERLIN, freezes=(replace(FREEZE, reason=""),))
    after, before = FREEZE.ends_at, FREEZE.begins_at
    assert freezes_ahead(bare, after, after + timedelta(days=1)) == []
    assert freezes_ahead(bare, before - timedelta(days=1), before) == []
    [words] = freezes_ahead(bare, before, after)
    assert words.endswith("07:00 Europe/Berlin.")
    assert isinstance(FREEZE, Freeze)
