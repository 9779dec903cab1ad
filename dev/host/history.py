"""An instance's history as the HTTP management API shows it.

Follows `DurableClient.GetDurableOrchestrationStatusAsync` of the extension: what was scheduled and
has ended is one entry, that of its end; the turns themselves are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

type Json = dict[str, Any]

_NOT_SHOWN = ("orchestratorStarted", "orchestratorCompleted")
_SCHEDULES = ("taskScheduled", "subOrchestrationInstanceCreated")
_STATUSES = {
    pb.ORCHESTRATION_STATUS_COMPLETED: "Completed",
    pb.ORCHESTRATION_STATUS_FAILED: "Failed",
    pb.ORCHESTRATION_STATUS_TERMINATED: "Terminated",
    pb.ORCHESTRATION_STATUS_CANCELED: "Canceled",
    pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW: "ContinuedAsNew",
}


def shown(history: Iterable[pb.HistoryEvent], *, inputs: bool, outputs: bool) -> list[Json]:
    """The entries, oldest first.

    Args:
        history: Of the present execution.
        inputs: Whether `Input` is shown (`showInput`).
        outputs: Whether `Result` is shown (`showHistoryOutput`).
    """
    scheduled: dict[int, tuple[Json, str]] = {}
    entries: list[Json] = []
    for event in history:
        kind = str(event.WhichOneof("eventType"))
        if kind in _NOT_SHOWN:
            continue
        body = getattr(event, kind)
        entry = {"EventType": kind[0].upper() + kind[1:], "Timestamp": time_text(event.timestamp)}
        entry |= _FIELDS.get(kind, _nothing)(body)
        if kind in _SCHEDULES:
            scheduled[event.eventId] = entry, body.name
        elif (begun := scheduled.get(getattr(body, "taskScheduledId", -1))) is not None:
            start, name = begun
            entry |= {"ScheduledTime": start["Timestamp"], "FunctionName": name}
            entries.remove(start)
        entries.append(entry)
    hidden = {"Input": not inputs, "Result": not outputs}
    return [{k: v for k, v in entry.items() if not hidden.get(k)} for entry in entries]


def time_text(stamp: Timestamp) -> str:
    """A time with all of its digits, as history has it."""
    return stamp.ToDatetime(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def json_or_text(text: str) -> object:
    """A payload as JSON; what is none (a failed instance's output) as it is."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _text(value: StringValue) -> str | None:
    return value.value or None


def _failure(body: Any) -> Json:  # noqa: ANN401 (two messages with the same field)
    details = body.failureDetails
    return {"Reason": details.errorMessage or None, "Details": _text(details.stackTrace)}


def _result(body: Any) -> Json:  # noqa: ANN401 (two messages with the same field)
    return {"Result": json_or_text(body.result.value)}


def _started(body: pb.ExecutionStartedEvent) -> Json:
    return {"FunctionName": body.name, "Input": _text(body.input)}


def _ended(body: pb.ExecutionCompletedEvent) -> Json:
    return {"OrchestrationStatus": _STATUSES.get(body.orchestrationStatus), **_result(body)}


def _fires(body: Any) -> Json:  # noqa: ANN401 (two messages with the same field)
    return {"FireAt": time_text(body.fireAt)}


def _named(body: Any) -> Json:  # noqa: ANN401 (several messages with the same fields)
    entry: Json = {"Name": body.name}
    if "input" in body.DESCRIPTOR.fields_by_name:
        entry["Input"] = _text(body.input)
    return entry


def _child(body: pb.SubOrchestrationInstanceCreatedEvent) -> Json:
    return {"InstanceId": body.instanceId, **_named(body)}


def _reason(body: Any) -> Json:  # noqa: ANN401 (two messages with the same field)
    return {"Reason": _text(body.input)}


def _nothing(_: object) -> Json:
    return {}


_FIELDS: dict[str, Callable[[Any], Json]] = {
    "executionStarted": _started,
    "executionCompleted": _ended,
    "executionTerminated": lambda body: {"Input": _text(body.input)},
    "executionSuspended": _reason,
    "executionResumed": _reason,
    "taskScheduled": _named,
    "taskCompleted": _result,
    "taskFailed": _failure,
    "subOrchestrationInstanceCreated": _child,
    "subOrchestrationInstanceCompleted": _result,
    "subOrchestrationInstanceFailed": _failure,
    "timerCreated": _fires,
    "timerFired": _fires,
    "eventRaised": _named,
    "eventSent": _child,
}
