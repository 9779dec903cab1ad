"""`--host func` with a stand-in for Core Tools: how they are started, waited for and stopped."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from dev.core_tools import start_func
from dev.functions import App, FunctionsError, Keys
from dev.package import packaged_files
from tests.structure.source import ROOT

STAND_IN = Path(__file__).parent / "func_stand_in.py"


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in, first on the path, writes down what it sees."""
    program = tmp_path / "bin" / "func"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
    program.chmod(0o755)
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FUNC_NOTES", str(notes))
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "noted by an earlier one")
    return notes


@pytest.fixture
def app(tmp_path: Path) -> App:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    state = tmp_path / "state"
    state.mkdir()
    return App(ROOT, port, {"MODELGATE_TABLES": "tables"}, state)


def started(notes: Path) -> dict[str, Any]:
    noted = json.loads((notes / "started").read_text())
    assert isinstance(noted, dict)
    return noted


async def test_the_app_runs_with_the_stacks_settings_and_python(notes: Path, app: App) -> None:
    async with AsyncExitStack() as exits:
        keys = await start_func(app, exits, asyncio.get_running_loop().create_future())
        assert keys == Keys("", ""), "Core Tools ask for none"
    noted = started(notes)
    assert noted["arguments"] == ["start", "--port", str(app.port)]
    values = {"MODELGATE_TABLES": "tables", "FUNCTIONS_WORKER_RUNTIME": "python"}
    assert noted["local"] == {"IsEncrypted": False, "Values": values}
    assert noted["mode"] == 0o600
    environment = noted["environment"]
    assert values.items() <= environment.items()
    assert environment["VIRTUAL_ENV"] == sys.prefix
    assert noted["python"] == f"{sys.prefix}/bin/python3"
    assert "AZUREML_CURRENT_CLOUD" not in environment


async def test_it_runs_what_is_deployed_and_no_developers_settings(notes: Path, app: App) -> None:
    async with AsyncExitStack() as exits:
        await start_func(app, exits, asyncio.get_running_loop().create_future())
    noted = started(notes)
    deployed = {path.parts[0] for path in packaged_files()}
    assert set(noted["files"]) == deployed | {"local.settings.json"}
    assert Path(noted["folder"]) == app.state_dir / "app"
    assert (ROOT / "function_app.py").read_text().startswith(noted["app"])
    assert (ROOT / "shared" / "config.py").exists(), "laying it out again takes nothing away"


async def test_it_ends_with_its_child_though_it_ignores_sigterm(notes: Path, app: App) -> None:
    ended = asyncio.get_running_loop().create_future()
    async with AsyncExitStack() as exits:
        await start_func(app, exits, ended)
        child = psutil.Process(int((notes / "pid").read_text()))
        family = [child, *child.parents()[:1]]
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert not [process for process in family if process.is_running()]
    assert (notes / "ended").exists(), "it was asked, not killed"
    assert not ended.done(), "nobody is told that it ended by itself"


async def test_an_app_that_does_not_start_is_told_in_its_words(
    notes: Path, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNC_FAILS", "1")
    async with AsyncExitStack() as exits:
        with pytest.raises(FunctionsError, match="Value cannot be null"):
            await start_func(app, exits, asyncio.get_running_loop().create_future())
    assert started(notes)


async def test_what_is_missing_is_said(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    async with AsyncExitStack() as exits:
        with pytest.raises(FunctionsError, match="func is not on the path: install Azure"):
            await start_func(app, exits, asyncio.get_running_loop().create_future())


@pytest.fixture
def stack(notes: Path, tmp_path: Path) -> Iterator[dict[str, Any]]:
    del notes
    line = [sys.executable, "-m", "dev.stack", "--json", "--host", "func", "--scoring", "inline"]
    with subprocess.Popen(  # noqa: S603 (our own)
        [*line, "--state-dir", str(tmp_path / "stack")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        facts = json.loads(process.stdout.readline())
        yield facts
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_the_stack_on_core_tools_subscribes_it_without_a_key(
    notes: Path, stack: dict[str, Any]
) -> None:
    asked = (notes / "webhook").read_text().split()
    assert asked == ["/runtime/webhooks/eventgrid?functionName=model_registered"]
    assert stack["function_key"] == ""
    noted = started(notes)["local"]["Values"]
    assert noted["MODELGATE_BASE_URL"] == stack["functions"]
    assert noted["AzureWebJobsStorage"] == stack["storage"]["function"]
