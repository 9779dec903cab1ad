"""What an orchestrator's turn asks for, done: activities, timers, children, events, the end.

A turn that continues as new does all the rest as well: activities run, events go out, children
start. What comes of them is for the execution that asked, which is gone by then, so it is dropped.
"""

import logging
from collections.abc import Iterable

from durabletask.internal import orchestrator_service_pb2 as pb

from dev.host.engine.hub import Hub, Start
from dev.host.engine.model import (
    Activity,
    Instance,
    Turn,
    copy_present,
    event,
    new_execution,
    text,
    time_of,
)
from dev.host.engine.timers import utc_now

_log = logging.getLogger(__name__)

_OF_ANY_EXECUTION = ("eventRaised", "executionTerminated", "executionSuspended", "executionResumed")
"""Events that are for the instance, not for one execution: they outlive a continue-as-new."""


class Turns:
    """Applies the answers of orchestrators to the hub. Called with the hub's lock held."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def complete(self, response: pb.OrchestratorResponse) -> None:
        """Do what a turn asks for, and keep it as history."""
        turn = self._hub.work.answered(response.completionToken, Turn)
        if turn is None:
            _log.info("a late turn of %s is dropped", response.instanceId)
            return
        instance = turn.instance
        instance.updated_at = utc_now()
        instance.history.extend(turn.events)
        _set_custom_status(instance, response)
        _set_running_or_suspended(instance, turn.events)
        self._act(instance, response.actions)
        # Only now: what its own actions brought (an event to itself, a lock) is for the next turn.
        instance.turn = None
        self._hub.tell_watchers(instance.id)
        if instance.inbox or any(a.HasField("rewindOrchestration") for a in response.actions):
            self._hub.enqueue(instance)

    def _act(self, instance: Instance, actions: Iterable[pb.OrchestratorAction]) -> None:
        ends = [a.completeOrchestration for a in actions if a.HasField("completeOrchestration")]
        for action in actions:
            kind = action.WhichOneof("orchestratorActionType")
            if kind == "scheduleTask":
                self._schedule_activity(instance, action)
            elif kind == "createTimer":
                self._create_timer(instance, action)
            elif kind == "createSubOrchestration":
                self._start_child(instance, action)
            elif kind == "sendEvent":
                self._send_event(instance, action)
            elif kind == "sendEntityMessage":
                instance.history.append(
                    self._hub.entities.send(instance, action.id, action.sendEntityMessage)
                )
            elif kind == "rewindOrchestration":
                self._rewound(instance, action.rewindOrchestration)
                return
        instance.history.append(event(orchestratorCompleted=pb.OrchestratorCompletedEvent()))
        for end in ends:
            if end.orchestrationStatus == pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW:
                self._continue_as_new(instance, end)
            else:
                failure = end.failureDetails if end.HasField("failureDetails") else None
                result = end.result.value if end.HasField("result") else None
                self._hub.finish(instance, end.orchestrationStatus, result, failure)

    def _schedule_activity(self, instance: Instance, action: pb.OrchestratorAction) -> None:
        scheduled = pb.TaskScheduledEvent(name=action.scheduleTask.name)
        copy_present(action.scheduleTask, scheduled, "version")
        instance.history.append(event(action.id, taskScheduled=scheduled))
        self._hub.work.offer(Activity(instance, action.id, action.scheduleTask))

    def _create_timer(self, instance: Instance, action: pb.OrchestratorAction) -> None:
        fire_at = action.createTimer.fireAt
        instance.history.append(event(action.id, timerCreated=pb.TimerCreatedEvent(fireAt=fire_at)))
        owner = instance.execution()
        fired = pb.TimerFiredEvent(fireAt=fire_at, timerId=action.id)
        self._hub.timers.at(
            time_of(fire_at),
            self._hub.locked(lambda: self._hub.deliver(owner, event(timerFired=fired))),
        )

    def _start_child(self, instance: Instance, action: pb.OrchestratorAction) -> None:
        asked = action.createSubOrchestration
        created = pb.SubOrchestrationInstanceCreatedEvent(
            instanceId=asked.instanceId, name=asked.name
        )
        copy_present(asked, created, "version")
        instance.history.append(event(action.id, subOrchestrationInstanceCreated=created))
        self._hub.start_unless_running(
            Start(
                instance_id=asked.instanceId,
                name=asked.name,
                input=asked.input.value if asked.HasField("input") else None,
                version=asked.version.value if asked.HasField("version") else None,
                tags=dict(asked.tags),
                parent=_as_parent(instance, action.id),
                trace=asked.parentTraceContext if asked.HasField("parentTraceContext") else None,
            )
        )

    def _send_event(self, instance: Instance, action: pb.OrchestratorAction) -> None:
        asked = action.sendEvent
        sent = pb.EventSentEvent(instanceId=asked.instance.instanceId, name=asked.name)
        if asked.HasField("data"):
            sent.input.CopyFrom(asked.data)
        instance.history.append(event(action.id, eventSent=sent))
        data = asked.data.value if asked.HasField("data") else None
        self._hub.raise_event(asked.instance.instanceId, asked.name, data)

    def _continue_as_new(self, instance: Instance, end: pb.CompleteOrchestrationAction) -> None:
        """Begin the next execution: version, tags, parent and custom status stay."""
        started = pb.ExecutionStartedEvent()
        started.CopyFrom(instance.started)
        started.orchestrationInstance.CopyFrom(new_execution(instance.id))
        started.ClearField("input")
        if end.HasField("result"):
            started.input.CopyFrom(end.result)
        if end.HasField("newVersion"):
            started.version.CopyFrom(end.newVersion)
        carried = [past for past in end.carryoverEvents if past.HasField("eventRaised")]
        arrived = [e for e in instance.inbox if e.WhichOneof("eventType") in _OF_ANY_EXECUTION]
        instance.started = started
        instance.history = []
        instance.inbox = [event(executionStarted=started), *carried, *arrived]
        instance.created_at = utc_now()
        instance.status = pb.ORCHESTRATION_STATUS_RUNNING
        instance.output = None

    def _rewound(self, instance: Instance, action: pb.RewindOrchestrationAction) -> None:
        """Take the rewritten history, and rewind the children that failed."""
        instance.history = list(action.newHistory)
        told: set[int] = set()
        reason = None
        for past in instance.history:
            if past.HasField("executionStarted"):
                instance.started = past.executionStarted
            elif past.HasField("subOrchestrationInstanceCompleted"):
                told.add(past.subOrchestrationInstanceCompleted.taskScheduledId)
            elif past.HasField("executionRewound"):
                reason = past.executionRewound.reason.value or None
        for past in list(instance.history):
            if past.HasField("subOrchestrationInstanceCreated") and past.eventId not in told:
                self._rewind_child(instance, past, reason)

    def _rewind_child(
        self, instance: Instance, created: pb.HistoryEvent, reason: str | None
    ) -> None:
        asked = created.subOrchestrationInstanceCreated
        parent = _as_parent(instance, created.eventId)
        child = self._hub.instances.get(asked.instanceId)
        if child is None:
            version = asked.version.value if asked.HasField("version") else None
            self._hub.start(Start(asked.instanceId, asked.name, version=version, parent=parent))
            return
        child.started.parentInstance.CopyFrom(parent)
        if child.status == pb.ORCHESTRATION_STATUS_FAILED:
            self._hub.rewind(child, reason, instance.execution_id)
        elif child.finished:
            self._hub.tell_parent(child)


def _as_parent(instance: Instance, task_id: int) -> pb.ParentInstanceInfo:
    """What `executionStarted` tells a child of its parent."""
    return pb.ParentInstanceInfo(
        taskScheduledId=task_id,
        name=text(instance.started.name),
        version=text(instance.version),
        orchestrationInstance=instance.started.orchestrationInstance,
    )


def _set_custom_status(instance: Instance, response: pb.OrchestratorResponse) -> None:
    """The status after a turn: one that was carried over stays until another is set.

    Azure Storage writes the text `null` where a turn has ended and none was ever set
    (`AzureTableTrackingStore.UpdateStateAsync`).
    """
    if response.HasField("customStatus"):
        instance.custom_status = response.customStatus.value
    elif instance.custom_status is None:
        instance.custom_status = "null"


def _set_running_or_suspended(instance: Instance, events: Iterable[pb.HistoryEvent]) -> None:
    """The status after a turn over `events`; reasons overwrite the output, as on Azure."""
    if instance.status == pb.ORCHESTRATION_STATUS_PENDING:
        instance.status = pb.ORCHESTRATION_STATUS_RUNNING
    for happened in events:
        if happened.HasField("executionSuspended"):
            instance.status = pb.ORCHESTRATION_STATUS_SUSPENDED
            instance.output = happened.executionSuspended.input.value or None
        elif happened.HasField("executionResumed"):
            instance.status = pb.ORCHESTRATION_STATUS_RUNNING
            instance.output = happened.executionResumed.input.value or None
