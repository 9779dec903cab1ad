"""Long-running operations: they begin at once, last on the wall clock, and end in a new state."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from dev.emulators.azureml.control import SHORT_OPERATION, Control
from dev.emulators.azureml.endpoints import without_deployment
from dev.emulators.azureml.events import Publisher, model_deployed
from dev.emulators.azureml.exceptions import error_object
from dev.emulators.azureml.operations import new_operation
from dev.emulators.azureml.servers import DeploymentFailedError, Fleet, ServerKey
from dev.emulators.azureml.state import Deployment, Endpoint, Operation, Store, Workspace
from dev.emulators.azureml.wire import Json

_log = logging.getLogger(__name__)

_TICK_SECONDS = 0.2
"""How soon an operation notices that its due time was moved."""

_OWN_FAILURE = "UserError"


class Lifecycle:
    """Begins operations, carries them out in the background and continues them after a restart."""

    def __init__(self, store: Store, fleet: Fleet, control: Control, publisher: Publisher) -> None:
        self._store = store
        self._fleet = fleet
        self._control = control
        self._publisher = publisher
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin_endpoint(
        self, workspace: Workspace, kind: str, endpoint: Endpoint, payload: Json | None = None
    ) -> Operation:
        """Store an endpoint in its transient state and begin to change it."""
        spec = workspace.spec
        seconds = self._control.seconds(spec.name, endpoint.name, "") * SHORT_OPERATION
        operation = new_operation(
            spec, kind, endpoint=endpoint.name, started=time.time(), seconds=seconds
        )
        planned = None
        if kind in {"create", "update"}:
            planned = self._control.take_provisioning_fault(endpoint.name, "")
        operation = replace(operation, payload=payload or {}, planned_failure=planned)
        workspace.endpoints[endpoint.name] = replace(endpoint, operation=operation.name)
        return self._begin(operation)

    def begin_deployment(
        self, workspace: Workspace, kind: str, deployment: Deployment
    ) -> Operation:
        """Store a deployment in its transient state and begin to change it."""
        spec = workspace.spec
        provisions = kind in {"create", "update"}
        seconds = self._control.seconds(spec.name, *deployment.key)
        operation = new_operation(
            spec,
            kind,
            endpoint=deployment.endpoint,
            deployment=deployment.name,
            started=time.time(),
            seconds=seconds if provisions else seconds * SHORT_OPERATION,
        )
        if provisions:
            planned = self._control.take_provisioning_fault(*deployment.key)
            operation = replace(operation, planned_failure=planned)
        workspace.deployments[deployment.key] = replace(deployment, operation=operation.name)
        return self._begin(operation)

    def _begin(self, operation: Operation) -> Operation:
        self._store.operations[operation.name] = operation
        self._store.forget_operations()
        self._store.save()
        self._spawn(operation)
        return operation

    def _spawn(self, operation: Operation) -> None:
        task = asyncio.create_task(self._run(operation), name=operation.name)
        self._tasks[operation.name] = task
        task.add_done_callback(lambda _: self._tasks.pop(operation.name, None))

    def respeed(self) -> None:
        """Apply changed speeds to the deployments that are being provisioned."""
        for operation in list(self._store.operations.values()):
            if operation.ended or operation.kind not in {"create", "update"}:
                continue
            name = self._store.workspaces[operation.workspace].spec.name
            seconds = self._control.seconds(name, operation.endpoint, operation.deployment)
            if not operation.deployment:
                seconds *= SHORT_OPERATION
            moved = replace(operation, due=operation.started + seconds)
            self._store.operations[operation.name] = moved
        self._store.save()

    async def resume(self) -> None:
        """After a restart: bring back the servers that answered, and go on with the rest."""
        restarts = [
            self._restart(workspace, deployment)
            for workspace in self._store.workspaces.values()
            for deployment in workspace.deployments.values()
            if deployment.live_revision
        ]
        await asyncio.gather(*restarts)
        for operation in list(self._store.operations.values()):
            if not operation.ended:
                self._spawn(operation)

    async def _restart(self, workspace: Workspace, deployment: Deployment) -> None:
        try:
            started = await self._fleet.start(
                workspace, deployment, deployment.live_body, deployment.live_revision
            )
        except DeploymentFailedError as error:
            _log.error("%s did not come back: %s", deployment.name, error.message)
            return
        await self._fleet.replace(_server_key(workspace, deployment), started)

    async def close(self) -> None:
        """Leave what is running as it is, for the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, operation: Operation) -> None:
        workspace = self._store.workspaces[operation.workspace]
        try:
            await self._carry_out(workspace, operation)
        except Exception as error:  # noqa: BLE001 (an operation always ends, as on Azure)
            _log.exception("operation %s broke", operation.name)
            _mark_failed(workspace, operation)
            location = workspace.spec.location
            self._end(operation, error_object("InternalServerError", repr(error), location))

    async def _carry_out(self, workspace: Workspace, operation: Operation) -> None:
        if operation.deployment and operation.kind in {"create", "update"}:
            await self._provision(workspace, operation)
            return
        await self._wait(operation)
        if operation.planned_failure:
            _mark_failed(workspace, operation)
            self._end(operation, _planned(operation, workspace))
            return
        if operation.deployment:
            await self._end_deployment(workspace, operation)
        else:
            await self._end_endpoint(workspace, operation)
        self._end(operation, None)

    async def _wait(self, operation: Operation) -> None:
        while True:
            if self._control.is_hanging(operation):
                await asyncio.sleep(_TICK_SECONDS)
                continue
            left = self._store.operations[operation.name].due - time.time()
            if left <= 0:
                return
            await asyncio.sleep(min(left, _TICK_SECONDS))

    def _end(self, operation: Operation, error: Json | None) -> None:
        current = self._store.operations[operation.name]
        self._store.operations[operation.name] = replace(current, ended=time.time(), error=error)
        self._store.save()

    async def _provision(self, workspace: Workspace, operation: Operation) -> None:
        """Start the new server while the old one answers; it takes over only when it is up."""
        key = (operation.endpoint, operation.deployment)
        deployment = workspace.deployments[key]
        error: Json | None = None
        try:
            if operation.planned_failure:
                await self._wait(operation)
                error = _planned(operation, workspace)
                changed = replace(deployment, state="Failed")
            else:
                changed = await self._start(workspace, deployment, operation)
        except DeploymentFailedError as failure:
            await self._wait(operation)
            error = _failure(failure, workspace)
            changed = replace(
                deployment,
                state="Failed",
                server_log=failure.server_log,
                storage_log=failure.storage_log,
            )
        workspace.deployments[key] = replace(changed, settled=True, modified=time.time())
        self._end(operation, error)
        if error is None:
            self._publisher.publish(model_deployed(workspace, changed, time.time()))

    async def _start(
        self, workspace: Workspace, deployment: Deployment, operation: Operation
    ) -> Deployment:
        started = await self._fleet.start(
            workspace, deployment, deployment.body, deployment.revision
        )
        try:
            await self._wait(operation)
        except asyncio.CancelledError:
            await started.close()
            raise
        await self._fleet.replace(_server_key(workspace, deployment), started)
        return replace(
            deployment,
            state="Succeeded",
            live_revision=deployment.revision,
            live_body=deployment.body,
            storage_log=started.storage_log,
        )

    async def _end_deployment(self, workspace: Workspace, operation: Operation) -> None:
        key = (operation.endpoint, operation.deployment)
        deployment = workspace.deployments[key]
        if operation.kind == "delete":
            await self._fleet.stop(_server_key(workspace, deployment))
            del workspace.deployments[key]
            endpoint = workspace.endpoints[operation.endpoint]
            workspace.endpoints[endpoint.name] = without_deployment(endpoint, deployment.name)
            return
        workspace.deployments[key] = replace(deployment, state="Succeeded", modified=time.time())

    async def _end_endpoint(self, workspace: Workspace, operation: Operation) -> None:
        endpoint = workspace.endpoints[operation.endpoint]
        if operation.kind == "delete":
            for deployment in workspace.deployments_of(endpoint.name):
                await self._drop(workspace, deployment)
            del workspace.endpoints[endpoint.name]
            return
        properties = endpoint.body["properties"]
        workspace.endpoints[endpoint.name] = replace(
            endpoint,
            state="Succeeded",
            modified=time.time(),
            live_traffic=properties["traffic"],
            live_mirror=properties["mirrorTraffic"],
            **operation.payload,
        )

    async def _drop(self, workspace: Workspace, deployment: Deployment) -> None:
        task = self._tasks.get(deployment.operation)
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            canceled = error_object(
                "OperationCanceled", "The endpoint was deleted.", workspace.spec.location
            )
            self._end(self._store.operations[deployment.operation], canceled)
        await self._fleet.stop(_server_key(workspace, deployment))
        del workspace.deployments[deployment.key]


def _mark_failed(workspace: Workspace, operation: Operation) -> None:
    key = (operation.endpoint, operation.deployment)
    if key in workspace.deployments:
        workspace.deployments[key] = replace(workspace.deployments[key], state="Failed")
    elif not operation.deployment and operation.endpoint in workspace.endpoints:
        endpoint = workspace.endpoints[operation.endpoint]
        workspace.endpoints[operation.endpoint] = replace(endpoint, state="Failed")


def _planned(operation: Operation, workspace: Workspace) -> Json:
    """The error that a control call has put in an operation's way."""
    planned = operation.planned_failure or {}
    return error_object(planned["code"], planned["message"], workspace.spec.location)


def _server_key(workspace: Workspace, deployment: Deployment) -> ServerKey:
    return (workspace.spec.arm_id.lower(), *deployment.key)


def _failure(failure: DeploymentFailedError, workspace: Workspace) -> Json:
    """A failed operation's error: UserError, with the particular code among its details."""
    return error_object(
        _OWN_FAILURE,
        f"{failure.code}: {failure.message}",
        workspace.spec.location,
        (failure.code, failure.message),
        ("BadArgument", failure.code),
    )
