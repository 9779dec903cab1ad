"""Endpoints and deployments, through azure-ai-ml."""

import threading

import pytest

from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import KubernetesCompute
from shared.ports import OperationState
from tests.contract.azureml.world import Emulated, World, failure_of
from tests.emulators.azureml.arm import Arm

RELEASE = {"modelgate-release": "r"}


@pytest.mark.live
def test_whole_life(world: World) -> None:
    """A second version beside the first, asked by its header; traffic; the first deleted."""
    stage, endpoints = world.stage(), world.endpoints
    assert endpoints.get(stage=stage) is None
    assert endpoints.deployments(stage=stage) == []
    world.created(stage)
    first, second = world.registered(version="1"), world.registered(version="2")
    world.deployed(stage, "v1-aaaaaaaa", first)
    world.trafficked(stage, {"v1-aaaaaaaa": 100})
    world.deployed(stage, "v2-bbbbbbbb", second)

    endpoint = endpoints.get(stage=stage)
    assert endpoint is not None
    assert {name: n for name, n in endpoint.traffic.items() if n} == {"v1-aaaaaaaa": 100}
    assert endpoint.tags["team"] == "risk"
    there = {each.name: each for each in endpoints.deployments(stage=stage)}
    assert set(there) == {"v1-aaaaaaaa", "v2-bbbbbbbb"}
    assert there["v2-bbbbbbbb"].provisioning is OperationState.SUCCEEDED
    assert there["v2-bbbbbbbb"].tags == RELEASE
    assert str(there["v2-bbbbbbbb"].model).endswith(f"/models/{second.name}/versions/2")

    answer = endpoints.score(
        stage=stage, deployment="v2-bbbbbbbb", body={"data": [[1, 2]]}, timeout_seconds=60
    )
    assert answer.latency_seconds > 0
    world.trafficked(stage, {"v1-aaaaaaaa": 0, "v2-bbbbbbbb": 100})
    deletion = endpoints.begin_delete(stage=stage, deployment="v1-aaaaaaaa")
    assert world.finished(stage, deletion).state is OperationState.SUCCEEDED
    assert [each.name for each in endpoints.deployments(stage=stage)] == ["v2-bbbbbbbb"]
    assert endpoints.begin_delete(stage=stage, deployment="v1-aaaaaaaa") is None


def test_who_answers(emulated: Emulated) -> None:
    """The header asks a deployment, its absence the traffic map, whatever was asked before."""
    world = emulated.world
    stage = world.stage()
    world.created(stage)
    for name, version in (("blue", "1"), ("green", "2")):
        world.deployed(stage, name, world.registered(version=version))
    world.trafficked(stage, {"blue": 100})
    for asked, answers in (("green", "green"), (None, "blue"), ("green", "green")):
        answer = world.endpoints.score(
            stage=stage, deployment=asked, body={"rows": [1]}, timeout_seconds=10
        )
        assert answer.status == 200
        assert isinstance(answer.body, dict)
        assert answers in str(answer.body["key"])
        assert answer.body["sent"] == {"rows": [1]}


def test_changed_key(emulated: Emulated) -> None:
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    world.deployed(stage, "blue", world.registered())
    world.trafficked(stage, {"blue": 100})
    for _ in range(2):
        answer = world.endpoints.score(stage=stage, deployment="blue", body=1, timeout_seconds=10)
        assert answer.status == 200
        started = emulated.qa.call(
            "POST", f"onlineEndpoints/{stage.endpoint}/regenerateKeys", {"keyType": "Primary"}
        )
        emulated.qa.finish(started)


def test_nothing_is_left_running(emulated: Emulated) -> None:
    """Starting returns while Azure works, and no thread stays behind to poll."""
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    models = [world.registered(version=str(n)) for n in range(4)]
    emulated.running.control("POST", "provisioning", {"seconds": 30})
    world.endpoints.begin_deploy(stage=stage, deployment="d0x", model=models[0], tags=RELEASE)
    before = set(threading.enumerate())
    for n in (1, 2, 3):
        url = world.endpoints.begin_deploy(
            stage=stage, deployment=f"d{n}x", model=models[n], tags=RELEASE
        )
        status = world.endpoints.operation(stage=stage, url=url)
        assert status.state is OperationState.RUNNING
    ours = [t.name for t in threading.enumerate() if t not in before]
    assert [name for name in ours if not name.startswith("asyncio_")] == []  # the emulator's pool


def test_second_try_adopts_the_first(emulated: Emulated) -> None:
    """A turn that is repeated after the PUT went out puts nothing again, and loses nothing."""
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    model = world.registered()

    def begin() -> str:
        return world.endpoints.begin_deploy(
            stage=stage, deployment="blue", model=model, tags=RELEASE
        )

    begin()
    emulated.running.control("DELETE", "requests")
    again = begin()
    assert world.finished(stage, again).state is OperationState.SUCCEEDED
    assert world.finished(stage, begin()).state is OperationState.SUCCEEDED
    assert not [call for call in emulated.requests() if call["method"] == "PUT"]


def test_endpoint_that_is_there_keeps_its_traffic(emulated: Emulated) -> None:
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    world.deployed(stage, "blue", world.registered())
    world.trafficked(stage, {"blue": 100})
    emulated.running.control("DELETE", "requests")
    url = world.endpoints.begin_create(stage=stage, tags={"other": "tags"})
    assert world.finished(stage, url).state is OperationState.SUCCEEDED
    endpoint = world.endpoints.get(stage=stage)
    assert endpoint is not None
    assert endpoint.traffic == {"blue": 100}
    assert not [call for call in emulated.requests() if call["method"] == "PUT"]


def test_traffic_puts_back_everything_else(emulated: Emulated) -> None:
    world, stage, qa = emulated.world, emulated.world.stage(), emulated.qa
    given = {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "tags": {"owner": "x"},
        "properties": {
            "authMode": "Key",
            "description": "of the risk team",
            "properties": {"own": "1"},
            "publicNetworkAccess": "Disabled",
        },
    }
    qa.finish(qa.call("PUT", f"onlineEndpoints/{stage.endpoint}", given))
    world.deployed(stage, "blue", world.registered())
    before = qa.call("GET", f"onlineEndpoints/{stage.endpoint}").json()
    world.trafficked(stage, {"Blue": 100})
    after = qa.call("GET", f"onlineEndpoints/{stage.endpoint}").json()
    assert after["properties"].pop("traffic") == {"blue": 100}
    before["properties"].pop("traffic")
    for body in (before, after):
        body["systemData"].pop("lastModifiedAt")
        body["properties"]["properties"].pop("AzureAsyncOperationUri", None)
    assert after == before


def test_traffic_to_what_is_not_there(emulated: Emulated) -> None:
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    with pytest.raises(StepError) as caught:
        world.endpoints.begin_traffic(stage=stage, traffic={"absent": 100})
    failure = failure_of(caught.value)
    assert (failure.kind, failure.retryable) == (FailureKind.FINAL, False)
    assert "'absent'" in failure.message
    assert "traceId" not in failure.message  # the words, not the JSON around them


def test_endpoint_that_is_gone(emulated: Emulated) -> None:
    with pytest.raises(StepError, match="EndpointNotFound"):
        emulated.world.endpoints.begin_traffic(stage=emulated.world.stage(), traffic={"blue": 100})


def test_busy_endpoint(emulated: Emulated) -> None:
    """409 while another operation runs passes by itself."""
    world, stage = emulated.world, emulated.world.stage()
    emulated.running.control("POST", "provisioning", {"seconds": 30})
    world.endpoints.begin_create(stage=stage, tags={})
    with pytest.raises(StepError) as caught:
        world.endpoints.begin_traffic(stage=stage, traffic={})
    failure = failure_of(caught.value)
    assert "Already running method" in failure.message
    assert failure.retryable


def test_name_that_another_workspace_of_the_region_has(emulated: Emulated) -> None:
    """Nobody waits for what only another name can mend."""
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    with pytest.raises(StepError) as caught:
        world.endpoints.begin_create(stage=world.stage(world.prod), tags={})
    failure = failure_of(caught.value)
    assert (failure.code, failure.retryable) == ("EndpointNameTaken", False)
    assert stage.endpoint in failure.message
    assert "Choose another endpoint name" in failure.message


def test_kubernetes(emulated: Emulated) -> None:
    world = emulated.world
    compute = KubernetesCompute("cluster", None, 2, "500m", "1Gi", "10.0.0.4")
    stage = world.stage(world.prod, compute=compute)
    world.created(stage)
    world.deployed(stage, "blue", world.registered(world.prod))
    prod = Arm(emulated.running.url, emulated.running.settings.workspaces[1])
    endpoint = prod.call("GET", f"onlineEndpoints/{stage.endpoint}").json()
    assert endpoint["properties"]["compute"] == f"{world.prod.arm_id}/computes/cluster"
    deployment = prod.call("GET", f"onlineEndpoints/{stage.endpoint}/deployments/blue").json()
    resources = deployment["properties"]["containerResourceRequirements"]
    assert resources["containerResourceRequests"] == {"cpu": "500m", "memory": "1Gi"}
    assert deployment["sku"]["capacity"] == 2
    world.trafficked(stage, {"blue": 100})
    after = prod.call("GET", f"onlineEndpoints/{stage.endpoint}").json()["properties"]
    assert after["compute"] == endpoint["properties"]["compute"]


def test_model_of_another_workspace(emulated: Emulated) -> None:
    world = emulated.world
    stage = world.stage(world.prod)
    world.created(stage)
    model = world.registered(world.qa)
    with pytest.raises(StepError) as caught:
        world.endpoints.begin_deploy(stage=stage, deployment="blue", model=model, tags={})
    assert model.name in failure_of(caught.value).message


def test_log_of_what_is_not_there(emulated: Emulated) -> None:
    stage = emulated.world.stage()
    assert emulated.world.endpoints.logs(stage=stage, deployment="blue", lines=5) == ""
