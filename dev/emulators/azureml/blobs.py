"""A workspace's storage account, as the service itself uses it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from azure.storage.blob.aio import BlobServiceClient, LinearRetry

from dev.emulators.azureml.config import WorkspaceSpec
from dev.emulators.azureml.datastores import Place

UPLOAD_HOURS = 24
"""How long the signed address for an upload is good for."""


_RETRY_SECONDS = 1


class Blobs:
    """Reads and creates what a workspace keeps in blob storage."""

    def __init__(self, spec: WorkspaceSpec) -> None:
        self._spec = spec
        credential = {"account_name": spec.storage_account, "account_key": spec.storage_key}
        # Azurite closes idle connections; the default policy would wait 15 s before it tries again.
        retry = LinearRetry(backoff=_RETRY_SECONDS, retry_total=3, random_jitter_range=0)
        self._client = BlobServiceClient(
            spec.blob_endpoint, credential=credential, retry_policy=retry
        )

    @property
    def account(self) -> str:
        """The account's name."""
        return self._spec.storage_account

    def is_opened_by(self, key: str | None) -> bool:
        """Whether this is the account's key."""
        return key == self._spec.storage_key

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.close()

    async def ensure_container(self, name: str) -> None:
        """Create a container unless it exists."""
        try:
            await self._client.create_container(name)
        except ResourceExistsError:
            return

    async def names(self, container: str, path: str) -> list[str]:
        """The blob at `path` or those below it; all of the container for an empty path."""
        client = self._client.get_container_client(container)
        prefix = path or None
        try:
            found = [name async for name in client.list_blob_names(name_starts_with=prefix)]
        except ResourceNotFoundError:
            return []
        return [name for name in found if not path or name == path or name.startswith(path + "/")]

    async def read(self, container: str, name: str) -> bytes | None:
        """A small blob's bytes; None where there is none."""
        blob = self._client.get_blob_client(container, name)
        try:
            return await (await blob.download_blob()).readall()
        except ResourceNotFoundError:
            return None

    async def fetch(self, container: str, path: str, folder: Path) -> int:
        """Copy what is at `path` into `folder`, names relative to `path`'s parent.

        Returns:
            How many blobs there were.
        """
        parent = path.rpartition("/")[0]
        names = await self.names(container, path)
        for name in names:
            relative = PurePosixPath(name.removeprefix(parent).lstrip("/"))
            if ".." not in relative.parts:
                await self._fetch_one(container, name, folder / relative)
        return len(names)

    async def _fetch_one(self, container: str, name: str, target: Path) -> None:
        make_folder(target.parent)
        blob = self._client.get_blob_client(container, name)
        stream = await blob.download_blob()
        with target.open("wb") as file:
            async for chunk in stream.chunks():
                file.write(chunk)

    def upload_addresses(self, container: str) -> tuple[str, str]:
        """The container's address, bare and signed for an upload."""
        uri = f"{self._spec.blob_endpoint.rstrip('/')}/{container}"
        signature = generate_container_sas(
            self._spec.storage_account,
            container,
            account_key=self._spec.storage_key,
            permission=ContainerSasPermissions(
                read=True, add=True, create=True, write=True, list=True
            ),
            expiry=datetime.now(UTC) + timedelta(hours=UPLOAD_HOURS),
        )
        return uri, f"{uri}?{signature}"

    def locate(self, uri: str) -> tuple[str, str] | None:
        """Container and path of an address in this account; None where it is another's.

        Only the path counts: storage that was started anew may listen on another port.
        """
        path = urlsplit(uri).path
        inside = path.removeprefix(urlsplit(self._spec.blob_endpoint).path.rstrip("/") + "/")
        if inside == path:
            return None
        container, _, path = unquote(inside).partition("/")
        return container, path.strip("/")


def opened(blobs: Mapping[str, Blobs], workspace: str, place: Place) -> Blobs | None:
    """The account of a place, if the workspace may read there: its own, or one it has a key to.

    Args:
        blobs: The accounts there are, by the ARM id in lower case of the workspace each belongs to.
        workspace: The ARM id in lower case of the one that reads.
        place: Where.
    """
    own = blobs[workspace]
    if place.account == own.account:
        return own
    others = (each for each in blobs.values() if each.account == place.account)
    return next((each for each in others if each.is_opened_by(place.key)), None)


def make_folder(folder: Path) -> None:
    """Make a folder with those above it, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)


__all__ = ["AzureError", "Blobs", "make_folder"]
