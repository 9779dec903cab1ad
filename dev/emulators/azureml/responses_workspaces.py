"""Answers about workspaces, computes and operations."""

from __future__ import annotations

from dev.emulators.azureml import operations
from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.emulator import Emulator
from dev.emulators.azureml.exceptions import ArmError, gateway_error
from dev.emulators.azureml.state import DEFAULT_USER, Operation, Workspace
from dev.emulators.azureml.wire import ArmRequest, ArmResponse, Json, arm_time


async def list_workspaces(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """The workspaces of a resource group."""
    group = request.params["group"].lower()
    found = emulator.store.workspaces.values()
    bodies = [_workspace_body(w) for w in found if w.spec.resource_group.lower() == group]
    return ArmResponse({"value": bodies})


async def get_workspace(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """One workspace."""
    del emulator
    return ArmResponse(_workspace_body(request.workspace))


def _workspace_body(workspace: Workspace) -> Json:
    spec = workspace.spec
    group = f"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
    created = arm_time(workspace.created)
    properties = {
        "friendlyName": spec.name,
        "description": "",
        "storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/"
        f"{spec.storage_account}",
        "keyVault": f"{group}/providers/Microsoft.Keyvault/vaults/kv{spec.name}",
        "applicationInsights": f"{group}/providers/Microsoft.insights/components/ai{spec.name}",
        "hbiWorkspace": False,
        "tenantId": spec.workspace_id,
        "imageBuildCompute": None,
        "provisioningState": "Succeeded",
        "managedNetwork": {
            "changeableIsolationModes": ["AllowInternetOutbound", "AllowOnlyApprovedOutbound"],
            "isolationMode": "Disabled",
            "enableNetworkMonitor": False,
            "enableFirewallLog": False,
        },
        "allowRoleAssignmentOnRG": True,
        "v1LegacyMode": False,
        "softDeleteEnabled": False,
        "containerRegistry": f"{group}/providers/Microsoft.ContainerRegistry/registries/"
        f"cr{spec.name}",
        "creationTime": created,
        "notebookInfo": {
            "resourceId": spec.workspace_id.replace("-", ""),
            "fqdn": f"ml-{spec.name}-{spec.location}.{spec.location}.notebooks.azure.net",
            "isPrivateLinkEnabled": False,
            "notebookPreparationError": None,
        },
        "storageHnsEnabled": False,
        "workspaceId": spec.workspace_id,
        "linkedModelInventoryArmId": None,
        "privateLinkCount": 0,
        "publicNetworkAccess": "Enabled",
        "ipAllowlist": [],
        "networkAcls": {
            "defaultAction": "Allow",
            "bypass": "",
            "ipRules": [],
            "resourceAccessRules": [],
        },
        "discoveryUrl": f"https://{spec.location}.api.azureml.ms/discovery",
        "mlFlowTrackingUri": f"azureml://{spec.location}.api.azureml.ms/mlflow/v1.0{spec.arm_id}",
        "serverlessComputeSettings": None,
        "EnableSoftwareBillOfMaterials": False,
        "sdkTelemetryAppInsightsKey": spec.workspace_id,
        "enableDataIsolation": False,
        "systemDatastoresAuthMode": spec.system_datastores_auth_mode,
        "enableServiceSideCMKEncryption": False,
    }
    return {
        "id": spec.arm_id,
        "name": spec.name,
        "type": f"{PROVIDER}/workspaces",
        "location": spec.location,
        "tags": {},
        "etag": None,
        "properties": properties,
        "identity": {
            "type": "SystemAssigned",
            "principalId": spec.workspace_id,
            "tenantId": spec.workspace_id,
        },
        "kind": "Default",
        "sku": {"name": "Basic", "tier": "Basic"},
        "systemData": _system_data(created),
    }


def _system_data(created: str) -> Json:
    return {
        "createdAt": created,
        "createdBy": DEFAULT_USER,
        "createdByType": "User",
        "lastModifiedAt": created,
        "lastModifiedBy": DEFAULT_USER,
        "lastModifiedByType": "User",
    }


async def list_permissions(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """What the caller may do in the workspace: one entry for each role."""
    roles = emulator.control.roles.at(request.workspace.spec.name)
    return ArmResponse({"value": [role.to_json() for role in roles]})


def _compute_body(emulator: Emulator, workspace: Workspace, name: str) -> Json:
    state = emulator.control.compute_states.get((workspace.spec.name, name), "Succeeded")
    created = arm_time(workspace.created)
    return {
        "id": f"{workspace.spec.arm_id}/computes/{name}",
        "name": name,
        "type": f"{PROVIDER}/workspaces/computes",
        "location": workspace.spec.location,
        "tags": {},
        "properties": {
            "computeType": "Kubernetes",
            "createdOn": created,
            "modifiedOn": created,
            "disableLocalAuth": False,
            "description": None,
            "resourceId": None,
            "computeLocation": workspace.spec.location,
            "provisioningState": state,
            "provisioningErrors": None,
            "isAttachedCompute": True,
            "properties": {"namespace": "default", "defaultInstanceType": "defaultinstancetype"},
        },
    }


async def list_computes(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """The attached clusters."""
    workspace = request.workspace
    bodies = [_compute_body(emulator, workspace, name) for name in workspace.spec.computes]
    return ArmResponse({"value": bodies})


async def get_compute(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """One attached cluster; the 404 of a missing one was recorded without a body."""
    name = request.params["name"]
    if name not in request.workspace.spec.computes:
        raise ArmError(404, None)
    return ArmResponse(_compute_body(emulator, request.workspace, name))


def _operation(emulator: Emulator, request: ArmRequest) -> tuple[Operation, Workspace]:
    operation = emulator.store.operations.get(request.params["operation"])
    if operation is None:
        raise gateway_error(404, "NotFound", "The asynchronous operation was not found.")
    operations.check_signature(operation, request.target)
    return operation, emulator.store.workspaces[operation.workspace]


async def get_operation(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """How far an operation is; a failed one is 200 as well."""
    operation, workspace = _operation(emulator, request)
    return ArmResponse(operations.status_body(operation, workspace.spec))


async def get_result(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """202 while an operation runs, then its result: nothing, or its error."""
    operation, _ = _operation(emulator, request)
    if not operation.ended:
        address = request.origin + request.target
        return ArmResponse(None, 202, {"Location": address})
    if operation.error:
        return ArmResponse({"error": operation.error}, 400)
    return ArmResponse(None)
