"""Model files in Blob Storage: listed here, copied by the storage service itself."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import batched
from typing import TYPE_CHECKING, Literal

from shared.adapters.blobs import Blobs
from shared.adapters.copying import archived, changed, copy_failed, refused, too_many, where
from shared.adapters.failures import azure_stops_here, error_code
from shared.adapters.listing import (
    NO_CONTAINER,
    SOURCE_ETAG,
    artefact_of,
    blobs_at,
    copied_file,
    etag_of,
    has_failed,
    is_copy_of,
    properties_of,
)
from shared.adapters.mlmodel import signature_in
from shared.adapters.threads import in_threads
from shared.domain.artefacts import Artefact, FileSet, Tally
from shared.domain.copies import CopiedFile, copy_key, copy_problems
from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.filenames import refuse_unsafe
from shared.domain.limits import COPIES_AT_ONCE, FILES, MLMODEL_BYTES
from shared.domain.pipeline import Json
from shared.ports import Container, CopyStatus, OperationState, Place

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobProperties

REFUSED = frozenset({409, 412})
"""Of a copy: something lies in the target, or the source is not the one that was looked at."""

ARCHIVED = "BlobArchived"

WRITABLE = ".writable"
"""Name of the blob that is written to see whether blobs can be written."""

STARTERS = 8
"""Threads that start copies; they end before `begin_copy` returns."""

type Access = Literal["identity", "datastore-key"]


class Artifacts:
    """Implements `ports.Artifacts`. Thread-safe. No byte of a model passes through this process."""

    def __init__(
        self,
        *,
        credential: "TokenCredential",
        access: Access,
        datastore_key: Callable[[Container], str],
        most_files: int = FILES,
    ) -> None:
        """Say how storage is reached.

        Args:
            credential: For `identity`: needs Storage Blob Data Reader on the source, Storage Blob
                Delegator on its account, and Storage Blob Data Contributor on the target.
            access: `identity`, or `datastore-key` where the workspace's datastores hold keys.
            datastore_key: Gives the account key behind a container, for `datastore-key`.
            most_files: How many files a model may have, folders counted with them.
        """
        self._most_files = most_files
        self._blobs = Blobs(credential=credential, access=access, datastore_key=datastore_key)

    def files(self, *, container: Container, path: str) -> Iterator[Artefact]:
        """See the port; read page by page as they are asked for."""
        refuse_unsafe(path)
        with azure_stops_here(f"Files in {where(container)}"):
            found = blobs_at(self._blobs.client(container), path)
            for count, (name, blob) in enumerate(found, start=1):
                if count > self._most_files:
                    raise too_many(container, path, self._most_files)
                if blob is not None:
                    refuse_unsafe(blob.name, shown=name)
                    yield artefact_of(blob, name)

    def begin_copy(self, *, source: Place, files: FileSet, target: Place) -> None:
        """Start the copy of what is not there or under way yet.

        Raises:
            StepError: As the port says; `CopyFailed` (retryable) where an earlier copy broke off,
                which is cleared away.
        """
        there = self._copied(target)
        is_file = self._is_file(source, files)
        seen = Tally()

        def start(file: Artefact) -> None:
            self._start(source, file, target, is_file=is_file)

        listed = seen.passing(self.files(container=source.container, path=source.path))
        for batch in batched(listed, COPIES_AT_ONCE, strict=False):
            wanted = [file for file in batch if copy_key(file.name, file.etag) not in there]
            in_threads(start, wanted, threads=STARTERS, name="copy")
        if seen.total().digest != files.digest:
            raise changed(source.container, source.path, "was written to")

    def copying(self, *, source: Place, files: FileSet, target: Place) -> CopyStatus:
        """How the copy stands; once all is there, whether it is the same."""
        proof, lies_there = Tally(), Tally()
        for blob, copy in self._copies(target):
            if blob.copy.status == "pending":
                return CopyStatus(OperationState.RUNNING)
            if has_failed(blob):
                return CopyStatus(OperationState.FAILED, copy_failed(target.container, blob))
            proof.add(copy.as_source)
            lies_there.add(copy.file)
        if proof.total().digest == files.digest:
            return CopyStatus(OperationState.SUCCEEDED, digest=lies_there.total().digest)
        problems = self.differences(source=source, target=target) or "it has been written to"
        message = (
            f"The copy in {where(target.container)} at {target.path} is not the source: {problems}."
        )
        failure = Failure(FailureKind.FINAL, "CopyDiffers", message)
        return CopyStatus(OperationState.FAILED, failure)

    def differences(self, *, source: Place, target: Place) -> str:
        """See the port."""
        return copy_problems(
            lambda: self.files(container=source.container, path=source.path),
            (copy for _, copy in self._copies(target)),
        )

    def signature(self, *, container: Container, path: str) -> Json:
        """The signature in the `MLmodel` file of the MLflow model at `path`."""
        refuse_unsafe(path)
        text = self.text(container=container, name=f"{path}/MLmodel", limit=MLMODEL_BYTES)
        return None if text is None else signature_in(text)

    def text(self, *, container: Container, name: str, limit: int) -> str | None:
        """A small blob's text; its size is looked at before any byte of it is read.

        None where there is no such blob, it has more than `limit` bytes or is no UTF-8. Bytes are
        taken as they lie there: what a blob says of its encoding is its writer's word.

        Raises:
            StepError: Storage refuses, or the blob was written again in between (retryable).
        """
        from azure.core import MatchConditions

        written_again = frozenset({412})
        with azure_stops_here(f"{name} in {where(container)}", passing=written_again):
            blob = self._blobs.client(container).get_blob_client(name)
            properties = properties_of(blob)
            if properties is None or properties.size > limit:
                return None
            content = blob.download_blob(
                etag=properties.etag,
                match_condition=MatchConditions.IfNotModified,
                decompress=False,
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
        with azure_stops_here(f"Writing to {where(container)}"):
            blob = self._blobs.client(container).get_blob_client(name)
            blob.upload_blob(b"", overwrite=True)
            with suppress(ResourceNotFoundError):  # somebody else has looked in the same moment
                blob.delete_blob()

    @property
    def opens_with_keys(self) -> bool:
        """Whether containers are opened with the keys that datastores hold."""
        return self._blobs.opens_with_keys

    def _copies(self, target: Place) -> "Iterator[tuple[BlobProperties, CopiedFile]]":
        """What lies in the target, whatever it is called: names are only compared and shown."""
        with azure_stops_here(f"Files in {where(target.container)}"):
            for name, blob in blobs_at(self._blobs.client(target.container), target.path):
                if blob is not None:
                    yield blob, copied_file(blob, name)

    def _copied(self, target: Place) -> set[bytes]:
        """Keys of what is copied or under way; what broke off is taken away."""
        keys: set[bytes] = set()
        broken: StepError | None = None
        for blob, copy in self._copies(target):
            if has_failed(blob):
                self._clear(target.container, blob)
                broken = broken or StepError(copy_failed(target.container, blob))
            elif copy.source_etag is not None:
                keys.add(copy_key(copy.file.name, copy.source_etag))
        if broken is not None:
            raise broken
        return keys

    def _is_file(self, source: Place, files: FileSet) -> bool:
        """Whether the model is one file. A folder may hold one file of its own name."""
        if files.count != 1 or source.path.rpartition("/")[2] != files.first[0].name:
            return False
        with azure_stops_here(f"Files in {where(source.container)}"):
            client = self._blobs.client(source.container)
            return not client.get_blob_client(f"{source.path}/{files.first[0].name}").exists()

    def _start(self, source: Place, file: Artefact, target: Place, *, is_file: bool) -> None:
        from azure.core import MatchConditions
        from azure.core.exceptions import HttpResponseError

        name, target_name = (
            place.path if is_file else f"{place.path}/{file.name}" for place in (source, target)
        )
        refuse_unsafe(target_name)
        way = f"from {where(source.container)} to {where(target.container)}"
        with azure_stops_here(f"Copy of {name} {way}"):
            url = self._blobs.signed_url(source.container, name)
            blob = self._blobs.client(target.container).get_blob_client(target_name)
            try:
                blob.start_copy_from_url(
                    url,
                    metadata={SOURCE_ETAG: file.etag},
                    source_etag=f'"{file.etag}"',
                    source_match_condition=MatchConditions.IfNotModified,
                    match_condition=MatchConditions.IfMissing,
                )
            except HttpResponseError as error:
                if error_code(error) == ARCHIVED:
                    raise archived(source.container, name) from error
                if error.status_code == 404 and error_code(error) != NO_CONTAINER:
                    raise changed(source.container, name, "is gone") from error
                if error.status_code not in REFUSED:
                    raise
                there = properties_of(blob)
                if there is None or not is_copy_of(there, file):
                    raise refused(error, there, name, source, target) from error

    def _clear(self, target: Container, broken: "BlobProperties") -> None:
        """Take away what a broken-off copy left, unless it is something else by now."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        with suppress(ResourceModifiedError, ResourceNotFoundError):
            self._blobs.client(target).delete_blob(
                broken.name,
                etag=f'"{etag_of(broken)}"',
                match_condition=MatchConditions.IfNotModified,
            )
