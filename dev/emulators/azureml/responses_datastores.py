"""Answers about datastores."""

from __future__ import annotations

import time

from dev.emulators.azureml import datastores
from dev.emulators.azureml.emulator import Emulator
from dev.emulators.azureml.exceptions import user_error
from dev.emulators.azureml.wire import ArmRequest, ArmResponse


async def list_datastores(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """All datastores, or the default one, or all but that."""
    del emulator
    found = datastores.every(request.workspace)
    wanted = request.query.get("isDefault", "").lower()
    if wanted:
        found = [each for each in found if (each.name == datastores.DEFAULT) == (wanted == "true")]
    return ArmResponse({"value": [datastores.body(request.workspace, each) for each in found]})


async def get_datastore(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """One datastore, without its secrets."""
    del emulator
    datastore = datastores.find(request.workspace, request.params["name"])
    return ArmResponse(datastores.body(request.workspace, datastore))


async def put_datastore(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Create or replace a datastore."""
    datastore, is_new = datastores.put(
        request.workspace, request.params["name"], request.properties, time.time(), request.user
    )
    emulator.store.save()
    return ArmResponse(datastores.body(request.workspace, datastore), 201 if is_new else 200)


async def delete_datastore(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Forget a datastore; what lies there stays."""
    name = request.params["name"].lower()
    if name == datastores.DEFAULT:
        raise user_error("The default datastore cannot be deleted.")
    removed = request.workspace.datastores.pop(name, None)
    emulator.store.save()
    return ArmResponse(status=200 if removed else 204)


async def list_secrets(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """What opens the account, where the datastore holds it."""
    del emulator
    datastore = datastores.find(request.workspace, request.params["name"])
    if datastore.secrets is None:
        raise user_error("No secrets for credentials of type None.")
    return ArmResponse(datastore.secrets)
