"""Runs the real orchestrators without an engine: activities at once, timers by moving the clock."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from durabletask.task import CancellableTask, CompletableTask, Task, TaskFailedError, WhenAnyTask

from shared.domain.release import ReleaseId
from shared.ports import Services
from shared.workflow.activities import run_activity
from shared.workflow.contract import NEWS, WATCH, Activity, payload
from shared.workflow.orchestrators import release, watch
from tests.fakes import World

MOST_TIMERS = 5000
"""A release that needs more has got stuck."""


def as_json(value: Any) -> Any:  # noqa: ANN401 - JSON
    """What arrives on the other side of the durable boundary."""
    return json.loads(json.dumps(value))


class Timer(CancellableTask[None]):
    """A durable timer."""

    def __init__(self, duration: timedelta) -> None:
        super().__init__()
        self.duration = duration


@dataclass
class Wait:
    """What an orchestration waits for: time, or whichever of time and news comes first."""

    timer: Timer
    news: CancellableTask[Any] | None = None


@dataclass
class Inline:
    """Drives a release in a world; what people and failures do is a test's."""

    world: World
    services: Services
    before: Callable[[Activity], None] = lambda _: None
    """Called before every call of an activity."""

    people: Callable[[], bool] = lambda: False
    """Called whenever a release waits for people; True when they have rung."""

    deliveries: int = 1
    """How often each activity runs; the first answer counts."""

    calls: list[Activity] = field(default_factory=list)
    versions: list[str | None] = field(default_factory=list)
    """The version that each sub-orchestration was given."""

    begun: int = 0
    """How often the release's orchestration began, as new ones and the first."""

    child_ids: set[str] = field(default_factory=set)

    timers: int = 0
    generations: int = 0
    """Of all sub-orchestrations together."""

    longest: int = 0
    """The most tasks that one generation of anything has waited for: its history, in a way."""

    def run(self, release_id: ReleaseId) -> str:
        """A release from its beginning; the outcome."""
        steps = self.steps(release_id)
        try:
            while True:
                wait = next(steps)
                if wait.news is not None and self.people():
                    wait.news.complete(None)
                else:
                    self.fire(wait.timer)
        except StopIteration as stop:
            return str(stop.value)

    def steps(self, release_id: ReleaseId) -> Generator[Wait, None, str]:
        """A release from its beginning to its outcome, by what it waits for on the way."""
        data: Any = payload(release_id)
        outcome = ""
        while data is not None:
            context = _Context(self)
            orchestration = release(context, as_json(data))  # type: ignore[arg-type]
            outcome = yield from self._drive(context, orchestration)
            data = context.continued_with
            self.begun += 1
        return outcome

    def activity(self, name: str, data: Any) -> Task[Any]:  # noqa: ANN401 - JSON
        """Run an activity; what it raises fails its task."""
        activity = Activity(name)
        task: CompletableTask[Any] = CompletableTask()
        for delivery in range(self.deliveries):
            try:
                self.before(activity)
                self.calls.append(activity)
                answer = run_activity(activity, self.services, as_json(data))
            except Exception as error:  # noqa: BLE001 - as the engine does
                if delivery == 0:
                    task.fail(str(error), error)
            else:
                if delivery == 0:
                    task.complete(as_json(answer))
        return task

    def child(self, data: Any) -> Generator[Wait, None, Any]:  # noqa: ANN401 - JSON
        """Run a sub-orchestration, through all its generations."""
        result = None
        while data is not None:
            context = _Context(self)
            self.generations += 1
            orchestration = watch(context, as_json(data))  # type: ignore[arg-type]
            result = yield from self._drive(context, orchestration)
            data = context.continued_with
        return as_json(result)

    def fire(self, timer: Timer) -> None:
        """Let a timer's time pass, for Azure too."""
        self.timers += 1
        assert self.timers < MOST_TIMERS, "the release is stuck"
        self.world.clock.time += timer.duration
        self.world.endpoints.pass_time()
        timer.complete(None)

    def _drive(
        self, context: "_Context", steps: Generator[Task[Any], Any, Any]
    ) -> Generator[Wait, None, Any]:
        waits = 0
        try:
            task = next(steps)
            while True:
                waits += 1
                self.longest = max(self.longest, waits)
                yield from context.settle(task)
                try:
                    result = task.get_result()
                except TaskFailedError as error:
                    task = steps.throw(error)
                else:
                    task = steps.send(result)
        except StopIteration as stop:
            return stop.value


class _Context:
    """What orchestrators use of an orchestration's context."""

    version = "7"
    instance_id = "release"

    def __init__(self, inline: Inline) -> None:
        self._inline = inline
        self._news: CancellableTask[Any] | None = None
        self._timer: Timer | None = None
        self._child: Any = None
        self.continued_with: Any = None

    @property
    def current_utc_datetime(self) -> datetime:
        return self._inline.world.clock.now().replace(tzinfo=None)

    def call_activity(self, name: str, *, input: Any) -> Task[Any]:  # noqa: A002, ANN401
        assert input, "every activity has an input"
        return self._inline.activity(name, input)

    def new_uuid(self) -> str:
        return str(uuid4())

    def call_sub_orchestrator(
        self,
        name: str,
        *,
        input: Any,  # noqa: A002, ANN401
        instance_id: str,
        version: str | None,
    ) -> Task[Any]:
        assert name == WATCH
        assert instance_id not in self._inline.child_ids, "a child that runs is never met again"
        self._inline.child_ids.add(instance_id)
        self._inline.versions.append(version)
        self._child = input
        return CompletableTask()

    def create_timer(self, duration: timedelta) -> Timer:
        self._timer = Timer(duration)
        return self._timer

    def wait_for_external_event(self, name: str) -> CancellableTask[Any]:
        assert name == NEWS
        assert self._news is None or self._news.is_complete, "an abandoned wait swallows an event"
        self._news = CancellableTask()
        return self._news

    def continue_as_new(self, data: Any, *, save_events: bool = False) -> None:  # noqa: ANN401 - JSON
        assert self._news is None or save_events, "news that came meanwhile would be lost"
        self.continued_with = data

    def send_event(self, instance_id: str, event_name: str, *, data: Any) -> None:  # noqa: ANN401 - JSON
        assert (event_name, data) == (NEWS, {})
        self._inline.world.orchestrations.ring(release_id=ReleaseId(instance_id))

    def settle(self, task: Task[Any]) -> Generator[Wait]:
        """Bring a task that the orchestrator waits for to its end."""
        if task.is_complete:
            return
        if isinstance(task, WhenAnyTask):
            assert self._news is not None
            assert self._timer is not None
            yield Wait(self._timer, self._news)
        elif isinstance(task, Timer):
            yield Wait(task)
        else:
            assert isinstance(task, CompletableTask)
            task.complete((yield from self._inline.child(self._child)))
        assert task.is_complete
