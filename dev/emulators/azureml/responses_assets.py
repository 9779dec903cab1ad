"""Answers about models, codes and environments."""

from __future__ import annotations

import logging
import time
import uuid
from urllib.parse import urlencode

from dev.emulators.azureml import assets
from dev.emulators.azureml.blobs import AzureError, opened
from dev.emulators.azureml.emulator import Emulator
from dev.emulators.azureml.events import model_registered
from dev.emulators.azureml.exceptions import user_error
from dev.emulators.azureml.references import place_of
from dev.emulators.azureml.state import Asset, Workspace
from dev.emulators.azureml.wire import ArmRequest, ArmResponse, Json

_log = logging.getLogger(__name__)

PAGE_SIZE = 30


def _page(request: ArmRequest, bodies: list[Json]) -> ArmResponse:
    """One page of a list; `$top` is the size of a page, and `$skip` an opaque mark."""
    size = _number(request, "$top") or _number(request, "count") or PAGE_SIZE
    start = _number(request, "$skip")
    answer: Json = {"value": bodies[start : start + size]}
    if start + size < len(bodies):
        query = dict(request.query) | {"$skip": str(start + size)}
        answer["nextLink"] = f"{request.origin}{request.path}?{urlencode(query)}"
    return ArmResponse(answer)


def _number(request: ArmRequest, name: str) -> int:
    text = request.query.get(name) or "0"
    if not text.isdecimal():
        raise user_error(f"The value '{text}' of {name} is not a number.")
    return int(text)


async def list_containers(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """All assets of a kind, without their versions."""
    del emulator
    workspace, kind = request.workspace, request.params["kind"]
    found = [a for a in workspace.assets.values() if a.kind == kind and not a.version]
    chosen = assets.select(found, request.query)
    return _page(request, [assets.container_body(workspace, asset) for asset in chosen])


async def get_container(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """An asset with its latest and next version."""
    del emulator
    asset = assets.get(request.workspace, request.params["kind"], request.params["name"])
    return ArmResponse(assets.container_body(request.workspace, asset))


async def put_container(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Describe or archive an asset as a whole."""
    workspace, kind, name = request.workspace, request.params["kind"], request.params["name"]
    is_new = (kind, name, "") not in workspace.assets
    asset = assets.put_container(
        workspace, kind, name, request.properties, time.time(), request.user
    )
    emulator.store.save()
    return ArmResponse(assets.container_body(workspace, asset), 201 if is_new else 200)


async def list_versions(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """The versions of an asset, latest first unless another order is asked for.

    With a `hash` the name does not count: the SDK gives every upload of code a new name, and takes
    the name of what it finds from its ARM id.
    """
    del emulator
    workspace = request.workspace
    found = workspace.versions(
        request.params["kind"], None if "hash" in request.query else request.params["name"]
    )
    chosen = assets.select(found, request.query)
    bodies = [assets.version_body(workspace, asset, request.api_version) for asset in chosen]
    return _page(request, bodies)


async def get_version(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """One version."""
    del emulator
    params = request.params
    asset = assets.get(request.workspace, params["kind"], params["name"], params["version"])
    return ArmResponse(assets.version_body(request.workspace, asset, request.api_version))


async def put_version(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Register a version; registering a model tells Event Grid."""
    workspace, params = request.workspace, request.params
    kind, name, version = params["kind"], params["name"], params["version"]
    now = time.time()
    asset, is_new = assets.put_version(
        workspace, kind, name, version, request.properties, now, request.user
    )
    if kind == "models" and is_new:
        asset = await _read_flavors(emulator, workspace, asset)
    emulator.store.save()
    body = assets.version_body(workspace, asset, request.api_version)
    if not is_new:
        return ArmResponse(body)
    if kind == "models":
        emulator.publisher.publish(model_registered(workspace, asset, now))
    location = f"{request.origin}{body['id']}?api-version={request.api_version}"
    return ArmResponse(body, 201, {"Location": location})


async def _read_flavors(emulator: Emulator, workspace: Workspace, model: Asset) -> Asset:
    if model.properties["modelType"] != "mlflow_model":
        return model
    place = place_of(workspace, model.properties["modelUri"])
    blobs = opened(emulator.blobs, workspace.spec.arm_id.lower(), place) if place else None
    if place is None or blobs is None:
        return model
    try:
        mlmodel = await blobs.read(place.container, f"{place.path}/MLmodel")
    except AzureError:
        _log.warning("storage did not answer: %s has no flavors", model.name)
        return model
    if mlmodel is None:
        return model
    with_flavors = assets.with_flavors(model, mlmodel)
    workspace.assets[model.kind, model.name, model.version] = with_flavors
    return with_flavors


async def delete_version(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Remove a version; its blobs stay."""
    params = request.params
    key = params["kind"], params["name"], params["version"]
    removed = request.workspace.assets.pop(key, None)
    emulator.store.save()
    return ArmResponse(status=200 if removed else 204)


async def delete_container(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Remove an asset and all its versions; their blobs stay."""
    kind, name = request.params["kind"], request.params["name"]
    keys = [key for key in request.workspace.assets if key[:2] == (kind, name)]
    for key in keys:
        del request.workspace.assets[key]
    emulator.store.save()
    return ArmResponse(status=200 if keys else 204)


async def start_pending_upload(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """A new container for scoring code, with a signed address to upload it to."""
    kind = request.body.get("pendingUploadType")
    if kind != "TemporaryBlobReference":
        raise user_error(f"The pendingUploadType '{kind}' is not supported.")
    spec = request.workspace.spec
    blobs = emulator.storage(request.workspace)
    container = f"{spec.workspace_id[:10].rstrip('-')}-{uuid.uuid4()}"
    await blobs.ensure_container(container)
    blob_uri, signed = blobs.upload_addresses(container)
    account = (
        f"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
        f"/providers/Microsoft.Storage/storageAccounts/{spec.storage_account}"
    )
    reference = {
        "blobUri": blob_uri,
        "storageAccountArmId": account,
        "credential": {"credentialType": "SAS", "sasUri": signed},
    }
    return ArmResponse(
        {
            "blobReferenceForConsumption": reference,
            "pendingUploadId": str(uuid.uuid4()),
            "pendingUploadType": kind,
        }
    )
