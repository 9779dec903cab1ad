"""Datastores: where a workspace says that files lie, and what opens the account there.

Whoever may write datastores (`workspaces/datastores/write`, which AzureML Data Scientist has) names
any account, any `endpoint` and any `protocol`: the published interface has no rule for them
(`Datastores_CreateOrUpdate`), and with `skipValidation=true` the service does not look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dev.emulators.azureml.config import PROVIDER, WorkspaceSpec
from dev.emulators.azureml.exceptions import ArmError, user_error
from dev.emulators.azureml.state import DEFAULT_USER, Datastore, Workspace
from dev.emulators.azureml.wire import Json, arm_time

DEFAULT: Final = "workspaceblobstore"
"""The datastore that every workspace comes with, and its default one."""

_CONTAINER_FIELD: Final = {"AzureBlob": "containerName", "AzureDataLakeGen2": "filesystem"}
_SECRET_FIELD: Final = {"AccountKey": "key", "Sas": "sasToken"}


@dataclass(frozen=True)
class Place:
    """A folder or a file in an account."""

    account: str
    container: str
    path: str
    key: str | None = None
    """What the datastore opens the account with; None where it holds no key."""


def own(spec: WorkspaceSpec, created: float) -> Datastore:
    """The datastore that the workspace comes with."""
    protocol, _, rest = spec.blob_endpoint.partition("://")
    has_key = spec.system_datastores_auth_mode.lower() == "accesskey"
    properties = {
        "datastoreType": "AzureBlob",
        "accountName": spec.storage_account,
        "containerName": spec.container,
        "endpoint": rest.partition("/")[0],
        "protocol": protocol,
        "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
    }
    secrets = {"secretsType": "AccountKey", "key": spec.storage_key} if has_key else None
    return Datastore(DEFAULT, properties, secrets, created, DEFAULT_USER)


def find(workspace: Workspace, name: str) -> Datastore:
    """A datastore by its name in any case.

    Raises:
        ArmError: 404.
    """
    if name.lower() == DEFAULT:
        return own(workspace.spec, workspace.created)
    datastore = workspace.datastores.get(name.lower())
    if datastore is None:
        raise not_found(name)
    return datastore


def every(workspace: Workspace) -> list[Datastore]:
    """All of them, the default one first."""
    return [own(workspace.spec, workspace.created), *workspace.datastores.values()]


def put(
    workspace: Workspace, name: str, given: Json, now: float, user: str
) -> tuple[Datastore, bool]:
    """Create or replace a datastore.

    Returns:
        The datastore, and whether it is new.

    Raises:
        ArmError: 400 for a type that is not emulated, or where a required part is missing; also for
            the workspace's own, which nobody may put elsewhere.
    """
    kind = given.get("datastoreType")
    if kind not in _CONTAINER_FIELD:
        raise user_error(f"The datastore type '{kind}' is not supported.")
    if name.lower() == DEFAULT:
        raise user_error(f"The datastore '{name}' belongs to the workspace.")
    if kind == "AzureDataLakeGen2" and not (given.get("accountName") and given.get("filesystem")):
        raise user_error("accountName and filesystem are required.")
    fields = ("accountName", _CONTAINER_FIELD[kind], "endpoint", "protocol")
    identity = given.get("serviceDataAccessAuthIdentity") or "None"
    properties = {
        "datastoreType": kind,
        **{field: given.get(field) for field in fields},
        "serviceDataAccessAuthIdentity": identity,
    }
    existing = workspace.datastores.get(name.lower())
    created = existing.created if existing else now
    datastore = Datastore(name, properties, _secrets(given.get("credentials")), created, user)
    workspace.datastores[name.lower()] = datastore
    return datastore, existing is None


def _secrets(credentials: Any) -> Json | None:  # noqa: ANN401 (JSON)
    kind = credentials.get("credentialsType") if isinstance(credentials, Mapping) else None
    if kind == "None":
        return None
    if kind not in _SECRET_FIELD:
        raise user_error(f"The credentials type '{kind}' is not supported.")
    field = _SECRET_FIELD[kind]
    return {"secretsType": kind, field: (credentials.get("secrets") or {}).get(field)}


def body(workspace: Workspace, datastore: Datastore) -> Json:
    """A datastore as ARM shows it: without its secrets."""
    kind = datastore.secrets["secretsType"] if datastore.secrets else "None"
    moment = arm_time(datastore.created)
    return {
        "id": f"{workspace.spec.arm_id}/datastores/{datastore.name}",
        "name": datastore.name,
        "type": f"{PROVIDER}/workspaces/datastores",
        "properties": {
            "description": None,
            "tags": None,
            "properties": None,
            "isDefault": datastore.name == DEFAULT,
            "credentials": {"credentialsType": kind},
            **datastore.properties,
        },
        "systemData": {
            "createdAt": moment,
            "createdBy": datastore.created_by,
            "createdByType": "User",
            "lastModifiedAt": moment,
            "lastModifiedBy": datastore.created_by,
            "lastModifiedByType": "User",
        },
    }


def place_in(datastore: Datastore, path: str) -> Place:
    """Where a path of a datastore lies."""
    properties, secrets = datastore.properties, datastore.secrets or {}
    container = properties[_CONTAINER_FIELD[properties["datastoreType"]]]
    return Place(
        str(properties["accountName"] or ""), str(container or ""), path, secrets.get("key")
    )


def not_found(name: str) -> ArmError:
    """The body recorded for a missing datastore."""
    return user_error(f"Could not find datastore: {name}.", "NotFoundError", status=404)
