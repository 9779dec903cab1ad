"""How Azure ML names assets and data: ARM ids and ``azureml://`` paths."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dev.emulators.azureml.config import WorkspaceSpec
from dev.emulators.azureml.exceptions import ArmError, not_found, user_error
from dev.emulators.azureml.state import Asset, Workspace

DATASTORE = "workspaceblobstore"
"""The one datastore of every workspace here."""

_LONG = re.compile(
    r"azureml://subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/workspaces/(?P<workspace>[^/]+)/datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)",
    re.IGNORECASE,
)
_SHORT = re.compile(r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)", re.IGNORECASE)
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


@dataclass(frozen=True)
class DataPath:
    """A path below the workspace's blob datastore, without leading or trailing slash."""

    path: str

    def uri(self, spec: WorkspaceSpec) -> str:
        """The long form, in the letter case that the service answers with."""
        return (
            f"azureml://subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
            f"/workspaces/{spec.name}/datastores/{DATASTORE}/paths/{self.path}"
        )


def parse_data_path(uri: str, spec: WorkspaceSpec) -> DataPath:
    """Read an ``azureml://`` path of this workspace, in its long or short form.

    Raises:
        ArmError: 400 for another form or workspace, 404 for an unknown datastore.
    """
    match = _LONG.fullmatch(uri) or _SHORT.fullmatch(uri)
    if match is None:
        message = f"The asset path '{uri}' is not a path of a datastore in this workspace."
        raise user_error(message, "BadArgument", "ArgumentInvalid")
    parts = match.groupdict()
    wanted = (spec.subscription_id, spec.resource_group, spec.name)
    given = (parts.get("subscription"), parts.get("group"), parts.get("workspace"))
    if given != (None, None, None) and not _same(given, wanted):
        raise user_error(f"The asset path '{uri}' belongs to another workspace.")
    if parts["datastore"].lower() != DATASTORE:
        raise datastore_not_found(parts["datastore"])
    path = parts["path"].strip("/")
    if not path or any(segment in {"", ".", ".."} for segment in path.split("/")):
        raise user_error(f"The asset path '{uri}' is not valid.")
    return DataPath(path)


def _same(given: tuple[str | None, ...], wanted: tuple[str, ...]) -> bool:
    pairs = zip(given, wanted, strict=True)
    return all((left or "").lower() == right.lower() for left, right in pairs)


def datastore_not_found(name: str) -> ArmError:
    """The body recorded for a missing datastore."""
    return user_error(f"Could not find datastore: {name}.", "NotFoundError", status=404)


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
