"""How Azure ML names assets and data: ARM ids and ``azureml://`` paths."""

from __future__ import annotations

import re
from urllib.parse import unquote

from dev.emulators.azureml import datastores
from dev.emulators.azureml.config import WorkspaceSpec
from dev.emulators.azureml.datastores import Place
from dev.emulators.azureml.exceptions import ArmError, not_found, user_error
from dev.emulators.azureml.state import Asset, Workspace

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}")
_LONG = re.compile(
    r"azureml://subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"(?:/providers/Microsoft\.MachineLearningServices)?/workspaces/(?P<workspace>[^/]+)"
    r"/datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)",
    re.IGNORECASE | re.DOTALL,
)
_SHORT = re.compile(
    r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)",
    re.IGNORECASE | re.DOTALL,
)
_BLOB = re.compile(
    r"https?://(?P<account>[^/.]*)[^/]*/(?P<container>[^/]+)/(?P<path>.+)",
    re.IGNORECASE | re.DOTALL,
)
_HADOOP = re.compile(
    r"(?:wasbs?|abfss?)://(?P<container>[^/@]+)@(?P<account>[^/.]*)[^/]*/(?P<path>.+)",
    re.IGNORECASE | re.DOTALL,
)
_ASSET = re.compile(
    r"(?:azureml:)?(?P<workspace>/subscriptions/.+?/workspaces/[^/]+)"
    r"/(?P<kind>models|codes|environments)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)
_CURATED = re.compile(
    r"azureml:AzureML-[^:@/]+(?::[^:@/]+|@latest)"
    r"|azureml://registries/azureml/environments/[^/]+/(?:versions|labels)/[^/]+",
    re.IGNORECASE,
)


def check_name(name: str) -> None:
    """Refuse what the published interface does as the name of an asset; versions have no rule.

    Raises:
        ArmError: 400.
    """
    if not _NAME.fullmatch(name):
        raise user_error(f"The name '{name}' is not valid.", "ArgumentInvalid")


def stored_uri(workspace: Workspace, uri: str) -> str:
    """A model's address as the service keeps it: its own datastores in the long form.

    Addresses in other workspaces and in storage accounts are kept as they come: the published
    interface has no rule for `modelUri`, and nothing is read before a deployment needs it.

    Raises:
        ArmError: 400 for what is no such address, 404 for an unknown datastore.
    """
    spec = workspace.spec
    parts = _datastore_parts(uri)
    if parts is None and _in_account(uri) is None:
        raise user_error(f"The asset path '{uri}' is not supported.", "ArgumentInvalid")
    if parts is None or not _is_own(parts, spec):
        return uri
    datastore = datastores.find(workspace, parts["datastore"])
    path = parts["path"].strip("/")
    if not path:
        raise user_error(f"The asset path '{uri}' is not valid.")
    return (
        f"azureml://subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
        f"/workspaces/{spec.name}/datastores/{datastore.name}/paths/{path}"
    )


def place_of(workspace: Workspace, uri: str) -> Place | None:
    """Where an address leads; None where this workspace cannot tell.

    Raises:
        ArmError: 404 for a datastore that is not there.
    """
    parts = _datastore_parts(uri)
    if parts is not None:
        if not _is_own(parts, workspace.spec):
            return None
        datastore = datastores.find(workspace, parts["datastore"])
        return datastores.place_in(datastore, parts["path"].strip("/"))
    blob = _in_account(uri)
    if blob is None:
        return None
    return Place(blob["account"], blob["container"], unquote(blob["path"]).strip("/"))


def _datastore_parts(uri: str) -> dict[str, str] | None:
    match = _LONG.fullmatch(uri) or _SHORT.fullmatch(uri)
    return match.groupdict() if match else None


def _in_account(uri: str) -> re.Match[str] | None:
    return _BLOB.fullmatch(uri) or _HADOOP.fullmatch(uri)


def _is_own(parts: dict[str, str], spec: WorkspaceSpec) -> bool:
    if "workspace" not in parts:
        return True
    given = (parts["subscription"], parts["group"], parts["workspace"])
    wanted = (spec.subscription_id, spec.resource_group, spec.name)
    return all(g.lower() == w.lower() for g, w in zip(given, wanted, strict=True))


def is_curated_environment(reference: str) -> bool:
    """Whether an environment is one that Microsoft keeps, which every workspace can use."""
    return _CURATED.fullmatch(reference) is not None


def find_asset(workspace: Workspace, kind: str, reference: str) -> Asset:
    """Resolve the ARM id of an asset that must be registered in this workspace.

    Raises:
        ArmError: 400 for another workspace's asset or another form, 404 for a missing one.
    """
    match = _ASSET.fullmatch(reference)
    singular = kind.removesuffix("s")
    if match is None or match["kind"].lower() != kind:
        raise user_error(f"'{reference}' is not the ARM id of a {singular} version.")
    if match["workspace"].lower() != workspace.spec.arm_id.lower():
        message = (
            f"The {singular} '{reference}' is not registered in workspace "
            f"'{workspace.spec.name}'. A deployment can only use a {singular} of its own workspace."
        )
        raise user_error(message, "BadArgument", "ArgumentInvalid")
    asset = workspace.assets.get((kind, match["name"], match["version"]))
    if asset is None:
        raise asset_not_found(kind, match["name"], match["version"])
    return asset


def asset_not_found(kind: str, name: str, version: str = "") -> ArmError:
    """The body for a missing asset; every kind has its own."""
    if kind == "models":
        what = f"Model container with name: {name}" if not version else f"Model {name}:{version}"
        return not_found("ModelNotFound", f"{what} not found.", code="UserError")
    if kind == "environments":
        message = f"No environment exists for name: {name}, version: {version}, label: "
        return user_error(message, "NotFoundError", status=404)
    message = (
        f"Not found code {name} (version: {version})." if version else f"Not found code {name}."
    )
    return user_error(message, "NotFound", "CodeNotFound", status=404)
