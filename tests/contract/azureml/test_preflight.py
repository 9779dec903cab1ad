"""What is looked at before people are asked: workspace, endpoint, storage, each by itself."""

import base64
import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.adapters.artifacts import Artifacts
from shared.adapters.egress.credentials import StaticToken
from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.pipeline import Stage, Workspace
from shared.ports import Container, OperationState
from tests.contract.azureml.looking import (
    ML,
    failed,
    granted,
    looked,
    on_cluster,
    prod_stage,
)
from tests.contract.azureml.world import Emulated, World, failure_of

MINE = {"modelgate-pipeline": "diabetes"}


class RefusingStorage(Artifacts):
    """Storage that an identity opens, and that refuses to be written to.

    azure-storage-blob sends tokens by HTTPS alone, so the emulated storage does not get as far.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(
            credential=StaticToken("secret-token"), access="identity", datastore_key=lambda _: ""
        )
        self._failure = failure

    def check_writable(self, *, container: Container, prefix: str) -> None:
        assert prefix == "modelgate"
        raise StepError(replace(self._failure, message=f"{container.name}: no."))


def made(emulated: Emulated, stage: Stage, tags: Mapping[str, str]) -> None:
    url = emulated.world.endpoints.begin_create(stage=stage, tags=tags)
    emulated.world.finished(stage, url)


@pytest.mark.live
def test_everything_is_fine(world: World) -> None:
    """As far as Azure tells: a subscription may keep its quota to itself."""
    stage = world.stage(world.prod)
    checks = looked(world, stage)
    assert list(checks) == ["Workspace", "Endpoint", "Permissions", "Quota", "Storage"]
    assert checks["Workspace"].name == f"Workspace {world.prod.name}"
    assert [name for name in failed(checks) if checks[name].passed is False] == []


def test_what_is_said_where_all_is_fine(emulated: Emulated) -> None:
    world, stage = emulated.world, prod_stage(emulated)
    checks = looked(world, stage)
    assert failed(checks) == []
    assert checks["Workspace"].words == f"Workspace {world.prod.name} in westeurope answers."
    assert checks["Endpoint"].words == (
        f"There is no endpoint {stage.endpoint} in workspace {world.prod.name}: it is going to be "
        "created. Azure tells only then whether the name is taken in westeurope."
    )
    assert checks["Permissions"].words == (
        f"This app may do all that it needs in workspace {world.prod.name}: 12 operations."
    )
    assert checks["Quota"].words == (
        "1 x Standard_DS3_v2 need 8 vCPUs, with those that Azure holds for upgrades; 1000 are free "
        "(Total Cluster Dedicated Regional vCPUs)."
    )
    container = world.container(world.prod).name
    assert checks["Storage"].words == (
        f"Container {container} of storage account devprod can be written."
    )


def test_it_changes_nothing(emulated: Emulated) -> None:
    """No call but reads of ARM, and no blob that stays."""
    world, stage = emulated.world, prod_stage(emulated)
    emulated.running.control("DELETE", "requests")
    looked(world, stage)
    methods = {call["method"] for call in emulated.requests()}
    assert methods == {"GET", "POST"}
    posts = [str(c["path"]) for c in emulated.requests() if c["method"] == "POST"]
    assert all(path.endswith("/listSecrets") for path in posts)
    files = world.artifacts.files(container=world.container(world.prod), path="modelgate")
    assert ".writable" not in {file.name for file in files}


def test_it_is_quick(emulated: Emulated) -> None:
    """Every read of ARM takes a quarter of a second here; most are side by side."""
    world, stage = emulated.world, prod_stage(emulated)
    looked(world, stage)
    emulated.fault("GET", ".", 200, times=99, delay_seconds=0.25)
    started = time.monotonic()
    looked(world, stage)
    assert time.monotonic() - started < 1.2  # the workspace, then sizes and usages


def test_without_a_copy(emulated: Emulated) -> None:
    """Nothing is written where the model is registered already."""
    granted(emulated, without=[f"{ML}/workspaces/models/versions/write"])
    checks = looked(emulated.world, prod_stage(emulated), copies=False)
    assert failed(checks) == []
    assert "Storage" not in checks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "wk-nowhere"}, "Azure knows no workspace wk-nowhere in resource group rg-prod"),
        ({"subscription_id": "99999999"}, "of subscription 99999999. Correct the stage's"),
    ],
)
def test_no_such_workspace(emulated: Emulated, change: dict[str, str], words: str) -> None:
    """Nothing else is looked at."""
    nowhere: Workspace = replace(emulated.world.prod, **change)
    checks = looked(emulated.world, emulated.world.stage(nowhere))
    assert list(checks) == failed(checks) == ["Workspace"]
    assert words in checks["Workspace"].words
    assert checks["Workspace"].passed is False


def test_workspace_that_may_not_be_read(emulated: Emulated) -> None:
    granted(emulated, permissions=[])
    checks = looked(emulated.world, prod_stage(emulated))
    assert list(checks) == failed(checks) == ["Workspace"]
    words = checks["Workspace"].words
    assert f"perform action '{ML}/workspaces/read'" in words
    assert words.endswith(
        "the role that docs/azure.md names for it (or AzureML Data Scientist) on workspace "
        f"{emulated.world.prod.name}."
    )


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (MINE, "is there (this pipeline made it): the new version is deployed beside what it"),
        ({"team": "risk"}, "is there (no pipeline made it): the new version is deployed beside"),
    ],
)
def test_endpoint_that_is_ours(emulated: Emulated, tags: dict[str, str], words: str) -> None:
    stage = prod_stage(emulated)
    made(emulated, stage, tags)
    checks = looked(emulated.world, replace(stage, endpoint=stage.endpoint.upper()))
    assert failed(checks) == []
    assert words in checks["Endpoint"].words


def test_endpoint_of_another_pipeline(emulated: Emulated) -> None:
    stage = prod_stage(emulated)
    made(emulated, stage, MINE)
    checks = looked(emulated.world, stage, pipeline="diabetes-2")
    assert failed(checks) == ["Endpoint"]
    assert checks["Endpoint"].words == (
        f"Endpoint {stage.endpoint} in workspace {stage.workspace.name} belongs to pipeline "
        "diabetes (tag modelgate-pipeline). Choose another endpoint name for this stage, or remove "
        "the tag where that pipeline is gone."
    )


def test_endpoint_that_failed(emulated: Emulated) -> None:
    fault = {"endpoint_fails": {"code": "InternalServerError"}}
    emulated.running.control("POST", "faults", fault)
    stage = prod_stage(emulated)
    made(emulated, stage, MINE)
    checks = looked(emulated.world, stage)
    assert failed(checks) == ["Endpoint"]
    assert checks["Endpoint"].words.endswith("is Failed and serves nothing. Delete it.")


def test_endpoint_that_failed_and_serves(emulated: Emulated) -> None:
    """After a failed update it still answers its users; the release sends its map again first."""
    stage = prod_stage(emulated)
    made(emulated, stage, MINE)
    emulated.world.deployed(stage, "blue", emulated.world.registered(emulated.world.prod))
    emulated.world.trafficked(stage, {"blue": 100})
    fault = {"endpoint_fails": {"code": "InternalServerError"}}
    emulated.running.control("POST", "faults", fault)
    url = emulated.world.endpoints.begin_traffic(stage=stage, traffic={"blue": 100})
    assert emulated.world.finished(stage, url).state is OperationState.FAILED
    there = emulated.world.endpoints.get(stage=stage)
    assert there is not None
    assert there.provisioning is OperationState.FAILED
    assert "Endpoint" not in failed(looked(emulated.world, stage))


def test_endpoint_that_is_going_away(emulated: Emulated) -> None:
    stage = prod_stage(emulated)
    made(emulated, stage, MINE)
    emulated.running.control("POST", "provisioning", {"seconds": 60})
    client = emulated.world.workspaces.client(stage.workspace)
    client.online_endpoints._online_operation.begin_delete(
        str(client.resource_group_name), str(client.workspace_name), stage.endpoint, polling=False
    )
    checks = looked(emulated.world, stage)
    assert failed(checks) == ["Endpoint"]
    assert checks["Endpoint"].passed is None
    assert "is being deleted. It is created anew" in checks["Endpoint"].words


def test_endpoint_on_other_compute(emulated: Emulated) -> None:
    managed, cluster = prod_stage(emulated), on_cluster(emulated)
    made(emulated, managed, MINE)
    checks = looked(emulated.world, cluster)
    assert failed(checks) == ["Endpoint"]
    assert "is on managed instances, and the stage wants cluster cluster." in (
        checks["Endpoint"].words
    )
    other = replace(cluster, endpoint=f"k8s-{emulated.world.unique}")
    made(emulated, other, MINE)
    assert failed(looked(emulated.world, other)) == []
    checks = looked(emulated.world, replace(managed, endpoint=other.endpoint))
    assert failed(checks) == ["Endpoint"]
    assert "is on cluster cluster, and the stage wants managed" in checks["Endpoint"].words


def test_storage_that_may_not_be_written(emulated: Emulated) -> None:
    failure = Failure(FailureKind.FINAL, "AuthorizationPermissionMismatch", "")
    world = replace(emulated.world, artifacts=RefusingStorage(failure))
    checks = looked(world, prod_stage(emulated))
    assert failed(checks) == ["Storage"]
    assert checks["Storage"].passed is False
    assert checks["Storage"].words == (
        f"{world.container(world.prod).name}: no. This app's identity needs the role Storage Blob "
        "Data Contributor on storage account devprod, and a way through its firewall."
    )


def test_storage_that_is_busy(emulated: Emulated) -> None:
    failure = Failure(FailureKind.TRANSIENT, "ServerBusy", "")
    world = replace(emulated.world, artifacts=RefusingStorage(failure))
    with pytest.raises(StepError) as caught:
        looked(world, prod_stage(emulated))
    assert failure_of(caught.value).retryable


def test_storage_whose_key_is_not_good(emulated: Emulated) -> None:
    artifacts = Artifacts(
        credential=StaticToken("secret-token"),
        access="datastore-key",
        datastore_key=lambda _: base64.b64encode(b"another key").decode(),
    )
    checks = looked(replace(emulated.world, artifacts=artifacts), prod_stage(emulated))
    assert failed(checks) == ["Storage"]
    assert "HTTP 403" in checks["Storage"].words
    assert checks["Storage"].words.endswith("must hold a good key of storage account devprod.")


def test_datastore_that_may_not_be_read(emulated: Emulated) -> None:
    granted(emulated, without=[f"{ML}/workspaces/datastores/read"])
    checks = looked(emulated.world, prod_stage(emulated))
    assert failed(checks) == ["Permissions", "Storage"]
    assert f"perform action '{ML}/workspaces/datastores/read'" in checks["Storage"].words


@pytest.mark.parametrize("status", [408, 429, 500, 503])
@pytest.mark.parametrize(
    "path",
    [
        "/workspaces/[^/]+$",
        "/onlineEndpoints/",
        "/permissions$",
        "/vmSizes$",
        "/usages$",
        "/datastores$",
    ],
)
def test_passing_failure(emulated: Emulated, path: str, status: int) -> None:
    emulated.fault("GET", path, status, times=9, headers={"Retry-After": "60"})
    with pytest.raises(StepError) as caught:
        looked(emulated.world, prod_stage(emulated))
    failure = failure_of(caught.value)
    assert failure.retryable
    assert f"HTTP {status}" in failure.message


def test_azure_that_does_not_answer(emulated: Emulated) -> None:
    emulated.fault("GET", "/permissions$", 200, drop=True)
    with pytest.raises(StepError) as caught:
        looked(emulated.world, prod_stage(emulated))
    failure = failure_of(caught.value)
    assert failure.retryable
    assert failure.message == (
        f"Permissions in workspace {emulated.world.prod.name}: Azure does not answer."
    )
