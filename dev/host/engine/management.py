"""The calls that change instances, with the extension's status codes (3.15.0)."""

from typing import NoReturn, override

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceServicer
from google.protobuf.wrappers_pb2 import BoolValue, StringValue

from dev.host.engine.hub import Hub, Start
from dev.host.engine.model import FINISHED, Instance, event, new_id, text, time_of
from dev.host.engine.reading import purgeable

_NEVER_REPLACED = (
    pb.ORCHESTRATION_STATUS_RUNNING,
    pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW,
    pb.ORCHESTRATION_STATUS_PENDING,
    pb.ORCHESTRATION_STATUS_SUSPENDED,
)

type Context = grpc.ServicerContext


class ManagementCalls(TaskHubSidecarServiceServicer):
    """Start, raise, terminate, suspend, resume, purge, restart, rewind."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @override
    def StartInstance(
        self, request: pb.CreateInstanceRequest, context: Context
    ) -> pb.CreateInstanceResponse:
        """Start an instance: ALREADY_EXISTS while the id is in use; a finished one is replaced."""
        instance_id = request.instanceId or new_id()
        with self._hub.lock:
            existing = self._hub.instances.get(instance_id)
            if existing is not None and not _replaceable(existing, request):
                message = f"An Orchestration instance with the ID {instance_id} already exists."
                context.abort(grpc.StatusCode.ALREADY_EXISTS, message)
            self._hub.start(_client_start(request, instance_id, self._hub.versions.default))
        return pb.CreateInstanceResponse(instanceId=instance_id)

    @override
    def RaiseEvent(self, request: pb.RaiseEventRequest, context: Context) -> pb.RaiseEventResponse:
        """Raise an event; never silent about an unknown or finished instance."""
        if not request.name:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The event has no name.")
        with self._hub.lock:
            self._unfinished(request.instanceId, context)
            data = request.input.value if request.HasField("input") else None
            self._hub.raise_event(request.instanceId, request.name, data)
        return pb.RaiseEventResponse()

    @override
    def TerminateInstance(
        self, request: pb.TerminateRequest, context: Context
    ) -> pb.TerminateResponse:
        """End an instance; its children go on, as the extension ignores `recursive`."""
        with self._hub.lock:
            instance = self._unfinished(request.instanceId, context)
            output = request.output.value if request.HasField("output") else None
            self._hub.terminate(instance, output)
        return pb.TerminateResponse()

    @override
    def SuspendInstance(self, request: pb.SuspendRequest, context: Context) -> pb.SuspendResponse:
        """Suspend an instance that is not suspended."""
        with self._hub.lock:
            instance = self._unfinished(request.instanceId, context)
            if instance.status == pb.ORCHESTRATION_STATUS_SUSPENDED:
                _refuse(context, instance, "is suspended already")
            suspended = pb.ExecutionSuspendedEvent(input=_reason(request))
            self._hub.tell(instance, event(executionSuspended=suspended))
        return pb.SuspendResponse()

    @override
    def ResumeInstance(self, request: pb.ResumeRequest, context: Context) -> pb.ResumeResponse:
        """Resume an instance that is suspended."""
        with self._hub.lock:
            instance = self._unfinished(request.instanceId, context)
            if instance.status != pb.ORCHESTRATION_STATUS_SUSPENDED:
                _refuse(context, instance, "is not suspended")
            resumed = pb.ExecutionResumedEvent(input=_reason(request))
            self._hub.tell(instance, event(executionResumed=resumed))
        return pb.ResumeResponse()

    @override
    def PurgeInstances(
        self, request: pb.PurgeInstancesRequest, context: Context
    ) -> pb.PurgeInstancesResponse:
        """Forget instances: one by its id, which must be finished, or all that a filter takes."""
        with self._hub.lock:
            instances = self._hub.instances
            if request.HasField("purgeInstanceFilter"):
                wanted = request.purgeInstanceFilter
                ids = [i.id for i in instances.values() if purgeable(i, wanted)]
            else:
                asked = [request.instanceId, *request.instanceBatch.instanceIds]
                ids = [instance_id for instance_id in asked if instance_id in instances]
                for instance_id in ids:
                    if not instances[instance_id].finished:
                        _refuse(context, instances[instance_id], "is not finished")
            for instance_id in ids:
                self._hub.remove(instance_id)
        return pb.PurgeInstancesResponse(
            deletedInstanceCount=len(ids), isComplete=BoolValue(value=True)
        )

    @override
    def RestartInstance(
        self, request: pb.RestartInstanceRequest, context: Context
    ) -> pb.RestartInstanceResponse:
        """Start again with the same name and input, and today's default version."""
        with self._hub.lock:
            old = self._existing(request.instanceId, context)
            if not request.restartWithNewInstanceId and not old.finished:
                _refuse(context, old, "is not finished")
            new = self._hub.start(
                Start(
                    instance_id=new_id() if request.restartWithNewInstanceId else old.id,
                    name=old.started.name,
                    input=old.started.input.value if old.started.HasField("input") else None,
                    version=self._hub.versions.default,
                )
            )
        return pb.RestartInstanceResponse(instanceId=new.id)

    @override
    def RewindInstance(
        self, request: pb.RewindInstanceRequest, context: Context
    ) -> pb.RewindInstanceResponse:
        """Run a failed instance again from before its failures."""
        with self._hub.lock:
            instance = self._existing(request.instanceId, context)
            if instance.status != pb.ORCHESTRATION_STATUS_FAILED:
                _refuse(context, instance, "has not failed")
            self._hub.rewind(instance, request.reason.value or None)
        return pb.RewindInstanceResponse()

    @override
    def ListInstanceIds(
        self,
        request: pb.ListInstanceIdsRequest,
        context: Context,
    ) -> NoReturn:
        """Not in the extension."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "The extension does not list instance ids.")

    @override
    def CreateTaskHub(
        self,
        request: pb.CreateTaskHubRequest,
        context: Context,
    ) -> pb.CreateTaskHubResponse:
        """The hub is there already."""
        return pb.CreateTaskHubResponse()

    @override
    def DeleteTaskHub(
        self,
        request: pb.DeleteTaskHubRequest,
        context: Context,
    ) -> pb.DeleteTaskHubResponse:
        """Empty the hub."""
        self._hub.clear()
        return pb.DeleteTaskHubResponse()

    def _existing(self, instance_id: str, context: Context) -> Instance:
        instance = self._hub.instances.get(instance_id)
        if instance is None:
            message = f"No instance with ID '{instance_id}' was found."
            context.abort(grpc.StatusCode.NOT_FOUND, message)
        return instance

    def _unfinished(self, instance_id: str, context: Context) -> Instance:
        instance = self._existing(instance_id, context)
        if instance.finished:
            _refuse(context, instance, "is finished")
        return instance


def _replaceable(existing: Instance, request: pb.CreateInstanceRequest) -> bool:
    """Whether a start may replace it: never a running one, and an empty policy allows none."""
    if existing.status in _NEVER_REPLACED:
        return False
    if not request.HasField("orchestrationIdReusePolicy"):
        return existing.status in FINISHED
    return existing.status in request.orchestrationIdReusePolicy.replaceableStatus


def _client_start(
    request: pb.CreateInstanceRequest, instance_id: str, default_version: str | None
) -> Start:
    scheduled = request.HasField("scheduledStartTimestamp")
    return Start(
        instance_id=instance_id,
        name=request.name,
        input=request.input.value if request.HasField("input") else None,
        version=request.version.value or default_version,
        tags=dict(request.tags),
        at=time_of(request.scheduledStartTimestamp) if scheduled else None,
        trace=request.parentTraceContext if request.HasField("parentTraceContext") else None,
    )


def _reason(request: pb.SuspendRequest | pb.ResumeRequest) -> StringValue | None:
    return text(request.reason.value) if request.HasField("reason") else None


def _refuse(context: Context, instance: Instance, why: str) -> NoReturn:
    message = f"The orchestration instance with ID '{instance.id}' {why}."
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
