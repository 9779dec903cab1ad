"""What the hub holds: instances, their turns and activities, and history events."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from dev.host.engine.timers import utc_now
from dev.host.engine.work import Kind, Work

FINISHED = (
    pb.ORCHESTRATION_STATUS_COMPLETED,
    pb.ORCHESTRATION_STATUS_FAILED,
    pb.ORCHESTRATION_STATUS_TERMINATED,
    pb.ORCHESTRATION_STATUS_CANCELED,
)


def new_id() -> str:
    """An instance or execution id, in the form the extension gives them."""
    return uuid.uuid4().hex


def text(value: str | None) -> StringValue | None:
    """Text as protobuf carries it where it may be absent."""
    return None if value is None else StringValue(value=value)


def timestamp(when: datetime) -> Timestamp:
    """A time as protobuf carries it."""
    stamp = Timestamp()
    stamp.FromDatetime(when)
    return stamp


def time_of(stamp: Timestamp) -> datetime:
    """The aware time of a protobuf timestamp."""
    return stamp.ToDatetime(tzinfo=UTC)


def new_execution(instance_id: str) -> pb.OrchestrationInstance:
    """The ids of a new execution of an instance."""
    return pb.OrchestrationInstance(instanceId=instance_id, executionId=text(new_id()))


def event(event_id: int = -1, **kind: Message) -> pb.HistoryEvent:
    """A history event of now; `kind` is the one field that says what happened."""
    happened: dict[str, Any] = kind  # the one field's name is the caller's choice
    return pb.HistoryEvent(eventId=event_id, timestamp=timestamp(utc_now()), **happened)


@dataclass(eq=False)
class Instance:
    """An orchestration instance."""

    started: pb.ExecutionStartedEvent
    """How its present execution began: name, version, input, tags, ids, parent."""
    created_at: datetime = field(default_factory=utc_now)
    updated_at: datetime = field(default_factory=utc_now)
    status: pb.OrchestrationStatus = pb.ORCHESTRATION_STATUS_PENDING
    output: str | None = None
    custom_status: str | None = None
    failure: pb.TaskFailureDetails | None = None
    """Told to a parent; clients never see it."""
    history: list[pb.HistoryEvent] = field(default_factory=list)
    inbox: list[pb.HistoryEvent] = field(default_factory=list)
    """Events that no turn has seen."""
    turn: "Turn | None" = None
    """The turn that is offered or in flight."""
    held: bool = False
    """Its scheduled start is still to come."""

    @property
    def id(self) -> str:
        """The instance id."""
        return self.started.orchestrationInstance.instanceId

    @property
    def execution_id(self) -> str:
        """The id of its present execution: every continue-as-new makes another."""
        return self.started.orchestrationInstance.executionId.value

    def execution(self) -> pb.OrchestrationInstance:
        """The ids of its present execution, to remember who asked for something."""
        ids = pb.OrchestrationInstance()
        ids.CopyFrom(self.started.orchestrationInstance)
        return ids

    @property
    def version(self) -> str | None:
        """Its version, if it has one."""
        return self.started.version.value if self.started.HasField("version") else None

    @property
    def finished(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.status in FINISHED

    def withdraw_turn(self) -> None:
        """Take back a turn that no worker has; its events stay in the inbox."""
        if self.turn is not None and self.turn.message is None:
            self.turn.done = True
            self.turn = None


class Turn(Work):
    """One run of an orchestrator over what is new."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(Kind.ORCHESTRATION, instance.started.name, instance.version)
        self.instance = instance
        self.events: list[pb.HistoryEvent] = []

    def build(self) -> pb.WorkItem | None:
        """Take all that is in the inbox; a rewind goes alone, as the SDK asks."""
        inbox = self.instance.inbox
        alone = bool(inbox) and inbox[0].HasField("executionRewound")
        taken, self.instance.inbox = (inbox[:1], inbox[1:]) if alone else (inbox, [])
        self.events = [event(orchestratorStarted=pb.OrchestratorStartedEvent()), *taken]
        request = pb.OrchestratorRequest(
            instanceId=self.instance.id, pastEvents=self.instance.history, newEvents=self.events
        )
        return pb.WorkItem(orchestratorRequest=request)


class Activity(Work):
    """A scheduled activity; its result goes to one execution of one instance only."""

    def __init__(self, instance: Instance, task_id: int, task: pb.ScheduleTaskAction) -> None:
        version = task.version.value if task.HasField("version") else None
        super().__init__(Kind.ACTIVITY, task.name, version)
        self.owner = instance.execution()
        self.task_id = task_id
        self._task = task

    def build(self) -> pb.WorkItem:
        """The same request at every delivery."""
        task = self._task
        request = pb.ActivityRequest(
            name=task.name, orchestrationInstance=self.owner, taskId=self.task_id, tags=task.tags
        )
        copy_present(task, request, "version", "input", "parentTraceContext")
        return pb.WorkItem(activityRequest=request)


def copy_present(source: Message, target: Message, *fields: str) -> None:
    """Copy those message fields that `source` has."""
    for name in fields:
        if source.HasField(name):
            getattr(target, name).CopyFrom(getattr(source, name))
