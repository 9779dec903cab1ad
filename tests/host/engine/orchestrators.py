"""Orchestrators and activities that several tests run, and waits for what they do."""

import time
from collections.abc import Callable, Generator
from typing import Any

import grpc
import pytest
from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.task import ActivityContext, OrchestrationContext

type Value = Any
"""What JSON gives, or a call without a type of its own."""

type Steps = Generator[Any, Any, Any]


def echo(_: ActivityContext, value: Value) -> Value:
    return value


def done(_: OrchestrationContext, value: Value) -> Value:
    return value


def fails(_: OrchestrationContext, value: Value) -> Value:
    raise ValueError(f"no {value}")


def waits(ctx: OrchestrationContext, _: Value) -> Steps:
    """Ends with the data of the event `go`."""
    data = yield ctx.wait_for_external_event("go")
    return data


def refused(code: grpc.StatusCode, call: Callable[[], object]) -> None:
    """Check that a call ends with a status code."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    assert error.value.code() is code


def eventually(what: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never was so"
        time.sleep(0.02)


def ended(client: TaskHubGrpcClient, instance_id: str, timeout: float = 60) -> OrchestrationState:
    """Wait until an instance has ended."""
    state = client.wait_for_orchestration_completion(instance_id, timeout=timeout)
    assert state is not None
    return state
