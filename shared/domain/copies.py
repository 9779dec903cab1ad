"""Copies of a model's files: which of them is whose, and how a copy differs from its source."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from shared.domain.artefacts import Artefact
from shared.domain.filenames import shown_name
from shared.domain.limits import SHOWN_PROBLEMS

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file where a model was copied to."""

    file: Artefact
    source_etag: str | None
    """Of the file that it is a copy of; None where it is none of our copies."""

    @property
    def as_source(self) -> Artefact:
        """What its source was like when it was copied, but for the MD5."""
        return Artefact(self.file.name, self.file.size, self.source_etag or "")


@dataclass(slots=True)
class _Few:
    """The first few of many sentences."""

    words: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, words: str) -> None:
        self.count += 1
        if len(self.words) < SHOWN_PROBLEMS:
            self.words.append(words)

    def __str__(self) -> str:
        more = self.count - len(self.words)
        return "; ".join(self.words) + (f" and {more} more" if more else "")


def copy_key(name: str, etag: str) -> bytes:
    """What stands for one state of one file, among those of one model."""
    return sha256(f"{etag}\0{name}".encode(errors="surrogatepass")).digest()[:KEY_BYTES]


def copy_problems(source: Callable[[], Iterable[Artefact]], copies: Iterable[CopiedFile]) -> str:
    """What a copy lacks, in words; empty where it is its source's.

    Names are not held, only hashes of them.

    Args:
        source: Reads the source's files anew; called a second time to name those that are missing.
        copies: What lies in the target.
    """
    found = _Few()
    wanted = {copy_key(file.name, ""): _state(file) for file in source()}
    for copy in copies:
        before = wanted.pop(copy_key(copy.file.name, ""), None)
        words = "is not the source's" if before is None else _difference(before, copy)
        if words:
            found.add(f"{shown_name(copy.file.name)} {words}")
    for file in source() if wanted else ():
        if copy_key(file.name, "") in wanted:
            found.add(f"{shown_name(file.name)} is missing")
    return str(found)


def _state(file: Artefact) -> str:
    return f"{file.size} {file.md5 or '-'} {file.etag}"


def _difference(before: str, copy: CopiedFile) -> str:
    size, md5, etag = before.split(" ", 2)
    if int(size) != copy.file.size:
        return f"has {copy.file.size} bytes instead of {size}"
    if md5 != "-" and copy.file.md5 and md5 != copy.file.md5:
        return "has another MD5 than its source"
    return "" if copy.source_etag == etag else "is no copy of its source as it is now"
