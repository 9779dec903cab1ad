"""Deployments of custom models: scoring code and environment, through azure-ai-ml."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Environment, RequestSettings, ScoringCode, Stage
from shared.domain.release import ModelVersion
from shared.ports import OperationState
from tests.contract.azureml.world import Emulated, failure_of

CURATED = "azureml://registries/azureml/environments/sklearn-1.5/versions/29"
OWN = "azureml:base:1"


@pytest.fixture
def custom(emulated: Emulated, tmp_path: Path) -> tuple[Stage, ModelVersion]:
    """A stage with scoring code, and a custom model for it."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text("def init(): ...\ndef run(data): return data\n")
    (tmp_path / "conda.yaml").write_text("dependencies:\n  - python=3.11\n")
    world, model = emulated.world, ModelVersion("custom", "1")
    world.upload(world.qa, {"custom/model.pkl": b"abc"})
    source = world.source("custom/model.pkl", "custom_model")
    world.models.register(
        workspace=world.qa, model=model, source=source, path="custom/model.pkl", tags={}
    )
    stage = world.stage(
        environment=Environment(image="mcr/base:1", conda_file=tmp_path / "conda.yaml"),
        code=ScoringCode(tmp_path / "code", "score.py"),
        request=RequestSettings(
            timeout_seconds=90, max_concurrent_per_instance=2, max_queue_wait_seconds=1.5
        ),
        environment_variables={"MODE": "qa"},
    )
    world.created(stage)
    return stage, model


def test_custom_model(emulated: Emulated, custom: tuple[Stage, ModelVersion]) -> None:
    stage, model = custom
    emulated.world.deployed(stage, "blue", model)
    spec = emulated.running.scorer.servers[-1].spec
    assert spec.code_dir is not None
    assert (spec.code_dir / "score.py").read_text().startswith("def init")
    assert spec.scoring_script == "score.py"
    assert spec.environment_variables == {"MODE": "qa"}
    path = f"onlineEndpoints/{stage.endpoint}/deployments/blue"
    put = emulated.qa.call("GET", path).json()["properties"]
    assert put["requestSettings"]["requestTimeout"] == "PT1M30S"
    assert put["requestSettings"]["maxConcurrentRequestsPerInstance"] == 2
    assert put["requestSettings"]["maxQueueWait"] == "PT1.5S"


@pytest.mark.parametrize(
    ("reference", "id_"), [(CURATED, CURATED), (OWN, "/environments/base/versions/1")]
)
def test_registered_environment(
    emulated: Emulated, custom: tuple[Stage, ModelVersion], reference: str, id_: str
) -> None:
    stage, model = custom
    emulated.qa.call("PUT", "environments/base/versions/1", {"properties": {"image": "mcr/b:1"}})
    stage = replace(stage, environment=Environment(reference=reference))
    emulated.world.deployed(stage, "blue", model)
    path = f"onlineEndpoints/{stage.endpoint}/deployments/blue"
    put = emulated.qa.call("GET", path).json()["properties"]["environmentId"]
    assert put.endswith(id_)


def test_script_with_a_syntax_error(emulated: Emulated, custom: tuple[Stage, ModelVersion]) -> None:
    stage, model = custom
    assert stage.code is not None
    (stage.code.folder / "score.py").write_text("def run(:\n")
    with pytest.raises(StepError) as caught:
        emulated.world.endpoints.begin_deploy(stage=stage, deployment="blue", model=model, tags={})
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("UserScriptError", FailureKind.MODEL)


def test_script_that_is_missing(emulated: Emulated, custom: tuple[Stage, ModelVersion]) -> None:
    stage, model = custom
    assert stage.code is not None
    stage = replace(stage, code=ScoringCode(stage.code.folder, "other.py"))
    with pytest.raises(StepError, match=r"other\.py") as caught:
        emulated.world.endpoints.begin_deploy(stage=stage, deployment="blue", model=model, tags={})
    assert failure_of(caught.value).kind is FailureKind.FINAL


def test_script_that_crashes(emulated: Emulated, custom: tuple[Stage, ModelVersion]) -> None:
    stage, model = custom
    assert stage.code is not None
    (stage.code.folder / "score.py").rename(stage.code.folder / "broken.py")
    stage = replace(stage, code=ScoringCode(stage.code.folder, "broken.py"))
    url = emulated.world.endpoints.begin_deploy(
        stage=stage, deployment="blue", model=model, tags={}
    )
    status = emulated.world.finished(stage, url)
    assert status.state is OperationState.FAILED
    assert status.failure is not None
    assert status.failure.kind is FailureKind.MODEL
    assert "crashed" in status.failure.message
    log = emulated.world.endpoints.logs(stage=stage, deployment="blue", lines=20)
    assert "ValueError: no such thing" in log
