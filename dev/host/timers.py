"""Runs timer functions at their times."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from dev.host.functions import TIMER, Function, Functions
from dev.host.ncrontab import Interval, Schedule, parse_schedule
from dev.host.protos import TypedData
from dev.host.worker import InvocationError, Worker

_LOGGER = logging.getLogger(__name__)

_SETTING = re.compile(r"%([^%]+)%")


class TimerError(Exception):
    """A timer whose schedule cannot be followed; the message names the function."""


class Timers:
    """The timer functions of an app. One function never runs twice at a time."""

    def __init__(
        self, worker: Worker, functions: Functions, environment: Mapping[str, str]
    ) -> None:
        """Read the schedules.

        Raises:
            TimerError: A schedule, or the setting that it names, is missing or wrong.
        """
        self._worker = worker
        self._functions = {function.name: function for function in functions.with_trigger(TIMER)}
        self._locks = {name: asyncio.Lock() for name in self._functions}
        self._last: dict[str, datetime] = {}
        self._schedules = {
            name: _read_schedule(function, environment)
            for name, function in self._functions.items()
        }

    async def run(self) -> None:
        """Fire the functions as they are due, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name in self._functions:
                group.create_task(self._run_one(name))

    async def fire(self, name: str) -> str | None:
        """Run a function now.

        Returns:
            The error's text if it failed.

        Raises:
            KeyError: There is no timer function of that name.
        """
        function = self._functions[name]
        async with self._locks[name]:
            try:
                await self._worker.invoke(function, self._timer_info(name))
            except InvocationError as error:
                return str(error)
            finally:
                self._last[name] = datetime.now(UTC)
        return None

    async def _run_one(self, name: str) -> None:
        if self._functions[name].trigger.settings.get("runOnStartup"):
            await self.fire(name)
        due = datetime.now(UTC)
        while True:
            # From the later of the two: a sleep that ends a moment early must not fire twice.
            due = self._schedules[name].next_after(max(due, datetime.now(UTC)))
            await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
            await self.fire(name)

    def _timer_info(self, name: str) -> TypedData:
        now = datetime.now(UTC)
        last = self._last.get(name)
        info = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": {
                "Last": last.isoformat() if last else "0001-01-01T00:00:00+00:00",
                "Next": self._schedules[name].next_after(now).isoformat(),
                "LastUpdated": last.isoformat() if last else "0001-01-01T00:00:00+00:00",
            },
            "IsPastDue": False,
        }
        return TypedData(json=json.dumps(info))


def _read_schedule(function: Function, environment: Mapping[str, str]) -> Schedule | Interval:
    text = str(function.trigger.settings.get("schedule", ""))
    try:
        schedule = parse_schedule(_SETTING.sub(lambda found: environment[found[1]], text))
        schedule.next_after(datetime.now(UTC))
    except KeyError as error:
        message = f"{function.name}: '%{error.args[0]}%' does not resolve to a setting"
        raise TimerError(message) from None
    except ValueError as error:
        raise TimerError(f"{function.name}: {error}") from error
    return schedule
