"""Where a model's files lie, out of the address that Azure ML keeps for it."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from shared.domain.errors import technical
from shared.domain.pipeline import Workspace

RUN_DATASTORE = "workspaceartifactstore"
"""The datastore of every workspace that jobs write their artifacts to."""

_LONG = re.compile(
    r"azureml://subscriptions/(?P<subscription>[^/]+)/resource[gG]roups/(?P<group>[^/]+)"
    r"(?:/providers/Microsoft\.MachineLearningServices)?/workspaces/(?P<workspace>[^/]+)"
    r"/datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)",
    re.IGNORECASE,
)
_SHORT = re.compile(r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)", re.IGNORECASE)
_JOB = re.compile(
    r"azureml://jobs/(?P<run>[^/]+)/outputs/artifacts/paths/(?P<path>.+)", re.IGNORECASE
)
_RUN = re.compile(r"runs:/+(?P<run>[^/]+)/(?P<path>.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DatastorePath:
    """A place in a workspace's datastore."""

    workspace: Workspace
    datastore: str
    path: str
    """Blob name, without slashes at its ends."""


@dataclass(frozen=True, slots=True)
class BlobPath:
    """A place in a storage account."""

    account_url: str
    container: str
    path: str


def parse_model_uri(uri: str, workspace: Workspace) -> DatastorePath | BlobPath:
    """The place that a model's `modelUri` means.

    Azure ML gives it back with other capitals than it was given (`resourceGroups`), and the long
    form may name another workspace than the model's.

    Args:
        uri: Long or short datastore address, artifact address of a job, or blob URL.
        workspace: The workspace that has the model, for what names none.

    Raises:
        StepError: It is none of these.
    """
    for pattern in (_LONG, _SHORT):
        match = pattern.fullmatch(uri)
        if match:
            found = match.groupdict()
            named = workspace
            if "workspace" in found:
                named = Workspace(found["subscription"], found["group"], found["workspace"])
            if workspace.is_named_by(named.arm_id):
                named = workspace
            return DatastorePath(named, found["datastore"], found["path"].strip("/"))
    for pattern in (_JOB, _RUN):
        match = pattern.fullmatch(uri)
        if match:
            path = f"ExperimentRun/dcid.{match['run']}/{match['path'].strip('/')}"
            return DatastorePath(workspace, RUN_DATASTORE, path)
    parts = urlsplit(uri)
    container, _, path = unquote(parts.path).strip("/").partition("/")
    if parts.scheme == "https" and ".blob." in parts.netloc and path:
        return BlobPath(f"https://{parts.netloc}", container, path)
    raise technical(
        "ModelPathNotSupported",
        f"The model's files are at {uri.partition('?')[0]}, which is no datastore of a workspace. "
        "Register the model from a datastore, a job's artifacts or a blob URL.",
    )
