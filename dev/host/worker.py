"""Loads an app and invokes its functions through Microsoft's worker library."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import azure_functions_runtime as runtime  # type: ignore[import-untyped]  # has no types

from dev.host import logs, protos
from dev.host.functions import DURABLE_CLIENT, Function
from dev.host.protos import Message, ParameterBinding, TypedData

_LOGGER = logging.getLogger(__name__)


class AppError(Exception):
    """The app does not index; the message is the worker's own."""


class InvocationError(Exception):
    """A function did not succeed."""


class FunctionError(InvocationError):
    """A function raised: `message` is `ClassName: text`, `stack_trace` Python's."""

    def __init__(self, message: str, stack_trace: str) -> None:
        super().__init__(message)
        self.message = message
        self.stack_trace = stack_trace


class WorkerExitError(InvocationError):
    """A function ended its process (`sys.exit`); in Azure the host then starts a new worker."""


class InvocationTimeoutError(InvocationError):
    """A function took longer than `functionTimeout`."""


@dataclass
class Counts:
    """How often one function ran."""

    started: int = 0
    succeeded: int = 0
    failed: int = 0
    last_error: str | None = None


@dataclass(frozen=True)
class Result:
    """What a function gave back."""

    return_value: TypedData | None
    outputs: Mapping[str, TypedData | None]
    """Output bindings other than the return value."""


@dataclass
class Worker:
    """One app, loaded into this process; there can be only one."""

    timeout_seconds: float | None
    durable_client: str = "{}"
    """What `durableClient` bindings receive."""
    counts: dict[str, Counts] = field(default_factory=dict)

    async def load(self, app: Path) -> list[Any]:
        """Import and index the app.

        Returns:
            The worker's metadata, one message a function.

        Raises:
            AppError: It does not index.
        """
        sys.path.insert(0, str(app))
        runtime.start_threadpool_executor()
        body = Message(
            worker_init_request=Message(capabilities={}, function_app_directory=str(app))
        )
        request = Message(request=body, properties={"protos": protos, "host": "127.0.0.1"})
        response = await runtime.worker_init_request(request)
        if response.result.status != protos.StatusResult.Success:
            error = response.result.exception
            raise AppError(f"{error.message}\n{error.stack_trace}")
        metadata = await runtime.functions_metadata_request(request)
        if not metadata.function_metadata_results:
            raise AppError(f"No functions found in {app / 'function_app.py'}")
        return list(metadata.function_metadata_results)

    async def invoke(
        self, function: Function, trigger: TypedData, trace_parent: str | None = None
    ) -> Result:
        """Run one function with its trigger's data.

        Raises:
            FunctionError: It raised, or its result does not fit its binding.
            WorkerExitError: It called `sys.exit`.
            InvocationTimeoutError: It took too long; its thread, if it has one, goes on.
        """
        counts = self.counts.setdefault(function.name, Counts())
        counts.started += 1
        invocation_id = str(uuid.uuid4())
        with logs.invocation(invocation_id, function.name):
            try:
                result = await self._run(function, trigger, invocation_id, trace_parent)
            except InvocationError as error:
                counts.failed += 1
                counts.last_error = str(error)
                stack = getattr(error, "stack_trace", "")
                _LOGGER.error("Failed: %s\n%s", error, stack)
                raise
        counts.succeeded += 1
        return result

    async def _run(
        self, function: Function, trigger: TypedData, invocation_id: str, trace_parent: str | None
    ) -> Result:
        request = self._request(function, trigger, invocation_id, trace_parent)
        try:
            async with asyncio.timeout(self.timeout_seconds):
                response = await runtime.invocation_request(request)
        except TimeoutError:
            limit = self.timeout_seconds
            message = f"Timeout value of {limit} s exceeded by function: {function.name}"
            raise InvocationTimeoutError(message) from None
        except SystemExit as error:
            raise WorkerExitError(f"python exited with code {error.code}") from None
        if response.result.status != protos.StatusResult.Success:
            raised = response.result.exception
            raise FunctionError(raised.message, raised.stack_trace)
        outputs = {output.name: output.data for output in response.output_data}
        return Result(response.return_value, outputs)

    def _request(
        self, function: Function, trigger: TypedData, invocation_id: str, trace_parent: str | None
    ) -> Message:
        inputs = [ParameterBinding(name=function.trigger.name, data=trigger)]
        client = TypedData(string=self.durable_client)
        inputs += [
            ParameterBinding(name=binding.name, data=client)
            for binding in function.bindings
            if binding.type == DURABLE_CLIENT
        ]
        invocation = Message(
            invocation_id=invocation_id,
            function_id=function.function_id,
            input_data=inputs,
            trigger_metadata={},
            trace_context=Message(
                trace_parent=trace_parent or _new_trace_parent(), trace_state="", attributes={}
            ),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        return Message(request=Message(invocation_request=invocation), properties={})


def _new_trace_parent() -> str:
    """A W3C `traceparent` for a call that brought none."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
