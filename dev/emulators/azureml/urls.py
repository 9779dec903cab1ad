"""Which call goes where. ARM compares the fixed parts of a path without regard to case."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from dev.emulators.azureml import (
    responses_assets,
    responses_datastores,
    responses_deployments,
    responses_endpoints,
    responses_quotas,
    responses_workspaces,
)
from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.emulator import Emulator
from dev.emulators.azureml.wire import ArmRequest, ArmResponse

type Handler = Callable[[Emulator, ArmRequest], Awaitable[ArmResponse]]

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = _SUBSCRIPTION + "/resourceGroups/{group}/providers/" + PROVIDER + "/workspaces"
_WORKSPACE = _GROUP + "/{workspace}"
_PERMISSIONS = _WORKSPACE + "/providers/Microsoft.Authorization/permissions"
_LOCATION = _SUBSCRIPTION + "/providers/" + PROVIDER + "/locations/{location}"
_ASSETS = _WORKSPACE + "/{kind:models|codes|environments}"
_ENDPOINT = _WORKSPACE + "/onlineEndpoints/{endpoint}"
_DEPLOYMENT = _ENDPOINT + "/deployments/{deployment}"

_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", _GROUP, responses_workspaces.list_workspaces),
    ("GET", _WORKSPACE, responses_workspaces.get_workspace),
    ("GET", _WORKSPACE + "/datastores", responses_datastores.list_datastores),
    ("GET", _WORKSPACE + "/datastores/{name}", responses_datastores.get_datastore),
    ("PUT", _WORKSPACE + "/datastores/{name}", responses_datastores.put_datastore),
    ("DELETE", _WORKSPACE + "/datastores/{name}", responses_datastores.delete_datastore),
    ("POST", _WORKSPACE + "/datastores/{name}/listSecrets", responses_datastores.list_secrets),
    ("GET", _WORKSPACE + "/computes", responses_workspaces.list_computes),
    ("GET", _WORKSPACE + "/computes/{name}", responses_workspaces.get_compute),
    ("GET", _PERMISSIONS, responses_workspaces.list_permissions),
    ("GET", _LOCATION + "/usages", responses_quotas.list_usages),
    ("GET", _LOCATION + "/quotas", responses_quotas.list_quotas),
    ("GET", _LOCATION + "/vmSizes", responses_quotas.list_sizes),
    ("GET", _LOCATION + "/mfeOperationsStatus/{operation}", responses_workspaces.get_operation),
    ("GET", _LOCATION + "/mfeOperationResults/{operation}", responses_workspaces.get_result),
    ("GET", _ASSETS, responses_assets.list_containers),
    ("GET", _ASSETS + "/{name}", responses_assets.get_container),
    ("PUT", _ASSETS + "/{name}", responses_assets.put_container),
    ("DELETE", _ASSETS + "/{name}", responses_assets.delete_container),
    ("GET", _ASSETS + "/{name}/versions", responses_assets.list_versions),
    ("GET", _ASSETS + "/{name}/versions/{version}", responses_assets.get_version),
    ("PUT", _ASSETS + "/{name}/versions/{version}", responses_assets.put_version),
    ("DELETE", _ASSETS + "/{name}/versions/{version}", responses_assets.delete_version),
    (
        "POST",
        _WORKSPACE + "/codes/{name}/versions/{version}/startPendingUpload",
        responses_assets.start_pending_upload,
    ),
    ("GET", _WORKSPACE + "/onlineEndpoints", responses_endpoints.list_endpoints),
    ("GET", _ENDPOINT, responses_endpoints.get),
    ("PUT", _ENDPOINT, responses_endpoints.put),
    ("PATCH", _ENDPOINT, responses_endpoints.patch),
    ("DELETE", _ENDPOINT, responses_endpoints.delete),
    ("POST", _ENDPOINT + "/listKeys", responses_endpoints.list_keys),
    ("POST", _ENDPOINT + "/token", responses_endpoints.token),
    ("POST", _ENDPOINT + "/regenerateKeys", responses_endpoints.regenerate_keys),
    ("GET", _ENDPOINT + "/deployments", responses_deployments.list_deployments),
    ("GET", _DEPLOYMENT, responses_deployments.get),
    ("PUT", _DEPLOYMENT, responses_deployments.put),
    ("PATCH", _DEPLOYMENT, responses_deployments.patch),
    ("DELETE", _DEPLOYMENT, responses_deployments.delete),
    ("POST", _DEPLOYMENT + "/getLogs", responses_deployments.get_logs),
)


def _compile(template: str) -> re.Pattern[str]:
    """Make ``{name}`` one path segment and ``{name:a|b}`` one of those words."""
    pattern = re.sub(
        r"\{(\w+)(?::([^}]+))?\}",
        lambda m: f"(?P<{m[1]}>{m[2] or '[^/]+'})",
        template.replace(".", r"\."),
    )
    return re.compile(pattern + "/?", re.IGNORECASE)


_COMPILED = tuple((method, _compile(template), handler) for method, template, handler in _ROUTES)


@dataclass(frozen=True)
class Match:
    """The handler of a call, and the names in its path, unquoted."""

    handler: Handler
    params: dict[str, str]


def find_route(method: str, raw_path: str) -> Match | None:
    """The route of a call by its path as it came, still quoted; None where there is none."""
    for wanted, pattern, handler in _COMPILED:
        match = pattern.fullmatch(raw_path) if wanted == method else None
        if match:
            params = {name: unquote(value) for name, value in match.groupdict().items()}
            if "kind" in params:
                params["kind"] = params["kind"].lower()
            return Match(handler, params)
    return None
