"""The shipped pipeline, the settings it takes, the schema that editors use, and the command."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from shared.domain.pipeline import ManagedCompute
from shared.pipelines import load_pipelines
from shared.pipelines.__main__ import main
from shared.pipelines.schema import pipeline_schema

FOLDER = Path(__file__).parents[3] / "pipelines"
SETTINGS = {
    "QA_SUBSCRIPTION_ID": "5b1d",
    "QA_RESOURCE_GROUP": "rg-qa",
    "QA_WORKSPACE": "wk-qa",
    "PROD_SUBSCRIPTION_ID": "77aa",
    "PROD_RESOURCE_GROUP": "rg-prod",
    "PROD_WORKSPACE": "wk-prod",
    "OWNER": "Olga@example.com",
    "APPROVER": "ada@example.com",
}
SCHEMA: Any = json.loads((FOLDER / "schema.json").read_text())


def shipped() -> Any:  # noqa: ANN401
    return yaml.safe_load((FOLDER / "diabetes.yaml").read_text())


def test_the_shipped_pipeline_is_the_tutorials_case() -> None:
    pipeline = load_pipelines(FOLDER, SETTINGS)["diabetes"]
    qa, prod = pipeline.stages
    assert (pipeline.model, pipeline.source.name) == ("diabetes-automl", "wk-qa")
    assert (qa.endpoint, prod.endpoint) == ("api-diabetes-qa", "api-diabetes-prod")
    assert qa.workspace == pipeline.source != prod.workspace
    assert (qa.model_name, prod.model_name) == (None, "diabetes-automl-production")
    assert prod.workspace.arm_id.startswith("/subscriptions/77aa/resourceGroups/rg-prod/")
    assert prod.compute == ManagedCompute("Standard_DS3_v2", 2)
    assert qa.approval is None
    assert prod.approval is not None
    assert prod.approval.approvers == ("ada@example.com",)
    assert prod.approval.timeout_seconds == 30 * 86400
    assert prod.approval.reminders_seconds == (86400, 7 * 86400, 21 * 86400)
    assert pipeline.owners == ("olga@example.com",)
    assert qa.health.sample_request == prod.health.sample_request


def test_the_stored_schema_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (FOLDER / "schema.json").read_text()
    assert pipeline_schema() == SCHEMA


def test_the_schema_is_one_and_takes_the_shipped_pipeline() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(shipped())


@pytest.mark.parametrize(
    ("field", "value", "good"),
    [
        ("compute", "managed", True),
        ("compute", {"type": "kubernetes", "target": "aks", "scoring_host": "a.example"}, True),
        ("compute", {"type": "kubernetes", "target": "aks"}, False),
        ("compute", {"type": "managed", "instance_count": "${COUNT}"}, True),
        ("endpoint", "${ENDPOINT}", True),
        ("keep_previous", "${KEEP}", True),
        ("health", {"sample_request": {"a": 1}, "timeout": "${TIMEOUT}"}, True),
        ("health", {"sample_request": "a.json", "timeout": "90m"}, True),
        ("health", {"sample_request": "a.json", "timeout": "90 minutes"}, False),
        ("health", {"timeout": "90m"}, False),
        ("compute", "serverless", False),
        ("compute", {"type": "managed", "instance_count": 0}, False),
        ("endpoint", "Api_QA", False),
        ("colour", "red", False),
    ],
)
def test_editors_see_what_is_wrong_and_let_settings_stand_for_values(
    field: str,
    value: object,
    good: bool,
) -> None:
    data = shipped()
    data["stages"][0][field] = value
    assert Draft202012Validator(SCHEMA).is_valid(data) == good


def test_check_prints_the_way_of_each_pipeline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "local.settings.json"
    settings.write_text(json.dumps({"Values": SETTINGS}))
    assert main(["check", str(FOLDER), "--settings", str(settings)]) == 0
    assert capsys.readouterr().out == "diabetes: diabetes-automl from wk-qa: qa → prod\n"


def test_check_fails_with_the_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text("name: x\n")
    assert main(["check", str(tmp_path)]) == 1
    assert "bad.yaml:1: model is missing" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "{"], ids=["missing", "no JSON"])
def test_settings_that_cannot_be_read_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    settings = tmp_path / "local.settings.json"
    if content is not None:
        settings.write_text(content)
    assert main(["check", str(FOLDER), "--settings", str(settings)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{settings}: cannot be read as settings")
