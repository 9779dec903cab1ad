"""Where a model's files lie, out of the address that Azure ML keeps for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from shared.adapters.egress.storage import Storage
from shared.domain.errors import not_good_enough
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
    """A place in a datastore of the model's workspace."""

    datastore: str
    path: str
    """Blob name, without slashes at its ends."""


@dataclass(frozen=True, slots=True)
class BlobPath:
    """A place in a storage account."""

    account: str
    container: str
    path: str


def parse_model_uri(
    uri: str, workspace: Workspace, storage: Storage, what: str
) -> DatastorePath | BlobPath:
    """The place that a model's `modelUri` means.

    Azure ML gives it back with other capitals than it was given (`resourceGroups`).

    Args:
        uri: Long or short datastore address, artifact address of a job, or blob URL.
        workspace: The workspace that has the model.
        storage: Knows the addresses of storage accounts.
        what: The model, for people.

    Raises:
        StepError: `ModelInAnotherWorkspace` where the long form names one; `ModelPathNotSupported`
            where it is none of these.
    """
    for pattern in (_LONG, _SHORT):
        match = pattern.fullmatch(uri)
        if match:
            found = match.groupdict()
            if "workspace" in found:
                _check_workspace(found, workspace, what)
            return DatastorePath(found["datastore"], found["path"].strip("/"))
    for pattern in (_JOB, _RUN):
        match = pattern.fullmatch(uri)
        if match:
            path = f"ExperimentRun/dcid.{match['run']}/{match['path'].strip('/')}"
            return DatastorePath(RUN_DATASTORE, path)
    account = storage.account_at(uri)
    container, _, path = unquote(_path_of(uri)).strip("/").partition("/")
    if account and path:
        return BlobPath(account, container, path)
    raise not_good_enough(
        "ModelPathNotSupported",
        f"The files of {what} are at {uri.partition('?')[0][:300]!r}, which is no datastore of its "
        "workspace. Register it from a datastore, a job's artifacts or a blob URL.",
    )


def _check_workspace(found: Mapping[str, str], workspace: Workspace, what: str) -> None:
    named = Workspace(found["subscription"], found["group"], found["workspace"])
    if not workspace.is_named_by(named.arm_id):
        raise not_good_enough(
            "ModelInAnotherWorkspace",
            f"The files of {what} are in a datastore of workspace {named.name[:100]!r}, not of "
            f"{workspace.name}. Register it from a datastore of {workspace.name}.",
        )


def _path_of(uri: str) -> str:
    try:
        return urlsplit(uri).path
    except ValueError:  # brackets in the host
        return ""
