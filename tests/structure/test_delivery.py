"""What delivers the app for its users: pinned, with the least rights, and calling what there is."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.structure.source import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PIPELINE = ROOT / ".azdo" / "pipelines" / "azure-dev.yml"
ALL = [*WORKFLOWS, PIPELINE]
NEEDED = {
    "AZURE_ENV_NAME",
    "AZURE_LOCATION",
    "AZURE_SUBSCRIPTION_ID",
    "QA_WORKSPACE_ID",
    "PROD_WORKSPACE_ID",
    "APPROVER",
    "OWNER",
}


def document(file: Path) -> Any:  # noqa: ANN401 (YAML)
    return yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 (texts alone)


def jobs(file: Path) -> list[Any]:
    return list(document(file)["jobs"].values())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_by_commit_with_their_version(file: Path) -> None:
    text = file.read_text("utf-8")
    uses = re.findall(r"^ +- uses: (.+)$", text, re.MULTILINE)
    assert uses
    assert len(uses) == text.count("uses:")
    for each in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_may_no_more_than_it_needs(file: Path) -> None:
    asked = document(file)["permissions"]
    deploys = file.name == "deploy.yml"
    assert asked == {"contents": "read", **({"id-token": "write"} if deploys else {})}
    assert all("permissions" not in job for job in jobs(file))


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_no_secret_is_used(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.search(r"secrets\.|client-secret|password|_KEY\b", text, re.IGNORECASE)


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_what_is_called_exists(file: Path) -> None:
    text = file.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = [
        name for line in re.findall(r"make ([\w -]+)$", text, re.MULTILINE) for name in line.split()
    ]
    for target in targets:
        assert target.startswith("--") or re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert {"check", "test"} <= set(targets)
    for module in re.findall(r"python3 -m ([\w.]+)", text):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file()


@pytest.mark.parametrize("file", [ROOT / ".github/workflows/deploy.yml", PIPELINE], ids=str)
def test_a_deployment_is_told_what_azd_would_ask_for_and_looked_at(file: Path) -> None:
    text = file.read_text("utf-8")
    given = set(re.findall(r"^ +([A-Z_]+): \$", text, re.MULTILINE))
    assert given >= NEEDED
    asked = re.findall(r"\$\{(\w+)\}", (ROOT / "infra/main.parameters.json").read_text("utf-8"))
    assert set(asked) | {"AZURE_SUBSCRIPTION_ID"} == NEEDED
    order = [
        "make --keep-going check test",
        "azd provision",
        "make package",
        "azd deploy modelgate",
        "smoke_test",
    ]
    places = [text.index(step) for step in order]
    assert places == sorted(places)


def test_an_azure_pipeline_signs_in_by_its_service_connection() -> None:
    (stage,) = [each for each in document(PIPELINE)["stages"] if each["stage"] == "deploy"]
    (job,) = stage["jobs"]
    steps = job["strategy"]["runOnce"]["deploy"]["steps"]
    (task,) = [step for step in steps if step.get("task") == "AzureCLI@2"]
    assert task["inputs"]["azureSubscription"] == "azconnection"
