"""Starts and ends inference servers, and outlives none of them nor whoever asked for them.

Speaks JSON lines. On standard input: `{"start": id, "entry_script", "directory", "log",
"environment"}` and `{"stop": id}`. On standard output: `{"ready": true}` once, `{"id", "port"}` for
every start and `{"id", "exited": status}` for every end. When standard input ends, however the
process at its other end died, every server is killed and this process ends.

With `--warm` the common libraries are imported once and every server is a fork of this process,
which takes a fraction of a second; without it every server is a fresh interpreter.
"""

import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

_SOCKET_FD = 3
_STOP_GRACE_SECONDS = 2.0
_SERVE = Path(__file__).with_name("serve.py")
_WARM_MODULES = (
    "azure.monitor.opentelemetry.exporter",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.sync",
    "inference_schema.schema_util",
    "joblib",
    "mlflow.pyfunc",
    "opentelemetry.sdk._logs",
    "pandas",
    "pydantic_settings",
    "serve",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.pipeline",
)


class Supervisor:
    """The servers that run, each the leader of a process group of its own."""

    def __init__(self, *, warm: bool) -> None:
        self._warm = warm
        self._ids: dict[int, str] = {}
        self._kill_at: dict[int, float] = {}

    def run(self) -> None:
        """Obeys standard input until it ends, then kills what is left."""
        wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write)
        if self._warm:
            for module in _WARM_MODULES:
                importlib.import_module(module)
        _answer(ready=True)
        pending = b""
        while True:
            readable, _, _ = select.select([0, wake], [], [], self._seconds_to_next_kill())
            if wake in readable:
                os.read(wake, 4096)
            self._reap()
            self._kill_overdue()
            if 0 in readable:
                received = os.read(0, 65536)
                if not received:
                    break
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
        for pid in self._ids:
            _signal_group(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _obey(self, request: dict[str, Any]) -> None:
        if "start" in request:
            self._start(request)
            return
        for pid, identity in self._ids.items():
            if identity == request["stop"]:
                _signal_group(pid, signal.SIGTERM)
                self._kill_at[pid] = time.monotonic() + _STOP_GRACE_SECONDS

    def _start(self, request: dict[str, Any]) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            port = listener.getsockname()[1]
            pid = os.fork()
            if pid == 0:
                _become_server(request, listener.fileno(), port, warm=self._warm)
        self._ids[pid] = request["start"]
        _answer(id=request["start"], port=port)

    def _reap(self) -> None:
        while self._ids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            # The worker of a server that died must not stay behind.
            _signal_group(pid, signal.SIGKILL)
            self._kill_at.pop(pid, None)
            _answer(id=self._ids.pop(pid), exited=os.waitstatus_to_exitcode(status))

    def _seconds_to_next_kill(self) -> float | None:
        if not self._kill_at:
            return None
        return max(0.0, min(self._kill_at.values()) - time.monotonic())

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for pid in [pid for pid, deadline in self._kill_at.items() if deadline <= now]:
            _signal_group(pid, signal.SIGKILL)
            del self._kill_at[pid]


def _become_server(request: dict[str, Any], listener: int, port: int, *, warm: bool) -> NoReturn:
    """Turns this fork into the server. Never returns into the supervisor's loop."""
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _take_descriptors(request["log"], listener)
        os.chdir(request["directory"])
        arguments = [request["entry_script"], str(port)]
        if not warm:
            command = [sys.executable, "-P", str(_SERVE), *arguments]
            os.execve(sys.executable, command, request["environment"])  # noqa: S606  # our own file
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.path.remove(str(_SERVE.parent))
        importlib.import_module("serve").main(arguments[0], port)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  # whatever it is belongs in the server's log
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _take_descriptors(log: str, listener: int) -> None:
    """Leaves nothing open but the log and the socket: a copy of a pipe would keep it alive."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    kept = os.dup(listener)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.dup2(kept, _SOCKET_FD)
    os.closerange(_SOCKET_FD + 1, 1024)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text file


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # Gone already, or (macOS) only zombies are left of it.
        return


def _answer(**message: object) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    Supervisor(warm="--warm" in sys.argv[1:]).run()
