"""Model versions, through azure-ai-ml."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from azure.ai.ml.entities import (
    AzureBlobDatastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
)

from shared.adapters.azureml import AzureMlModels, Workspaces
from shared.adapters.credentials import azure_credential
from shared.domain.errors import Blame, StepError
from shared.domain.pipeline import Workspace
from shared.domain.release import ModelVersion
from shared.ports import Container
from tests.contract.azureml.world import Emulated, World, trouble_of
from tests.contract.serving import serving

NO_MODEL = [
    {"error": {"code": "UserError", "message": "x", "details": [{"code": "ModelNotFound"}]}},
    {"error": {"code": "ResourceNotFound", "message": "x"}},
]


@pytest.mark.live
def test_exactly_this_version(world: World) -> None:
    model = world.registered(version="3")
    world.registered(version="4")
    found = world.models.get(workspace=world.qa, model=model)
    assert found is not None
    assert found.model == model
    assert found.type == "mlflow_model"
    assert found.path == f"contract/{world.unique}/3/model"
    assert found.container == world.container(world.qa)
    assert found.tags == {"area": "health"}
    assert found.properties["accuracy"] == "0.93"
    assert found.description == "Diabetes, by scikit-learn"
    assert found.created_by
    assert found.created_at is not None
    assert abs(datetime.now(UTC) - found.created_at) < timedelta(minutes=10)


@pytest.mark.live
def test_version_that_is_not_there(world: World) -> None:
    model = world.registered()
    assert world.models.get(workspace=world.qa, model=replace(model, version="99")) is None
    assert world.models.get(workspace=world.qa, model=ModelVersion("no-such-model", "1")) is None


@pytest.mark.parametrize("body", NO_MODEL)
def test_only_the_status_says_not_found(emulated: Emulated, body: object) -> None:
    emulated.fault("GET", "/models/", 404, body=body)
    model = ModelVersion("diabetes", "1")
    assert emulated.world.models.get(workspace=emulated.world.qa, model=model) is None


@pytest.mark.parametrize("text", ["null", "", "<html>"])
def test_not_found_without_a_reason(text: str) -> None:
    """Recorded: a 404 whose whole body is null."""

    async def missing(_: web.Request) -> web.Response:
        return web.Response(status=404, text=text, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{rest:.*}", missing)
    with serving(app) as address:
        credential = azure_credential(static_token="secret-token")
        workspaces = Workspaces(arm_url=address, credential=credential)
        models = AzureMlModels(workspaces=workspaces)
        here = Workspace("s", "g", "w")
        assert models.get(workspace=here, model=ModelVersion("m", "1")) is None


@pytest.mark.live
def test_newest_versions(world: World) -> None:
    for version in ("10", "9", "rc-1"):
        model = world.registered(version=version)
    found = world.models.versions(workspace=world.qa, name=model.name, limit=2)
    assert [version.version for version in found] == ["rc-1", "9"]
    assert all(version.created_by for version in found)
    times = [version.created_at for version in found]
    assert times[0] is not None
    assert times[1] is not None
    assert times[1] < times[0] <= datetime.now(UTC) + timedelta(minutes=1)
    everything = world.models.versions(workspace=world.qa, name=model.name, limit=50)
    assert [version.version for version in everything] == ["rc-1", "9", "10"]


@pytest.mark.live
def test_versions_of_a_model_that_is_not_there(world: World) -> None:
    assert world.models.versions(workspace=world.qa, name="no-such-model", limit=5) == []


def test_versions_are_one_call(emulated: Emulated) -> None:
    """Ordered by the service, and no page of older ones is read; archived ones are listed too."""
    world = emulated.world
    for version in ("1", "2", "3"):
        model = world.registered(version=version)
    shown = emulated.qa.call("GET", f"models/{model.name}/versions/2").json()["properties"]
    path = f"models/{model.name}/versions/2"
    emulated.qa.call("PUT", path, {"properties": {**shown, "isArchived": True}})
    emulated.running.control("DELETE", "requests")
    found = world.models.versions(workspace=world.qa, name=model.name, limit=2)
    assert [version.version for version in found] == ["3", "2"]
    (call,) = emulated.requests()
    assert (call["method"], call["api_version"]) == ("GET", "2023-08-01-preview")


@pytest.mark.parametrize("body", NO_MODEL)
def test_versions_that_are_answered_with_404(emulated: Emulated, body: object) -> None:
    emulated.fault("GET", "/versions", 404, body=body)
    models, qa = emulated.world.models, emulated.world.qa
    assert models.versions(workspace=qa, name="nothing", limit=5) == []


def test_versions_that_stay_away(emulated: Emulated) -> None:
    emulated.fault("GET", "/versions", 503, times=9)
    with pytest.raises(StepError) as caught:
        emulated.world.models.versions(workspace=emulated.world.qa, name="m", limit=5)
    trouble = trouble_of(caught.value)
    assert trouble.retryable
    assert "Versions of model m in workspace" in trouble.message


@pytest.mark.live
def test_registering_twice_changes_nothing(world: World) -> None:
    model = world.registered(world.prod)
    first = world.models.get(workspace=world.prod, model=model)
    assert world.registered(world.prod) == model
    assert world.models.get(workspace=world.prod, model=model) == first


@pytest.mark.live
def test_version_with_other_files(world: World) -> None:
    model = world.registered(world.prod)
    with pytest.raises(StepError) as caught:
        world.models.register(
            workspace=world.prod,
            model=model,
            source=world.source("elsewhere"),
            path="elsewhere/model",
            tags={},
        )
    trouble = trouble_of(caught.value)
    assert (trouble.code, trouble.blame) == ("AssetPathException", Blame.TECHNOLOGY)
    assert not trouble.retryable
    assert world.prod.name in trouble.message


def test_registration_is_one_put(emulated: Emulated) -> None:
    world = emulated.world
    emulated.running.control("DELETE", "requests")
    world.registered(world.prod)
    world.registered(world.prod)
    puts = [call for call in emulated.requests() if call["method"] == "PUT"]
    assert len(puts) == 1


@pytest.mark.parametrize("type_", ["custom_model", "triton_model"])
def test_type_is_kept(emulated: Emulated, type_: str) -> None:
    world, model = emulated.world, ModelVersion("kept", "1")
    world.upload(world.prod, {"kept/model.pkl": b"abc"})
    source = world.source("kept/model.pkl", type_)
    world.models.register(
        workspace=world.prod, model=model, source=source, path="kept/model.pkl", tags={}
    )
    found = world.models.get(workspace=world.prod, model=model)
    assert found is not None
    assert (found.type, found.path) == (type_, "kept/model.pkl")


def test_gateway_that_times_out_once(emulated: Emulated) -> None:
    """Recorded: 504 TransientError, then success."""
    world = emulated.world
    model = world.registered()
    emulated.fault("GET", "/models/", 504, body={"error": {"code": "TransientError"}})
    assert world.models.get(workspace=world.qa, model=model) is not None


def test_gateway_that_stays_away(emulated: Emulated) -> None:
    emulated.fault("GET", "/models/", 504, times=9, body={"error": {"code": "TransientError"}})
    with pytest.raises(StepError) as caught:
        emulated.world.models.get(workspace=emulated.world.qa, model=ModelVersion("m", "1"))
    trouble = trouble_of(caught.value)
    assert (trouble.code, trouble.retryable) == ("TransientError", True)


def test_missing_role(emulated: Emulated) -> None:
    words = "The client 'x' does not have authorization to perform action 'models/read'."
    emulated.fault(
        "GET", "/models/", 403, body={"error": {"code": "AuthorizationFailed", "message": words}}
    )
    with pytest.raises(StepError) as caught:
        emulated.world.models.get(workspace=emulated.world.qa, model=ModelVersion("m", "1"))
    trouble = trouble_of(caught.value)
    assert (trouble.code, trouble.retryable) == ("AuthorizationFailed", False)
    assert words in trouble.message
    assert f"AzureML Data Scientist on workspace {emulated.world.qa.name}" in trouble.message


def test_throttling_is_not_slept_through(emulated: Emulated) -> None:
    emulated.fault("GET", "/models/", 429, times=9, headers={"Retry-After": "60"})
    started = datetime.now(UTC)
    with pytest.raises(StepError) as caught:
        emulated.world.models.get(workspace=emulated.world.qa, model=ModelVersion("m", "1"))
    assert trouble_of(caught.value).retryable
    assert datetime.now(UTC) - started < timedelta(seconds=20)


def test_workspace_that_is_not_there(emulated: Emulated) -> None:
    nowhere = Workspace(emulated.world.qa.subscription_id, "rg-qa", "wk-nowhere")
    with pytest.raises(StepError) as caught:
        emulated.world.models.default_container(workspace=nowhere)
    trouble = trouble_of(caught.value)
    assert (trouble.blame, trouble.retryable) == (Blame.TECHNOLOGY, False)
    assert "wk-nowhere" in trouble.message


def test_service_that_is_away(emulated: Emulated) -> None:
    world = emulated.world
    model = world.registered()
    emulated.fault("GET", "/models/", 200, times=9, drop=True)
    with pytest.raises(StepError) as caught:
        world.models.get(workspace=world.qa, model=model)
    assert trouble_of(caught.value).retryable


def test_datastores_say_where_they_are(emulated: Emulated) -> None:
    models = AzureMlModels(workspaces=emulated.world.workspaces)
    data = AzureBlobDatastore(
        name="data", account_name="acc", container_name="files", endpoint="core.usgovcloudapi.net"
    )
    lake = AzureDataLakeGen2Datastore(name="lake", account_name="acc", filesystem="fs")
    here = emulated.world.qa
    assert models._container(here, data) == Container(
        here, "data", "https://acc.blob.core.usgovcloudapi.net", "files"
    )
    assert models._container(here, lake).name == "fs"
    share = AzureFileDatastore(name="share", account_name="acc", file_share_name="s")
    with pytest.raises(StepError, match="DatastoreNotSupported"):
        models._container(here, share)


def test_storage_in_plain_text(emulated: Emulated) -> None:
    """The emulator's datastores are at plain HTTP; only a template on loopback is believed."""
    models = AzureMlModels(workspaces=emulated.world.workspaces)
    with pytest.raises(StepError, match="InsecureStorageAddress"):
        models.default_container(workspace=emulated.world.qa)
