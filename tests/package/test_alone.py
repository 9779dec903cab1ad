"""What is deployed runs by itself: its files in an empty folder, its packages in empty Python."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dev.package import packaged_files
from shared.workflow.contract import RELEASE, WATCH, Activity
from tests.missing import do_without
from tests.samples import filled_sample
from tests.structure.locked import name_of, requirements
from tests.structure.source import ROOT

UV = next(iter((ROOT / ".tools").glob("uv-*/bin/uv")), None)

PROGRAM = """
import importlib.metadata, json, sys
import azure.ai.ml
import function_app

services = function_app.application.services
print(json.dumps({
    "from": function_app.__file__,
    "functions": [each.get_function_name() for each in function_app.app.get_functions()],
    "pipelines": sorted(services.pipelines),
    "packages": [each.name for each in importlib.metadata.distributions()],
}))
"""


def install(folder: Path) -> Path:
    """An empty Python with the packages of requirements.txt; its interpreter."""
    if UV is None:
        do_without("uv is not here: make setup brings it")
    python = folder / "venv" / "bin" / "python"
    # with whatever the environment says of where the package index is
    run(os.environ, str(UV), "venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
    command = [str(UV), "pip", "install", "--quiet", "--python", str(python)]
    command += ["--require-hashes", "--requirements", str(ROOT / "requirements.txt")]
    try:
        run(os.environ, *command)
    except AssertionError as error:
        if "error sending request" not in str(error):
            raise
        do_without(f"the package index does not answer: {error}")
    return python


def run(environment: Mapping[str, str], *command: str, cwd: Path = ROOT) -> str:
    result = subprocess.run(  # noqa: S603 (our own commands)
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
def test_the_package_needs_nothing_but_its_requirements(tmp_path: Path) -> None:
    python = install(tmp_path)
    app = tmp_path / "app"
    for path in packaged_files():
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, app / path)
    settings = {"PATH": os.defpath} | filled_sample()
    said = json.loads(run(settings, str(python), "-c", PROGRAM, cwd=app))

    assert said["from"] == str(app / "function_app.py")
    assert {RELEASE, WATCH, "model_registered", "decide", *Activity} <= set(said["functions"])
    assert said["pipelines"] == ["diabetes"]
    asked_for = {name_of(line) for line in requirements()}
    assert {name_of(name) for name in said["packages"]} <= asked_for
