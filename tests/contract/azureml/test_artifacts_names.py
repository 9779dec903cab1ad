"""What registrants call their files, and how many they are: through azure-storage-blob."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.sax.saxutils import escape

import pytest
from aiohttp import web

from shared.adapters.artifacts import Artifacts
from shared.adapters.egress.credentials import StaticToken
from shared.domain.artefacts import FileSet, file_set
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Workspace
from shared.ports import Container, Place
from tests.contract.azureml.world import Emulated, failure_of
from tests.contract.serving import serving

LISTING = (
    "<EnumerationResults><Prefix>{prefix}</Prefix><MaxResults>{most}</MaxResults><Blobs>{blobs}</Blobs>"
    "<NextMarker>{after}</NextMarker></EnumerationResults>"
)
BLOB = (
    "<Blob><Name>{name}</Name><Properties><Etag>0x1</Etag><Content-Length>3</Content-Length>"
    "<BlobType>BlockBlob</BlobType></Properties></Blob>"
)


@dataclass
class Storage:
    """A container with files below `m`; nothing lies elsewhere, and anything may be written."""

    names: list[str]
    copies: int = 1
    """How often each name comes, with its number at its end."""

    pages: list[int] = field(default_factory=list)
    """How many files each answer had."""

    written: list[str] = field(default_factory=list)
    """Paths of what was written, as they came in."""

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "PUT":
            self.written.append(request.raw_path.partition("?")[0])
            return web.Response(status=202)
        if request.method == "HEAD":
            return web.Response(status=404, headers={"x-ms-error-code": "BlobNotFound"})
        is_here = request.query["prefix"] == "m/"
        start, most = int(request.query.get("marker", 0)), int(request.query["maxresults"])
        total = len(self.names) * self.copies if is_here else 0
        numbers = range(start, min(start + most, total))
        self.pages.append(len(numbers))
        blobs = "".join(BLOB.format(name=escape(self._name(number))) for number in numbers)
        after = start + most if start + most < total else ""
        text = LISTING.format(prefix=request.query["prefix"], most=most, blobs=blobs, after=after)
        return web.Response(text=text, content_type="application/xml")

    def _name(self, number: int) -> str:
        name = f"m/{self.names[number % len(self.names)]}"
        return name if self.copies == 1 else f"{name}{number}"


@contextmanager
def reached(storage: Storage, **more: int) -> Iterator[tuple[Artifacts, Container]]:
    """The adapter, and the container as it knows it."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", storage.answer)
    with serving(app) as address:
        artifacts = Artifacts(
            credential=StaticToken("secret-token"),
            access="datastore-key",
            datastore_key=lambda _: "a2V5",
            **more,
        )
        yield artifacts, Container(Workspace("s", "g", "wk"), "d", f"{address}/acc", "c")


UNSAFE = {
    "../other/model.pkl": '"../other/model.pkl"',
    "a/../../../b": '"a/../../../b"',
    "a//b": '"a//b"',
    "": '""',
    "a/": '"a/"',
    "./a": '"./a"',
    "a\\..\\b": r'"a\\..\\b"',
    "invoice\u202egpj.exe": r'"invoice\u{202e}gpj.exe"',
    "line\u2028two": r'"line\u{2028}two"',
    "n" * 1023: "nnn…nnn",
}


@pytest.mark.parametrize("name", UNSAFE)
def test_names_that_are_refused(name: str) -> None:
    storage = Storage(["MLmodel", name])
    with reached(storage) as (artifacts, container), pytest.raises(StepError) as caught:
        list(artifacts.files(container=container, path="m"))
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("UnsafeFileName", FailureKind.MODEL)
    assert UNSAFE[name] in failure.message
    assert storage.written == []


@pytest.mark.parametrize("path", ["m/../other", "m//x", ".", "m\\x", "", "m/\u202ex", "n" * 1025])
def test_paths_that_are_refused(path: str) -> None:
    """Before anything is asked of the storage."""
    storage = Storage(["a"])
    with reached(storage) as (artifacts, container):
        for asks in (
            lambda: list(artifacts.files(container=container, path=path)),
            lambda: artifacts.signature(container=container, path=path),
        ):
            with pytest.raises(StepError, match="UnsafeFileName"):
                asks()
    assert storage.pages == []


def test_names_that_become_too_long_where_they_are_copied_to() -> None:
    storage = Storage(["n" * 1000])
    with reached(storage) as (artifacts, container):
        source = Place(container, "m")
        files = file_set(artifacts.files(container=container, path="m"))
        with pytest.raises(StepError, match=r"UnsafeFileName.*more than 1,024 characters"):
            artifacts.begin_copy(source=source, files=files, target=Place(container, "t" * 30))
    assert storage.written == []


ODD = [
    "%2e%2e/%2e%2e/up",
    "..%2fup",
    "%252e%252e/up",
    "a%00b",
    "a;b/c:d@e",
    "?x=1&y",
    "#z",
    "größe 1+1.bin",
    "a b/.../c",
    "~/x",
    "a%5c..%5cb",
]


def test_no_client_makes_another_path_of_a_name() -> None:
    """What is written is what was listed, to the letter: nothing is decoded or taken out."""
    storage = Storage(ODD)
    with reached(storage) as (artifacts, container):
        files = file_set(artifacts.files(container=container, path="m"))
        artifacts.begin_copy(
            source=Place(container, "m"), files=files, target=Place(container, "t")
        )
    assert sorted(unquote(path) for path in storage.written) == sorted(
        f"/acc/c/t/{name}" for name in ODD
    )


def test_odd_names_reach_their_place(emulated: Emulated) -> None:
    """As above, with what Azurite makes of them."""
    world = emulated.world
    odd = [name for name in ODD if "%00" not in name]
    world.upload(world.qa, {f"odd/m/{name}": name.encode() for name in odd})
    source = Place(world.container(world.qa), "odd/m")
    target = Place(world.container(world.prod), "odd/t")
    files = file_set(world.artifacts.files(container=source.container, path=source.path))
    world.artifacts.begin_copy(source=source, files=files, target=target)
    assert world.artifacts.copying(source=source, files=files, target=target).digest
    client = world.artifacts._blobs.client(target.container)
    for name in odd:
        assert client.download_blob(f"odd/t/{name}").readall() == name.encode()


@pytest.mark.parametrize(("count", "is_taken"), [(2500, True), (2501, False)])
def test_files_are_counted_while_they_are_listed(count: int, is_taken: bool) -> None:
    storage = Storage(["f"], copies=count + 5000 * (not is_taken))
    with reached(storage, most_files=2500) as (artifacts, container):
        if is_taken:
            assert file_set(artifacts.files(container=container, path="m")).count == count
        else:
            with pytest.raises(StepError) as caught:
                file_set(artifacts.files(container=container, path="m"))
            failure = failure_of(caught.value)
            assert (failure.code, failure.kind) == ("TooManyFiles", FailureKind.MODEL)
            assert 'at "m" in container c of workspace wk has more than 2,500' in failure.message
            assert "\n" not in failure.message
    assert storage.pages == [200] * 12 + [100 if is_taken else 200]


def peak_of(call: Callable[[], object]) -> int:
    """Bytes that Python held at the most during a call, on top of what it held before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_many_files_take_as_much_memory_as_a_page_of_them() -> None:
    """Four times the files, each with a kilobyte of a name: 3 MB that are not kept."""

    def counted() -> FileSet:
        return file_set(artifacts.files(container=container, path="m"))

    peaks = []
    for count in (1000, 4000):
        with reached(Storage(["n" * 1000], copies=count)) as (artifacts, container):
            peaks.append(peak_of(counted))
    assert peaks[1] - peaks[0] < 1_000_000
