"""Model files in Blob Storage: listed here, copied by the storage service itself."""

import base64
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from shared.adapters.blobs import Blobs
from shared.adapters.failures import azure_stops_here, error_code
from shared.adapters.mlmodel import signature_in
from shared.adapters.threads import in_threads
from shared.domain.artefacts import Artefact, copy_problems
from shared.domain.errors import Blame, StepError, Trouble, technical
from shared.domain.pipeline import Json
from shared.ports import Container, OperationState, OperationStatus

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobClient, BlobProperties, ContainerClient

SOURCE_ETAG = "modelgate_source_etag"
"""Metadata of a copied blob: which source it was copied from, so that it is not copied twice."""

FOLDER_MARK = "hdi_isfolder"
"""Metadata of the blob that stands for a folder in an account with a hierarchical namespace."""

NO_CONTAINER = "ContainerNotFound"

LONGEST_MLMODEL = 64 * 1024
"""Bytes; a signature of a thousand columns has as many."""

WRITABLE = ".writable"
"""Name of the blob that is written to see whether blobs can be written."""

STARTERS = 8
"""Threads that start copies; they end before `begin_copy` returns."""

SHOWN_PROBLEMS = 5

type Access = Literal["identity", "datastore-key"]


class Artifacts:
    """Implements `ports.Artifacts`. Thread-safe. No byte of a model passes through this process."""

    def __init__(
        self,
        *,
        credential: "TokenCredential",
        access: Access,
        datastore_key: Callable[[Container], str],
    ) -> None:
        """Say how storage is reached.

        Args:
            credential: For `identity`: needs Storage Blob Data Reader on the source, Storage Blob
                Delegator on its account, and Storage Blob Data Contributor on the target.
            access: `identity`, or `datastore-key` where the workspace's datastores hold keys.
            datastore_key: Gives the account key behind a container, for `datastore-key`.
        """
        self._blobs = Blobs(credential=credential, access=access, datastore_key=datastore_key)

    def files(self, *, container: Container, path: str) -> list[Artefact]:
        """The file at `path`, or every file below it; names relative to `path`."""
        found = self._list(container, path)
        return sorted(_artefact(blob, name) for name, blob in found.items())

    def begin_copy(
        self,
        *,
        source: Container,
        source_path: str,
        files: Sequence[Artefact],
        target: Container,
        target_path: str,
    ) -> None:
        """Start the copy of what is not there or under way yet.

        Raises:
            StepError: `ArtefactChanged` where a source is not the one that was looked at;
                `CopyFailed` (retryable) where an earlier copy broke off, which is cleared away.
        """
        there = self._list(target, target_path)
        wanted = [file for file in files if not _is_copied(there.get(file.name), file)]
        broken = [there[file.name] for file in wanted if _has_failed(there.get(file.name))]
        if broken:
            self._clear(target, broken)
        is_file = self._is_file(source, source_path, files)

        def start(file: Artefact) -> None:
            self._start(
                source=source,
                source_name=source_path if is_file else f"{source_path}/{file.name}",
                file=file,
                target=target,
                target_name=target_path if is_file else f"{target_path}/{file.name}",
            )

        in_threads(start, wanted, threads=STARTERS, name="copy")

    def copying(
        self, *, target: Container, target_path: str, files: Sequence[Artefact]
    ) -> OperationStatus:
        """How the copy stands; once all is there, whether it is the same."""
        there = self._list(target, target_path)
        if any(blob.copy.status == "pending" for blob in there.values()):
            return OperationStatus(OperationState.RUNNING)
        broken = [blob for blob in there.values() if _has_failed(blob)]
        if broken:
            return OperationStatus(OperationState.FAILED, _copy_failed(target, broken))
        copied = [_artefact(blob, name) for name, blob in there.items()]
        problems = copy_problems(files, copied)
        if problems:
            more = f" and {len(problems) - SHOWN_PROBLEMS} more" * (len(problems) > SHOWN_PROBLEMS)
            words = "; ".join(problems[:SHOWN_PROBLEMS]) + more
            message = f"The copy in {_where(target)} at {target_path} is not the source: {words}."
            trouble = Trouble(Blame.TECHNOLOGY, "CopyDiffers", message)
            return OperationStatus(OperationState.FAILED, trouble)
        return OperationStatus(OperationState.SUCCEEDED)

    def signature(self, *, container: Container, path: str) -> Json:
        """The signature in the `MLmodel` file of the MLflow model at `path`."""
        text = self.text(container=container, name=f"{path}/MLmodel", limit=LONGEST_MLMODEL)
        return None if text is None else signature_in(text)

    def text(self, *, container: Container, name: str, limit: int) -> str | None:
        """A small blob's text; its size is looked at before any byte of it is read.

        None where there is no such blob, it has more than `limit` bytes or is no UTF-8.

        Raises:
            StepError: Storage refuses, or the blob was written again in between (retryable).
        """
        from azure.core import MatchConditions

        written_again = {412: "It is read again."}
        with azure_stops_here(f"{name} in {_where(container)}", mendable=written_again):
            blob = self._blobs.client(container).get_blob_client(name)
            properties = _properties(blob)
            if properties is None or properties.size > limit:
                return None
            content = blob.download_blob(
                etag=properties.etag, match_condition=MatchConditions.IfNotModified
            ).readall()
        try:
            return content.decode()
        except UnicodeDecodeError:
            return None

    def check_writable(self, *, container: Container, prefix: str) -> None:
        """Write an empty blob under `prefix`, and take it away again.

        Its name is always the same: nothing gathers where it cannot be taken away.

        Raises:
            StepError: Storage refuses either.
        """
        from azure.core.exceptions import ResourceNotFoundError

        name = f"{prefix}/{WRITABLE}"
        with azure_stops_here(f"Writing to {_where(container)}"):
            blob = self._blobs.client(container).get_blob_client(name)
            blob.upload_blob(b"", overwrite=True)
            with suppress(ResourceNotFoundError):  # somebody else has looked in the same moment
                blob.delete_blob()

    @property
    def opens_with_keys(self) -> bool:
        """Whether containers are opened with the keys that datastores hold."""
        return self._blobs.opens_with_keys

    def _list(self, container: Container, path: str) -> "dict[str, BlobProperties]":
        """The blobs below a folder, or the one at `path`, by name relative to `path`."""
        with azure_stops_here(f"Files in {_where(container)}"):
            client = self._blobs.client(container)
            below = client.list_blobs(name_starts_with=f"{path}/", include=["metadata", "copy"])
            found = {
                blob.name[len(path) + 1 :]: blob
                for blob in below
                if FOLDER_MARK not in _lower(blob.metadata)
            }
            return found or _single(client, path)

    def _is_file(self, source: Container, path: str, files: Sequence[Artefact]) -> bool:
        """Whether the model is one file. A folder may hold one file of its own name."""
        if len(files) != 1 or path.rpartition("/")[2] != files[0].name:
            return False
        with azure_stops_here(f"Files in {_where(source)}"):
            below = self._blobs.client(source).get_blob_client(f"{path}/{files[0].name}")
            return not below.exists()

    def _start(
        self,
        *,
        source: Container,
        source_name: str,
        file: Artefact,
        target: Container,
        target_name: str,
    ) -> None:
        from azure.core import MatchConditions
        from azure.core.exceptions import HttpResponseError

        with azure_stops_here(f"Copy of {source_name} from {_where(source)} to {_where(target)}"):
            url = self._blobs.signed_url(source, source_name)
            blob = self._blobs.client(target).get_blob_client(target_name)
            try:
                blob.start_copy_from_url(
                    url,
                    metadata={SOURCE_ETAG: file.etag},
                    source_etag=f'"{file.etag}"',
                    source_match_condition=MatchConditions.IfNotModified,
                )
            except HttpResponseError as error:
                if error.status_code == 412:
                    raise _changed(source, source_name, "was written again") from error
                if error.status_code == 404 and error_code(error) != NO_CONTAINER:
                    raise _changed(source, source_name, "is gone") from error
                raise

    def _clear(self, target: Container, broken: "Sequence[BlobProperties]") -> None:
        """Take away what broken-off copies left, so that the next try starts afresh."""
        with azure_stops_here(f"Files in {_where(target)}"):
            for blob in broken:
                self._blobs.client(target).delete_blob(blob.name)
        raise StepError(_copy_failed(target, broken))


def _single(client: "ContainerClient", path: str) -> "dict[str, BlobProperties]":
    blob = _properties(client.get_blob_client(path))
    if blob is None or FOLDER_MARK in _lower(blob.metadata):
        return {}
    return {path.rpartition("/")[2]: blob}


def _properties(blob: "BlobClient") -> "BlobProperties | None":
    """A blob's properties; None where the container has no such blob."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return blob.get_blob_properties()
    except ResourceNotFoundError as error:
        if error_code(error) == NO_CONTAINER:
            raise
        return None


def _lower(metadata: dict[str, str] | None) -> dict[str, str]:
    """Metadata by lower-case name: they are HTTP headers."""
    return {name.lower(): value for name, value in (metadata or {}).items()}


def _artefact(blob: "BlobProperties", name: str) -> Artefact:
    md5 = blob.content_settings.content_md5
    return Artefact(
        name=name,
        size=int(blob.size),
        etag=str(blob.etag).strip('"'),  # quoted in headers, not in lists
        md5=base64.b64encode(bytes(md5)).decode() if md5 else None,
    )


def _is_copied(blob: "BlobProperties | None", file: Artefact) -> bool:
    """Whether a target is the copy of this very source, done or under way."""
    if blob is None or _lower(blob.metadata).get(SOURCE_ETAG) != file.etag:
        return False
    return blob.copy.status == "pending" or (
        blob.copy.status == "success" and blob.size == file.size
    )


def _has_failed(blob: "BlobProperties | None") -> bool:
    return blob is not None and blob.copy.status in ("failed", "aborted")


def _copy_failed(target: Container, broken: "Sequence[BlobProperties]") -> Trouble:
    first = broken[0]
    words = first.copy.status_description or f"it was {first.copy.status}"
    return Trouble(
        Blame.TECHNOLOGY,
        "CopyFailed",
        f"The copy of {len(broken)} files to {_where(target)} broke off; {first.name}: {words}. "
        "It is tried again.",
        retryable=True,
    )


def _changed(source: Container, name: str, how: str) -> StepError:
    return technical(
        "ArtefactChanged",
        f"{name} in {_where(source)} {how} since the release looked at it. Register the model as "
        "a new version.",
    )


def _where(container: Container) -> str:
    return f"container {container.name} of workspace {container.workspace.name}"
