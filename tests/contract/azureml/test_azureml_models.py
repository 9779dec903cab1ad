"""Model versions, through azure-ai-ml."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from azure.ai.ml.entities import (
    AzureBlobDatastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
)

from shared.adapters.azureml import AzureMlModels, Workspaces
from shared.adapters.azureml.containers import Containers
from shared.adapters.egress.credentials import StaticToken, azure_credential
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Workspace
from shared.domain.release import ModelVersion
from shared.ports import Container
from tests.contract.azureml.world import Emulated, World, failure_of
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
    failure = failure_of(caught.value)
    assert failure.retryable
    assert "Versions of model m in workspace" in failure.message


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
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("AssetPathException", FailureKind.FINAL)
    assert not failure.retryable
    assert world.prod.name in failure.message


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
    failure = failure_of(caught.value)
    assert (failure.code, failure.retryable) == ("TransientError", True)


def test_missing_role(emulated: Emulated) -> None:
    words = "The client 'x' does not have authorization to perform action 'models/read'."
    emulated.fault(
        "GET", "/models/", 403, body={"error": {"code": "AuthorizationFailed", "message": words}}
    )
    with pytest.raises(StepError) as caught:
        emulated.world.models.get(workspace=emulated.world.qa, model=ModelVersion("m", "1"))
    failure = failure_of(caught.value)
    assert (failure.code, failure.kind) == ("AuthorizationFailed", FailureKind.ACTION_REQUIRED)
    assert words in failure.message
    assert f"(or AzureML Data Scientist) on workspace {emulated.world.qa.name}" in failure.message


def test_throttling_is_not_slept_through(emulated: Emulated) -> None:
    emulated.fault("GET", "/models/", 429, times=9, headers={"Retry-After": "60"})
    started = datetime.now(UTC)
    with pytest.raises(StepError) as caught:
        emulated.world.models.get(workspace=emulated.world.qa, model=ModelVersion("m", "1"))
    assert failure_of(caught.value).retryable
    assert datetime.now(UTC) - started < timedelta(seconds=20)


def test_workspace_that_is_not_there(emulated: Emulated) -> None:
    nowhere = Workspace(emulated.world.qa.subscription_id, "rg-qa", "wk-nowhere")
    with pytest.raises(StepError) as caught:
        emulated.world.models.default_container(workspace=nowhere)
    failure = failure_of(caught.value)
    assert (failure.kind, failure.not_found) == (FailureKind.FINAL, True)
    assert "wk-nowhere" in failure.message


def test_service_that_is_away(emulated: Emulated) -> None:
    world = emulated.world
    model = world.registered()
    emulated.fault("GET", "/models/", 200, times=9, drop=True)
    with pytest.raises(StepError) as caught:
        world.models.get(workspace=world.qa, model=model)
    assert failure_of(caught.value).retryable


def test_datastores_name_an_account_and_a_container(emulated: Emulated) -> None:
    world = emulated.world
    containers, account = Containers(world.workspaces), world.workspaces.facts(world.qa)
    own = account.storage_account
    data = AzureBlobDatastore(name="data", account_name=own, container_name="files")
    lake = AzureDataLakeGen2Datastore(name="lake", account_name=own, filesystem="file-system")
    url = world.workspaces.storage.addresses.of(own)
    assert url
    assert containers._container(world.qa, data, "m") == Container(world.qa, "data", url, "files")
    assert containers._container(world.qa, lake, "m").name == "file-system"
    share = AzureFileDatastore(name="share", account_name=own, file_share_name="s")
    with pytest.raises(StepError, match="DatastoreNotSupported"):
        containers._container(world.qa, share, "m")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_name": "somebodyelses"}, "StorageNotAllowed"),
        ({"account_name": "evil.example/"}, "StorageNotAllowed"),
        ({"account_name": "127.0.0.1:9/x"}, "StorageNotAllowed"),
        ({"endpoint": "evil.example"}, "StorageNotAllowed"),
        ({"endpoint": "core.usgovcloudapi.net"}, "StorageNotAllowed"),
        ({"container_name": "../other"}, "ModelPathNotSupported"),
        ({"container_name": "$web"}, "ModelPathNotSupported"),
    ],
)
def test_a_datastore_says_where_nothing_goes(
    emulated: Emulated, changes: dict[str, str], code: str
) -> None:
    world = emulated.world
    own = world.workspaces.facts(world.qa).storage_account
    given: dict[str, Any] = {"account_name": own, "container_name": "files", "name": "data"}
    with pytest.raises(StepError, match=code) as caught:
        Containers(world.workspaces)._container(
            world.qa, AzureBlobDatastore(**given | changes), "m"
        )
    assert caught.value.failure.kind is FailureKind.MODEL


def test_a_pipeline_allows_an_account(emulated: Emulated) -> None:
    world = emulated.world
    allowed = {world.qa.arm_id.casefold(): {"shared1"}}
    storage = replace(world.workspaces.storage, allowed=allowed)
    workspaces = Workspaces(
        arm_url=world.workspaces.arm_url, credential=StaticToken("a"), storage=storage
    )
    data = AzureBlobDatastore(name="data", account_name="shared1", container_name="files")
    containers = Containers(workspaces)
    assert containers._container(world.qa, data, "m").account_url.endswith("/shared1")
    with pytest.raises(StepError, match="StorageNotAllowed"):
        containers._container(world.prod, data, "m")
