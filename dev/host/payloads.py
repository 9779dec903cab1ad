"""What the Durable triggers and the client binding receive, and how their answers are read."""

from __future__ import annotations

import base64
import json

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.message import DecodeError, Message

from dev.host.protos import TypedData
from dev.host.settings import HostSettings

_MAX_CUSTOM_STATUS_UNITS = 8192
"""UTF-16 code units of a custom status (16 KB)."""


class BadResponseError(Exception):
    """An answer of an orchestrator or entity that the extension refuses."""


def client_binding(settings: HostSettings, engine_address: str, url: str, system_key: str) -> str:
    """The JSON that `durableClient` bindings receive, as `BindingHelper` of the extension has it.

    Args:
        settings: Of `host.json`.
        engine_address: `host:port` of the engine's gRPC server.
        url: Base URL of this host.
        system_key: Key of the management API.
    """
    return _compact(
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
        }
    )


def trigger_data(message: Message) -> TypedData:
    """A message for an orchestration or entity trigger: base64 of its bytes."""
    return TypedData(string=base64.b64encode(message.SerializeToString()).decode())


def shown_to_orchestrator(request: pb.OrchestratorRequest) -> pb.OrchestratorRequest:
    """The fields of a turn that the extension passes on; others stay unset."""
    return pb.OrchestratorRequest(
        instanceId=request.instanceId,
        pastEvents=request.pastEvents,
        newEvents=request.newEvents,
        entityParameters=request.entityParameters,
    )


def orchestrator_name(request: pb.OrchestratorRequest) -> str:
    """The name that the present execution was started with; empty where no start is told."""
    events = (*request.pastEvents, *request.newEvents)
    names = [e.executionStarted.name for e in events if e.HasField("executionStarted")]
    return names[-1] if names else ""


def read_turn(data: TypedData | None) -> pb.OrchestratorResponse:
    """An orchestrator's answer, reduced to what the extension reads.

    Raises:
        BadResponseError: It is empty or unreadable, or its custom status is too large.
    """
    answer = pb.OrchestratorResponse()
    _parse(data, answer)
    if len(answer.customStatus.value.encode("utf-16-le")) // 2 > _MAX_CUSTOM_STATUS_UNITS:
        raise BadResponseError("The custom status is larger than 16 KB.")
    return pb.OrchestratorResponse(
        actions=answer.actions,
        customStatus=answer.customStatus if answer.HasField("customStatus") else None,
        requiresHistory=answer.requiresHistory,
    )


def read_batch(data: TypedData | None) -> pb.EntityBatchResult:
    """An entity's answer.

    Raises:
        BadResponseError: It is empty or unreadable.
    """
    answer = pb.EntityBatchResult()
    _parse(data, answer)
    return answer


def activity_input(request: pb.ActivityRequest) -> TypedData:
    """An activity's input: compact JSON as a string, no data at all for null.

    Raises:
        json.JSONDecodeError: It is not JSON, as the empty string that a retry makes of None.
    """
    value = json.loads(request.input.value) if request.HasField("input") else None
    return TypedData() if value is None else TypedData(string=_compact(value))


def activity_output(data: TypedData | None) -> str | None:
    """An activity's result as JSON text, re-written; None for null."""
    field = data.WhichOneof("data") if data is not None else None
    if field is None:
        return None
    value = getattr(data, field)
    value = json.loads(value) if field == "json" else value
    return None if value is None else _compact(value)


def _parse(data: TypedData | None, answer: Message) -> None:
    text = getattr(data, "string", None)
    if not text:
        raise BadResponseError("The function invocation resulted in a null response.")
    try:
        answer.ParseFromString(base64.b64decode(text, validate=True))
    except (ValueError, DecodeError) as error:
        raise BadResponseError(f"The response is unreadable: {error}") from error


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
