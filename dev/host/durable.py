"""The Durable extension's part: runs the engine's work items and hands back what came of them.

Follows `OutOfProcMiddleware` of the extension: which failures end an orchestration, and which only
abandon the work item, so that it comes again.
"""

from __future__ import annotations

import asyncio
import logging

import grpc
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs

from dev.host.failures import activity_failure, failed_batch, failed_turn, not_found
from dev.host.functions import Function, Functions
from dev.host.payloads import (
    BadResponseError,
    activity_input,
    activity_output,
    orchestrator_name,
    read_batch,
    read_turn,
    shown_to_orchestrator,
    trigger_data,
)
from dev.host.settings import HostSettings
from dev.host.worker import (
    FunctionError,
    InvocationError,
    InvocationTimeoutError,
    Worker,
    WorkerExitError,
)

_LOGGER = logging.getLogger(__name__)

_RECONNECT_SECONDS = 0.1
_NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


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
        self.stub = stubs.TaskHubSidecarServiceStub(self._channel)  # type: ignore[no-untyped-call]  # generated

    async def run(self) -> None:
        """Take work items until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await self._take_items(group)
                    await asyncio.sleep(_RECONNECT_SECONDS)
        finally:
            await self._channel.close()

    async def _take_items(self, group: asyncio.TaskGroup) -> None:
        try:
            async for item in self.stub.GetWorkItems(pb.GetWorkItemsRequest()):
                group.create_task(self._handle(item))
        except grpc.aio.AioRpcError as error:
            _LOGGER.warning("The engine's stream ended: %s", error.details())

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
        name = orchestrator_name(request)
        function = self._functions.orchestrators.get(name.casefold())
        try:
            response = await self._invoke_turn(function, name, request)
        except (WorkerExitError, InvocationTimeoutError):
            abandon = pb.AbandonOrchestrationTaskRequest(completionToken=token)
            await self.stub.AbandonTaskOrchestratorWorkItem(abandon)
            return
        response.instanceId = request.instanceId
        response.completionToken = token
        await self.stub.CompleteOrchestratorTask(response)

    async def _invoke_turn(
        self, function: Function | None, name: str, request: pb.OrchestratorRequest
    ) -> pb.OrchestratorResponse:
        if function is None:
            message = not_found(name, "orchestrator", self._functions.orchestrators)
            _LOGGER.error(message)
            return failed_turn(message)
        data = trigger_data(shown_to_orchestrator(request))
        try:
            response = read_turn((await self._worker.invoke(function, data)).return_value)
        except (BadResponseError, FunctionError) as error:
            _LOGGER.error("%s of %s: %s", name, request.instanceId, error)
            return failed_turn(f"Function '{name}' failed with an unhandled exception.")
        for action in response.actions:
            failure = action.completeOrchestration.failureDetails
            if failure.errorType:
                _LOGGER.error("%s of %s failed: %s", name, request.instanceId, _in_words(failure))
        return response

    async def _run_activity(self, request: pb.ActivityRequest, token: str) -> None:
        response = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId,
            taskId=request.taskId,
            completionToken=token,
        )
        function = self._functions.activities.get(request.name.casefold())
        if function is None:
            _LOGGER.error(not_found(request.name, "activity", self._functions.activities))
            # Present but empty: the task fails without any details.
            response.failureDetails.SetInParent()
        else:
            await self._invoke_activity(function, request, response)
        await self.stub.CompleteActivityTask(response)

    async def _invoke_activity(
        self, function: Function, request: pb.ActivityRequest, response: pb.ActivityResponse
    ) -> None:
        trace_parent = request.parentTraceContext.traceParent or None
        try:
            data = activity_input(request)
            result = await self._worker.invoke(function, data, trace_parent)
        except (InvocationError, ValueError) as error:
            response.failureDetails.CopyFrom(activity_failure(error))
            return
        output = activity_output(result.return_value)
        if output is not None:
            response.result.value = output

    async def _run_entity(self, request: pb.EntityRequest, token: str) -> None:
        batch, infos = helpers.convert_to_entity_batch_request(request)
        try:
            result = await self._invoke_entity(batch)
        except (WorkerExitError, InvocationTimeoutError):
            abandon = pb.AbandonEntityTaskRequest(completionToken=token)
            await self.stub.AbandonTaskEntityWorkItem(abandon)
            return
        result.completionToken = token
        result.operationInfos.extend(infos)
        await self.stub.CompleteEntityTask(result)

    async def _invoke_entity(self, batch: pb.EntityBatchRequest) -> pb.EntityBatchResult:
        name = batch.instanceId.split("@")[1]
        function = self._functions.entities.get(name.casefold())
        if function is None:
            message = not_found(name, "entity", self._functions.entities)
            return failed_batch(batch, "EntityFunctionNotFound", message)
        try:
            return read_batch(
                (await self._worker.invoke(function, trigger_data(batch))).return_value
            )
        except (BadResponseError, FunctionError):
            message = f"Invocation of function '{name}' failed with an exception."
            return failed_batch(batch, "FunctionInvocationFailed", message)


def _in_words(failure: pb.TaskFailureDetails) -> str:
    return f"{failure.errorType}: {failure.errorMessage}\n{failure.stackTrace.value}"
