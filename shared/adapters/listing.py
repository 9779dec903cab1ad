"""Blobs of a model: listed page by page, and what each says of itself."""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from shared.adapters.failures import error_code
from shared.domain.artefacts import Artefact
from shared.domain.copies import CopiedFile
from shared.domain.limits import FILES_PER_PAGE

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties, ContainerClient

SOURCE_ETAG: Final = "modelgate_source_etag"
"""Metadata of a copied blob: which source it was copied from, so that it is not copied twice."""

FOLDER_MARK: Final = "hdi_isfolder"
"""Metadata of the blob that stands for a folder in an account with a hierarchical namespace."""

NO_CONTAINER: Final = "ContainerNotFound"


def blobs_at(client: "ContainerClient", path: str) -> "Iterator[tuple[str, BlobProperties | None]]":
    """The blobs below a folder, or the one at `path`, with their names relative to `path`.

    Yields:
        Name and blob; None for a blob that stands for a folder.
    """
    is_folder = False
    below = client.list_blobs(
        name_starts_with=f"{path}/",
        include=["metadata", "copy"],
        results_per_page=FILES_PER_PAGE,
    )
    for blob in below:
        mark = _is_folder(blob)
        is_folder = is_folder or not mark
        yield blob.name[len(path) + 1 :], None if mark else blob
    if not is_folder:
        single = properties_of(client.get_blob_client(path))
        if single is not None and not _is_folder(single):
            yield path.rpartition("/")[2], single


def _is_folder(blob: "BlobProperties") -> bool:
    """Whether a blob stands for a folder: one that has content is a file, whatever it says."""
    mark = _lower(blob.metadata).get(FOLDER_MARK, "")
    return blob.size == 0 and mark.lower() == "true"


def properties_of(blob: "BlobClient") -> "BlobProperties | None":
    """A blob's properties; None where the container has no such blob."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return blob.get_blob_properties()
    except ResourceNotFoundError as error:
        if error_code(error) == NO_CONTAINER:
            raise
        return None


def artefact_of(blob: "BlobProperties", name: str) -> Artefact:
    """A blob as a file of a model, under its name there."""
    md5 = blob.content_settings.content_md5
    return Artefact(
        name=name,
        size=int(blob.size),
        etag=etag_of(blob),
        md5=base64.b64encode(bytes(md5)).decode() if md5 else None,
    )


def copied_file(blob: "BlobProperties", name: str) -> CopiedFile:
    """A blob as what a copy left, under its name there."""
    return CopiedFile(artefact_of(blob, name), _source_etag(blob))


def etag_of(blob: "BlobProperties") -> str:
    """Without the quotes that it has in headers, and not in lists."""
    return str(blob.etag).strip('"')


def is_copy_of(blob: "BlobProperties", file: Artefact) -> bool:
    """Whether a blob is the copy of this very source: done, under way or broken off."""
    has_its_size = blob.copy.status != "success" or blob.size == file.size
    return _source_etag(blob) == file.etag and has_its_size


def has_failed(blob: "BlobProperties") -> bool:
    """Whether it is what a copy left that broke off."""
    return blob.copy.status in ("failed", "aborted")


def _source_etag(blob: "BlobProperties") -> str | None:
    """Of the source that it was copied from; None where it was written by other means since.

    Metadata can be written by anybody who may write blobs; the status is the service's, which
    forgets it when the blob is written again (learn.microsoft.com/rest/api/storageservices/
    get-blob-properties).
    """
    return None if blob.copy.status is None else _lower(blob.metadata).get(SOURCE_ETAG)


def _lower(metadata: dict[str, str] | None) -> dict[str, str]:
    """Metadata by lower-case name: they are HTTP headers."""
    return {name.lower(): value for name, value in (metadata or {}).items()}
