"""Model files, listed and copied through azure-storage-blob."""

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from shared.adapters.artifacts import Artifacts
from shared.adapters.blobs import account_of
from shared.adapters.egress.credentials import StaticToken
from shared.adapters.listing import SOURCE_ETAG
from shared.domain.artefacts import Artefact, file_set
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Workspace
from shared.ports import Container, CopyStatus, OperationState, Place
from tests.contract.azureml.world import Emulated, World, failure_of

WORKSPACE = Workspace("s", "g", "wk")


def many_files(path: str) -> dict[str, bytes]:
    names = [f"a{n % 7}/b {n % 3}/größe-{n}%.bin" for n in range(298)] + ["MLmodel", "data/MLmodel"]
    return {f"{path}/{name}": name.encode() * 3 for name in names}


def listed(world: World, path: str) -> list[Artefact]:
    """The files at a path of QA, by name."""
    return sorted(world.artifacts.files(container=world.container(world.qa), path=path))


def status_of(world: World, path: str, files: list[Artefact], target: str) -> CopyStatus:
    return world.artifacts.copying(
        source=Place(world.container(world.qa), path),
        files=file_set(files),
        target=Place(world.container(world.prod), target),
    )


def copied(world: World, path: str, files: list[Artefact], target: str) -> OperationState:
    world.artifacts.begin_copy(
        source=Place(world.container(world.qa), path),
        files=file_set(files),
        target=Place(world.container(world.prod), target),
    )
    status = status_of(world, path, files, target)
    assert status.failure is None
    return status.state


@pytest.mark.live
def test_folder_of_hundreds_of_files(world: World) -> None:
    """Copied whole, verified, and copied again without anything changing."""
    path, target = f"contract/{world.unique}/model", f"modelgate/{world.unique}/model"
    world.upload(world.qa, many_files(path))
    files = listed(world, path)
    assert len(files) == 300
    states = [copied(world, path, files, target)]
    assert not [t.name for t in threading.enumerate() if t.name.startswith("copy")]
    while states[-1] is OperationState.RUNNING:
        states.append(copied(world, path, files, target))
    assert states[-1] is OperationState.SUCCEEDED
    container = world.container(world.prod)
    there = sorted(world.artifacts.files(container=container, path=target))
    assert status_of(world, path, files, target).digest == file_set(there).digest
    assert [(file.name, file.size, file.md5) for file in there] == [
        (file.name, file.size, file.md5) for file in files
    ]
    assert copied(world, path, files, target) is OperationState.SUCCEEDED
    assert sorted(world.artifacts.files(container=container, path=target)) == there


@pytest.mark.live
def test_listing(world: World) -> None:
    """A folder's siblings are not its files; a model may be one file; nothing is nothing."""
    root, content = f"contract/{world.unique}", b"some bytes"
    world.upload(
        world.qa,
        {f"{root}/model/a": content, f"{root}/model2/b": b"", f"{root}/model.pkl": content},
    )
    container = world.container(world.qa)

    def names(path: str) -> list[str]:
        return [file.name for file in world.artifacts.files(container=container, path=path)]

    assert names(f"{root}/model") == ["a"]
    assert names(f"{root}/model.pkl") == ["model.pkl"]
    assert names(f"{root}/mod") == []
    assert names(f"{root}/absent") == []
    (file,) = world.artifacts.files(container=container, path=f"{root}/model.pkl")
    assert file.size == len(content)
    assert file.md5 == base64.b64encode(hashlib.md5(content).digest()).decode()  # noqa: S324 (theirs)
    (listed,) = world.artifacts.files(container=container, path=f"{root}/model")
    blob = world.artifacts._blobs.client(container).get_blob_client(f"{root}/model/a")
    assert blob.get_blob_properties().etag == f'"{listed.etag}"'


def test_folder_marks_are_no_files(emulated: Emulated) -> None:
    """An account with a hierarchical namespace has a blob for each folder."""
    world, container = emulated.world, emulated.world.container(emulated.world.qa)
    client = world.artifacts._blobs.client(container)
    for folder in ("hns/model", "hns/model/deep"):
        client.upload_blob(folder, b"", metadata={"hdi_isfolder": "true"})
    client.upload_blob("hns/model/deep/a", b"x")
    files = world.artifacts.files(container=container, path="hns/model")
    assert [file.name for file in files] == ["deep/a"]
    client.upload_blob("hns/empty", b"", metadata={"hdi_isfolder": "true"})
    assert list(world.artifacts.files(container=container, path="hns/empty")) == []


@pytest.mark.parametrize(("content", "mark"), [(b"x", "true"), (b"", "no"), (b"x", "no")])
def test_what_only_says_that_it_is_a_folder_is_a_file(
    emulated: Emulated, content: bytes, mark: str
) -> None:
    """It would be neither digested nor shown nor copied, and the model could not do without."""
    world, container = emulated.world, emulated.world.container(emulated.world.qa)
    client = world.artifacts._blobs.client(container)
    path = f"marked-{mark}-{len(content)}"
    client.upload_blob(f"{path}/hidden.pkl", content, metadata={"HDI_ISFOLDER": mark})
    client.upload_blob(f"{path}/seen.pkl", b"y")
    files = world.artifacts.files(container=container, path=path)
    assert [file.name for file in files] == ["hidden.pkl", "seen.pkl"]


@pytest.mark.parametrize(
    ("blobs", "path"),
    [
        (["one/model.pkl"], "one/model.pkl"),
        (["same/model/model"], "same/model"),  # a folder that holds one file of its own name
        (["single/model/weights"], "single/model"),
    ],
)
def test_models_of_one_file(emulated: Emulated, blobs: list[str], path: str) -> None:
    world = emulated.world
    world.upload(world.qa, dict.fromkeys(blobs, b"abc"))
    files = listed(world, path)
    assert copied(world, path, files, f"copy/{path}") is OperationState.SUCCEEDED
    client = world.artifacts._blobs.client(world.container(world.prod))
    assert client.get_blob_client(f"copy/{blobs[0]}").exists()


@pytest.fixture
def model(emulated: Emulated) -> tuple[str, list[Artefact]]:
    world = emulated.world
    world.upload(world.qa, {"m/a": b"aaa", "m/b": b"bbb"})
    return "m", listed(world, "m")


class Overtaken(Artifacts):
    """After a list and before what is done with it, somebody writes."""

    def __init__(self, there: Artifacts, write: Callable[[], None]) -> None:
        self.__dict__.update(there.__dict__)
        self._write = write

    def files(self, *, container: Container, path: str) -> Iterator[Artefact]:
        yield from super().files(container=container, path=path)
        self._write()


def test_source_that_was_written_again(
    emulated: Emulated, model: tuple[str, list[Artefact]]
) -> None:
    world, (path, files) = emulated.world, model
    artifacts = Overtaken(world.artifacts, lambda: world.upload(world.qa, {"m/b": b"BBB"}))
    with pytest.raises(StepError) as caught:
        copied(replace(world, artifacts=artifacts), path, files, "target/m")
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("ArtefactChanged", FailureKind.MODEL)
    assert not failure.retryable
    assert "m/b" in failure.message
    client = world.artifacts._blobs.client(world.container(world.prod))
    assert not client.get_blob_client("target/m/b").exists()


def test_source_that_is_gone(emulated: Emulated, model: tuple[str, list[Artefact]]) -> None:
    world, (path, files) = emulated.world, model
    client = world.artifacts._blobs.client(world.container(world.qa))
    artifacts = Overtaken(world.artifacts, lambda: client.delete_blob("m/a"))
    with pytest.raises(StepError, match=r"ArtefactChanged: m/a .* is gone") as caught:
        copied(replace(world, artifacts=artifacts), path, files, "target/m")
    assert not failure_of(caught.value).retryable


def test_only_what_is_missing_is_copied(
    emulated: Emulated, model: tuple[str, list[Artefact]]
) -> None:
    world, (path, files) = emulated.world, model
    copied(world, path, files, "target/m")
    client = world.artifacts._blobs.client(world.container(world.prod))
    before = client.get_blob_client("target/m/a").get_blob_properties()
    assert before.metadata == {SOURCE_ETAG: files[0].etag}
    client.delete_blob("target/m/b")
    assert copied(world, path, files, "target/m") is OperationState.SUCCEEDED
    after = client.get_blob_client("target/m/a").get_blob_properties()
    assert (after.etag, after.copy.id) == (before.etag, before.copy.id)


@pytest.mark.parametrize("change", ["write", "delete"])
def test_files_that_changed_between_two_lists_are_not_taken_for_the_same(
    emulated: Emulated, model: tuple[str, list[Artefact]], change: str
) -> None:
    """What is copied is what is listed then; it has to come to what was approved."""
    world, (path, files) = emulated.world, model
    if change == "write":
        world.upload(world.qa, {"m/b": b"BBB"})
    else:
        world.artifacts._blobs.client(world.container(world.qa)).delete_blob("m/b")
    with pytest.raises(StepError, match="ArtefactChanged: m in container"):
        copied(world, path, files, "target/m")
    failure = status_of(world, path, files, "target/m").failure
    assert failure is not None
    assert failure.code == "CopyDiffers"


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        ({"target/m/extra": b"x"}, '"extra" is not the source\'s'),
        ({"target/m/a": b"longer"}, '"a" has 6 bytes instead of 3'),
        ({"target/m/a": b"AAA"}, '"a" has another MD5 than its source'),
    ],
)
def test_copy_that_differs(
    emulated: Emulated,
    model: tuple[str, list[Artefact]],
    upload: dict[str, bytes],
    words: str,
) -> None:
    world, (path, files) = emulated.world, model
    copied(world, path, files, "target/m")
    world.upload(world.prod, upload)
    status = status_of(world, path, files, "target/m")
    assert status.failure is not None
    assert (status.failure.code, status.failure.kind) == ("CopyDiffers", FailureKind.FINAL)
    assert words in status.failure.message


def test_source_container_that_is_gone(
    emulated: Emulated, model: tuple[str, list[Artefact]]
) -> None:
    world = emulated.world
    gone = replace(world.container(world.prod), name="no-such-container")
    with pytest.raises(StepError, match="ContainerNotFound"):
        world.artifacts.copying(
            source=Place(world.container(world.qa), "m"),
            files=file_set(model[1]),
            target=Place(gone, "m"),
        )


def test_signed_address_reads_one_blob_for_a_day(emulated: Emulated) -> None:
    world = emulated.world
    url = world.artifacts._blobs.signed_url(world.container(world.qa), "m/a")
    query = dict(part.split("=", 1) for part in url.partition("?")[2].split("&"))
    assert (query["sp"], query["sr"]) == ("r", "b")


def test_keys_and_tokens_stay_on_this_machine() -> None:
    def key(_: Container) -> str:
        raise AssertionError("nobody should ask")

    remote = Container(WORKSPACE, "d", "http://account.example.com", "c")
    artifacts = Artifacts(credential=StaticToken("t"), access="datastore-key", datastore_key=key)
    with pytest.raises(StepError, match="InsecureStorageAddress"):
        list(artifacts.files(container=remote, path="m"))


@pytest.mark.parametrize(
    ("url", "account"),
    [
        ("https://acc.blob.core.windows.net", "acc"),
        ("https://acc.z01.blob.storage.azure.net/", "acc"),
        ("http://127.0.0.1:10000/devqa", "devqa"),
    ],
)
def test_account(url: str, account: str) -> None:
    assert account_of(url) == account
