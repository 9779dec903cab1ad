"""The calls that change an instance, and what reading shows of it."""

import threading
import time
from datetime import UTC, datetime
from functools import partial

import grpc
from durabletask.client import OrchestrationQuery, OrchestrationStatus, TaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceStub
from durabletask.task import OrchestrationContext

from dev.host.engine import Engine
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

NOT_FOUND = grpc.StatusCode.NOT_FOUND
WRONG_STATE = grpc.StatusCode.FAILED_PRECONDITION


def _finished(client: TaskHubGrpcClient, instance_id: str = "done") -> str:
    client.schedule_new_orchestration(done, input="out", instance_id=instance_id)
    ended(client, instance_id)
    return instance_id


def test_point_03_raise_event_to_unknown_or_finished_is_an_error(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    client.schedule_new_orchestration(waits, instance_id="early")
    client.raise_orchestration_event("early", "go", data=1)  # Pending takes events
    serve(done, waits)
    assert ended(client, "early").get_output() == 1
    for finished in (_finished(client), "early"):
        refused(WRONG_STATE, partial(client.raise_orchestration_event, finished, "go"))
    refused(NOT_FOUND, lambda: client.raise_orchestration_event("nobody", "go"))
    refused(
        grpc.StatusCode.INVALID_ARGUMENT, lambda: client.raise_orchestration_event("nobody", "")
    )


def test_point_03_a_suspended_instance_takes_events_and_acts_on_them_when_resumed(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(waits)
    client.schedule_new_orchestration(waits, instance_id="one")
    client.wait_for_orchestration_start("one")
    client.suspend_orchestration("one")
    eventually(lambda: _status(client, "one") is OrchestrationStatus.SUSPENDED)
    client.raise_orchestration_event("one", "go", data="kept")
    assert _status(client, "one") is OrchestrationStatus.SUSPENDED
    client.resume_orchestration("one")
    assert ended(client, "one").get_output() == "kept"


def test_point_04_unknown_instances_are_not_found(client: TaskHubGrpcClient) -> None:
    refused(NOT_FOUND, lambda: client.terminate_orchestration("nobody"))
    refused(NOT_FOUND, lambda: client.suspend_orchestration("nobody"))
    refused(NOT_FOUND, lambda: client.resume_orchestration("nobody"))
    refused(NOT_FOUND, lambda: client.restart_orchestration("nobody"))
    refused(NOT_FOUND, lambda: client.rewind_orchestration("nobody", reason="why"))
    assert client.purge_orchestration("nobody").deleted_instance_count == 0


def test_point_04_finished_instances_cannot_be_changed_but_purged_and_restarted(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(done)
    finished = _finished(client)
    refused(WRONG_STATE, lambda: client.terminate_orchestration(finished))
    refused(WRONG_STATE, lambda: client.suspend_orchestration(finished))
    refused(WRONG_STATE, lambda: client.resume_orchestration(finished))
    refused(WRONG_STATE, lambda: client.rewind_orchestration(finished, reason="why"))
    assert client.restart_orchestration(finished) == finished
    assert ended(client, finished).get_output() == "out"
    assert client.purge_orchestration(finished).deleted_instance_count == 1
    assert client.get_orchestration_state(finished) is None


def test_point_04_running_instances_are_not_purged_restarted_resumed_or_suspended_twice(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(waits)
    client.schedule_new_orchestration(waits, instance_id="one")
    client.wait_for_orchestration_start("one")
    refused(WRONG_STATE, lambda: client.purge_orchestration("one"))
    refused(WRONG_STATE, lambda: client.restart_orchestration("one"))
    refused(WRONG_STATE, lambda: client.resume_orchestration("one"))
    other = client.restart_orchestration("one", restart_with_new_instance_id=True)
    assert other != "one"
    client.suspend_orchestration("one")
    eventually(lambda: _status(client, "one") is OrchestrationStatus.SUSPENDED)
    refused(WRONG_STATE, lambda: client.suspend_orchestration("one"))


def test_point_04_a_failed_instance_is_rewound_with_its_failed_child(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    broken = [True]

    def child(_: OrchestrationContext, __: Value) -> str:
        if broken:
            raise ValueError("broken")
        return "mended"

    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        result = yield ctx.call_sub_orchestrator(child)
        return result

    serve(parent, child)
    one = client.schedule_new_orchestration(parent)
    failed = ended(client, one)
    assert failed.runtime_status is OrchestrationStatus.FAILED
    broken.clear()
    client.rewind_orchestration(one, reason="mended")
    assert ended(client, one).get_output() == "mended"


def test_a_turn_of_a_purged_instance_changes_nothing(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        entered.set()
        leave.wait(10)
        yield ctx.call_sub_orchestrator(done, input=1, instance_id="child")

    serve(parent, done)
    client.schedule_new_orchestration(parent, instance_id="one")
    assert entered.wait(10)
    client.purge_orchestrations_by(runtime_status=None)  # without statuses running ones go too
    leave.set()
    time.sleep(0.3)
    assert client.get_all_orchestration_states() == []


def test_point_14_a_failed_instance_shows_plain_text_and_no_failure_details(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(fails)
    one = client.schedule_new_orchestration(fails, input="luck")
    state = ended(client, one)
    assert state.runtime_status is OrchestrationStatus.FAILED
    assert state.failure_details is None
    assert state.serialized_output == "builtins.ValueError: no luck"
    (queried,) = client.get_all_orchestration_states()
    assert queried.failure_details is None


def test_reading_shows_tags_and_parent_and_queries_page_through_ids_in_order(
    client: TaskHubGrpcClient, engine: Engine, serve: Serve
) -> None:
    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        ctx.set_custom_status("at work")
        yield ctx.call_sub_orchestrator(done, input=1, instance_id="a-child")

    serve(parent, done)
    client.schedule_new_orchestration(parent, instance_id="b-parent", tags={"kind": "test"})
    ended(client, "b-parent")
    _finished(client, "c")
    with grpc.insecure_channel(engine.address) as channel:
        stub = TaskHubSidecarServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        bare = stub.GetInstance(pb.GetInstanceRequest(instanceId="b-parent")).orchestrationState
        child = stub.GetInstance(pb.GetInstanceRequest(instanceId="a-child")).orchestrationState
        refused(
            grpc.StatusCode.UNIMPLEMENTED, lambda: stub.ListInstanceIds(pb.ListInstanceIdsRequest())
        )
    assert dict(bare.tags) == {"kind": "test"}
    assert not bare.HasField("customStatus")
    assert child.parentInstanceId.value == "b-parent"
    query = OrchestrationQuery(max_instance_count=2, fetch_inputs_and_outputs=False)
    states = client.get_all_orchestration_states(query)
    assert [state.instance_id for state in states] == ["a-child", "b-parent", "c"]
    assert states[1].get_custom_status() == "at work"
    assert states[2].serialized_input is None
    assert states[2].get_output() == "out"
    some = OrchestrationQuery(instance_id_prefix="b", runtime_status=[OrchestrationStatus.FAILED])
    assert client.get_all_orchestration_states(some) == []


def test_history_is_stamped_with_the_time_it_was_made(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    begin = datetime.now(UTC)
    serve(done)
    history = client.get_orchestration_history(_finished(client))
    stamps = [event.timestamp.replace(tzinfo=UTC) for event in history]
    assert len(stamps) >= 4
    assert all(begin <= stamp <= datetime.now(UTC) for stamp in stamps)


def _status(client: TaskHubGrpcClient, instance_id: str) -> OrchestrationStatus:
    state = client.get_orchestration_state(instance_id)
    assert state is not None
    return state.runtime_status
