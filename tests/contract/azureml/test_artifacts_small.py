"""Small texts beside models, and whether anything can be written: through azure-storage-blob."""

import base64
import gzip
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web
from azure.storage.blob import ContentSettings

from shared.adapters.artifacts import Artifacts
from shared.adapters.egress.credentials import StaticToken
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Workspace
from shared.ports import Container
from tests.contract.azureml.world import Emulated, World, failure_of
from tests.contract.serving import serving

TEXT = "größe: 1\n"
KEY = base64.b64encode(b"no account's key").decode()


@pytest.mark.live
@pytest.mark.parametrize(
    ("content", "limit", "text"),
    [
        (TEXT.encode(), 11, TEXT),
        (b"", 10, ""),
        (TEXT.encode(), 10, None),
        (b"\xff\xfe", 10, None),
    ],
)
def test_small_texts(world: World, content: bytes, limit: int, text: str | None) -> None:
    """The limit is one of bytes; what is no UTF-8 is no text."""
    name, container = f"contract/{world.unique}/model/MLmodel", world.container(world.qa)
    world.upload(world.qa, {name: content})
    assert world.artifacts.text(container=container, name=name, limit=limit) == text
    missing = world.artifacts.text(container=container, name=f"{name}/absent", limit=limit)
    assert missing is None


@pytest.mark.live
def test_signature_of_a_model(world: World) -> None:
    """Out of the file in the model's folder; a model that is a file has none."""
    path, container = f"contract/{world.unique}/model", world.container(world.qa)
    signature = 'signature:\n  inputs: \'[{"type": "double", "name": "AGE"}]\'\n'
    world.upload(world.qa, {f"{path}/MLmodel": signature.encode(), f"{path}.pkl": b"abc"})
    assert world.artifacts.signature(container=container, path=path) == {
        "inputs": [{"type": "double", "name": "AGE"}]
    }
    assert world.artifacts.signature(container=container, path=f"{path}.pkl") is None


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "deflate"])
@pytest.mark.parametrize("packed", [1, 2])
def test_what_a_blob_says_of_its_encoding_is_not_believed(
    emulated: Emulated, encoding: str, packed: int
) -> None:
    """A few hundred bytes would become gigabytes, or an answer that cannot be read."""
    world = emulated.world
    name, container = f"contract/{world.unique}/model/MLmodel", world.container(world.qa)
    content = b"a" * 40_000_000
    for _ in range(packed):
        content = gzip.compress(content)
    blob = world.artifacts._blobs.client(container).get_blob_client(name)
    settings = ContentSettings(content_encoding=encoding)
    blob.upload_blob(content, overwrite=True, content_settings=settings)
    tracemalloc.start()
    try:
        assert world.artifacts.text(container=container, name=name, limit=64 * 1024) is None
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@contextmanager
def storage(*, size: int, status: int, code: str = "") -> Iterator[tuple[Container, list[str]]]:
    """A container whose blobs are of this size and whose every other answer is `status`."""
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.method)
        if request.method == "HEAD":
            headers = {"ETag": '"0x1"', "Content-Length": str(size), "x-ms-blob-type": "BlockBlob"}
            return web.Response(headers=headers)
        text = f"<Error><Code>{code}</Code><Message>No.</Message></Error>"
        headers = {"x-ms-error-code": code}
        return web.Response(
            status=status, headers=headers, text=text, content_type="application/xml"
        )

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    with serving(app) as address:
        yield Container(Workspace("s", "g", "wk"), "d", f"{address}/account", "models"), calls


def artifacts() -> Artifacts:
    return Artifacts(
        credential=StaticToken("secret-token"),
        access="datastore-key",
        datastore_key=lambda _: KEY,
    )


def test_no_byte_of_what_is_too_large() -> None:
    with storage(size=101, status=200) as (container, calls):
        assert artifacts().text(container=container, name="m/MLmodel", limit=100) is None
    assert calls == ["HEAD"]


def test_text_that_is_written_again_meanwhile() -> None:
    with (
        storage(size=3, status=412, code="ConditionNotMet") as (container, _),
        pytest.raises(StepError) as caught,
    ):
        artifacts().text(container=container, name="m/MLmodel", limit=100)
    failure = failure_of(caught.value)
    assert (failure.code, failure.retryable) == ("ConditionNotMet", True)


@pytest.mark.live
def test_writing(world: World) -> None:
    """Twice over the same blob, and nothing stays."""
    container, prefix = world.container(world.prod), f"contract/{world.unique}"
    for _ in range(2):
        world.artifacts.check_writable(container=container, prefix=prefix)
    assert list(world.artifacts.files(container=container, path=prefix)) == []


def test_writing_where_somebody_else_takes_it_away() -> None:
    """Two who look in the same moment share the blob."""
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.method)
        status = 201 if request.method == "PUT" else 404
        return web.Response(status=status, headers={"x-ms-error-code": "BlobNotFound"})

    app = web.Application()
    app.router.add_route("*", "/account/models/modelgate/.writable", answer)
    with serving(app) as address:
        container = Container(Workspace("s", "g", "wk"), "d", f"{address}/account", "models")
        artifacts().check_writable(container=container, prefix="modelgate")
    assert calls == ["PUT", "DELETE"]


def test_writing_that_is_refused() -> None:
    with (
        storage(size=0, status=403, code="AuthorizationPermissionMismatch") as (container, calls),
        pytest.raises(StepError) as caught,
    ):
        artifacts().check_writable(container=container, prefix="modelgate")
    failure = failure_of(caught.value)
    assert failure.code == "AuthorizationPermissionMismatch"
    assert failure.kind is FailureKind.ACTION_REQUIRED
    assert calls == ["PUT"]
