"""Rules and bodies of online deployments.

Sources: the deployment schema and troubleshooting pages of the documentation, and recordings.
"""

from __future__ import annotations

from dataclasses import replace

from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.endpoints import check_name, has_traffic, is_kubernetes
from dev.emulators.azureml.exceptions import (
    conflict,
    endpoint_unsettled,
    inferencing_error,
    not_found,
)
from dev.emulators.azureml.machines import size_of
from dev.emulators.azureml.references import find_asset, is_curated_environment
from dev.emulators.azureml.state import TRANSIENT, Deployment, Endpoint, Workspace
from dev.emulators.azureml.wire import Json, arm_time, duration_seconds

LONGEST_REQUEST_SECONDS = 180
LONGEST_KUBERNETES_REQUEST_SECONDS = 300
DEFAULT_REQUEST_TIMEOUT = "PT5S"
NO_CODE_TYPES = frozenset({"mlflow_model", "triton_model"})
"""Model types that are served without scoring code and environment."""

_KUBERNETES_NAMES = range(6, 63)
_WITH_PRIVATE_NETWORK = frozenset({"2022-02-01-preview"})
"""The api-versions whose interface has `privateNetworkConnection`."""

_PROBE = {
    "failureThreshold": 30,
    "successThreshold": 1,
    "timeout": "PT2S",
    "period": "PT10S",
    "initialDelay": "PT10S",
}
_REQUEST_SETTINGS = {
    "maxQueueWait": "PT0S",
    "requestTimeout": DEFAULT_REQUEST_TIMEOUT,
    "maxConcurrentRequestsPerInstance": 1,
}


def get_deployment(workspace: Workspace, endpoint: str, name: str) -> Deployment:
    """A deployment by name.

    Raises:
        ArmError: 404.
    """
    deployment = workspace.deployments.get((endpoint, name))
    if deployment is None:
        message = f"There is no deployment with name: {name} in endpoint {endpoint}"
        raise not_found("NoSuchDeployment", message)
    return deployment


def put_deployment(
    workspace: Workspace, endpoint: Endpoint, name: str, given: Json, now: float
) -> tuple[Deployment, bool]:
    """Check what is given and make of it the deployment as it is to be.

    Returns:
        The deployment, and whether it is new.

    Raises:
        ArmError: 400 for what the rules refuse and while its endpoint is being changed, 404 for
            missing assets, 409 while it is being changed itself.
    """
    check_name(name, "Deployment")
    existing = workspace.deployments.get((endpoint.name, name))
    _check_settled(endpoint, existing)
    properties = given.get("properties") or {}
    _check_compute(endpoint, name, properties)
    _check_request_settings(endpoint, properties)
    _check_assets(workspace, properties)
    body = _deployment_body(given, endpoint)
    if existing and existing.body["properties"]["instanceType"] != properties.get("instanceType"):
        raise inferencing_error("InstanceType", "'instanceType' cannot be changed after creation.")
    deployment = existing or Deployment(endpoint.name, name, body, "Updating", now, now, revision=0)
    return (
        replace(
            deployment,
            body=body,
            state="Updating",
            modified=now,
            revision=deployment.revision + 1,
            server_log="",
            storage_log="",
        ),
        existing is None,
    )


def _check_settled(endpoint: Endpoint, existing: Deployment | None) -> None:
    if endpoint.state in TRANSIENT:
        raise endpoint_unsettled(endpoint.name, endpoint.state)
    if existing and existing.state in TRANSIENT:
        raise conflict()


def _check_compute(endpoint: Endpoint, name: str, properties: Json) -> None:
    wanted = endpoint.body["kind"]
    if properties.get("endpointComputeType") != wanted:
        message = f"The deployment's endpointComputeType must be '{wanted}' as its endpoint's."
        raise inferencing_error("EndpointComputeType", message)
    if is_kubernetes(endpoint):
        if len(endpoint.name) + len(name) not in _KUBERNETES_NAMES:
            message = "Endpoint and deployment name together must have 6 to 62 characters."
            raise inferencing_error("DeploymentName", message)
    elif not properties.get("instanceType"):
        raise inferencing_error("InstanceType", "A managed deployment needs an instanceType.")
    else:
        size_of(properties["instanceType"])


def _check_request_settings(endpoint: Endpoint, properties: Json) -> None:
    text = (properties.get("requestSettings") or {}).get("requestTimeout")
    if text is None:
        return
    kubernetes = is_kubernetes(endpoint)
    longest = LONGEST_KUBERNETES_REQUEST_SECONDS if kubernetes else LONGEST_REQUEST_SECONDS
    try:
        seconds = duration_seconds(text)
    except ValueError as error:
        raise inferencing_error("RequestTimeout", str(error)) from error
    if not 0 < seconds <= longest:
        message = f"The request timeout {text} must be above 0 and at most {longest} seconds."
        raise inferencing_error("RequestTimeout", message)


def _check_assets(workspace: Workspace, properties: Json) -> None:
    model = properties.get("model")
    model_type = None
    if model:
        model_type = find_asset(workspace, "models", model).properties["modelType"]
    environment = properties.get("environmentId")
    if environment and not is_curated_environment(environment):
        find_asset(workspace, "environments", environment)
    code = (properties.get("codeConfiguration") or {}).get("codeId")
    if code:
        find_asset(workspace, "codes", code)
        if not properties["codeConfiguration"].get("scoringScript"):
            raise inferencing_error("ScoringScript", "The code configuration has no scoringScript.")
    if model_type in NO_CODE_TYPES:
        return
    for given, what in ((environment, "environmentId"), (code, "codeConfiguration")):
        if not given:
            message = f"'{what}' is required: only MLflow and Triton models are served without it."
            raise inferencing_error(what, message)


def _deployment_body(given: Json, endpoint: Endpoint) -> Json:
    asked = given.get("properties") or {}
    managed = not is_kubernetes(endpoint)
    properties = {
        "description": asked.get("description"),
        "properties": asked.get("properties") or {},
        "codeConfiguration": asked.get("codeConfiguration"),
        "environmentId": asked.get("environmentId"),
        "environmentVariables": asked.get("environmentVariables") or {},
        "scaleSettings": asked.get("scaleSettings") or {"scaleType": "Default"},
        "requestSettings": asked.get("requestSettings") or {},
        "modelMountPath": asked.get("modelMountPath"),
        "appInsightsEnabled": bool(asked.get("appInsightsEnabled", False)),
        "livenessProbe": asked.get("livenessProbe"),
        "readinessProbe": asked.get("readinessProbe"),
        "instanceType": asked.get("instanceType"),
        "model": asked.get("model"),
        "endpointComputeType": asked["endpointComputeType"],
    }
    if managed:
        properties["privateNetworkConnection"] = bool(asked.get("privateNetworkConnection", False))
        access = asked.get("egressPublicNetworkAccess")
        properties["egressPublicNetworkAccess"] = access or "Enabled"
    else:
        properties["containerResourceRequirements"] = asked.get("containerResourceRequirements")
    capacity = (given.get("sku") or {}).get("capacity") or 1
    return {
        "location": given["location"],
        "tags": given.get("tags") or {},
        "sku": {"name": "Default", "tier": "Standard", "capacity": capacity},
        "properties": properties,
    }


def patch_deployment(deployment: Deployment, given: Json, now: float) -> Deployment:
    """Change tags and the number of instances, which is all that PATCH takes.

    Raises:
        ArmError: 409 while it is being changed.
    """
    if deployment.state in TRANSIENT:
        raise conflict()
    body = dict(deployment.body)
    if given.get("tags") is not None:
        body["tags"] = given["tags"]
    if (given.get("sku") or {}).get("capacity"):
        body["sku"] = body["sku"] | {"capacity": given["sku"]["capacity"]}
    live_body = deployment.live_body and deployment.live_body | {"sku": body["sku"]}
    return replace(deployment, body=body, live_body=live_body, state="Updating", modified=now)


def check_deletable(endpoint: Endpoint, deployment: Deployment) -> None:
    """Refuse to delete what answers requests or is being changed.

    Raises:
        ArmError: 400 with live traffic, 409 while it or its endpoint is being changed.
    """
    _check_settled(endpoint, deployment)
    if has_traffic(endpoint, deployment.name):
        message = (
            f"Deployment '{deployment.name}' of endpoint '{endpoint.name}' has traffic. "
            "Set its traffic to 0 before deleting it."
        )
        raise inferencing_error("Deployment", message)


def request_timeout(body: Json) -> float:
    """Seconds after which a request to the deployment is given up."""
    settings = body["properties"]["requestSettings"]
    return duration_seconds(settings.get("requestTimeout") or DEFAULT_REQUEST_TIMEOUT)


def request_limit(body: Json) -> int:
    """Requests that a deployment takes at once, queued ones with them.

    Source: the documentation of `maxConcurrentRequestsPerInstance`: twice that for each instance.
    """
    settings = body["properties"]["requestSettings"]
    per_instance: int = settings.get("maxConcurrentRequestsPerInstance") or 1
    instances: int = body["sku"]["capacity"]
    return 2 * per_instance * instances


def deployment_body(
    workspace: Workspace, deployment: Deployment, operation: str, api_version: str
) -> Json:
    """A deployment as ARM shows it in an api-version.

    What was not given is filled in by the service only once it has been provisioned; until then the
    request timeout is PT0S and the probes are null.
    """
    endpoint_id = f"{workspace.spec.arm_id}/onlineEndpoints/{deployment.endpoint}"
    asked = deployment.body["properties"]
    properties = dict(asked)
    properties["properties"] = asked["properties"] | {"AzureAsyncOperationUri": operation}
    properties["requestSettings"] = _REQUEST_SETTINGS | _given(asked["requestSettings"])
    if deployment.settled:
        for probe in ("livenessProbe", "readinessProbe"):
            properties[probe] = _PROBE | _given(asked[probe] or {})
    else:
        properties["requestSettings"]["requestTimeout"] = "PT0S"
    properties["provisioningState"] = deployment.state
    if api_version not in _WITH_PRIVATE_NETWORK:
        properties.pop("privateNetworkConnection", None)
    return {
        "id": f"{endpoint_id}/deployments/{deployment.name}",
        "name": deployment.name,
        "type": f"{PROVIDER}/workspaces/onlineEndpoints/deployments",
        "properties": properties,
        "systemData": {
            "createdAt": arm_time(deployment.created),
            "createdBy": "Azure ML emulator",
            "lastModifiedAt": arm_time(deployment.modified),
        },
        "tags": deployment.body["tags"],
        "location": deployment.body["location"],
        "kind": properties["endpointComputeType"],
        "sku": deployment.body["sku"],
    }


def _given(settings: Json) -> Json:
    return {name: value for name, value in settings.items() if value is not None}
