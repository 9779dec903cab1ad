"""Blobs and their server-side copies, in memory."""

import base64
from collections.abc import Iterator
from hashlib import md5

from shared.domain.artefacts import Artefact, FileSet, Tally, file_set
from shared.domain.copies import CopiedFile, copy_problems
from shared.domain.errors import Failure, FailureKind, not_good_enough, technical
from shared.domain.filenames import refuse_unsafe
from shared.domain.limits import FILES
from shared.domain.pipeline import Json
from shared.ports import Container, CopyStatus, OperationState, Place
from tests.fakes.failures import Faults

type Spot = tuple[str, str, str]
"""Account, container, blob name."""


class FakeArtifacts:
    """Storage accounts. A copy takes `looks` calls of `copying` before it has succeeded."""

    def __init__(self, *, looks: int = 0) -> None:
        self.blobs: dict[Spot, Artefact] = {}
        self.signatures: dict[Spot, Json] = {}
        """Of MLflow models, by the place of their folder."""
        self.copied_from: dict[Spot, str] = {}
        """Etags of the sources of what was copied, and not written again since."""
        self.looks = looks
        self.most_files = FILES
        self.copies_started = 0
        self.copy_failure: Failure | None = None
        self.faults = Faults()
        self._under_way: dict[Spot, tuple[int, Artefact]] = {}
        self._writes = 0

    def write(self, container: Container, name: str, data: bytes = b"model") -> Artefact:
        """Upload a blob, which gets a new etag even if its bytes are the same."""
        self._writes += 1
        checksum = base64.b64encode(md5(data, usedforsecurity=False).digest()).decode()
        blob = Artefact(name=name, size=len(data), etag=f'"0x{self._writes:X}"', md5=checksum)
        spot = self._spot(container, name)
        self.blobs[spot] = blob
        self.copied_from.pop(spot, None)
        return blob

    def files(self, *, container: Container, path: str) -> Iterator[Artefact]:
        self.faults.meet("files")
        refuse_unsafe(path)
        for count, (name, (_, file)) in enumerate(self._at(Place(container, path)), start=1):
            if count > self.most_files:
                raise not_good_enough("TooManyFiles", f"{path} has too many files.")
            refuse_unsafe(file.name, shown=name)
            yield self._named(file, name)

    def begin_copy(self, *, source: Place, files: FileSet, target: Place) -> None:
        self.faults.meet("begin_copy")
        there = dict(self._at(target))
        seen = Tally()
        for name, (at, file) in self._at(source):
            original = self._named(file, name)
            seen.add(original)
            to = self._spot(target.container, target.path + at[2].removeprefix(source.path))
            if to in self._under_way:
                continue
            if name in there:
                if self.copied_from.get(there[name][0]) != original.etag:
                    raise technical("CopyTargetTaken", f"{name} is no copy of ours.")
                continue
            self.copies_started += 1
            self._under_way[to] = (self.looks, file)
        if seen.total().digest != files.digest:
            raise not_good_enough("ArtefactChanged", "Files have changed since they were listed.")

    def copying(self, *, source: Place, files: FileSet, target: Place) -> CopyStatus:
        self.faults.meet("copying")
        if self.copy_failure is not None:
            return CopyStatus(OperationState.FAILED, self.copy_failure)
        pending = [to for to in self._under_way if self._name_at(target, to) is not None]
        for spot in pending:
            self._look_at(spot)
        if any(spot in self._under_way for spot in pending):
            return CopyStatus(OperationState.RUNNING)
        if file_set(copy.as_source for copy in self._copies(target)).digest != files.digest:
            words = self.differences(source=source, target=target)
            return CopyStatus(
                OperationState.FAILED, Failure(FailureKind.FINAL, "CopyDiffers", words)
            )
        there = file_set(copy.file for copy in self._copies(target))
        return CopyStatus(OperationState.SUCCEEDED, digest=there.digest)

    def differences(self, *, source: Place, target: Place) -> str:
        self.faults.meet("differences")
        return copy_problems(
            lambda: self.files(container=source.container, path=source.path), self._copies(target)
        )

    def signature(self, *, container: Container, path: str) -> Json:
        self.faults.meet("signature")
        return self.signatures.get(self._spot(container, path))

    def _copies(self, target: Place) -> Iterator[CopiedFile]:
        for name, (at, file) in self._at(target):
            yield CopiedFile(self._named(file, name), self.copied_from.get(at))

    def _look_at(self, spot: Spot) -> None:
        looks, original = self._under_way[spot]
        if looks > 0:
            self._under_way[spot] = (looks - 1, original)
            return
        del self._under_way[spot]
        self._writes += 1
        etag = f'"0x{self._writes:X}"'
        self.blobs[spot] = Artefact(spot[2], original.size, etag, original.md5)
        self.copied_from[spot] = original.etag

    def _at(self, place: Place) -> list[tuple[str, tuple[Spot, Artefact]]]:
        """The blobs at a place, by their names there."""
        found = [
            (name, (spot, blob))
            for spot, blob in sorted(self.blobs.items())
            if (name := self._name_at(place, spot)) is not None
        ]
        below = [each for each in found if each[1][0][2] != place.path]
        return below or found

    @staticmethod
    def _name_at(place: Place, spot: Spot) -> str | None:
        account, container, blob = spot
        if (account, container) != (place.container.account_url, place.container.name):
            return None
        if blob == place.path:
            return blob.rpartition("/")[2]
        below = f"{place.path}/"
        return blob.removeprefix(below) if blob.startswith(below) else None

    @staticmethod
    def _spot(container: Container, name: str) -> Spot:
        return (container.account_url, container.name, name)

    @staticmethod
    def _named(file: Artefact, name: str) -> Artefact:
        return Artefact(name, file.size, file.etag, file.md5)
