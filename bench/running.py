"""A stack of its own for each benchmark, with a meter in the function process, and one release."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import requests

from bench.report import BenchError
from dev.approver import Approver
from dev.example import Studio
from dev.stack import PEOPLE

METER = Path(__file__).parent / "meter"
METER_SECONDS = 0.6
"""After so long the meter's file has everything that has happened."""

LOOK_SECONDS = 0.05
"""How often the approver looks into the mailbox: an approval as immediate as a person's can be."""

CURRENT_CLOUD = "AZUREML_CURRENT_CLOUD"
"""Where azure-ai-ml keeps the cloud of its latest client: of no use to the next stack."""

WAIT_SECONDS = 300.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What the meter has counted so far."""

    received: Mapping[int, int]
    """Bytes by the peer's port."""

    sent: Mapping[int, int]
    requests: Mapping[str, int]
    """HTTP requests of the function process, by `port METHOD url`."""


@dataclass(frozen=True, slots=True)
class Released:
    """A release that has ended, and what was seen of the function process meanwhile."""

    document: dict[str, Any]
    """As `GET /api/releases/{id}` shows it."""

    counts: Counts
    """What the meter had counted at its end."""

    peak_bytes: int
    """The most resident memory that it had."""


class RunningStack:
    """The stack of a benchmark."""

    def __init__(self, facts: dict[str, Any], meter: Path) -> None:
        """Take what the stack printed, and the file that the meter writes."""
        self.facts = facts
        self.studio = Studio(facts)
        self._meter = meter

    def counts(self) -> Counts:
        """What the function process has sent and received since it started."""
        time.sleep(METER_SECONDS)
        raw = json.loads(self._meter.read_text(encoding="utf-8"))
        by_direction: dict[str, dict[int, int]] = {"received": {}, "sent": {}}
        for direction, port, number in raw["bytes"]:
            by_direction[direction][port] = number
        return Counts(by_direction["received"], by_direction["sent"], raw["requests"])

    def ports(self) -> dict[str, int]:
        """Where the function process finds what it leans on."""
        parts = dict(
            part.partition("=")[::2] for part in self.facts["storage"]["function"].split(";")
        )
        urls = {name: self.facts[name] for name in ("azureml", "mailbox", "eventgrid")}
        urls |= {"blob": parts["BlobEndpoint"], "table": parts["TableEndpoint"]}
        return {name: int(urlsplit(url).port or 0) for name, url in urls.items()}

    def get(self, path: str) -> dict[str, Any]:
        """A JSON document of the function app."""
        headers = {"x-functions-key": self.facts["function_key"]}
        answer = requests.get(self.facts["functions"] + path, headers=headers, timeout=60)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    def azureml(self, name: str) -> Any:  # noqa: ANN401 (an object or a list)
        """What the Azure ML emulator's control prefix answers."""
        return requests.get(f"{self.facts['azureml']}/_emulator/{name}", timeout=30).json()

    def mails(self, to: str | None = None) -> int:
        """How many mails have arrived."""
        address = f"{self.facts['mailbox']}/messages"
        return len(requests.get(address, params={"to": to} if to else None, timeout=10).json())

    def release(self, model: bytes, *, version: str = "1") -> Released:
        """Register a model version, approve it as soon as the mail is there, wait for the end.

        The end is seen in the owners' mail: asking the service would count as its work.

        Raises:
            BenchError: It did not succeed.
        """
        approver = Approver(self.facts, PEOPLE["APPROVER"])
        links, ended = len(approver.links()), self.mails(PEOPLE["OWNER"])
        process = self.function_process()
        self.studio.register({"model.pkl": model}, version=version)
        peak, decided = 0, False
        deadline = time.monotonic() + WAIT_SECONDS
        while self.mails(PEOPLE["OWNER"]) == ended:
            if time.monotonic() > deadline:
                raise BenchError(f"The release had not ended after {WAIT_SECONDS:.0f} s.")
            peak = max(peak, process.memory_info().rss)
            if not decided and (new := approver.links()[links:]):
                decided = approver.decide(new[-1], "approve").ok
            time.sleep(LOOK_SECONDS)
        counts = self.counts()
        listed = self.get("/api/releases?limit=1")["releases"][0]
        if listed["outcome"] != "Succeeded":
            raise BenchError(f"The release ended {listed['outcome']}: {listed['reason']}")
        return Released(self.get(f"/api/releases/{listed['id']}"), counts, peak)

    def function_process(self) -> psutil.Process:
        """The process that is measured."""
        return psutil.Process(json.loads(self._meter.read_text(encoding="utf-8"))["pid"])


@contextmanager
def running_stack(
    *, provision_seconds: float, pipelines: Path | None = None
) -> Iterator[RunningStack]:
    """Start a stack; it and all that it wrote are gone afterwards."""
    command = [sys.executable, "-m", "dev.stack", "--json"]
    command += ["--provision-seconds", str(provision_seconds)]
    command += ["--pipelines", str(pipelines)] if pipelines else []
    with tempfile.TemporaryDirectory(prefix="modelgate-bench-") as folder:
        meter = Path(folder) / "meter.json"
        environment = os.environ | {"PYTHONPATH": str(METER), "MODELGATE_METER": str(meter)}
        environment.pop(CURRENT_CLOUD, None)
        with subprocess.Popen(  # noqa: S603 (fixed)
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line:
                    raise BenchError("The local stack did not start; the reason is above.")
                yield RunningStack(json.loads(line), meter)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(STOP_SECONDS)
