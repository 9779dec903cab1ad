"""The one place that uses what azure-ai-ml 1.35.2 keeps to itself.

Its public `begin_create_or_update` starts a thread that polls and prints dots, and the entities
forget the operation's URL. So a resource is put here as the public methods put it, with the
same orchestrators for code and environment, but without polling. The contract tests fail when a
new version of the SDK changes any of this. azure-ai-ml is imported in functions: it is dear.
"""
# ruff: noqa: SLF001 (see above)

from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import OnlineDeployment, OnlineEndpoint

OPERATION_URL = "Azure-AsyncOperation"


def get_endpoint(client: "MLClient", name: str) -> Any:  # noqa: ANN401 (a model of the SDK's)
    """The endpoint as ARM has it: what is put back must lack nothing.

    Raises:
        AzureError: As the SDK's `get` does, which reads every deployment too.
    """
    operations = client.online_endpoints
    return operations._online_operation.get(**_scope(client), endpoint_name=name)


def model_versions(client: "MLClient", name: str, limit: int) -> list[Any]:
    """The newest versions of a model as ARM has them, archived ones too, latest first.

    The public `models.list` neither orders nor limits: it would read every page.

    Raises:
        AzureError: As the SDK's `list` does.
    """
    scope = _scope(client)
    versions = client.models._model_versions_operation.list(
        scope["resource_group_name"],
        scope["workspace_name"],
        name,
        order_by="createdtime desc",
        top=limit,
        list_view_type="All",
    )
    return list(islice(versions, limit))


def new_endpoint(endpoint: "OnlineEndpoint", location: str) -> Any:  # noqa: ANN401 (see above)
    """What ARM is sent for an endpoint that is not there yet."""
    resource = endpoint._to_rest_online_endpoint(location=location)
    compute = getattr(endpoint, "compute", None)
    if compute:
        resource.properties.compute = compute
    return resource


def put_endpoint(client: "MLClient", name: str, resource: Any) -> str | None:  # noqa: ANN401
    """Put an endpoint without waiting.

    Returns:
        The operation's URL; None where the service is done already.
    """
    poller = client.online_endpoints._online_operation.begin_create_or_update(
        **_scope(client), endpoint_name=name, body=resource, polling=False, cls=_operation_url
    )
    return _text(poller.result())


def put_deployment(client: "MLClient", deployment: "OnlineDeployment", location: str) -> str | None:
    """Upload the scoring code, register the environment, put the deployment without waiting.

    Returns:
        The operation's URL; None where the service is done already.
    """
    from azure.ai.ml._utils._endpoint_utils import upload_dependencies, validate_scoring_script
    from azure.ai.ml.operations._operation_orchestrator import OperationOrchestrator

    operations = client.online_deployments
    if deployment.code_configuration:
        validate_scoring_script(deployment)  # type: ignore[no-untyped-call] # the SDK's
    orchestrator = OperationOrchestrator(
        operation_container=operations._all_operations,
        operation_scope=operations._operation_scope,
        operation_config=operations._operation_config,
    )
    upload_dependencies(deployment, orchestrator)
    resource = deployment._to_rest_object(location=location)  # type: ignore[call-arg] # as the SDK
    poller = operations._online_deployment.begin_create_or_update(
        **_scope(client),
        endpoint_name=str(deployment.endpoint_name),
        deployment_name=str(deployment.name),
        body=resource,
        polling=False,
        cls=_operation_url,
    )
    return _text(poller.result())


def delete_deployment(client: "MLClient", endpoint: str, name: str) -> tuple[int, str | None]:
    """Delete a deployment without waiting.

    Returns:
        The HTTP status (204: there was none) and the operation's URL.
    """
    poller: Any = client.online_deployments._online_deployment.begin_delete(
        **_scope(client),
        endpoint_name=endpoint,
        deployment_name=name,
        polling=False,
        cls=lambda response, *_: (response.http_response.status_code, _operation_url(response)),
    )
    status, url = poller.result()
    return int(status), url


def _scope(client: "MLClient") -> dict[str, str]:
    return {
        "resource_group_name": str(client.resource_group_name),
        "workspace_name": str(client.workspace_name),
    }


def _operation_url(response: Any, *_: object) -> str | None:  # noqa: ANN401 (azure-core's)
    return _text(response.http_response.headers.get(OPERATION_URL))


def _text(value: object) -> str | None:
    return str(value) if value else None
