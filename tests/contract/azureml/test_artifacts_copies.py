"""Copies in conflict: what lies in the target, what another worker does, what storage says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from shared.adapters.artifacts import Artifacts
from shared.adapters.egress.credentials import StaticToken
from shared.adapters.listing import SOURCE_ETAG
from shared.domain.artefacts import Artefact, file_set
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Workspace
from shared.ports import Container, CopyStatus, OperationState, Place
from tests.contract.azureml.world import Emulated, World, failure_of
from tests.contract.serving import serving

WORKSPACE = Workspace("s", "g", "wk")


def begun(world: World, path: str, target: str) -> None:
    """Copy what lies in QA now."""
    source = Place(world.container(world.qa), path)
    files = file_set(world.artifacts.files(container=source.container, path=path))
    to = Place(world.container(world.prod), target)
    world.artifacts.begin_copy(source=source, files=files, target=to)
    status = world.artifacts.copying(source=source, files=files, target=to)
    assert status.state is OperationState.SUCCEEDED


@pytest.mark.parametrize("same_metadata", [False, True], ids=["plain", "with our metadata"])
def test_what_lies_there_is_not_overwritten(emulated: Emulated, same_metadata: bool) -> None:
    """Not even where somebody wrote our metadata on it: only a copy has a copy's status."""
    world = emulated.world
    world.upload(world.qa, {"m/a": b"aaa", "m/b": b"bbb"})
    client = world.artifacts._blobs.client(world.container(world.prod))
    files = world.artifacts.files(container=world.container(world.qa), path="m")
    etags = {file.name: file.etag for file in files}
    metadata = {SOURCE_ETAG: etags["a"]} if same_metadata else {}
    client.upload_blob("target/m/a", b"xxx", metadata=metadata)
    with pytest.raises(StepError) as caught:
        begun(world, "m", "target/m")
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("CopyTargetTaken", FailureKind.FINAL)
    assert '"target/m/a" in container' in failure.message
    assert "delete it, then start the release again" in failure.message
    assert client.download_blob("target/m/a").readall() == b"xxx"


def test_copies_of_other_sources_are_not_overwritten(emulated: Emulated) -> None:
    """The same name and size, and yet another file."""
    world = emulated.world
    world.upload(world.qa, {"m/a": b"aaa", "m/b": b"bbb"})
    begun(world, "m", "target/m")
    world.upload(world.qa, {"m/a": b"AAA"})
    with pytest.raises(StepError, match="CopyTargetTaken"):
        begun(world, "m", "target/m")
    client = world.artifacts._blobs.client(world.container(world.prod))
    assert client.download_blob("target/m/a").readall() == b"aaa"


@dataclass
class Storage:
    """An account whose answers Azurite never gives: one blob in the source, one in the target."""

    status: str = "pending"
    size: int = 3
    refusal: tuple[int, str] = (202, "")
    """Status and code of the answer to a copy."""

    written: list[str] = field(default_factory=list)
    conditions: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            prefix = request.query["prefix"]
            blob = TARGET if prefix == "t/" and self.status else SOURCE if prefix == "s/" else ""
            text = LISTING.format(prefix=prefix, blob=blob.format(**vars(self)))
            return web.Response(text=text, content_type="application/xml")
        if request.method == "HEAD":
            return self.properties()
        self.written.append(f"{request.method} {request.raw_path.partition('?')[0]}")
        names = ("If-Match", "If-None-Match", "x-ms-source-if-match")
        self.conditions.append({n: request.headers[n] for n in names if n in request.headers})
        status, code = self.refusal if request.method == "PUT" else (202, "")
        return web.Response(status=status, headers={"x-ms-error-code": code} if code else {})

    def properties(self) -> web.Response:
        if not self.status:
            return web.Response(status=404, headers={"x-ms-error-code": "BlobNotFound"})
        headers = {
            "ETag": '"0x9"',
            "Content-Length": str(self.size),
            "Last-Modified": "Sat, 28 Nov 2026 10:15:00 GMT",
            "x-ms-blob-type": "BlockBlob",
            "x-ms-meta-modelgate_source_etag": "0x1",
            "x-ms-copy-id": "1",
            "x-ms-copy-status": self.status,
        }
        return web.Response(headers=headers)


@contextmanager
def stand_in(
    **state: Any,  # noqa: ANN401 (fields of `Storage`)
) -> Iterator[tuple[Storage, Callable[[], None], Callable[[], CopyStatus]]]:
    """Storage, and how to begin and look at the copy of its one file."""
    storage = Storage(**state)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", storage.answer)
    with serving(app) as address:
        container = Container(WORKSPACE, "d", f"{address}/acc", "c")
        artifacts = Artifacts(
            credential=StaticToken("t"), access="datastore-key", datastore_key=lambda _: "a2V5"
        )
        places = {"source": Place(container, "s"), "target": Place(container, "t")}
        files = file_set([Artefact("a", 3, "0x1")])
        yield (
            storage,
            partial(artifacts.begin_copy, files=files, **places),
            partial(artifacts.copying, files=files, **places),
        )


def test_statuses_of_a_slow_copy() -> None:
    """Pending, then failed; what is pending is left alone, what broke off is cleared away."""
    with stand_in() as (storage, begin, status):
        begin()
        assert status().state is OperationState.RUNNING
        assert storage.written == []
        storage.status = "failed"
        failed = status().failure
        assert failed is not None
        assert (failed.code, failed.retryable) == ("CopyFailed", True)
        assert "500 InternalServerError" in failed.message
        with pytest.raises(StepError, match="CopyFailed"):
            begin()
        assert storage.written == ["DELETE /acc/c/t/a"]
        assert storage.conditions == [{"If-Match": '"0x9"'}]


def test_copies_go_only_to_where_nothing_lies() -> None:
    with stand_in(status="") as (storage, begin, _):
        begin()
    assert storage.written == ["PUT /acc/c/t/a"]
    assert storage.conditions == [{"If-None-Match": "*", "x-ms-source-if-match": '"0x1"'}]


@pytest.mark.parametrize("refusal", [(409, "BlobAlreadyExists"), (412, "TargetConditionNotMet")])
@pytest.mark.parametrize("status", ["pending", "success", "failed"])
def test_another_worker_that_was_quicker_is_fine(refusal: tuple[int, str], status: str) -> None:
    """It copied the same after this one had listed the target."""
    with stand_in(status="", refusal=refusal) as (storage, begin, _):
        answers = iter([web.Response(status=404), None])
        properties = storage.properties

        def quicker() -> web.Response:
            first = next(answers)
            storage.status = status
            return first or properties()

        storage.properties = quicker  # type: ignore[method-assign] # between two looks
        begin()
    assert storage.written == ["PUT /acc/c/t/a"]


@pytest.mark.parametrize("code", ["BlobAlreadyExists", "ConditionNotMet"])
def test_a_target_of_another_size_is_no_copy(code: str) -> None:
    with stand_in(status="", refusal=(409, code)) as (storage, begin, _):
        answers = iter([web.Response(status=404), None])
        properties = storage.properties

        def other() -> web.Response:
            first = next(answers)
            storage.status, storage.size = "success", 4
            return first or properties()

        storage.properties = other  # type: ignore[method-assign] # between two looks
        with pytest.raises(StepError) as caught:
            begin()
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind, failure.retryable) == (
        "CopyTargetTaken",
        FailureKind.FINAL,
        False,
    )
    assert "4 bytes, written 2026-11-28 10:15 UTC" in failure.message


def test_a_conflict_where_nothing_lies_is_told_as_it_is() -> None:
    with (
        stand_in(status="", refusal=(409, "PublicAccessNotPermitted")) as (_, begin, _status),
        pytest.raises(StepError) as caught,
    ):
        begin()
    assert failure_of(caught.value).code == "PublicAccessNotPermitted"


LISTING = """<?xml version="1.0" encoding="utf-8"?>
<EnumerationResults ServiceEndpoint="http://127.0.0.1/" ContainerName="c"><Prefix>{prefix}</Prefix>
<Blobs>{blob}</Blobs><NextMarker /></EnumerationResults>"""

SOURCE = """<Blob><Name>s/a</Name><Properties><Etag>0x1</Etag><Content-Length>3</Content-Length>
<BlobType>BlockBlob</BlobType></Properties></Blob>"""

TARGET = """<Blob><Name>t/a</Name><Properties><Etag>0x9</Etag><Content-Length>3</Content-Length>
<BlobType>BlockBlob</BlobType><CopyId>1</CopyId><CopyStatus>{status}</CopyStatus>
<CopyStatusDescription>500 InternalServerError "Copy failed."</CopyStatusDescription>
</Properties><Metadata><modelgate_source_etag>0x1</modelgate_source_etag></Metadata></Blob>"""
