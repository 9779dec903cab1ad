"""What delivers the app for its users: pinned, with the least rights, and calling what there is."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.structure.source import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "azure-dev.yml"
PIPELINE = ROOT / ".azdo" / "pipelines" / "azure-dev.yml"
PARAMETERS = (ROOT / "infra" / "main.parameters.json").read_text("utf-8")
BY_AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID"}
"""What `azd pipeline config` hands on of itself; the rest is in azure.yaml."""

either = pytest.mark.parametrize("file", [WORKFLOW, PIPELINE], ids=["github", "azdo"])


def document(file: Path) -> Any:  # noqa: ANN401 (YAML)
    return yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 (texts alone)


def offered() -> set[str]:
    """The names by which azd finds parameters' values in the environment."""
    return set(re.findall(r"\$\{(\w+)", PARAMETERS))


def test_actions_are_pinned_by_commit_with_their_version() -> None:
    text = WORKFLOW.read_text("utf-8")
    uses = re.findall(r"^ +- uses: (.+)$", text, re.MULTILINE)
    assert uses
    assert len(uses) == text.count("uses:")
    for each in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_a_workflow_may_no_more_than_it_needs() -> None:
    workflow = document(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    asked = {name: job.get("permissions") for name, job in workflow["jobs"].items()}
    assert asked == {"test": None, "deploy": {"contents": "read", "id-token": "write"}}


def test_azd_finds_the_workflow_and_its_identity_may_sign_in() -> None:
    workflow = document(WORKFLOW)
    deploy = workflow["jobs"]["deploy"]
    # the subjects that azd makes credentials for are branches; an environment would be another
    assert "environment" not in deploy
    assert deploy["if"] == "github.ref == 'refs/heads/main' && vars.AZURE_CLIENT_ID != ''"
    assert workflow["on"]["push"] == {"branches": ["main"]}
    assert deploy["needs"] == "test"


@either
def test_no_secret_is_used(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.search(r"secrets\.|client-secret|password|_KEY\b", text, re.IGNORECASE)


@either
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


def test_a_pipeline_is_told_what_azd_was() -> None:
    azure = document(ROOT / "azure.yaml")
    assert set(azure["pipeline"]["variables"]) == offered() - BY_AZD
    given = document(WORKFLOW)["jobs"]["deploy"]["env"]
    assert given == {name: f"${{{{ vars.{name} }}}}" for name in offered() | BY_AZD}


def test_answers_to_azds_questions_are_in_its_environment_afterwards() -> None:
    asked = set(re.findall(r"\$\{(\w+)\}", PARAMETERS)) - BY_AZD
    assert asked == {"QA_WORKSPACE_ID", "PROD_WORKSPACE_ID", "APPROVER"}
    template = (ROOT / "infra" / "main.bicep").read_text("utf-8")
    assert asked <= set(re.findall(r"^output (\w+)", template, re.MULTILINE))


@either
def test_what_was_tested_is_deployed_and_looked_at(file: Path) -> None:
    text = file.read_text("utf-8")
    order = [
        "make --keep-going check test",
        "make package",
        "azd provision",
        "azd deploy modelgate --no-prompt --from-package ",
        "smoke_test",
    ]
    places = [text.index(step) for step in order]
    assert places == sorted(places)


def commands(step: dict[str, Any]) -> str:
    """What a step of either pipeline runs."""
    inputs = step.get("inputs", {})
    return str(step.get("run") or step.get("script") or inputs.get("inlineScript") or "")


def deploying(file: Path) -> list[dict[str, Any]]:
    """The steps of the job that signs in."""
    found = document(file)
    if file == WORKFLOW:
        return list(found["jobs"]["deploy"]["steps"])
    (stage,) = [each for each in found["stages"] if each["stage"] == "deploy"]
    (job,) = stage["jobs"]
    return list(job["strategy"]["runOnce"]["deploy"]["steps"])


@either
def test_nothing_is_built_or_downloaded_once_it_is_signed_in(file: Path) -> None:
    """Every step of a job with `id-token: write` may ask for a token, the first one, too."""
    steps = deploying(file)
    before = [i for i, step in enumerate(steps) if "bring-azd" in commands(step)]
    signing = [
        i
        for i, step in enumerate(steps)
        if "azure/login@" in step.get("uses", "") or step.get("task") == "AzureCLI@2"
    ]
    assert len(before) == len(signing) == 1
    assert before < signing
    run = "\n".join(commands(step) for step in steps)
    assert not re.search(r"\b(make|pip|uv|npm|npx|curl|wget)\b", run)


@either
def test_what_is_deployed_was_built_without_the_right_to_sign_in(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.count("make package") == 1
    if file == WORKFLOW:
        assert "permissions" not in document(file)["jobs"]["test"]
        names = [each["with"]["name"] for each in steps_with(file, "-artifact@")]
        assert names == ["package", "package"]
    else:
        assert "artifact: package" in text.partition("stage: deploy")[0]
        assert "artifact: package" in text.partition("stage: deploy")[2]


def steps_with(file: Path, action: str) -> list[dict[str, Any]]:
    """The steps of a workflow that use an action."""
    jobs = document(file)["jobs"].values()
    return [step for job in jobs for step in job["steps"] if action in step.get("uses", "")]


def test_an_azure_pipeline_signs_in_by_its_service_connection() -> None:
    (task,) = [step for step in deploying(PIPELINE) if step.get("task") == "AzureCLI@2"]
    assert task["inputs"]["azureSubscription"] == "azconnection"
    # undefined variables would be passed on as they are written: $(OWNER)
    assert "env" not in task
