"""The Durable extension's HTTP management API, `/runtime/webhooks/durabletask/...`.

Statuses follow `HttpApiHandler` of the extension. It answers from the engine, as the app's own
client does.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import grpc
from aiohttp import web
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from dev.host import history

_PAGE = 100
"""Instances in a page unless `top` says otherwise (`OrchestrationStatusQueryCondition`)."""

_POLL_SECONDS = "5"
"""What the extension asks those to wait who ask for a running instance."""

_FINISHED = {"Completed", "Failed", "Terminated", "Canceled"}
_NAMES = {
    pb.ORCHESTRATION_STATUS_RUNNING: "Running",
    pb.ORCHESTRATION_STATUS_COMPLETED: "Completed",
    pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW: "ContinuedAsNew",
    pb.ORCHESTRATION_STATUS_FAILED: "Failed",
    pb.ORCHESTRATION_STATUS_CANCELED: "Canceled",
    pb.ORCHESTRATION_STATUS_TERMINATED: "Terminated",
    pb.ORCHESTRATION_STATUS_PENDING: "Pending",
    pb.ORCHESTRATION_STATUS_SUSPENDED: "Suspended",
}
_STATUSES = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.FAILED_PRECONDITION: 410,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
}


class Management:
    """Handles the API."""

    def __init__(self, stub: stubs.TaskHubSidecarServiceStub, url: str, system_key: str) -> None:
        """Take the engine's client, this host's base URL and the key for links in answers."""
        self._stub = stub
        self._url = f"{url}/runtime/webhooks/durabletask"
        self._code = f"code={quote(system_key)}"

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        try:
            return await self._route(request)
        except grpc.aio.AioRpcError as error:
            status = _STATUSES.get(error.code(), 500)
            return web.json_response({"Message": error.details()}, status=status)
        except ValueError as error:
            return web.json_response({"Message": str(error)}, status=400)

    async def _route(self, request: web.Request) -> web.Response:
        match (request.method, *request.path.strip("/").split("/")[3:]):
            case ("POST", "orchestrators", name):
                return await self._create(request, name, "")
            case ("POST", "orchestrators", name, instance_id):
                return await self._create(request, name, instance_id)
            case ("GET", "instances"):
                return await self._query(request)
            case ("DELETE", "instances"):
                return await self._purge_many(request)
            case ("GET", "instances", instance_id):
                return await self._status(request, instance_id)
            case ("DELETE", "instances", instance_id):
                return await self._purge(instance_id)
            case ("POST", "instances", instance_id, "raiseEvent", event):
                await self._raise_event(instance_id, event, await request.text())
                return web.Response(status=202)
            case ("POST", "instances", instance_id, "restart"):
                return await self._restart(request, instance_id)
            case ("POST", "instances", instance_id, verb):
                return await self._control(instance_id, verb, request.query.get("reason", ""))
        return web.Response(status=404)

    async def _create(self, request: web.Request, name: str, instance_id: str) -> web.Response:
        body = await request.text()
        start = pb.CreateInstanceRequest(name=name, instanceId=instance_id)
        if body:
            start.input.value = _compact(body)
        return self._started((await self._stub.StartInstance(start)).instanceId)

    async def _restart(self, request: web.Request, instance_id: str) -> web.Response:
        new_id = request.query.get("restartWithNewInstanceId", "true").lower() != "false"
        again = pb.RestartInstanceRequest(instanceId=instance_id, restartWithNewInstanceId=new_id)
        return self._started((await self._stub.RestartInstance(again)).instanceId)

    def _started(self, instance_id: str) -> web.Response:
        links = self._links(instance_id)
        headers = {"Location": links["statusQueryGetUri"], "Retry-After": "10"}
        return web.json_response(links, status=202, headers=headers)

    def _links(self, instance_id: str) -> dict[str, str]:
        base = f"{self._url}/instances/{quote(instance_id, safe='')}"
        reason = f"reason={{text}}&{self._code}"
        return {
            "id": instance_id,
            "purgeHistoryDeleteUri": f"{base}?{self._code}",
            "sendEventPostUri": f"{base}/raiseEvent/{{eventName}}?{self._code}",
            "statusQueryGetUri": f"{base}?{self._code}",
            "terminatePostUri": f"{base}/terminate?{reason}",
            "suspendPostUri": f"{base}/suspend?{reason}",
            "resumePostUri": f"{base}/resume?{reason}",
            "rewindPostUri": f"{base}/rewind?{reason}",
        }

    async def _status(self, request: web.Request, instance_id: str) -> web.Response:
        query = pb.GetInstanceRequest(instanceId=instance_id, getInputsAndOutputs=True)
        answer = await self._stub.GetInstance(query)
        if not answer.exists:
            return web.Response(status=404)
        body = _describe(answer.orchestrationState, show_input=_flag(request, "showInput", "true"))
        if _flag(request, "showHistory"):
            body["historyEvents"] = await self._history(request, body)
        if body["runtimeStatus"] not in _FINISHED:
            headers = {"Location": str(request.url), "Retry-After": _POLL_SECONDS}
            return web.json_response(body, status=202, headers=headers)
        fails = _flag(request, "returnInternalServerErrorOnFailure")
        status = 500 if fails and body["runtimeStatus"] == "Failed" else 200
        return web.json_response(body, status=status)

    async def _history(self, request: web.Request, state: dict[str, Any]) -> object:
        """What has happened to an instance; null before its first turn, as in the extension."""
        if state["runtimeStatus"] == "Pending":
            return None
        asked = pb.StreamInstanceHistoryRequest(instanceId=state["instanceId"])
        events = [
            e async for chunk in self._stub.StreamInstanceHistory(asked) for e in chunk.events
        ]
        return history.shown(
            events,
            inputs=_flag(request, "showInput", "true"),
            outputs=_flag(request, "showHistoryOutput"),
        )

    async def _raise_event(self, instance_id: str, event: str, body: str) -> None:
        data = StringValue(value=_compact(body)) if body else None
        await self._stub.RaiseEvent(
            pb.RaiseEventRequest(instanceId=instance_id, name=event, input=data)
        )

    async def _control(self, instance_id: str, verb: str, reason: str) -> web.Response:
        text = StringValue(value=reason)
        match verb:
            case "terminate":
                output = StringValue(value=json.dumps(reason))
                await self._stub.TerminateInstance(
                    pb.TerminateRequest(instanceId=instance_id, output=output)
                )
            case "suspend":
                await self._stub.SuspendInstance(
                    pb.SuspendRequest(instanceId=instance_id, reason=text)
                )
            case "resume":
                await self._stub.ResumeInstance(
                    pb.ResumeRequest(instanceId=instance_id, reason=text)
                )
            case "rewind":
                return await self._rewind(instance_id, text)
            case _:
                return web.Response(status=404)
        return web.Response(status=202)

    async def _rewind(self, instance_id: str, reason: StringValue) -> web.Response:
        asked = pb.RewindInstanceRequest(instanceId=instance_id, reason=reason)
        try:
            await self._stub.RewindInstance(asked)
        except grpc.aio.AioRpcError as error:
            return _precondition(error)
        return web.Response(status=202)

    async def _purge(self, instance_id: str) -> web.Response:
        asked = pb.PurgeInstancesRequest(instanceId=instance_id)
        try:
            answer = await self._stub.PurgeInstances(asked)
        except grpc.aio.AioRpcError as error:
            return _precondition(error)
        count = answer.deletedInstanceCount
        return web.json_response({"instancesDeleted": count}, status=200 if count else 404)

    async def _purge_many(self, request: web.Request) -> web.Response:
        since, until = _times(request)
        if since is None:
            raise ValueError("createdTimeFrom is missing")
        only = pb.PurgeInstanceFilter(
            createdTimeFrom=since, createdTimeTo=until, runtimeStatus=_statuses(request)
        )
        answer = await self._stub.PurgeInstances(pb.PurgeInstancesRequest(purgeInstanceFilter=only))
        count = answer.deletedInstanceCount
        return web.json_response({"instancesDeleted": count}, status=200 if count else 404)

    async def _query(self, request: web.Request) -> web.Response:
        since, until = _times(request)
        query = pb.InstanceQuery(
            createdTimeFrom=since,
            createdTimeTo=until,
            runtimeStatus=_statuses(request),
            maxInstanceCount=int(request.query.get("top", _PAGE)),
            fetchInputsAndOutputs=True,
        )
        if prefix := request.query.get("instanceIdPrefix"):
            query.instanceIdPrefix.value = prefix
        if token := request.headers.get("x-ms-continuation-token"):
            query.continuationToken.value = token
        answer = await self._stub.QueryInstances(pb.QueryInstancesRequest(query=query))
        show_input = _flag(request, "showInput", "true")
        body = [_describe(state, show_input=show_input) for state in answer.orchestrationState]
        token = answer.continuationToken.value
        return web.json_response(body, headers={"x-ms-continuation-token": token} if token else {})


def _describe(state: pb.OrchestrationState, *, show_input: bool) -> dict[str, Any]:
    return {
        "name": state.name,
        "instanceId": state.instanceId,
        "runtimeStatus": _NAMES[state.orchestrationStatus],
        "input": history.json_or_text(state.input.value) if show_input else None,
        "customStatus": history.json_or_text(state.customStatus.value),
        "output": history.json_or_text(state.output.value),
        "createdTime": _time(state.createdTimestamp),
        "lastUpdatedTime": _time(state.lastUpdatedTimestamp),
    }


def _flag(request: web.Request, name: str, default: str = "false") -> bool:
    return request.query.get(name, default).lower() == "true"


def _precondition(error: grpc.aio.AioRpcError) -> web.Response:
    """The answer to a call that wants an instance in another state."""
    if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
        raise error
    return web.json_response({"Message": error.details()}, status=412)


def _time(stamp: Timestamp) -> str:
    return stamp.ToDatetime(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _compact(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


def _statuses(request: web.Request) -> list[pb.OrchestrationStatus]:
    wanted = [name.lower() for name in request.query.get("runtimeStatus", "").split(",") if name]
    return [status for status, name in _NAMES.items() if name.lower() in wanted]


def _times(request: web.Request) -> tuple[Timestamp | None, Timestamp | None]:
    since, until = (
        _stamp(request.query.get(name)) for name in ("createdTimeFrom", "createdTimeTo")
    )
    return since, until


def _stamp(text: str | None) -> Timestamp | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    stamp = Timestamp()
    stamp.FromDatetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return stamp
