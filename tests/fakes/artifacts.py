"""Blobs and their server-side copies, in memory."""

import base64
from collections.abc import Sequence
from hashlib import md5

from shared.domain.artefacts import Artefact
from shared.domain.errors import Blame, Trouble, technical
from shared.domain.pipeline import Json
from shared.ports import Container, OperationState, OperationStatus
from tests.fakes.troubles import Faults

type Place = tuple[str, str, str]
"""Account, container, blob name."""


class FakeArtifacts:
    """Storage accounts. A copy takes `looks` calls of `copying` before it has succeeded."""

    def __init__(self, *, looks: int = 0) -> None:
        self.blobs: dict[Place, Artefact] = {}
        self.signatures: dict[Place, Json] = {}
        """Of MLflow models, by the place of their folder."""
        self.looks = looks
        self.copies_started = 0
        self.copy_trouble: Trouble | None = None
        self.faults = Faults()
        self._under_way: dict[Place, tuple[int, Artefact]] = {}
        self._writes = 0

    def write(self, container: Container, name: str, data: bytes = b"model") -> Artefact:
        """Upload a blob, which gets a new etag even if its bytes are the same."""
        self._writes += 1
        checksum = base64.b64encode(md5(data, usedforsecurity=False).digest()).decode()
        blob = Artefact(name=name, size=len(data), etag=f'"0x{self._writes:X}"', md5=checksum)
        self.blobs[self._place(container, name)] = blob
        return blob

    def files(self, *, container: Container, path: str) -> list[Artefact]:
        self.faults.meet("files")
        found = []
        for (account, name, blob), file in sorted(self.blobs.items()):
            if (account, name) != (container.account_url, container.name):
                continue
            if blob == path:
                found.append(self._named(file, blob.rpartition("/")[2]))
            elif blob.startswith(f"{path}/"):
                found.append(self._named(file, blob.removeprefix(f"{path}/")))
        return found

    def begin_copy(
        self,
        *,
        source: Container,
        source_path: str,
        files: Sequence[Artefact],
        target: Container,
        target_path: str,
    ) -> None:
        self.faults.meet("begin_copy")
        for file in files:
            to = self._place(target, self._blob(target_path, file, files))
            if to in self.blobs or to in self._under_way:
                continue
            original = self.blobs.get(self._place(source, self._blob(source_path, file, files)))
            if original is None or original.etag != file.etag:
                raise technical("SourceChanged", f"{file.name} has changed since it was listed.")
            self.copies_started += 1
            self._under_way[to] = (self.looks, original)

    def copying(
        self, *, target: Container, target_path: str, files: Sequence[Artefact]
    ) -> OperationStatus:
        self.faults.meet("copying")
        if self.copy_trouble is not None:
            return OperationStatus(OperationState.FAILED, self.copy_trouble)
        places = [self._place(target, self._blob(target_path, file, files)) for file in files]
        for place in places:
            self._look_at(place)
        if any(place in self._under_way for place in places):
            return OperationStatus(OperationState.RUNNING)
        missing = [place[2] for place in places if place not in self.blobs]
        if missing:
            trouble = Trouble(Blame.TECHNOLOGY, "CopyIncomplete", f"{missing[0]} is missing.")
            return OperationStatus(OperationState.FAILED, trouble)
        return OperationStatus(OperationState.SUCCEEDED)

    def signature(self, *, container: Container, path: str) -> Json:
        self.faults.meet("signature")
        return self.signatures.get(self._place(container, path))

    def _look_at(self, place: Place) -> None:
        if place not in self._under_way:
            return
        looks, original = self._under_way[place]
        if looks > 0:
            self._under_way[place] = (looks - 1, original)
            return
        del self._under_way[place]
        self._writes += 1
        self.blobs[place] = Artefact(place[2], original.size, f'"0x{self._writes:X}"', original.md5)

    @staticmethod
    def _place(container: Container, name: str) -> Place:
        return (container.account_url, container.name, name)

    @staticmethod
    def _blob(path: str, file: Artefact, files: Sequence[Artefact]) -> str:
        """The blob of one of a model's files: the path itself where the model is that file."""
        is_file = len(files) == 1 and path.rpartition("/")[2] == file.name
        return path if is_file else f"{path}/{file.name}"

    @staticmethod
    def _named(file: Artefact, name: str) -> Artefact:
        return Artefact(name, file.size, file.etag, file.md5)
