"""Orchestration instances and what happens to them: starts, turns, results, ends.

Every timer, activity and child carries the execution id of the turn that asked for it, and what
it brings is dropped when the instance has another by then: task ids begin again with every
execution, so an id alone would mix them.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from durabletask.internal import orchestrator_service_pb2 as pb

from dev.host.engine.entities import Entities
from dev.host.engine.hanging import Hangs
from dev.host.engine.model import (
    Activity,
    Instance,
    Turn,
    copy_present,
    event,
    new_execution,
    new_id,
    text,
    time_of,
    timestamp,
)
from dev.host.engine.timers import Timers, utc_now
from dev.host.engine.versions import VersionFailure, VersionPolicy
from dev.host.engine.work import WorkQueue

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Start:
    """What a new instance is made from."""

    instance_id: str
    name: str
    input: str | None = None
    version: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    parent: pb.ParentInstanceInfo | None = None
    at: datetime | None = None
    trace: pb.TraceContext | None = None


class Hub:
    """A task hub. Every method but `clear` is called with `lock` held."""

    def __init__(self, versions: VersionPolicy) -> None:
        self.lock = threading.RLock()
        self.timers = Timers()
        self.work = WorkQueue(self.lock, self.timers)
        self.versions = versions
        self.instances: dict[str, Instance] = {}
        self.entities = Entities(self)
        self.hangs = Hangs(self)
        self.watchers: dict[str, set[threading.Event]] = {}
        """Set whenever the status of the instance changes."""
        self._events_to_repeat = 0

    def clear(self) -> None:
        """Become a new, empty hub."""
        with self.lock:
            self.timers.clear()
            self.work.clear()
            self.instances.clear()
            self.entities.clear()
            self.hangs.clear()
            self._events_to_repeat = 0
            for instance_id in self.watchers:
                self.tell_watchers(instance_id)

    # Instances

    def start(self, start: Start) -> Instance:
        """Make a new instance, in place of an old one with the same id."""
        self.remove(start.instance_id)
        started = pb.ExecutionStartedEvent(
            name=start.name,
            version=text(start.version),
            input=text(start.input),
            orchestrationInstance=new_execution(start.instance_id),
            parentInstance=start.parent,
            scheduledStartTimestamp=timestamp(start.at) if start.at else None,
            parentTraceContext=start.trace,
            tags=start.tags,
        )
        instance = Instance(started, inbox=[event(executionStarted=started)])
        self.instances[instance.id] = instance
        if start.at is not None and start.at > utc_now():
            instance.held = True
            self.timers.at(start.at, self.locked(lambda: self._release(instance)))
        self.hangs.begins(instance)
        self.enqueue(instance)
        return instance

    def start_unless_running(self, start: Start) -> None:
        """Start for an orchestrator or an entity: dropped in silence while the id is in use."""
        existing = self.instances.get(start.instance_id)
        if existing is None or existing.finished:
            self.start(start)
        else:
            _log.warning("start of %s dropped: it is running", start.instance_id)

    def start_for_entity(self, asked: pb.StartNewOrchestrationAction) -> None:
        """Start what an entity asked for: like a client's start, with the default version."""
        version = asked.version.value if asked.HasField("version") else self.versions.default
        self.start_unless_running(
            Start(
                instance_id=asked.instanceId or new_id(),
                name=asked.name,
                input=asked.input.value if asked.HasField("input") else None,
                version=version,
                at=time_of(asked.scheduledTime) if asked.HasField("scheduledTime") else None,
            )
        )

    def remove(self, instance_id: str) -> None:
        """Forget an instance, with its turn."""
        instance = self.instances.pop(instance_id, None)
        if instance is not None and instance.turn is not None:
            instance.turn.done = True

    def _release(self, instance: Instance) -> None:
        instance.held = False
        self.enqueue(instance)

    def enqueue(self, instance: Instance) -> None:
        """Offer a turn, unless one is under way: then what is new waits for its end."""
        current = self.instances.get(instance.id) is instance
        if instance.turn or instance.held or instance.finished or not current:
            return
        if self.hangs.withholds(instance):
            return
        if self.versions.accepts(instance.version):
            instance.turn = Turn(instance)
            self.work.offer(instance.turn)
        elif self.versions.failure is VersionFailure.FAIL:
            self.finish(instance, pb.ORCHESTRATION_STATUS_FAILED, None, self._mismatch(instance))

    def enqueue_waiting(self) -> None:
        """Offer a turn to every instance for which something new has come, and no turn yet."""
        for instance in list(self.instances.values()):
            if instance.inbox:
                self.enqueue(instance)

    def _mismatch(self, instance: Instance) -> pb.TaskFailureDetails:
        return pb.TaskFailureDetails(
            errorType="VersionMismatch",
            errorMessage=f"The version '{instance.version or ''}' is not one that this app, of "
            f"version '{self.versions.default or ''}', runs ({self.versions.match.value}).",
            isNonRetriable=True,
        )

    # What comes from outside

    def deliver(self, target: pb.OrchestrationInstance, happened: pb.HistoryEvent) -> bool:
        """Put an event before an instance; False if it is gone, finished or another execution.

        Args:
            target: The instance; with an execution id the event is for that execution only.
            happened: The event.
        """
        instance = self.instances.get(target.instanceId)
        if instance is None or instance.finished:
            return False
        if target.HasField("executionId") and target.executionId.value != instance.execution_id:
            return False
        instance.inbox.append(happened)
        instance.updated_at = utc_now()
        self.enqueue(instance)
        return True

    def raise_event(self, instance_id: str, name: str, data: str | None) -> None:
        """Raise an external event, twice if the control says so."""
        times = 1
        if self._events_to_repeat:
            self._events_to_repeat -= 1
            times = 2
        for _ in range(times):
            raised = pb.EventRaisedEvent(name=name, input=text(data))
            target = pb.OrchestrationInstance(instanceId=instance_id)
            self.deliver(target, event(eventRaised=raised))

    def repeat_events(self, count: int) -> None:
        """Let the next `count` raised events arrive twice."""
        with self.lock:
            self._events_to_repeat = count

    def tell(self, instance: Instance, happened: pb.HistoryEvent) -> None:
        """Put an event before an instance, whatever its execution."""
        self.deliver(pb.OrchestrationInstance(instanceId=instance.id), happened)

    def terminate(self, instance: Instance, output: str | None) -> None:
        """End an instance: through its next turn, or at once if its start is still to come."""
        if instance.held:
            self.finish(instance, pb.ORCHESTRATION_STATUS_TERMINATED, output, None)
            return
        ended = pb.ExecutionTerminatedEvent(input=text(output))
        self.tell(instance, event(executionTerminated=ended))

    def complete_activity(self, response: pb.ActivityResponse) -> None:
        """Take an activity's result; empty failure details are a failure without details."""
        activity = self.work.answered(response.completionToken, Activity)
        if activity is None:
            _log.info("a late result of %s is dropped", response.instanceId)
        elif response.HasField("failureDetails"):
            failed = pb.TaskFailedEvent(taskScheduledId=activity.task_id)
            if response.failureDetails.ByteSize():
                failed.failureDetails.CopyFrom(response.failureDetails)
            self.deliver(activity.owner, event(taskFailed=failed))
        else:
            completed = pb.TaskCompletedEvent(taskScheduledId=activity.task_id)
            copy_present(response, completed, "result")
            self.deliver(activity.owner, event(taskCompleted=completed))

    # The end

    def finish(
        self,
        instance: Instance,
        status: pb.OrchestrationStatus,
        result: str | None,
        failure: pb.TaskFailureDetails | None,
    ) -> None:
        """End an instance and tell its parent."""
        instance.status, instance.output, instance.failure = status, result, failure
        if failure is not None:
            # Azure Storage keeps a failure as plain text, and clients see no more than that.
            instance.output = f"{failure.errorType}: {failure.errorMessage}"
        instance.updated_at = utc_now()
        instance.inbox = []
        completed = pb.ExecutionCompletedEvent(
            orchestrationStatus=status, result=text(result), failureDetails=failure
        )
        instance.history.append(event(executionCompleted=completed))
        self.tell_watchers(instance.id)
        self.tell_parent(instance)

    def tell_parent(self, child: Instance) -> None:
        """Give a finished child's result or failure, unchanged, to the parent that waits."""
        if not child.started.HasField("parentInstance"):
            return
        parent = child.started.parentInstance
        if child.status == pb.ORCHESTRATION_STATUS_COMPLETED:
            completed = pb.SubOrchestrationInstanceCompletedEvent(
                taskScheduledId=parent.taskScheduledId, result=text(child.output)
            )
            told = event(subOrchestrationInstanceCompleted=completed)
        else:
            failed = pb.SubOrchestrationInstanceFailedEvent(
                taskScheduledId=parent.taskScheduledId, failureDetails=child.failure
            )
            told = event(subOrchestrationInstanceFailed=failed)
        self.deliver(parent.orchestrationInstance, told)

    def rewind(
        self, instance: Instance, reason: str | None, parent_execution_id: str | None = None
    ) -> None:
        """Run a failed instance again from before its failures; the SDK rewrites the history."""
        instance.status = pb.ORCHESTRATION_STATUS_RUNNING
        instance.output = instance.failure = None
        rewound = pb.ExecutionRewoundEvent(
            reason=text(reason), parentExecutionId=text(parent_execution_id)
        )
        instance.inbox = [event(executionRewound=rewound)]
        self.enqueue(instance)

    # Watching

    def tell_watchers(self, instance_id: str) -> None:
        """Let the calls that wait for the instance look at it again."""
        for watcher in self.watchers.get(instance_id, ()):
            watcher.set()

    def locked(self, action: Callable[[], object]) -> Callable[[], None]:
        """The same action with the lock taken, for the timers' thread."""

        def run() -> None:
            with self.lock:
                action()

        return run
