import time
from datetime import UTC, datetime

import pytest

from dev.host.functions import parse_functions
from dev.host.ncrontab import ScheduleError, parse_schedule
from dev.host.protos import Message
from dev.host.timers import TimerError, Timers
from dev.host.worker import Worker
from tests.host.hosting import RunningHost


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 */5 * * * *", "2026-01-01T00:00:00", "2026-01-01T00:05:00"),
        ("0 0 * * * *", "2026-01-01T00:00:01", "2026-01-01T01:00:00"),
        ("0 0 9-17/4 * * *", "2026-01-01T13:00:00", "2026-01-01T17:00:00"),
        ("0 30 9 * Jan Mon", "2026-01-01T00:00:00", "2026-01-05T09:30:00"),
        ("0 30 9 * * 1-5", "2026-01-02T10:00:00", "2026-01-05T09:30:00"),
        ("0 0 0 * * 0", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        ("0 0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("10,20 0 0 * * *", "2026-01-01T00:00:10", "2026-01-01T00:00:20"),
        ("40/10 0 0 * * *", "2026-01-01T00:00:40", "2026-01-01T00:00:50"),
        ("0 0 0 13 * FRI", "2026-01-01T00:00:00", "2026-02-13T00:00:00"),
        ("15 10 * * *", "2026-01-01T00:00:00", "2026-01-01T10:15:00"),
        ("00:01:30", "2026-01-01T00:00:00", "2026-01-01T00:01:30"),
    ],
)
def test_a_schedule_fires_next(expression: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = parse_schedule(expression).next_after(moment)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "60 * * * * *", "* * * * 13 *", "5-1 * * * * *", "a * * * * *"]
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        parse_schedule(expression)


@pytest.mark.parametrize("schedule", ["%MISSING%", "0 0 0 31 2 *", "often"])
def test_a_timer_that_cannot_fire_is_refused_by_name(schedule: str) -> None:
    trigger = (
        f'{{"direction": "IN", "type": "timerTrigger", "name": "t", "schedule": "{schedule}"}}'
    )
    metadata = Message(name="tick", function_id="1", raw_bindings=[trigger])
    functions = parse_functions([metadata], {})
    with pytest.raises(TimerError, match="tick"):
        Timers(Worker(None), functions, {})


def test_a_timer_runs_on_its_schedule_once_a_time(basic: RunningHost) -> None:
    before = basic.invocations("every_second")["started"]
    time.sleep(2.1)
    assert basic.invocations("every_second")["started"] - before in {2, 3}


def test_a_timer_runs_at_start_if_told(basic: RunningHost) -> None:
    assert basic.invocations("at_start")["succeeded"] == 1


def test_a_timer_can_be_fired_by_hand_and_answers_when_it_has_run(basic: RunningHost) -> None:
    assert basic.call("POST", "/_emulator/timers/tick").json() == {"succeeded": True, "error": None}
    assert {"timer": False} in basic.call("GET", "/api/seen").json()
    assert basic.call("POST", "/_emulator/timers/echo").status == 404
