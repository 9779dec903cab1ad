"""Durable entities: their state, the operations that wait for them, and locks.

An entity without state does not exist for clients. While an orchestration holds the lock of an
entity, only its own operations reach it; the others wait.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from dev.host.engine.model import Instance, copy_present, event, new_id, text, time_of, timestamp
from dev.host.engine.timers import utc_now
from dev.host.engine.work import Kind, Work

if TYPE_CHECKING:
    from dev.host.engine.hub import Hub


@dataclass(frozen=True)
class Operation:
    """One operation for an entity."""

    request: pb.HistoryEvent
    caller: pb.OrchestrationInstance | None = None
    """The execution that waits for the result; None for a signal."""


@dataclass(frozen=True)
class LockRequest:
    """A critical section that an orchestration wants to enter."""

    section: str
    owner: pb.OrchestrationInstance
    entity_ids: tuple[str, ...]


@dataclass(eq=False)
class Entity:
    """An entity; it exists for clients when it has state."""

    id: str
    state: str | None = None
    modified_at: datetime = field(default_factory=utc_now)
    waiting: list[Operation] = field(default_factory=list)
    lock: LockRequest | None = None
    batch: "Batch | None" = None
    """The batch that is offered or in flight."""

    def take_runnable(self) -> list[Operation]:
        """The operations that may run now, taken from those that wait."""
        runnable = [operation for operation in self.waiting if self._may_run(operation)]
        self.waiting = [operation for operation in self.waiting if not self._may_run(operation)]
        return runnable

    def runnable(self) -> bool:
        """Whether there are any."""
        return any(self._may_run(operation) for operation in self.waiting)

    def _may_run(self, operation: Operation) -> bool:
        if self.lock is None:
            return True
        caller = operation.caller
        return caller is not None and caller.instanceId == self.lock.owner.instanceId


class Batch(Work):
    """Operations for a worker to run on an entity, in order."""

    def __init__(self, entity: Entity) -> None:
        super().__init__(Kind.ENTITY, entity.id.split("@")[1], None)
        self.entity = entity
        self.operations: list[Operation] = []

    def build(self) -> pb.WorkItem | None:
        """All that may run now; nothing if a lock was taken since it was offered."""
        self.operations = self.entity.take_runnable()
        if not self.operations:
            self.entity.batch = None
            return None
        request = pb.EntityRequest(
            instanceId=self.entity.id,
            entityState=text(self.entity.state),
            operationRequests=[operation.request for operation in self.operations],
        )
        return pb.WorkItem(entityRequestV2=request)


class Entities:
    """All entities of a hub. Called with the hub's lock held."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._all: dict[str, Entity] = {}
        self._lock_requests: list[LockRequest] = []

    def clear(self) -> None:
        """Forget all of them."""
        self._all.clear()
        self._lock_requests.clear()

    # Messages

    def signal(
        self, entity_id: str, name: str, data: StringValue | None, at: datetime | None = None
    ) -> None:
        """Ask for an operation without waiting for it, now or at a time."""
        signaled = pb.EntityOperationSignaledEvent(
            requestId=new_id(), operation=name, input=data, targetInstanceId=text(entity_id)
        )
        self._signal(entity_id, signaled, at)

    def _signal(
        self, entity_id: str, signaled: pb.EntityOperationSignaledEvent, at: datetime | None
    ) -> None:
        operation = Operation(event(entityOperationSignaled=signaled))
        if at is None or at <= utc_now():
            self._add(entity_id, operation)
            return
        self._hub.timers.at(at, self._hub.locked(lambda: self._add(entity_id, operation)))

    def send(
        self, sender: Instance, action_id: int, message: pb.SendEntityMessageAction
    ) -> pb.HistoryEvent:
        """Send an orchestration's message; returns the event for its history."""
        kind = message.WhichOneof("EntityMessageType")
        if message.HasField("entityOperationSignaled"):
            signaled = message.entityOperationSignaled
            at = _scheduled(signaled)
            self._signal(signaled.targetInstanceId.value, signaled, at)
        elif message.HasField("entityOperationCalled"):
            called = message.entityOperationCalled
            operation = Operation(event(entityOperationCalled=called), sender.execution())
            self._add(called.targetInstanceId.value, operation)
        elif message.HasField("entityLockRequested"):
            asked = message.entityLockRequested
            owner = sender.execution()
            self._lock_requests.append(
                LockRequest(asked.criticalSectionId, owner, tuple(asked.lockSet))
            )
            self._grant_locks()
        else:
            self._unlock(message.entityUnlockSent)
        return event(action_id, **{str(kind): getattr(message, str(kind))})

    def _add(self, entity_id: str, operation: Operation) -> None:
        entity = self._entity(entity_id)
        entity.waiting.append(operation)
        self._offer(entity)

    def _entity(self, entity_id: str) -> Entity:
        return self._all.setdefault(entity_id, Entity(entity_id))

    def _offer(self, entity: Entity) -> None:
        if entity.batch is None and entity.runnable():
            entity.batch = Batch(entity)
            self._hub.work.offer(entity.batch)

    # Locks

    def _grant_locks(self) -> None:
        waiting, self._lock_requests = self._lock_requests, []
        for request in waiting:
            entities = [self._entity(entity_id) for entity_id in request.entity_ids]
            if any(entity.lock for entity in entities):
                self._lock_requests.append(request)
                continue
            granted = pb.EntityLockGrantedEvent(criticalSectionId=request.section)
            if self._hub.deliver(request.owner, event(entityLockGranted=granted)):
                for entity in entities:
                    entity.lock = request

    def _unlock(self, unlock: pb.EntityUnlockSentEvent) -> None:
        entity = self._entity(unlock.targetInstanceId.value)
        if entity.lock is not None and entity.lock.section == unlock.criticalSectionId:
            self._free(entity)

    def _free(self, entity: Entity) -> None:
        entity.lock = None
        self._grant_locks()
        self._offer(entity)

    # Results

    def complete_batch(self, response: pb.EntityBatchResult) -> None:
        """Keep the new state, answer the callers, send what the operations sent.

        A failure of the whole batch is the result of every operation that has none of its own.
        """
        batch = self._hub.work.answered(response.completionToken, Batch)
        if batch is None:
            return
        entity = batch.entity
        entity.batch = None
        entity.modified_at = utc_now()
        entity.state = response.entityState.value if response.HasField("entityState") else None
        results = list(response.results)
        while len(results) < len(batch.operations):
            failure = pb.OperationResultFailure(failureDetails=response.failureDetails)
            results.append(pb.OperationResult(failure=failure))
        for operation, result in zip(batch.operations, results, strict=True):
            if operation.caller is not None:
                called = operation.request.entityOperationCalled
                self._hub.deliver(operation.caller, _answer(called.requestId, result))
        for action in response.actions:
            self._act(action)
        self._offer(entity)

    def _act(self, action: pb.OperationAction) -> None:
        if action.HasField("sendSignal"):
            sent = action.sendSignal
            data = sent.input if sent.HasField("input") else None
            self.signal(sent.instanceId, sent.name, data, _scheduled(sent))
        else:
            self._hub.start_for_entity(action.startNewOrchestration)

    # Reading

    def find(self, entity_id: str) -> Entity | None:
        """An entity that exists."""
        entity = self._all.get(entity_id)
        return entity if entity is not None and entity.state is not None else None

    def select(self, accept: Callable[[Entity], bool], *, transient: bool) -> list[Entity]:
        """Entities by id; those without state only if `transient`."""
        chosen = [e for e in self._all.values() if (transient or e.state is not None) and accept(e)]
        return sorted(chosen, key=lambda entity: entity.id)

    def remove_empty(self) -> int:
        """Forget the entities that have no state, no work and no lock."""
        empty = [
            e.id
            for e in self._all.values()
            if e.state is None and not e.waiting and e.batch is None and e.lock is None
        ]
        for entity_id in empty:
            del self._all[entity_id]
        return len(empty)

    def release_orphaned_locks(self) -> int:
        """Free the locks of orchestrations that run no more."""
        instances = self._hub.instances
        orphans = []
        for entity in self._all.values():
            owner = instances.get(entity.lock.owner.instanceId) if entity.lock else None
            if entity.lock and (owner is None or owner.finished):
                orphans.append(entity)
        for entity in orphans:
            self._free(entity)
        return len(orphans)


def entity_metadata(entity: Entity, *, include_state: bool) -> pb.EntityMetadata:
    """An entity as clients see it."""
    return pb.EntityMetadata(
        instanceId=entity.id,
        lastModifiedTime=timestamp(entity.modified_at),
        backlogQueueSize=len(entity.waiting),
        lockedBy=text(entity.lock.owner.instanceId) if entity.lock else None,
        serializedState=text(entity.state) if include_state else None,
    )


def _answer(request_id: str, result: pb.OperationResult) -> pb.HistoryEvent:
    if result.HasField("success"):
        completed = pb.EntityOperationCompletedEvent(requestId=request_id)
        if result.success.HasField("result"):
            completed.output.CopyFrom(result.success.result)
        return event(entityOperationCompleted=completed)
    failed = pb.EntityOperationFailedEvent(requestId=request_id)
    copy_present(result.failure, failed, "failureDetails")
    return event(entityOperationFailed=failed)


def _scheduled(message: pb.EntityOperationSignaledEvent | pb.SendSignalAction) -> datetime | None:
    return time_of(message.scheduledTime) if message.HasField("scheduledTime") else None
