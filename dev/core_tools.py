"""The function app on Azure Functions Core Tools (`func`), the host that also runs in Azure.

What Core Tools do was read, not tried: they ask for no keys unless told to, take settings from the
environment before those of local.settings.json, run the Python that comes first on the path, and
end on SIGINT while SIGTERM leaves them running
(https://github.com/Azure/azure-functions-core-tools/issues/3074). From npm, `func` is a script of
Node's with the host as its child. A stack that is killed leaves them running, too: nothing tells
them that their parent is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from dev.functions import App, FunctionsError, Keys, launch, tail
from dev.package import packaged_files

START_SECONDS = 180.0
"""The first start loads the extension bundle."""

_POLL_SECONDS = 0.5


async def start_func(app: App, exits: AsyncExitStack, ended: asyncio.Future[str]) -> Keys:
    """Run the app on Core Tools until `exits` closes; they ask for no keys on this machine.

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
    process = await launch(
        [func, "start", "--port", str(app.port)],
        app,
        settings | _our_python(),
        exits,
        ended,
        folder=_lay_out(app, settings),
        stop=signal.SIGINT,
        is_chatty=True,
    )
    await _wait_until_well(process, app)
    return Keys(function="", event_grid="")


def _our_python() -> dict[str, str]:
    """Variables of an environment that is active, by which Core Tools choose their Python."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", os.defpath)])
    return {"VIRTUAL_ENV": sys.prefix, "PATH": path, "FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT": "1"}


def _lay_out(app: App, settings: Mapping[str, str]) -> Path:
    """A folder with what is deployed, and a local.settings.json of the stack's own beside it.

    In the app's own folder `func` would also take what a developer's local.settings.json says.
    """
    folder = app.state_dir / "app"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in sorted({path.parts[0] for path in packaged_files(app.folder)}):
        (folder / name).symlink_to(app.folder / name)
    local = folder / "local.settings.json"
    local.touch(mode=0o600)
    local.write_text(json.dumps({"IsEncrypted": False, "Values": dict(settings)}, indent=2))
    return folder


async def _wait_until_well(process: Process, app: App) -> None:
    health = f"http://127.0.0.1:{app.port}/api/health"
    until = asyncio.get_running_loop().time() + START_SECONDS
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        while process.returncode is None and asyncio.get_running_loop().time() < until:
            try:
                async with session.get(health) as answer:
                    if answer.status == 200:
                        return
            except (ClientError, TimeoutError):
                pass
            await asyncio.sleep(_POLL_SECONDS)
    raise FunctionsError(f"The function app does not start on Core Tools.\n{tail(app.log)}")
