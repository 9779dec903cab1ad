"""Azurite, Microsoft's storage emulator, as a process that never outlives its owner."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_SCRIPT = Path(__file__).parent / "azurite" / "node_modules" / ".bin" / "azurite"
_HOST = "127.0.0.1"
_ATTEMPTS = 3
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0

_END_WITH_OWNER = (
    "data:text/javascript,process.stdin.on('end',()=>{process.kill(process.pid,'SIGTERM');"
    "setTimeout(()=>process.exit(1),3000).unref()}).resume()"
)
"""Run before Azurite: its standard input is a pipe from us, which ends however we end."""


class AzuriteError(Exception):
    """Azurite is not installed or did not start."""


@dataclass(frozen=True)
class Ports:
    """Where Azurite listens on loopback."""

    blob: int
    queue: int
    table: int


@dataclass(frozen=True)
class Account:
    """One storage account of a running Azurite, addressed path-style."""

    name: str
    key: str
    ports: Ports

    @property
    def blob_endpoint(self) -> str:
        """Such as ``http://127.0.0.1:10000/devqa``."""
        return f"http://{_HOST}:{self.ports.blob}/{self.name}"

    @property
    def queue_endpoint(self) -> str:
        """The queue service's address."""
        return f"http://{_HOST}:{self.ports.queue}/{self.name}"

    @property
    def table_endpoint(self) -> str:
        """The table service's address."""
        return f"http://{_HOST}:{self.ports.table}/{self.name}"

    @property
    def connection_string(self) -> str:
        """What Azure's clients take to reach all three services."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.name};AccountKey={self.key};"
            f"BlobEndpoint={self.blob_endpoint};QueueEndpoint={self.queue_endpoint};"
            f"TableEndpoint={self.table_endpoint};"
        )


def account_key(name: str) -> str:
    """A key that is the same whenever an account of this name is started."""
    return base64.b64encode(hashlib.sha512(f"azurite:{name}".encode()).digest()).decode()


class Azurite:
    """A running Azurite with the accounts it was asked for; also a context manager.

    A second start on the same folder finds what the first one stored.
    """

    def __init__(
        self, folder: Path, accounts: Sequence[str], *, ports: Ports | None = None
    ) -> None:
        """Prepare to run.

        Args:
            folder: Where blobs, queues and tables are kept.
            accounts: Names of the accounts, 3 to 24 lower-case letters and digits.
            ports: Where to listen; free ports when None.
        """
        self._folder = folder
        self._names = tuple(accounts)
        self._fixed_ports = ports
        self._process: subprocess.Popen[bytes] | None = None
        self.accounts: dict[str, Account] = {}

    def start(self) -> Self:
        """Start and wait until all three services accept connections.

        Raises:
            AzuriteError: If it is not installed or does not come up.
        """
        node = shutil.which("node")
        if node is None or not _SCRIPT.exists():
            msg = "Azurite needs Node.js 20 or later and `npm ci` in dev/azurite"
            raise AzuriteError(msg)
        self._folder.mkdir(parents=True, exist_ok=True)
        for _ in range(_ATTEMPTS):
            ports = self._fixed_ports or _free_ports()
            self._process = self._launch(node, ports)
            if _listening(self._process, ports):
                self.accounts = {
                    name: Account(name, account_key(name), ports) for name in self._names
                }
                return self
            self.stop()
        msg = f"Azurite did not start; see {self._folder / 'azurite.log'}"
        raise AzuriteError(msg)

    def _launch(self, node: str, ports: Ports) -> subprocess.Popen[bytes]:
        keys = ";".join(f"{name}:{account_key(name)}" for name in self._names)
        command = [
            *(node, "--import", _END_WITH_OWNER, str(_SCRIPT.resolve())),
            *("--silent", "--skipApiVersionCheck", "--disableTelemetry"),
            *("--location", str(self._folder)),
            *("--blobHost", _HOST, "--blobPort", str(ports.blob)),
            *("--queueHost", _HOST, "--queuePort", str(ports.queue)),
            *("--tableHost", _HOST, "--tablePort", str(ports.table)),
        ]
        with (self._folder / "azurite.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (a fixed command, no shell)
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"AZURITE_ACCOUNTS": keys},
                # Ctrl-C at the terminal reaches the owner alone, which then stops us in its order.
                start_new_session=True,
            )

    def stop(self) -> None:
        """Stop, after what is in flight has been written."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _free_ports() -> Ports:
    """Three ports that were free a moment ago, held together so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(3)]
        for sock in sockets:
            sock.bind((_HOST, 0))
        return Ports(*(sock.getsockname()[1] for sock in sockets))


def _listening(process: subprocess.Popen[bytes], ports: Ports) -> bool:
    """Whether all services came up; False when the process ended or took too long."""
    deadline = time.monotonic() + _START_SECONDS
    waiting = [ports.blob, ports.queue, ports.table]
    while waiting and time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((_HOST, waiting[0]), timeout=1).close()
            waiting.pop(0)
        except OSError:
            time.sleep(0.05)
    return not waiting and process.poll() is None
