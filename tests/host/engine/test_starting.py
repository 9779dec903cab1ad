"""Starting instances: ids in use, later starts, versions."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from durabletask.client import OrchestrationStatus, TaskHubGrpcClient
from durabletask.history import ExecutionStartedEvent
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.task import OrchestrationContext
from durabletask.worker import TaskHubGrpcWorker

from dev.host.engine import Engine, VersionFailure, VersionMatch
from dev.host.engine.versions import compare
from tests.host.engine.conftest import Serve
from tests.host.engine.orchestrators import (
    Steps,
    Value,
    done,
    ended,
    eventually,
    fails,
    refused,
    waits,
)


def version(ctx: OrchestrationContext, _: Value) -> Value:
    return ctx.version


def child_version(ctx: OrchestrationContext, _: Value) -> Steps:
    own = yield ctx.call_sub_orchestrator(version)
    given = yield ctx.call_sub_orchestrator(version, version="0.9")
    return [ctx.version, own, given]


def test_point_02_start_of_an_id_in_use_is_refused_and_of_a_finished_one_replaces_it(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def start(orchestrator: Value, value: Value = None, **policy: Value) -> str:
        return client.schedule_new_orchestration(
            orchestrator, input=value, instance_id="one", **policy
        )

    start(waits)
    refused(grpc.StatusCode.ALREADY_EXISTS, lambda: start(waits))  # Pending: no worker yet
    serve(waits, done, fails)
    client.wait_for_orchestration_start("one")
    refused(grpc.StatusCode.ALREADY_EXISTS, lambda: start(waits))  # Running
    client.suspend_orchestration("one")
    eventually(lambda: _status(client, "one") is OrchestrationStatus.SUSPENDED)
    refused(grpc.StatusCode.ALREADY_EXISTS, lambda: start(waits))
    running = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_SUSPENDED])
    refused(grpc.StatusCode.ALREADY_EXISTS, lambda: start(waits, reuse_id_policy=running))
    client.resume_orchestration("one")
    client.terminate_orchestration("one")
    ended(client, "one")

    start(fails, "luck")  # Terminated is replaced
    assert ended(client, "one").runtime_status.name == "FAILED"
    start(done, 2)  # so is Failed
    second = ended(client, "one")
    assert second.get_output() == 2
    refused(
        grpc.StatusCode.ALREADY_EXISTS,
        lambda: start(done, 3, reuse_id_policy=pb.OrchestrationIdReusePolicy()),
    )
    completed = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_COMPLETED])
    start(done, 4, reuse_id_policy=completed)
    assert ended(client, "one").get_output() == 4


def test_point_15_a_start_at_a_time_waits_for_it_and_executions_have_ids_of_their_own(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(done)
    begin = time.monotonic()
    later = datetime.now(UTC) + timedelta(seconds=1)
    client.schedule_new_orchestration(done, input=1, instance_id="later", start_at=later)
    assert _status(client, "later") is OrchestrationStatus.PENDING
    ended(client, "later")
    assert time.monotonic() - begin >= 0.9
    first = _execution_id(client, "later")
    client.schedule_new_orchestration(done, input=2, instance_id="later")
    ended(client, "later")
    assert first
    assert _execution_id(client, "later") not in ("", first)


def test_point_15_an_instance_ended_before_its_start_never_runs(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(done)
    later = datetime.now(UTC) + timedelta(seconds=0.5)
    client.schedule_new_orchestration(done, input=1, instance_id="later", start_at=later)
    client.terminate_orchestration("later", output="never mind")
    time.sleep(0.8)
    state = client.get_orchestration_state("later")
    assert state is not None
    assert state.runtime_status is OrchestrationStatus.TERMINATED
    assert state.get_output() == "never mind"


@pytest.fixture
def versioned() -> Iterator[list[Any]]:
    """Makes an engine with version settings; what was made is stopped."""
    made: list[Any] = []
    yield made
    for thing in reversed(made):
        thing.stop()


def _serve_versioned(made: list[Any], **settings: Value) -> TaskHubGrpcClient:
    engine = Engine(**settings)
    engine.start()
    worker = TaskHubGrpcWorker(host_address=engine.address)
    for orchestrator in (version, child_version):
        worker.add_orchestrator(orchestrator)
    worker.start()  # type: ignore[no-untyped-call]  # the SDK's
    made.extend((engine, worker))
    return TaskHubGrpcClient(host_address=engine.address)


def test_point_16_the_default_version_is_stamped_on_client_starts_never_on_children(
    versioned: list[Any],
) -> None:
    with _serve_versioned(versioned, default_version="1.0") as client:
        one = client.schedule_new_orchestration(child_version)
        state = ended(client, one)
        assert state.get_output() == ["1.0", None, "0.9"]
        own = client.schedule_new_orchestration(version, version="0.5")
        assert ended(client, own).get_output() == "0.5"


def test_a_newer_version_is_rejected_without_a_change_of_status(versioned: list[Any]) -> None:
    with _serve_versioned(versioned, default_version="1.9") as client:
        newer = client.schedule_new_orchestration(version, version="1.10")
        older = client.schedule_new_orchestration(version, version="1.8")
        assert ended(client, older).get_output() == "1.8"
        assert _status(client, newer) is OrchestrationStatus.PENDING


def test_a_newer_version_fails_where_the_settings_say_so(versioned: list[Any]) -> None:
    settings = {"default_version": "1.9", "version_failure": VersionFailure.FAIL}
    with _serve_versioned(versioned, **settings) as client:
        newer = client.schedule_new_orchestration(version, version="2.0")
        state = ended(client, newer)
        assert state.runtime_status is OrchestrationStatus.FAILED
        assert state.serialized_output is not None
        assert state.serialized_output.startswith("VersionMismatch: ")


def test_strict_matching_never_runs_a_child_without_a_version(versioned: list[Any]) -> None:
    settings = {"default_version": "1.0", "version_match": VersionMatch.STRICT}
    with _serve_versioned(versioned, **settings) as client:
        parent = client.schedule_new_orchestration(child_version, instance_id="parent")
        client.wait_for_orchestration_start(parent)
        eventually(lambda: len(client.get_all_orchestration_states()) == 2)
        time.sleep(0.3)
        statuses = {s.runtime_status.name for s in client.get_all_orchestration_states()}
        assert statuses == {"RUNNING", "PENDING"}


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("1.10", "1.9", 1),
        ("1.0", "1.0.0", -1),
        ("10", "9", -1),  # no dot: text
        ("1.0-beta", "1.0-BETA", 0),
        (None, "0.1", -1),
        ("0.1", None, 1),
        (None, "", 0),
    ],
)
def test_versions_compare_as_core_does(left: str | None, right: str | None, order: int) -> None:
    assert compare(left, right) == order


def _status(client: TaskHubGrpcClient, instance_id: str) -> OrchestrationStatus:
    state = client.get_orchestration_state(instance_id)
    assert state is not None
    return state.runtime_status


def _execution_id(client: TaskHubGrpcClient, instance_id: str) -> Value:
    history = client.get_orchestration_history(instance_id)
    (started,) = (e for e in history if isinstance(e, ExecutionStartedEvent))
    return started.orchestration_instance.execution_id if started.orchestration_instance else None
