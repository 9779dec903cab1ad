"""Files for VS Code and dev containers can be read, and what they name is there."""

import importlib.util
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.structure.source import ROOT

FILES = [
    ".devcontainer/devcontainer.json",
    ".vscode/extensions.json",
    ".vscode/launch.json",
    ".vscode/settings.json",
    ".vscode/tasks.json",
]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
BROUGHT = ("dev/azurite/node_modules/",)
"""Where make puts what is no part of the checkout."""


def read(path: str) -> Any:  # noqa: ANN401 (any JSON)
    """JSON whose comments have lines of their own."""
    lines = (ROOT / path).read_text("utf-8").splitlines()
    return json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))


def unknown(command: str) -> list[str]:
    """What a command names that is neither a target of make nor in the checkout."""
    missing = []
    for part in re.split(r"&&|\|\|", command):
        words = shlex.split(part)
        if words[0] == "make":
            missing += [word for word in words[1:] if word not in TARGETS]
        for word in words:
            is_path = "/" in word and not word.startswith(("/", ".stack/", *BROUGHT))
            if (is_path or word.endswith(".sample.json")) and not (ROOT / word).exists():
                missing.append(word)
    return missing


@pytest.mark.parametrize("path", FILES)
def test_it_can_be_read(path: str) -> None:
    assert read(path)


def test_there_are_no_others() -> None:
    there = [p for folder in (".devcontainer", ".vscode") for p in (ROOT / folder).iterdir()]
    assert sorted(str(path.relative_to(ROOT)) for path in there) == FILES


def test_tasks_run_what_is_there() -> None:
    tasks = {task["label"]: task for task in read(".vscode/tasks.json")["tasks"]}
    for task in tasks.values():
        if task["type"] == "shell":
            assert unknown(task["command"]) == []
        assert set(task.get("dependsOn", ())) <= set(tasks)
    azurite = tasks["azurite"]["command"].split()[0]
    package = json.loads((ROOT / "dev" / "azurite" / "package.json").read_text("utf-8"))
    assert Path(azurite).name in package["dependencies"]
    for start in read(".vscode/launch.json")["configurations"]:
        assert start.get("preLaunchTask", "make setup") in tasks
        assert "module" not in start or importlib.util.find_spec(start["module"])


def test_what_settings_name_is_there() -> None:
    settings = read(".vscode/settings.json")
    for schema, files in settings["yaml.schemas"].items():
        assert (ROOT / schema).is_file()
        assert list(ROOT.glob(files))
    assert (ROOT / settings["azureFunctions.deploySubpath"] / "function_app.py").is_file()


def test_the_container_is_pinned_and_has_what_is_asked_for() -> None:
    container = read(".devcontainer/devcontainer.json")
    python = (ROOT / ".python-version").read_text("utf-8").strip()
    assert re.fullmatch(rf".*/python:\d+-{re.escape(python)}-[a-z]+", container["image"])
    for feature in container["features"]:
        assert re.fullmatch(r".+:\d+\.\d+\.\d+", feature), feature
    names = {feature.rpartition("/")[2].partition(":")[0] for feature in container["features"]}
    assert names == {"node", "azure-cli"}  # azd's own feature runs a script from the web
    assert re.search(r"azure-functions-core-tools@4\.\d+\.\d+ ", container["postCreateCommand"])
    assert unknown(container["postCreateCommand"]) == []
    extensions = container["customizations"]["vscode"]["extensions"]
    assert extensions == read(".vscode/extensions.json")["recommendations"]


def test_a_command_that_leads_nowhere_is_caught() -> None:
    assert unknown("make setup && make no-such") == ["no-such"]
    assert unknown("dev/tools/no-such --all || make check") == ["dev/tools/no-such"]
