"""Starting the function app, on our own host or on Azure Functions Core Tools."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientError, ClientSession

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
    process = await _launch(command, app, app.settings, exits, ended)
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    if not line:
        await process.wait()
        words = app.log.read_bytes()[earlier_bytes:].decode(errors="replace")
        raise FunctionsError(f"The function app does not start.\n{words}")
    facts = json.loads(line)
    return Keys(facts["function_key"], facts["system_keys"]["eventgrid_extension"])


async def start_func(app: App, exits: AsyncExitStack, ended: asyncio.Future[str]) -> Keys:
    """Run the app on Core Tools, which ask for no keys on this machine.

    Raises:
        FunctionsError: `func` is not installed, or the app does not answer, or people are to sign
            in.
    """
    if app.sign_in:
        raise FunctionsError("Core Tools sign nobody in: leave --host or --sign-in out.")
    func = shutil.which("func")
    if func is None:
        raise FunctionsError(
            "func is not on the path: install Azure Functions Core Tools 4, or leave --host out."
        )
    settings = {**app.settings, "FUNCTIONS_WORKER_RUNTIME": "python"}
    command = [func, "start", "--port", str(app.port)]
    process = await _launch(command, app, settings, exits, ended)
    health = f"http://127.0.0.1:{app.port}/api/health"
    async with ClientSession() as session:
        for _ in range(int(START_SECONDS * 2)):
            if process.returncode is not None:
                break
            try:
                async with session.get(health) as answer:
                    if answer.status == 200:
                        return Keys("", "")
            except ClientError:
                pass
            await asyncio.sleep(0.5)
    raise FunctionsError(f"The function app does not start on Core Tools.\n{_tail(app.log)}")


async def _launch(
    command: list[str],
    app: App,
    settings: Mapping[str, str],
    exits: AsyncExitStack,
    ended: asyncio.Future[str],
) -> Process:
    with app.log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=app.folder,
            env=_environment() | dict(settings),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop things in order
        )
    watcher = asyncio.create_task(_watch(process, app.log, ended))
    exits.push_async_callback(_stop, process, watcher)
    return process


def _environment() -> dict[str, str]:
    """This process's own, without the cloud that azure-ai-ml may have noted in it."""
    return {name: value for name, value in os.environ.items() if name != "AZUREML_CURRENT_CLOUD"}


async def _watch(process: Process, log: Path, ended: asyncio.Future[str]) -> None:
    await process.wait()
    if not ended.done():
        ended.set_result(f"The function app has ended ({process.returncode}).\n{_tail(log)}")


async def _stop(process: Process, watcher: asyncio.Task[None]) -> None:
    watcher.cancel()
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
