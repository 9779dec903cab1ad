"""Rules and bodies of models, codes and environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from dev.emulators.azureml import curated
from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.exceptions import user_error
from dev.emulators.azureml.references import asset_not_found, check_name, stored_uri
from dev.emulators.azureml.state import Asset, Workspace
from dev.emulators.azureml.wire import Json, arm_time

MODEL_TYPES = frozenset({"custom_model", "mlflow_model", "triton_model"})
PATHS_ARE_FIXED = "Asset paths cannot be updated."
"""The message that azure-ai-ml turns into its AssetPathException."""

_LARGEST_MLMODEL = 100_000
"""Bytes; more is no file that MLflow writes, and not worth this process's time."""

_SINCE_STAGES = "2023-02-01"


def put_version(
    workspace: Workspace, kind: str, name: str, version: str, given: Json, now: float, user: str
) -> tuple[Asset, bool]:
    """Create or update a version.

    Returns:
        The version, and whether it is new.

    Raises:
        ArmError: 400 for a name that the interface refuses, and for a path that is missing,
            malformed or changed; 409 for a changed
            definition of an environment.
    """
    check_name(name)
    existing = workspace.assets.get((kind, name, version))
    properties = _PREPARE[kind](workspace, name, version, given, existing)
    common = {
        "description": given.get("description"),
        "tags": given.get("tags") or {},
        "properties": given.get("properties") or {},
        "isArchived": bool(given.get("isArchived", False)),
        "isAnonymous": bool(given.get("isAnonymous", False)),
    }
    asset = _written(existing, (kind, name, version), common | properties, now, user)
    workspace.assets[kind, name, version] = asset
    if (kind, name, "") not in workspace.assets:
        put_container(workspace, kind, name, {}, now, user)
    return asset, existing is None


def put_container(
    workspace: Workspace, kind: str, name: str, given: Json, now: float, user: str
) -> Asset:
    """Create or update what the versions of an asset have in common."""
    check_name(name)
    existing = workspace.assets.get((kind, name, ""))
    properties = {
        "description": given.get("description"),
        "tags": given.get("tags") or {},
        "properties": given.get("properties") or {},
        "isArchived": bool(given.get("isArchived", False)),
    }
    asset = _written(existing, (kind, name, ""), properties, now, user)
    workspace.assets[kind, name, ""] = asset
    return asset


def _written(
    existing: Asset | None, key: tuple[str, str, str], properties: Json, now: float, user: str
) -> Asset:
    """An asset as this user leaves it; who created it, and when, stays."""
    return Asset(
        *key,
        properties,
        created=existing.created if existing else now,
        modified=now,
        created_by=existing.created_by if existing else user,
        modified_by=user,
    )


def get(workspace: Workspace, kind: str, name: str, version: str = "") -> Asset:
    """A version, or the container without one.

    Raises:
        ArmError: 404 in the words of that kind of asset.
    """
    asset = workspace.assets.get((kind, name, version)) or curated.find(kind, name, version)
    if asset is None:
        raise asset_not_found(kind, name, version)
    return asset


def _model_properties(
    workspace: Workspace, name: str, version: str, given: Json, existing: Asset | None
) -> Json:
    del name, version
    if not given.get("modelUri"):
        raise user_error("The model's path (modelUri) is required.")
    uri = stored_uri(workspace, given["modelUri"])
    if existing and existing.properties["modelUri"] != uri:
        raise user_error(PATHS_ARE_FIXED)
    model_type = given.get("modelType") or "custom_model"
    if model_type not in MODEL_TYPES:
        raise user_error(f"The model type '{model_type}' is not supported.")
    return {
        "flavors": existing.properties["flavors"] if existing else given.get("flavors") or {},
        "modelType": model_type,
        "modelUri": uri,
        "jobName": given.get("jobName"),
        "stage": given.get("stage"),
    }


def _code_properties(
    workspace: Workspace, name: str, version: str, given: Json, existing: Asset | None
) -> Json:
    del workspace, name, version
    uri = given.get("codeUri")
    if not uri:
        raise user_error("The code's address (codeUri) is required.")
    if existing and existing.properties["codeUri"] != uri:
        raise user_error(PATHS_ARE_FIXED)
    return {"codeUri": uri, "provisioningState": "Succeeded"}


_DEFINITION = ("image", "condaFile", "build", "inferenceConfig")


def _environment_properties(
    workspace: Workspace, name: str, version: str, given: Json, existing: Asset | None
) -> Json:
    del workspace
    definition = {key: given[key] for key in _DEFINITION if given.get(key) is not None}
    if not ({"image", "build"} & definition.keys()):
        raise user_error("An environment needs an image or a build context.")
    before = existing.properties if existing else None
    if before and any(before.get(key) != definition.get(key) for key in _DEFINITION):
        message = f"Environment {name}:{version} exists already with another definition."
        raise user_error(message, "ResourceConflict", status=409)
    return definition | {
        "osType": given.get("osType") or "Linux",
        "environmentType": "UserCreated",
        "autoRebuild": given.get("autoRebuild") or "Disabled",
        "provisioningState": "Succeeded",
    }


_PREPARE = {
    "models": _model_properties,
    "codes": _code_properties,
    "environments": _environment_properties,
}


def with_flavors(asset: Asset, mlmodel: bytes) -> Asset:
    """A model with the flavours that its MLmodel file declares; as it was where none is readable.

    What the service does with an unreadable file is not documented; a registration of one is known
    to succeed.
    """
    try:
        shown = _flavors(mlmodel)
    except (AttributeError, RecursionError, ValueError, yaml.YAMLError):
        return asset
    return replace(asset, properties=asset.properties | {"flavors": shown})


def _flavors(mlmodel: bytes) -> Json:
    if len(mlmodel) > _LARGEST_MLMODEL or any(
        isinstance(event, yaml.AliasEvent) for event in yaml.parse(mlmodel, yaml.CSafeLoader)
    ):
        raise ValueError("no MLmodel file that MLflow writes")
    # libyaml: in Python, brackets inside brackets take time by the square of their number
    declared: Any = yaml.load(mlmodel, yaml.CSafeLoader)
    flavors = declared.get("flavors", {}) if isinstance(declared, dict) else {}
    return {
        str(name): {"data": {str(key): str(value) for key, value in (data or {}).items()}}
        for name, data in flavors.items()
    }


def version_body(workspace: Workspace, asset: Asset, api_version: str) -> Json:
    """A version as ARM shows it."""
    properties = dict(asset.properties)
    if asset.kind == "models" and api_version < _SINCE_STAGES:
        del properties["stage"]
    path = f"{asset.kind}/{asset.name}/versions/{asset.version}"
    return {
        "id": f"{workspace.spec.arm_id}/{path}",
        "name": asset.version,
        "type": f"{PROVIDER}/workspaces/{asset.kind}/versions",
        "properties": properties,
        "systemData": _system_data(asset),
    }


def container_body(workspace: Workspace, asset: Asset) -> Json:
    """A container as ARM shows it, with its latest and next version."""
    versions = workspace.versions(asset.kind, asset.name)
    numbers = [int(v.version) for v in versions if v.version.isdecimal()]
    latest = versions[-1].version if versions else None
    return {
        "id": f"{workspace.spec.arm_id}/{asset.kind}/{asset.name}",
        "name": asset.name,
        "type": f"{PROVIDER}/workspaces/{asset.kind}",
        "properties": asset.properties
        | {"latestVersion": latest, "nextVersion": str(max(numbers, default=0) + 1)},
        "systemData": _system_data(asset),
    }


def _system_data(asset: Asset) -> Json:
    return {
        "createdAt": arm_time(asset.created),
        "createdBy": asset.created_by,
        "createdByType": "User",
        "lastModifiedAt": arm_time(asset.modified),
        "lastModifiedBy": asset.modified_by,
        "lastModifiedByType": "User",
    }


def select(assets: list[Asset], query: Mapping[str, str]) -> list[Asset]:
    """Filter and order as a list call asks: archived or not, tags, hash, version, order."""
    view = query.get("listViewType", "ActiveOnly")
    chosen = [
        a for a in assets if view == "All" or a.properties["isArchived"] == (view != "ActiveOnly")
    ]
    if version := query.get("version"):
        chosen = [a for a in chosen if a.version == version]
    if digest := query.get("hash"):
        chosen = [a for a in chosen if a.properties["properties"].get("hash_sha256") == digest]
    for wanted in filter(None, query.get("tags", "").split(",")):
        name, has_value, value = wanted.partition("=")
        chosen = [
            a
            for a in chosen
            if name in a.properties["tags"]
            and (not has_value or a.properties["tags"][name] == value)
        ]
    order = query.get("$orderBy", "createdtime desc").lower().split()
    by_modified = order[0] in {"updatedtime", "modifiedtime", "lastmodifiedat"}
    return sorted(
        chosen,
        key=lambda a: (a.modified if by_modified else a.created, a.name, a.version),
        reverse=order[-1] != "asc",
    )
