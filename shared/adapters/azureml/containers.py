"""The blob containers that datastores and model addresses mean, and the keys that open them."""

from typing import Any

from shared.adapters.azureml.failures import azure_ml_stops_here
from shared.adapters.azureml.paths import BlobPath, DatastorePath
from shared.adapters.azureml.workspaces import Workspaces
from shared.adapters.egress.storage import CONTAINER
from shared.adapters.recent import Recent
from shared.domain.errors import not_good_enough, technical
from shared.domain.pipeline import Workspace
from shared.ports import Container

PLACE_SECONDS = 60.0
"""How long it is believed where a datastore is: whoever registers models may change it."""

KEY_SECONDS = 600.0
"""How long a datastore's key is kept before it is asked for again."""


class Containers:
    """Thread-safe. Datastores are registrants' writing: they name accounts, not addresses."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces
        self._known: Recent[tuple[str, str], Container] = Recent(PLACE_SECONDS)
        self._keys: Recent[Container, str] = Recent(KEY_SECONDS)

    def default(self, workspace: Workspace) -> Container:
        """The container of the workspace's default datastore.

        Raises:
            StepError: `StorageNotAllowed`, or it is no blob container.
        """
        return self._known.get(
            (workspace.arm_id.casefold(), ""), lambda: self._read_default(workspace)
        )

    def of(self, place: DatastorePath | BlobPath, workspace: Workspace, what: str) -> Container:
        """The container that a place in a workspace's storage is in.

        Args:
            place: What a model's address means.
            workspace: The model's.
            what: The model, for people.

        Raises:
            StepError: `StorageNotAllowed`, or it is no blob container.
        """
        if isinstance(place, BlobPath):
            return self._at(place, workspace, what)
        return self._known.get(
            (workspace.arm_id.casefold(), place.datastore),
            lambda: self._read(place.datastore, workspace, what),
        )

    def key(self, container: Container) -> str:
        """The account key that a datastore holds (`listSecrets`).

        Raises:
            StepError: The datastore holds none: it is identity-based.
        """
        return self._keys.get(container, lambda: self._read_key(container))

    def _read_default(self, workspace: Workspace) -> Container:
        what = "The default datastore"
        with azure_ml_stops_here(what, workspace):
            datastore = self._workspaces.client(workspace).datastores.get_default()
            return self._container(workspace, datastore, what)

    def _read(self, name: str, workspace: Workspace, what: str) -> Container:
        with azure_ml_stops_here(f"Datastore {name}", workspace):
            datastore = self._workspaces.client(workspace).datastores.get(name)
            return self._container(workspace, datastore, what)

    def _read_key(self, container: Container) -> str:
        workspace = container.workspace
        with azure_ml_stops_here(f"The key of datastore {container.datastore}", workspace):
            datastore: Any = self._workspaces.client(workspace).datastores.get(
                container.datastore, include_secrets=True
            )
            key = getattr(datastore.credentials, "account_key", None)
        if not key:
            raise technical(
                "DatastoreHasNoKey",
                f"Datastore {container.datastore} of workspace {workspace.name} gives no account "
                "key. Set the access to model files to identity.",
            )
        return str(key)

    def _at(self, place: BlobPath, workspace: Workspace, what: str) -> Container:
        """As the workspace's datastore that a blob URL lies in, so that its key can be found."""
        with azure_ml_stops_here("The datastores", workspace):
            datastores = list(self._workspaces.client(workspace).datastores.list())
        for datastore in datastores:
            if _account_and_container(datastore) == (place.account, place.container):
                return self._container(workspace, datastore, what)
        return _made(
            workspace, "", self._url_of(place.account, workspace, what), place.container, what
        )

    def _container(self, workspace: Workspace, datastore: Any, what: str) -> Container:  # noqa: ANN401 (a union of the SDK's)
        account, name = _account_and_container(datastore)
        if not account or not name:
            raise technical(
                "DatastoreNotSupported",
                f"Datastore {datastore.name} of workspace {workspace.name} is no blob container.",
            )
        endpoint = str(datastore.endpoint or "")
        url = self._url_of(account, workspace, what, endpoint)
        return _made(workspace, str(datastore.name), url, name, what)

    def _url_of(self, account: str, workspace: Workspace, what: str, endpoint: str = "") -> str:
        own = self._workspaces.facts(workspace).storage_account
        return self._workspaces.storage.url_of(
            account, own=own, workspace=workspace, what=what, endpoint=endpoint
        )


def _made(workspace: Workspace, datastore: str, url: str, name: str, what: str) -> Container:
    """The container; its name is checked, which its address is made with.

    Raises:
        StepError: It is no name of a container.
    """
    if not CONTAINER.fullmatch(name):
        raise not_good_enough(
            "ModelPathNotSupported",
            f"{what} lies in {name[:70]!r}, which is no name of a blob container.",
        )
    return Container(workspace, datastore, url, name)


def _account_and_container(datastore: Any) -> tuple[str, str]:  # noqa: ANN401 (a union of the SDK's)
    """Account and container; a Data Lake's file system is a container to the blob service."""
    name = getattr(datastore, "container_name", None) or getattr(datastore, "filesystem", None)
    return str(getattr(datastore, "account_name", None) or ""), str(name or "")
