"""Starting the function app on the local host, and processes of apps in general."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class FunctionsError(Exception):
    """The function app does not start; the message is for people."""


@dataclass(frozen=True)
class App:
    """A function app and how it is to run."""

    folder: Path
    """Where its `function_app.py` is."""

    port: int
    settings: Mapping[str, str]
    state_dir: Path
    """Where its log and its keys are kept."""

    sign_in: bool = False
    """Whether App Service Authentication stands before it."""

    @property
    def log(self) -> Path:
        """What host and app have to say."""
        return self.state_dir / "functions.log"


@dataclass(frozen=True)
class Keys:
    """The keys that callers need; empty where the host asks for none."""

    function: str
    event_grid: str


async def start_dev_host(app: App, exits: AsyncExitStack, ended: asyncio.Future[str]) -> Keys:
    """Run the app on `dev.host` until `exits` closes.

    Raises:
        FunctionsError: It does not start; with its own words.
    """
    command = [sys.executable, "-m", "dev.host", "--app", str(app.folder), "--json"]
    command += ["--port", str(app.port), "--state-dir", str(app.state_dir / "host")]
    command += ["--parent", str(os.getpid()), *(["--sign-in"] if app.sign_in else [])]
    earlier_bytes = app.log.stat().st_size if app.log.exists() else 0
    process = await launch(
        command, app, app.settings, exits, ended, folder=app.folder, stop=signal.SIGTERM
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    if not line:
        await process.wait()
        words = app.log.read_bytes()[earlier_bytes:].decode(errors="replace")
        raise FunctionsError(f"The function app does not start.\n{words}")
    facts = json.loads(line)
    return Keys(facts["function_key"], facts["system_keys"]["eventgrid_extension"])


async def launch(
    command: list[str],
    app: App,
    settings: Mapping[str, str],
    exits: AsyncExitStack,
    ended: asyncio.Future[str],
    *,
    folder: Path,
    stop: signal.Signals,
    is_chatty: bool = False,
) -> Process:
    """Run a host until `exits` closes, which ends its children too.

    Args:
        command: The host.
        app: What it runs; its log takes what is written to standard error.
        settings: Go before this process's environment.
        exits: Closes when the host is to end.
        ended: Is told when it ends by itself.
        folder: Where it runs.
        stop: What it ends on.
        is_chatty: Whether standard output belongs to the log as well; a pipe otherwise.
    """
    with app.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=_environment() | dict(settings),
            stdin=DEVNULL,
            stdout=log if is_chatty else PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop things in order
        )
    watcher = asyncio.create_task(_watch(process, app.log, ended))
    exits.push_async_callback(_stop, process, watcher, stop)
    return process


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _environment() -> dict[str, str]:
    """This process's own, without the cloud that azure-ai-ml may have noted in it."""
    return {name: value for name, value in os.environ.items() if name != "AZUREML_CURRENT_CLOUD"}


async def _watch(process: Process, log: Path, ended: asyncio.Future[str]) -> None:
    await process.wait()
    if not ended.done():
        ended.set_result(f"The function app has ended ({process.returncode}).\n{tail(log)}")


async def _stop(process: Process, watcher: asyncio.Task[None], number: signal.Signals) -> None:
    watcher.cancel()
    if process.returncode is None:
        _tell(process, number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
    _tell(process, signal.SIGKILL)
    await process.wait()


def _tell(process: Process, number: signal.Signals) -> None:
    """Signal a process and its children: they are a session of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
