"""What Azure refuses for want of a role or of quota, and what the look before has said of it."""

import json

import pytest

from shared.adapters.azureml.failures import answer_failure
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Stage, Workspace
from shared.domain.release import ModelVersion
from tests.contract.azureml.looking import ML, failed, looked
from tests.contract.azureml.world import Emulated, failure_of

HERE = Workspace("s", "g", "wk")


@pytest.fixture
def ready(emulated: Emulated) -> tuple[Stage, ModelVersion]:
    """An endpoint, and a model to deploy to it."""
    stage = emulated.world.stage()
    emulated.world.created(stage)
    return stage, emulated.world.registered()


def test_no_quota_left(emulated: Emulated, ready: tuple[Stage, ModelVersion]) -> None:
    """Refused at once, in JSON in a sentence in JSON, as users have reported it."""
    stage, model = ready
    emulated.running.control("POST", "quota", {"name": "standardDSv2Family", "limit": 6})
    assert failed(looked(emulated.world, stage, copies=False)) == ["Quota"]
    with pytest.raises(StepError) as caught:
        emulated.world.endpoints.begin_deploy(stage=stage, deployment="blue", model=model, tags={})
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("OutOfQuota", FailureKind.ACTION_REQUIRED)
    assert "Not enough quota available for Standard_DS3_v2" in failure.message
    assert "Current usage/limit: 0/6. Additional needed: 8" in failure.message
    assert "{" not in failure.message
    assert failure.message.endswith(
        "Ask for more quota in the subscription, or for fewer or smaller instances in the pipeline."
    )


def test_no_endpoint_left() -> None:
    words = '"Endpoint Quota reached for subscription s.Current usage/limit: 300/300."'
    detail = {"code": "InferencingClientCallFailed", "message": words}
    error = {"code": "BadRequest", "message": "The request is invalid.", "details": [detail]}
    failure = answer_failure("Endpoint ep", HERE, 400, json.dumps({"error": error}))
    assert failure.code == "OutOfQuota"
    assert "300/300" in failure.message


def test_no_role_to_deploy(emulated: Emulated, ready: tuple[Stage, ModelVersion]) -> None:
    stage, model = ready
    operation = f"{ML}/workspaces/onlineEndpoints/deployments/write"
    missing = {"workspace": stage.workspace.name, "without": [operation]}
    emulated.running.control("POST", "permissions", missing)
    assert failed(looked(emulated.world, stage, copies=False)) == ["Permissions"]
    with pytest.raises(StepError) as caught:
        emulated.world.endpoints.begin_deploy(stage=stage, deployment="blue", model=model, tags={})
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("AuthorizationFailed", FailureKind.ACTION_REQUIRED)
    assert f"perform action '{operation}'" in failure.message
    assert f"(or AzureML Data Scientist) on workspace {stage.workspace.name}" in failure.message


def test_no_role_to_move_traffic(emulated: Emulated, ready: tuple[Stage, ModelVersion]) -> None:
    stage, _ = ready
    operation = f"{ML}/workspaces/onlineEndpoints/write"
    missing = {"workspace": stage.workspace.name, "without": [operation]}
    emulated.running.control("POST", "permissions", missing)
    assert failed(looked(emulated.world, stage, copies=False)) == ["Permissions"]
    with pytest.raises(StepError) as caught:
        emulated.world.endpoints.begin_traffic(stage=stage, traffic={})
    assert f"perform action '{operation}'" in failure_of(caught.value).message


def test_no_role_to_register(emulated: Emulated) -> None:
    world = emulated.world
    missing = [f"{ML}/workspaces/models/versions/write"]
    body = {"workspace": world.prod.name, "without": missing}
    emulated.running.control("POST", "permissions", body)
    assert failed(looked(world, world.stage(world.prod))) == ["Permissions"]
    with pytest.raises(StepError) as caught:
        world.registered(world.prod)
    assert failure_of(caught.value).code == "AuthorizationFailed"
