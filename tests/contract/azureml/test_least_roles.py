"""The roles that Bicep makes are enough for all that is done in a workspace.

Azure ML's emulator weighs them as Azure does. Storage is opened with the datastores' keys here,
which on Azure it is not: what that needs is granted beside them.
"""

from pathlib import Path

import pytest

from shared.domain.pipeline import Environment, ScoringCode, Workspace
from shared.domain.release import ModelVersion
from tests.contract.azureml.looking import ML, failed, looked
from tests.contract.azureml.world import Emulated
from tests.infra.evaluated import custom_roles

FILES = {"custom/model.pkl": b"abc"}
KEYS = {"actions": [f"{ML}/workspaces/datastores/listSecrets/action"]}


def registered(emulated: Emulated, workspace: Workspace) -> ModelVersion:
    world, model = emulated.world, ModelVersion("custom", "1")
    world.upload(workspace, FILES)
    source = world.source("custom/model.pkl", "custom_model")
    world.models.register(
        workspace=workspace, model=model, source=source, path="custom/model.pkl", tags={}
    )
    return model


def granted(emulated: Emulated, workspace: Workspace, purpose: str) -> None:
    """Let the role of a purpose be all that is granted."""
    (permission,) = custom_roles("default")[f"ModelGate {purpose} workspace"]["properties"][
        "permissions"
    ]
    body = {"workspace": workspace.name, "permissions": [permission, KEYS]}
    emulated.running.control("POST", "permissions", body)


@pytest.mark.parametrize("purpose", ["source", "target"])
def test_all_that_is_done_may_be_done(emulated: Emulated, tmp_path: Path, purpose: str) -> None:
    world = emulated.world
    workspace = world.qa if purpose == "source" else world.prod
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text("def init(): ...\ndef run(data): return data\n")
    (tmp_path / "conda.yaml").write_text("dependencies:\n  - python=3.11\n")
    stage = world.stage(
        workspace,
        environment=Environment(image="mcr/base:1", conda_file=tmp_path / "conda.yaml"),
        code=ScoringCode(tmp_path / "code", "score.py"),
    )
    if purpose == "source":
        model = registered(emulated, workspace)  # by whoever registers there
    granted(emulated, workspace, purpose)
    if purpose == "target":
        model = registered(emulated, workspace)
    assert failed(looked(world, stage, copies=purpose == "target")) == []
    world.created(stage)
    world.deployed(stage, "blue", model)
    world.trafficked(stage, {"blue": 100})
    world.deployed(stage, "green", model)
    asked = world.endpoints.score(
        stage=stage, deployment="green", body={"rows": [1]}, timeout_seconds=10
    )
    assert asked.status == 200
    assert world.endpoints.logs(stage=stage, deployment="green", lines=5) is not None
    deletion = world.endpoints.begin_delete(stage=stage, deployment="green")
    world.finished(stage, deletion)
    assert [each.name for each in world.endpoints.deployments(stage=stage)] == ["blue"]
    assert world.models.versions(workspace=workspace, name="custom", limit=5)


def test_the_source_cannot_be_registered_in(emulated: Emulated) -> None:
    registered(emulated, emulated.world.qa)
    granted(emulated, emulated.world.qa, "source")
    assert failed(looked(emulated.world, emulated.world.stage(), copies=True)) == ["Permissions"]
