"""The files of a model, and what makes two sets of them the same."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, time
from enum import Enum
from hashlib import sha256

from shared.domain.limits import EARLIER_DIGEST_BYTES, SHOWN_FILES
from shared.domain.pipeline import Json

DIGEST_BYTES = sha256().digest_size


@dataclass(frozen=True, slots=True, order=True)
class Artefact:
    """One file of a model in blob storage."""

    name: str
    """Path below the model's own, with `/`; the file's name where the model is one file."""

    size: int
    """Bytes."""

    etag: str
    md5: str | None = None
    """Base64, where the service stores one."""


@dataclass(frozen=True, slots=True)
class FileSet:
    """What is kept of all the files of a model, however many they are."""

    digest: str
    """SHA-256 (hex) over names, sizes and etags: changes when any file is written again."""

    count: int
    total_bytes: int
    first: tuple[Artefact, ...]
    """The first `SHOWN_FILES` by name."""

    @property
    def is_whole(self) -> bool:
        """Whether `first` is all of them."""
        return self.count == len(self.first)


class Tally:
    """Files, counted and hashed as they go by, in any order. Of each, 32 bytes are kept."""

    def __init__(self) -> None:
        self._hashes = bytearray()
        self._total_bytes = 0
        self._first: list[Artefact] = []

    def add(self, file: Artefact) -> None:
        """One more file."""
        self._hashes += sha256(_entry(file).encode(errors="surrogatepass")).digest()
        self._total_bytes += file.size
        self._first.append(file)
        if len(self._first) > 2 * SHOWN_FILES:
            self._first = sorted(self._first)[:SHOWN_FILES]

    def passing(self, files: Iterable[Artefact]) -> Iterable[Artefact]:
        """The same files, added as they go by."""
        for file in files:
            self.add(file)
            yield file

    def total(self) -> FileSet:
        """What all of them come to."""
        hashes = bytes(self._hashes)
        starts = range(0, len(hashes), DIGEST_BYTES)
        ordered = sorted(hashes[start : start + DIGEST_BYTES] for start in starts)
        return FileSet(
            digest=sha256(b"".join(ordered)).hexdigest(),
            count=len(starts),
            total_bytes=self._total_bytes,
            first=tuple(sorted(self._first)[:SHOWN_FILES]),
        )


def file_set(files: Iterable[Artefact]) -> FileSet:
    """What is kept of these files, which are read once."""
    tally = Tally()
    for file in files:
        tally.add(file)
    return tally.total()


def earlier_digest(files: Iterable[Artefact]) -> str | None:
    """The digest as releases had it that began when all files were held at once.

    Returns:
        SHA-256 (hex) over the JSON of all files by name; None where the names take more than
        `EARLIER_DIGEST_BYTES`.
    """
    entries: list[bytes] = []
    room = EARLIER_DIGEST_BYTES
    for file in files:
        # no safe name holds a zero, so that the bytes are in the order of the names
        entries.append(f"{file.name}\0{_entry(file)}".encode(errors="surrogatepass"))
        room -= len(entries[-1])
        if room < 0:
            return None
    whole = sha256(b"[")
    for position, entry in enumerate(sorted(entries)):
        whole.update(b"," * (position > 0) + entry.partition(b"\0")[2])
    whole.update(b"]")
    return whole.hexdigest()


def digest(value: Json) -> str:
    """SHA-256 (hex) over the canonical JSON of a value."""
    return sha256(_canonical(value).encode(errors="surrogatepass")).hexdigest()


def plain(value: object) -> Json:
    """A value of the domain as JSON: dataclasses by field, enums by value, times in UTC."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    assert value is None or isinstance(value, bool | int | float | str)
    return value


def _entry(file: Artefact) -> str:
    return _canonical([file.name, file.size, file.etag])


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
