"""Starts inference servers through the supervisor of the serving environment (`dev/serving`).

The supervisor is the only child of this process. It kills every server when the pipe to it closes,
and so nothing stays behind even when this process is killed.
"""

import asyncio
import itertools
import json
import os
import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from dev.emulators.azureml.scoring_types import ScoringSpec, ScoringStartError

_SERVING = Path(__file__).resolve().parents[2] / "serving"
_LOG_TAIL_BYTES = 1 << 20
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
_FIXED_ENVIRONMENT = {
    # One thread each: the machine is shared by every deployment and the stack itself.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def serving_python(project: Path = _SERVING) -> Path:
    """The interpreter of the serving environment, which is `.venv` below its project.

    Raises:
        FileNotFoundError: when the environment has not been made.
    """
    python = project / ".venv" / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"no serving environment at {python}: `make` brings it")
    return python


class SupervisedScorer:
    """A `Scorer` whose servers are children of one supervisor, started when first needed."""

    def __init__(self, root: Path, *, warm: bool, start_timeout_seconds: float = 120.0) -> None:
        self._root = root
        self._warm = warm
        self._start_timeout_seconds = start_timeout_seconds
        self._numbers = itertools.count(1)
        self._supervisor: _Supervisor | None = None
        self._lock = asyncio.Lock()

    async def start(self, spec: ScoringSpec) -> "_Server":
        """Starts a server and returns when it answers GET / with 200."""
        entry_script, directory = _entry_script(spec)
        supervisor = await self._running_supervisor()
        log = self._root / f"{_file_name(spec.deployment_key)}-{next(self._numbers)}.log"
        log.write_bytes(b"")
        server = await supervisor.start(
            entry_script=str(entry_script),
            directory=str(directory),
            log=str(log),
            environment=_environment(spec, directory),
        )
        try:
            await server.wait_until_ready(self._start_timeout_seconds)
        except BaseException:
            await server.stop()
            raise
        return server

    async def close(self) -> None:
        """Ends the supervisor, and with it every server."""
        if self._supervisor is not None:
            await self._supervisor.close()
            self._supervisor = None

    async def _running_supervisor(self) -> "_Supervisor":
        async with self._lock:
            if self._supervisor is None or self._supervisor.ended:
                self._root.mkdir(parents=True, exist_ok=True)
                self._supervisor = await _Supervisor.launch(self._root, warm=self._warm)
            return self._supervisor


class _Supervisor:
    """The pipe to the supervisor process; `dev/serving/supervisor.py` says what goes over it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._servers: dict[str, _Server] = {}
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def launch(cls, root: Path, *, warm: bool) -> "_Supervisor":
        with (root / "supervisor.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                serving_python(),
                _SERVING / "supervisor.py",
                *(["--warm"] if warm else []),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_own_environment(),
                # An interrupt from the terminal is ours to handle, not each server's.
                start_new_session=True,
            )
        supervisor = cls(process)
        assert process.stdout is not None
        if not await process.stdout.readline():
            raise RuntimeError(f"the serving supervisor did not start; see {root}/supervisor.log")
        supervisor._reader = asyncio.create_task(supervisor._read_answers(process.stdout))
        return supervisor

    @property
    def ended(self) -> bool:
        return self._reader is None or self._reader.done()

    async def start(self, **request: Any) -> "_Server":  # noqa: ANN401  # JSON for the pipe
        server = _Server(self, identity=str(next(self._numbers)), log=Path(request["log"]))
        self._servers[server.identity] = server
        self.send(start=server.identity, **request)
        await server.port_known.wait()
        return server

    def send(self, **message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        if self._reader is not None:
            await self._reader

    async def _read_answers(self, answers: asyncio.StreamReader) -> None:
        while line := await answers.readline():
            answer = json.loads(line)
            server = self._servers[answer["id"]]
            if "port" in answer:
                server.port = answer["port"]
                server.port_known.set()
            else:
                server.exit_status = answer["exited"]
                server.exited.set()
                del self._servers[answer["id"]]
        for server in self._servers.values():
            server.port_known.set()
            server.exited.set()


@dataclass(eq=False)
class _Server:
    """A `ScoringServer` that the supervisor runs."""

    supervisor: _Supervisor
    identity: str
    log: Path
    port: int = 0
    exit_status: int | None = None
    port_known: asyncio.Event = field(default_factory=asyncio.Event)
    exited: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def logs(self, tail: int) -> str:
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _LOG_TAIL_BYTES))
            lines = deque(log.read().decode(errors="replace").splitlines(keepends=True), tail)
        return "".join(lines)

    async def stop(self) -> None:
        if not self.exited.is_set():
            self.supervisor.send(stop=self.identity)
            await self.exited.wait()

    async def wait_until_ready(self, timeout_seconds: float) -> None:
        """Returns when GET / answers 200, as Azure's readiness probe wants it.

        Raises:
            ScoringStartError: when the server ends first, or takes longer.
        """
        probe = asyncio.create_task(_answers(self.address))
        end = asyncio.create_task(self.exited.wait())
        try:
            done, _ = await asyncio.wait(
                {probe, end}, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            probe.cancel()
            end.cancel()
        if end in done:
            raise ScoringStartError(
                f"User container has crashed or terminated (exit status {self.exit_status}).",
                self.logs(500),
            )
        if probe not in done:
            raise ScoringStartError(
                f"The server was not ready within {timeout_seconds:g} s.", self.logs(500)
            )


async def _answers(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(address + "/") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


def _entry_script(spec: ScoringSpec) -> tuple[Path, Path]:
    """The script to serve and the folder to run it in."""
    if spec.model_type == "triton_model":
        raise ScoringStartError("Triton models cannot be served here: there is no Triton server.")
    if spec.code_dir is not None and spec.scoring_script is not None:
        return spec.code_dir / spec.scoring_script, spec.code_dir
    if spec.model_type == "mlflow_model":
        return _SERVING / "mlflow_score.py", spec.model_dir
    raise ScoringStartError("A custom model needs a code configuration with a scoring script.")


def _own_environment() -> dict[str, str]:
    """What a server may know of this process's environment; no setting or secret of the stack."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | _FIXED_ENVIRONMENT


def _environment(spec: ScoringSpec, directory: Path) -> dict[str, str]:
    # The router gives up at the request timeout; soon after, the worker is to be free again.
    scoring_timeout_ms = int(spec.request_timeout_seconds * 1000) + 500
    return (
        _own_environment()
        | {
            "WORKER_COUNT": "1",
            "SCORING_TIMEOUT_MS": str(scoring_timeout_ms),
            # Otherwise every gunicorn of this user would share a socket in the home folder.
            "GUNICORN_CMD_ARGS": "--no-control-socket",
        }
        | dict(spec.environment_variables)
        | {"AML_APP_ROOT": str(directory), "AZUREML_MODEL_DIR": str(spec.model_dir)}
    )


def _file_name(deployment_key: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "_", deployment_key)[-100:]
