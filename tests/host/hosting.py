"""Runs `python -m dev.host` for a test and calls it over HTTP."""

import json
import os
import select
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    text: str

    def json(self) -> Any:  # noqa: ANN401 (any JSON)
        return json.loads(self.text)


@dataclass(frozen=True)
class RunningHost:
    process: subprocess.Popen[str]
    url: str
    function_key: str
    master_key: str
    system_keys: Mapping[str, str]
    functions: list[str]
    log: Path

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Answer:
        """One request; `body` is sent as it is if bytes, else as JSON."""
        url = path if path.startswith("http") else self.url + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(url, data, dict(headers or {}), method=method)  # noqa: S310 (http)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 (http)
                return Answer(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def manage(self, method: str, path: str, body: object = None, **query: str) -> Answer:
        """One request to the Durable management API, with its key."""
        code = self.system_keys["durabletask_extension"]
        path = f"/runtime/webhooks/durabletask/{path}"
        return self.call(method, path, body, None, code=code, **query)

    def start(self, name: str, body: object = None, **query: str) -> str:
        """Start an orchestration; its id."""
        answer = self.manage("POST", f"orchestrators/{name}", body, **query)
        assert answer.status == 202, answer.text
        return str(answer.json()["id"])

    def finish(self, instance_id: str, seconds: float = 15) -> dict[str, Any]:
        """The state of an instance once it has ended."""
        return self.wait_for(
            instance_id, {"Completed", "Failed", "Terminated", "Canceled"}, seconds
        )

    def wait_for(self, instance_id: str, statuses: set[str], seconds: float = 15) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state: dict[str, Any] = self.manage("GET", f"instances/{instance_id}").json()
            if state["runtimeStatus"] in statuses:
                return state
            time.sleep(0.05)
        raise AssertionError(f"{instance_id} is still {state['runtimeStatus']}")

    def run(self, name: str, body: object = None) -> dict[str, Any]:
        """Start an orchestration and wait for its end."""
        return self.finish(self.start(name, body))

    def invocations(self, name: str) -> dict[str, Any]:
        counts = self.call("GET", "/_emulator/invocations").json()
        return dict(counts.get(name, {"started": 0, "succeeded": 0, "failed": 0}))


def command(app: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "dev.host", "--app", str(app), "--port", "0", "--json", *options]


@contextmanager
def running_host(
    app: Path, log: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[RunningHost]:
    """A host for the app, ended by SIGTERM."""
    with (
        log.open("w") as errors,
        subprocess.Popen(  # noqa: S603 (our own host)
            command(app, *options),
            cwd=ROOT,
            env=os.environ | dict(environment or {}),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            readable, _, _ = select.select([process.stdout], [], [], 30)
            assert readable, "the host is not ready after 30 s"
            line = process.stdout.readline()
            assert line, log.read_text()
            yield RunningHost(process=process, log=log, **json.loads(line))
        finally:
            process.terminate()
            process.wait(10)
