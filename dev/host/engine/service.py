"""The gRPC service of the engine: reading, waiting, entities, and work for the workers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import override

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceServicer
from google.protobuf.empty_pb2 import Empty

from dev.host.engine.entities import entity_metadata
from dev.host.engine.hub import Hub
from dev.host.engine.management import ManagementCalls
from dev.host.engine.model import Instance, time_of
from dev.host.engine.reading import instance_state, query_entities, query_instances
from dev.host.engine.turns import Turns
from dev.host.engine.work import Filters, Kind

_PING_SECONDS = 30.0
"""The SDK's worker takes a stream for dead that brings nothing for 120 s."""

type Context = grpc.ServicerContext


class ReadingCalls(TaskHubSidecarServiceServicer):
    """Instances: get, wait, query, history."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @override
    def GetInstance(
        self,
        request: pb.GetInstanceRequest,
        context: Context,
    ) -> pb.GetInstanceResponse:
        """The state of an instance, if there is one."""
        with self._hub.lock:
            return self._response(request, lambda _: True) or pb.GetInstanceResponse()

    @override
    def WaitForInstanceStart(
        self, request: pb.GetInstanceRequest, context: Context
    ) -> pb.GetInstanceResponse:
        """Wait until an instance, also one still to be made, has begun to run."""
        return self._wait(request, context, lambda i: i.status != pb.ORCHESTRATION_STATUS_PENDING)

    @override
    def WaitForInstanceCompletion(
        self, request: pb.GetInstanceRequest, context: Context
    ) -> pb.GetInstanceResponse:
        """Wait until an instance, also one still to be made, has ended."""
        return self._wait(request, context, lambda i: i.finished)

    def _wait(
        self, request: pb.GetInstanceRequest, context: Context, until: Callable[[Instance], bool]
    ) -> pb.GetInstanceResponse:
        """Wait as long as the client does: its deadline, not this, ends the wait."""
        with self._watching(request.instanceId) as changed:
            waiting = context.add_callback(changed.set)
            while waiting and context.is_active():
                changed.clear()
                with self._hub.lock:
                    if (response := self._response(request, until)) is not None:
                        return response
                if context.is_active():
                    changed.wait()
        return pb.GetInstanceResponse()

    @contextmanager
    def _watching(self, instance_id: str) -> Iterator[threading.Event]:
        changed = threading.Event()
        with self._hub.lock:
            self._hub.watchers.setdefault(instance_id, set()).add(changed)
        try:
            yield changed
        finally:
            with self._hub.lock:
                watchers = self._hub.watchers[instance_id]
                watchers.discard(changed)
                if not watchers:
                    del self._hub.watchers[instance_id]

    def _response(
        self, request: pb.GetInstanceRequest, wanted: Callable[[Instance], bool]
    ) -> pb.GetInstanceResponse | None:
        instance = self._hub.instances.get(request.instanceId)
        if instance is None or not wanted(instance):
            return None
        state = instance_state(instance, inputs_and_outputs=request.getInputsAndOutputs)
        return pb.GetInstanceResponse(exists=True, orchestrationState=state)

    @override
    def QueryInstances(
        self,
        request: pb.QueryInstancesRequest,
        context: Context,
    ) -> pb.QueryInstancesResponse:
        """One page of instances."""
        with self._hub.lock:
            return query_instances(list(self._hub.instances.values()), request.query)

    @override
    def StreamInstanceHistory(
        self, request: pb.StreamInstanceHistoryRequest, context: Context
    ) -> Iterator[pb.HistoryChunk]:
        """The history of the present execution."""
        with self._hub.lock:
            instance = self._hub.instances.get(request.instanceId)
            history = list(instance.history) if instance else None
        if history is None:
            message = f"No instance with ID '{request.instanceId}' was found."
            context.abort(grpc.StatusCode.NOT_FOUND, message)
        yield pb.HistoryChunk(events=history)


class EntityCalls(TaskHubSidecarServiceServicer):
    """Entities: signal, get, query, clean."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @override
    def SignalEntity(
        self,
        request: pb.SignalEntityRequest,
        context: Context,
    ) -> pb.SignalEntityResponse:
        """Ask an entity for an operation, now or at a time."""
        at = time_of(request.scheduledTime) if request.HasField("scheduledTime") else None
        data = request.input if request.HasField("input") else None
        with self._hub.lock:
            self._hub.entities.signal(request.instanceId, request.name, data, at)
        return pb.SignalEntityResponse()

    @override
    def GetEntity(
        self,
        request: pb.GetEntityRequest,
        context: Context,
    ) -> pb.GetEntityResponse:
        """An entity, if it has state."""
        with self._hub.lock:
            entity = self._hub.entities.find(request.instanceId)
            if entity is None:
                return pb.GetEntityResponse(exists=False)
            metadata = entity_metadata(entity, include_state=request.includeState)
        return pb.GetEntityResponse(exists=True, entity=metadata)

    @override
    def QueryEntities(
        self,
        request: pb.QueryEntitiesRequest,
        context: Context,
    ) -> pb.QueryEntitiesResponse:
        """One page of entities."""
        with self._hub.lock:
            return query_entities(self._hub.entities, request.query)

    @override
    def CleanEntityStorage(
        self,
        request: pb.CleanEntityStorageRequest,
        context: Context,
    ) -> pb.CleanEntityStorageResponse:
        """Free the locks that nobody will free, and forget what is empty."""
        entities = self._hub.entities
        with self._hub.lock:
            released = entities.release_orphaned_locks() if request.releaseOrphanedLocks else 0
            removed = entities.remove_empty() if request.removeEmptyEntities else 0
        return pb.CleanEntityStorageResponse(
            emptyEntitiesRemoved=removed, orphanedLocksReleased=released
        )


class WorkCalls(TaskHubSidecarServiceServicer):
    """Work items: take, answer, abandon."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._turns = Turns(hub)

    @override
    def GetWorkItems(
        self, request: pb.GetWorkItemsRequest, context: Context
    ) -> Iterator[pb.WorkItem]:
        """Stream work to a worker; what it leaves unanswered is offered again when it goes."""
        work, filters, stream = self._hub.work, Filters(request), object()
        try:
            connected = context.add_callback(work.wake)
            while connected and context.is_active():
                item = work.wait(filters, stream, context.is_active, _PING_SECONDS)
                if context.is_active():
                    yield item or pb.WorkItem(healthPing=pb.HealthPing())
        finally:
            work.stream_closed(stream)

    @override
    def CompleteOrchestratorTask(
        self,
        request: pb.OrchestratorResponse,
        context: Context,
    ) -> pb.CompleteTaskResponse:
        """Take a turn's answer; one that asks for the whole history gets the turn again."""
        if request.requiresHistory:
            self._hub.work.abandon(request.completionToken, Kind.ORCHESTRATION)
            return pb.CompleteTaskResponse()
        with self._hub.lock:
            self._turns.complete(request)
        return pb.CompleteTaskResponse()

    @override
    def CompleteActivityTask(
        self,
        request: pb.ActivityResponse,
        context: Context,
    ) -> pb.CompleteTaskResponse:
        """Take an activity's result."""
        with self._hub.lock:
            self._hub.complete_activity(request)
        return pb.CompleteTaskResponse()

    @override
    def CompleteEntityTask(
        self,
        request: pb.EntityBatchResult,
        context: Context,
    ) -> pb.CompleteTaskResponse:
        """Take the result of a batch of operations."""
        with self._hub.lock:
            self._hub.entities.complete_batch(request)
        return pb.CompleteTaskResponse()

    @override
    def AbandonTaskOrchestratorWorkItem(
        self,
        request: pb.AbandonOrchestrationTaskRequest,
        context: Context,
    ) -> pb.AbandonOrchestrationTaskResponse:
        """Offer the same turn again."""
        self._hub.work.abandon(request.completionToken, Kind.ORCHESTRATION)
        return pb.AbandonOrchestrationTaskResponse()

    @override
    def AbandonTaskActivityWorkItem(
        self,
        request: pb.AbandonActivityTaskRequest,
        context: Context,
    ) -> pb.AbandonActivityTaskResponse:
        """Offer the same activity again."""
        self._hub.work.abandon(request.completionToken, Kind.ACTIVITY)
        return pb.AbandonActivityTaskResponse()

    @override
    def AbandonTaskEntityWorkItem(
        self,
        request: pb.AbandonEntityTaskRequest,
        context: Context,
    ) -> pb.AbandonEntityTaskResponse:
        """Offer the same batch again."""
        self._hub.work.abandon(request.completionToken, Kind.ENTITY)
        return pb.AbandonEntityTaskResponse()


class Service(ManagementCalls, ReadingCalls, EntityCalls, WorkCalls):
    """`TaskHubSidecarService` over one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._turns = Turns(hub)

    @override
    def Hello(self, request: Empty, context: Context) -> Empty:
        """Say that the service is there."""
        return Empty()
