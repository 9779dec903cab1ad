"""The Durable extension's part: runs the engine's work items and hands back what came of them.

Follows `OutOfProcMiddleware` of the extension: what the triggers receive, how their answers are
read, which failures end an orchestration and which only abandon the work item, so that it comes
again.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Coroutine

import grpc
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from google.protobuf.message import DecodeError
from google.protobuf.wrappers_pb2 import StringValue

from dev.host.failures import activity_failure, host_failure
from dev.host.functions import Function, Functions
from dev.host.protos import TypedData
from dev.host.settings import HostSettings
from dev.host.worker import FunctionError, InvocationTimeoutError, Worker, WorkerExitError

_LOGGER = logging.getLogger(__name__)

_MAX_CUSTOM_STATUS_UNITS = 8192
"""UTF-16 code units of a custom status (16 KB)."""
_ABANDON_SECONDS = 0.5
"""Pause before an abandoned item returns; in Azure a new worker has to start first."""
_NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _BadResponseError(Exception):
    """An orchestrator's answer that the extension refuses."""


def client_binding(settings: HostSettings, engine_address: str, url: str, system_key: str) -> str:
    """The JSON that `durableClient` bindings receive, as `BindingHelper` of the extension has it.

    Args:
        settings: Of `host.json`.
        engine_address: `host:port` of the engine's gRPC server.
        url: Base URL of this host.
        system_key: Key of the management API.
    """
    return json.dumps(
        {
            "taskHubName": settings.hub_name,
            "connectionName": None,
            "creationUrls": None,
            "managementUrls": None,
            "baseUrl": None,
            "requiredQueryStringParameters": f"code={system_key}",
            "rpcBaseUrl": f"http://{engine_address}",
            "httpBaseUrl": f"{url}/runtime/webhooks/durabletask",
            "useForwardedHost": False,
            "maxGrpcMessageSizeInBytes": settings.max_grpc_message_bytes,
            "grpcHttpClientTimeout": json.dumps("00:01:40"),
        },
        separators=(",", ":"),
    )


class DurablePump:
    """Moves work items between the engine and the worker."""

    def __init__(
        self, worker: Worker, functions: Functions, settings: HostSettings, engine_address: str
    ) -> None:
        self._worker = worker
        self._functions = functions
        self._turn_slots = asyncio.Semaphore(settings.max_orchestrators)
        self._activity_slots = asyncio.Semaphore(settings.max_activities)
        self._entity_slots = asyncio.Semaphore(settings.max_entities)
        self._channel = grpc.aio.insecure_channel(engine_address, options=_NO_LIMIT)
        self.stub = stubs.TaskHubSidecarServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take work items until cancelled."""
        try:
            while True:
                try:
                    async for item in self.stub.GetWorkItems(pb.GetWorkItemsRequest()):
                        self._start(self._handle(item))
                except grpc.aio.AioRpcError as error:
                    _LOGGER.warning("The engine's stream ended: %s", error.details())
                await asyncio.sleep(0.1)
        finally:
            for task in self._running:
                task.cancel()
            await self._channel.close(grace=0)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _handle(self, item: pb.WorkItem) -> None:
        try:
            match item.WhichOneof("request"):
                case "orchestratorRequest":
                    async with self._turn_slots:
                        await self._run_turn(item.orchestratorRequest, item.completionToken)
                case "activityRequest":
                    async with self._activity_slots:
                        await self._run_activity(item.activityRequest, item.completionToken)
                case "entityRequestV2":
                    async with self._entity_slots:
                        await self._run_entity(item.entityRequestV2, item.completionToken)
        except grpc.aio.AioRpcError as error:
            _LOGGER.warning("The engine refused a result: %s", error.details())

    async def _run_turn(self, request: pb.OrchestratorRequest, token: str) -> None:
        name = _orchestrator_name(request)
        function = self._functions.orchestrators.get(name.casefold())
        try:
            if function is None:
                raise _BadResponseError(
                    _not_found(name, "orchestrator", self._functions.orchestrators)
                )
            response = await self._invoke_turn(function, request)
        except (WorkerExitError, InvocationTimeoutError):
            await asyncio.sleep(_ABANDON_SECONDS)
            abandon = pb.AbandonOrchestrationTaskRequest(completionToken=token)
            await self.stub.AbandonTaskOrchestratorWorkItem(abandon)
            return
        except (_BadResponseError, FunctionError) as error:
            _LOGGER.error("%s: %s", request.instanceId, error)
            message = str(error)
            if function is not None:
                message = f"Function '{name}' failed with an unhandled exception."
            response = _failed(message)
        response.instanceId = request.instanceId
        response.completionToken = token
        await self.stub.CompleteOrchestratorTask(response)

    async def _invoke_turn(
        self, function: Function, request: pb.OrchestratorRequest
    ) -> pb.OrchestratorResponse:
        shown = pb.OrchestratorRequest(
            instanceId=request.instanceId,
            pastEvents=request.pastEvents,
            newEvents=request.newEvents,
            entityParameters=request.entityParameters,
        )
        result = await self._worker.invoke(function, _encode(shown.SerializeToString()))
        answer = pb.OrchestratorResponse()
        try:
            answer.ParseFromString(_decode(result.return_value))
        except DecodeError as error:
            raise _BadResponseError(f"unreadable response: {error}") from error
        status = answer.customStatus
        if len(status.value.encode("utf-16-le")) // 2 > _MAX_CUSTOM_STATUS_UNITS:
            raise _BadResponseError("the custom status is larger than 16 KB")
        custom_status = status if answer.HasField("customStatus") else None
        return pb.OrchestratorResponse(actions=answer.actions, customStatus=custom_status)

    async def _run_activity(self, request: pb.ActivityRequest, token: str) -> None:
        response = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId,
            taskId=request.taskId,
            completionToken=token,
        )
        function = self._functions.activities.get(request.name.casefold())
        if function is None:
            _LOGGER.error(_not_found(request.name, "activity", self._functions.activities))
            # Present but empty: the task fails without any details.
            response.failureDetails.SetInParent()
        else:
            await self._invoke_activity(function, request, response)
        await self.stub.CompleteActivityTask(response)

    async def _invoke_activity(
        self, function: Function, request: pb.ActivityRequest, response: pb.ActivityResponse
    ) -> None:
        try:
            trigger = _activity_input(request)
            trace_parent = request.parentTraceContext.traceParent or None
            result = await self._worker.invoke(function, trigger, trace_parent)
        except FunctionError as error:
            response.failureDetails.CopyFrom(activity_failure(error))
        except InvocationTimeoutError as error:
            kind = "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException"
            response.failureDetails.CopyFrom(host_failure(error, kind))
        except WorkerExitError as error:
            kind = "Microsoft.Azure.WebJobs.Script.Workers.WorkerProcessExitException"
            response.failureDetails.CopyFrom(host_failure(error, kind))
        except json.JSONDecodeError as error:
            kind = "Newtonsoft.Json.JsonReaderException"
            response.failureDetails.CopyFrom(host_failure(error, kind))
        else:
            output = _activity_output(result.return_value)
            if output is not None:
                response.result.value = output

    async def _run_entity(self, request: pb.EntityRequest, token: str) -> None:
        batch, infos = helpers.convert_to_entity_batch_request(request)
        name = request.instanceId.split("@")[1]
        function = self._functions.entities.get(name.casefold())
        result = pb.EntityBatchResult()
        try:
            if function is None:
                message = _not_found(name, "entity", self._functions.entities)
                result = _failed_batch(batch, "EntityFunctionNotFound", message)
            else:
                trigger = _encode(batch.SerializeToString())
                answer = await self._worker.invoke(function, trigger)
                result.ParseFromString(_decode(answer.return_value))
        except (WorkerExitError, InvocationTimeoutError):
            await asyncio.sleep(_ABANDON_SECONDS)
            abandon = pb.AbandonEntityTaskRequest(completionToken=token)
            await self.stub.AbandonTaskEntityWorkItem(abandon)
            return
        except (FunctionError, _BadResponseError, DecodeError):
            message = f"Invocation of function '{name}' failed with an exception."
            result = _failed_batch(batch, "FunctionInvocationFailed", message)
        result.completionToken = token
        result.operationInfos.extend(infos)
        await self.stub.CompleteEntityTask(result)


def _orchestrator_name(request: pb.OrchestratorRequest) -> str:
    events = (*request.pastEvents, *request.newEvents)
    names = [e.executionStarted.name for e in events if e.HasField("executionStarted")]
    return names[-1] if names else ""


def _activity_input(request: pb.ActivityRequest) -> TypedData:
    """An activity's input: compact JSON as a string, no data at all for null.

    Raises:
        json.JSONDecodeError: It is not JSON, as the empty string that a retry makes of None.
    """
    value = json.loads(request.input.value) if request.HasField("input") else None
    if value is None:
        return TypedData()
    return TypedData(string=json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _activity_output(data: TypedData | None) -> str | None:
    """An activity's result as JSON text, re-written; None for null."""
    field = data.WhichOneof("data") if data is not None else None
    if field is None:
        return None
    value = getattr(data, field)
    value = json.loads(value) if field == "json" else value
    if value is None:
        return None
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _encode(message: bytes) -> TypedData:
    return TypedData(string=base64.b64encode(message).decode())


def _decode(data: TypedData | None) -> bytes:
    text = getattr(data, "string", None)
    if not text:
        raise _BadResponseError("The function invocation resulted in a null response.")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise _BadResponseError(f"unreadable response: {error}") from error


def _failed(message: str) -> pb.OrchestratorResponse:
    """An answer that ends the orchestration as FAILED."""
    completion = pb.CompleteOrchestrationAction(
        orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED,
        result=StringValue(value=message),
        failureDetails=pb.TaskFailureDetails(errorType="(unknown)", errorMessage=message),
    )
    action = pb.OrchestratorAction(id=-1, completeOrchestration=completion)
    return pb.OrchestratorResponse(actions=[action])


def _failed_batch(
    batch: pb.EntityBatchRequest, error_type: str, message: str
) -> pb.EntityBatchResult:
    """A result in which every operation failed and the state stays."""
    details = pb.TaskFailureDetails(errorType=error_type, errorMessage=message, isNonRetriable=True)
    failure = pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=details))
    result = pb.EntityBatchResult(results=[failure] * len(batch.operations))
    if batch.HasField("entityState"):
        result.entityState.CopyFrom(batch.entityState)
    return result


def _not_found(name: str, kind: str, known: dict[str, Function]) -> str:
    names = "', '".join(function.durable_name for function in known.values())
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
        f"Additional info: The following are the known {kind} functions: '{names}'."
    )
