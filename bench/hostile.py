"""What one registrant can do to everybody else: memory, and how long others wait for a page.

The models are those of `tests/adversary`: one whose answer is 400 MB in 400 KB, one whose answer is
as large as one may be, one whose log takes patterns long, one whose `MLmodel` unfolds to millions
of values, one with more files than are taken. They are released one after the other, while another
release's page is asked for.
"""

import http.client
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.data.tables import TableServiceClient
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from bench.report import MIB, BenchError, Row, at_most
from bench.running import RunningStack, running_stack
from shared.domain.limits import FILES

MORE_FILES = 1_000
"""Than are taken."""

EVERY_SECONDS = 0.1
MOST_GROWTH = 100.0
"""MiB of the function process's resident memory."""

SLOWEST_SECONDS = 1.0
WAIT_SECONDS = 240.0
PROVISION_SECONDS = 1.0
WRITERS = 6
SCORING = Path(__file__).parents[1] / "tests" / "adversary" / "scoring"
FACTOR = {"factor.json": b'{"factor": 2.0}'}
UNFOLDING = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 7)
)
WORST: Mapping[str, tuple[dict[str, bytes], str]] = {
    "bomb": ({"mischief.txt": b"bomb"}, "custom_model"),
    "wide": ({"mischief.txt": b"wide"}, "custom_model"),
    "log": ({"mischief.txt": b"log"}, "custom_model"),
    "mlmodel": ({"MLmodel": UNFOLDING.encode()}, "mlflow_model"),
}
"""Files and type of each model but the one of many files."""


class Watch:
    """Another release's page, asked for again and again, and the function process's memory."""

    def __init__(self, stack: RunningStack, path: str) -> None:
        self._stack, self._path = stack, path
        self._process = stack.function_process()
        self._over = Event()
        self._threads = [Thread(target=each) for each in (self._ask, self._weigh, self._read)]
        self.before = self.peak = self._process.memory_info().rss
        self.seconds: list[float] = []
        self.azurites_seconds: list[float] = []
        """Of a read of Azurite's tables alone: it is one process for blobs and tables."""

    def _ask(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            began = time.monotonic()
            try:
                self._stack.get(self._path)
            except requests.RequestException:
                continue
            finally:
                self.seconds.append(time.monotonic() - began)

    def _weigh(self) -> None:
        while not self._over.wait(EVERY_SECONDS / 2):
            self.peak = max(self.peak, self._process.memory_info().rss)

    def _read(self) -> None:
        connection = self._stack.facts["storage"]["function"]
        with TableServiceClient.from_connection_string(connection) as tables:
            while not self._over.wait(EVERY_SECONDS):
                began = time.monotonic()
                next(tables.list_tables(results_per_page=1))
                self.azurites_seconds.append(time.monotonic() - began)

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def rows(self, what: str) -> list[Row]:
        """What was seen."""
        slowest = sorted(self.seconds)
        p99 = slowest[int(len(slowest) * 0.99)]
        alone = max(self.azurites_seconds)
        growth = (self.peak - self.before) / MIB
        return [
            Row(what, f"{len(slowest)} pages"),
            at_most("  growth of resident memory in MiB", growth, MOST_GROWTH, "{:.0f}"),
            Row("  p99 of the pages in s", f"{p99:.3f}"),
            Row("  slowest page in s", f"{slowest[-1]:.2f}"),
            Row("  slowest read of Azurite alone in s", f"{alone:.2f}"),
            at_most("  slowest page, less that", slowest[-1] - alone, SLOWEST_SECONDS),
        ]


def run() -> list[Row]:
    """One model of each kind, and all that was seen meanwhile."""
    with (
        _pipelines() as pipelines,
        running_stack(provision_seconds=PROVISION_SECONDS, pipelines=pipelines) as stack,
    ):
        for name in ("quiet", "quiet-too"):  # the process imports what any release needs
            quiet = _ended(stack, _release(stack, name, FACTOR))
        if quiet["outcome"] != "Succeeded":
            raise BenchError(f"An honest release ended {quiet['outcome']}: {quiet['reason']}")
        page = f"/api/releases/{quiet['id']}"
        rows = []
        for kind, (files, type_) in WORST.items():
            with Watch(stack, page) as watch:
                told = _told(stack, _release(stack, kind, {**FACTOR, **files}, type_))
            rows += watch.rows(f"{kind}: {told}")
        _write_many(stack, "models/many/1", FILES + MORE_FILES)
        with Watch(stack, page) as watch:
            told = _told(stack, _release(stack, "many", FACTOR))
        return [*rows, *watch.rows(f"{FILES + MORE_FILES:,} files: {told}")]


def _release(
    stack: RunningStack, name: str, files: Mapping[str, bytes], type_: str = "custom_model"
) -> str:
    """Register a model of several files; the name of its pipeline."""
    stack.studio.register({**files, "other.txt": b""}, name=name, type_=type_)
    return name


def _told(stack: RunningStack, name: str) -> str:
    """How it ended, in a few words."""
    release = _ended(stack, name)
    return str(release["outcome"] or "people are asked")


def _ended(stack: RunningStack, name: str) -> dict[str, Any]:
    """The release of a pipeline, once it has ended or waits for people."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        for listed in stack.get(f"/api/releases?pipeline={name}")["releases"]:
            release = stack.get(f"/api/releases/{listed['id']}")
            if release["outcome"] or any(stage["ask"] for stage in release["stages"]):
                return release
        time.sleep(EVERY_SECONDS)
    return {"outcome": f"not over after {WAIT_SECONDS:.0f} s", "reason": ""}


def _write_many(stack: RunningStack, folder: str, count: int) -> None:
    """Write empty blobs, quicker than a client of Azure's."""
    parts = dict(part.split("=", 1) for part in stack.facts["storage"]["qa"].split(";") if part)
    container = stack.studio.client("qa").datastores.get("workspaceblobstore").container_name
    signed = generate_container_sas(
        parts["AccountName"],
        container,
        account_key=parts["AccountKey"],
        permission=ContainerSasPermissions(write=True, create=True),
        expiry="2099-01-01T00:00:00Z",
    )
    place = urlsplit(parts["BlobEndpoint"])

    def write(first: int) -> None:
        client = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        for number in range(first, count, WRITERS):
            path = f"{place.path}/{container}/{folder}/part-{number:06}?{signed}"
            client.request("PUT", path, b"", {"x-ms-blob-type": "BlockBlob"})
            answer = client.getresponse()
            answer.read()
            if answer.status != http.client.CREATED:
                raise BenchError(f"Blob storage took {number} blobs and then {answer.status}.")
        client.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))


@contextmanager
def _pipelines() -> Iterator[Path]:
    """A folder with a pipeline for each model: PROD asks somebody, QA nobody."""
    with tempfile.TemporaryDirectory(prefix="modelgate-bench-") as folder:
        shutil.copytree(SCORING, Path(folder) / "scoring")
        for name in ("quiet", "quiet-too", "many", *WORST):
            text = json.dumps(_pipeline(name))
            (Path(folder) / f"{name}.yaml").write_text(text, encoding="utf-8")
        yield Path(folder)


def _pipeline(name: str) -> dict[str, Any]:
    stage: dict[str, Any] = {
        "environment": {"image": "example/base", "conda_file": "scoring/conda.yaml"},
        "code": {"folder": "scoring"},
        "health": {
            "timeout": "3m",
            "interval": "1s",
            "sample_request": {"data": [1.0]},
            "expect": {"json": {"result": ["number"]}},
        },
    }
    workspaces = {
        role: {
            "subscription": f"${{{role}_SUBSCRIPTION_ID}}",
            "resource_group": f"${{{role}_RESOURCE_GROUP}}",
            "name": f"${{{role}_WORKSPACE}}",
        }
        for role in ("QA", "PROD")
    }
    asked = {
        "workspace": workspaces["PROD"],
        "approval": {"approvers": [f"approver@{name}.example"], "timeout": "1d"},
    }
    stages = [{**stage, "name": "qa", "endpoint": f"{name}-qa"}]
    if name not in ("quiet", "quiet-too"):
        stages.append({**stage, **asked, "name": "prod", "endpoint": f"{name}-prod"})
    return {
        "name": name,
        "source": workspaces["QA"],
        "model": name,
        "owners": [f"owner@{name}.example"],
        "stages": stages,
    }
