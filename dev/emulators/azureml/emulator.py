"""The parts of the emulator that handlers work with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from dev.emulators.azureml.blobs import Blobs
from dev.emulators.azureml.config import Settings
from dev.emulators.azureml.control import Control
from dev.emulators.azureml.deployments import request_limit, request_timeout
from dev.emulators.azureml.endpoints import auth_keys
from dev.emulators.azureml.events import Publisher
from dev.emulators.azureml.lifecycle import Lifecycle
from dev.emulators.azureml.names import spelled
from dev.emulators.azureml.scoring import EndpointRoute, Scorer
from dev.emulators.azureml.servers import Fleet
from dev.emulators.azureml.state import Store, Workspace


@dataclass(frozen=True)
class Emulator:
    """Everything that one running emulator consists of."""

    settings: Settings
    store: Store
    control: Control
    blobs: Mapping[str, Blobs]
    """By the workspace's ARM id in lower case."""
    fleet: Fleet
    publisher: Publisher
    lifecycle: Lifecycle

    def storage(self, workspace: Workspace) -> Blobs:
        """A workspace's storage account."""
        return self.blobs[workspace.spec.arm_id.lower()]

    def endpoint_route(self, name: str) -> EndpointRoute | None:
        """How requests to an endpoint are authenticated and where they go."""
        for key, workspace in self.store.workspaces.items():
            endpoint = workspace.endpoints.get(spelled(name, workspace.endpoints))
            if endpoint is None or endpoint.state == "Creating":
                continue
            live = [d for d in workspace.deployments_of(endpoint.name) if d.live_revision]
            return EndpointRoute(
                name=endpoint.name,
                auth_keys=auth_keys(endpoint),
                traffic=endpoint.live_traffic,
                mirror_traffic=endpoint.live_mirror,
                servers=self.fleet.live(key, endpoint.name),
                request_timeouts={d.name: request_timeout(d.live_body) for d in live},
                request_limits={d.name: request_limit(d.live_body) for d in live},
            )
        return None

    async def reset(self) -> None:
        """Forget everything that was created or set; blobs stay."""
        await self.lifecycle.close()
        await self.fleet.stop_all()
        self.control.clear()
        self.store.clear(time.time())


EMULATOR: web.AppKey[Emulator] = web.AppKey("emulator", Emulator)


def build(settings: Settings, scorer: Scorer) -> Emulator:
    """Put the parts together, with the state that an earlier run left."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    store = Store(settings.state_dir / "azureml.json", settings.workspaces, time.time())
    control = Control(settings.provision_seconds)
    blobs = {spec.arm_id.lower(): Blobs(spec) for spec in settings.workspaces}
    fleet = Fleet(scorer, blobs, settings.state_dir / "deployments")
    publisher = Publisher(store, settings.event_sink)
    lifecycle = Lifecycle(store, fleet, control, publisher)
    return Emulator(settings, store, control, blobs, fleet, publisher, lifecycle)


async def start(emulator: Emulator) -> None:
    """Create the workspaces' containers and go on where an earlier run stopped."""
    for workspace in emulator.store.workspaces.values():
        await emulator.storage(workspace).ensure_container(workspace.spec.container)
    emulator.publisher.start()
    await emulator.lifecycle.resume()


async def stop(emulator: Emulator) -> None:
    """Stop every server and task; the state stays for the next start."""
    await emulator.lifecycle.close()
    await emulator.publisher.close()
    await emulator.fleet.close()
    for blobs in emulator.blobs.values():
        await blobs.close()
