"""Work that is delivered again, results that are lost, a hub that is gone, and many waiters."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from durabletask.client import TaskHubGrpcClient
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceStub
from durabletask.task import ActivityContext, OrchestrationContext, TaskFailedError

from dev.host.engine import Engine
from tests.host.engine.conftest import Serve
from tests.host.engine.orchestrators import Steps, Value, done, echo, ended, eventually, waits
from tests.tally import Tally


class Runs:
    """An orchestrator with one activity that counts how often each ran."""

    def __init__(self) -> None:
        self.count = Tally()

    def activity(self) -> Value:
        def work(_: ActivityContext, value: int) -> int:
            self.count.add("activity")
            return value + 1

        return work

    def orchestrator(self) -> Value:
        def one_activity(ctx: OrchestrationContext, value: int) -> Steps:
            self.count.add("turn")
            result = yield ctx.call_activity("work", input=value)
            return result

        return one_activity


@pytest.fixture
def runs(serve: Serve) -> Runs:
    runs = Runs()
    serve(runs.orchestrator(), waits, done, activities=(runs.activity(),))
    return runs


def test_activities_are_delivered_twice_when_asked(
    engine: Engine, client: TaskHubGrpcClient, runs: Runs
) -> None:
    engine.redeliver_activities(1)
    for _ in range(2):
        one = client.schedule_new_orchestration("one_activity", input=1)
        assert ended(client, one).get_output() == 2
    eventually(lambda: runs.count["activity"] == 3)


def test_turns_are_delivered_twice_when_asked_and_the_second_answer_is_dropped(
    engine: Engine, client: TaskHubGrpcClient, runs: Runs
) -> None:
    engine.redeliver_turns(2)
    one = client.schedule_new_orchestration("one_activity", input=1)
    assert ended(client, one).get_output() == 2
    eventually(lambda: runs.count["turn"] == 4)
    assert runs.count["activity"] == 1


def test_events_arrive_twice_when_asked(
    engine: Engine, client: TaskHubGrpcClient, serve: Serve
) -> None:
    def two(ctx: OrchestrationContext, _: Value) -> Steps:
        first = yield ctx.wait_for_external_event("go")
        second = yield ctx.wait_for_external_event("go")
        return [first, second]

    serve(two)
    engine.redeliver_events(1)
    one = client.schedule_new_orchestration(two)
    client.raise_orchestration_event(one, "go", data=1)
    assert ended(client, one).get_output() == [1, 1]


def test_an_activity_whose_result_is_lost_runs_again(
    engine: Engine, client: TaskHubGrpcClient, runs: Runs
) -> None:
    engine.lose_results(1, visibility_timeout=0.5)
    begin = time.monotonic()
    one = client.schedule_new_orchestration("one_activity", input=1)
    assert ended(client, one).get_output() == 2
    assert time.monotonic() - begin >= 0.5
    assert runs.count["activity"] == 2


def test_after_a_reset_nothing_is_known_and_late_results_are_dropped(
    engine: Engine, client: TaskHubGrpcClient, serve: Serve
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(_: ActivityContext, value: str) -> str:
        entered.set()
        leave.wait(10)
        return value

    def calls(ctx: OrchestrationContext, value: str) -> Steps:
        result = yield ctx.call_activity(slow, input=value)
        return result

    serve(calls, waits, activities=(slow,))
    client.schedule_new_orchestration(calls, input="old", instance_id="one")
    assert entered.wait(10)
    engine.reset()
    assert client.get_orchestration_state("one") is None
    client.schedule_new_orchestration(waits, instance_id="one")
    client.wait_for_orchestration_start("one")
    leave.set()
    time.sleep(0.3)
    client.raise_orchestration_event("one", "go", data="new")
    assert ended(client, "one").get_output() == "new"


@pytest.fixture
def stub(engine: Engine) -> Iterator[Any]:
    """The bare protocol, for a worker that misbehaves."""
    with grpc.insecure_channel(engine.address) as channel:
        yield TaskHubSidecarServiceStub(channel)  # type: ignore[no-untyped-call]  # generated


def _schedule(stub: Value, turn: pb.WorkItem) -> None:
    action = helpers.new_schedule_task_action(1, "work", None, None)
    stub.CompleteOrchestratorTask(
        pb.OrchestratorResponse(
            instanceId="one", actions=[action], completionToken=turn.completionToken
        )
    )


def test_point_12_abandoned_turns_activities_and_entities_are_offered_again_unchanged(
    client: TaskHubGrpcClient, stub: Value
) -> None:
    client.schedule_new_orchestration("anything", instance_id="one")
    items = stub.GetWorkItems(pb.GetWorkItemsRequest())
    turn = next(items)
    stub.AbandonTaskOrchestratorWorkItem(
        pb.AbandonOrchestrationTaskRequest(completionToken=turn.completionToken)
    )
    assert next(items) == turn
    _schedule(stub, turn)
    activity = next(items)
    assert activity.activityRequest.name == "work"
    stub.AbandonTaskActivityWorkItem(
        pb.AbandonActivityTaskRequest(completionToken=activity.completionToken)
    )
    assert next(items) == activity
    stub.SignalEntity(pb.SignalEntityRequest(instanceId="@counter@a", name="add"))
    batch = next(items)
    stub.AbandonTaskEntityWorkItem(
        pb.AbandonEntityTaskRequest(completionToken=batch.completionToken)
    )
    assert next(items) == batch
    items.cancel()


def test_point_12_what_a_worker_took_with_it_is_offered_to_the_next(
    client: TaskHubGrpcClient, stub: Value
) -> None:
    client.schedule_new_orchestration("anything", instance_id="one")
    gone = stub.GetWorkItems(pb.GetWorkItemsRequest())
    turn = next(gone)
    gone.cancel()
    items = stub.GetWorkItems(pb.GetWorkItemsRequest())
    assert next(items) == turn
    items.cancel()


def test_point_11_an_activity_can_fail_without_failure_details(
    client: TaskHubGrpcClient, stub: Value
) -> None:
    client.schedule_new_orchestration("anything", instance_id="one")
    items = stub.GetWorkItems(pb.GetWorkItemsRequest())
    _schedule(stub, next(items))
    response = pb.ActivityResponse(
        instanceId="one",
        taskId=1,
        failureDetails=pb.TaskFailureDetails(),
        completionToken=next(items).completionToken,
    )
    stub.CompleteActivityTask(response)
    failed = next(items).orchestratorRequest.newEvents[-1]
    assert failed.taskFailed.taskScheduledId == 1
    assert not failed.taskFailed.HasField("failureDetails")
    items.cancel()


def test_results_with_an_unknown_token_are_dropped(client: TaskHubGrpcClient, stub: Value) -> None:
    client.schedule_new_orchestration("anything", instance_id="one")
    items = stub.GetWorkItems(pb.GetWorkItemsRequest())
    turn = next(items)
    _schedule(stub, turn)
    activity = next(items)
    stub.CompleteActivityTask(
        pb.ActivityResponse(instanceId="one", taskId=1, completionToken="another")
    )
    _schedule(stub, turn)  # answered already
    history = client.get_orchestration_history("one")
    assert len([e for e in history if "TaskScheduled" in type(e).__name__]) == 1
    stub.CompleteActivityTask(
        pb.ActivityResponse(instanceId="one", taskId=1, completionToken=activity.completionToken)
    )
    assert next(items).orchestratorRequest.newEvents[-1].HasField("taskCompleted")
    items.cancel()


def test_a_failing_activity_with_an_empty_message_fails(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def silent(_: ActivityContext, __: Value) -> None:
        raise ValueError

    def calls(ctx: OrchestrationContext, _: Value) -> Steps:
        try:
            yield ctx.call_activity(silent, input="x")
        except TaskFailedError as error:
            return error.details.error_type

    serve(calls, activities=(silent,))
    one = client.schedule_new_orchestration(calls)
    assert ended(client, one).get_output() == "builtins.ValueError"


def test_a_thousand_waiting_parents_hold_no_thread(client: TaskHubGrpcClient, serve: Serve) -> None:
    def child(ctx: OrchestrationContext, _: Value) -> Steps:
        yield ctx.create_timer(timedelta(days=2))

    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        yield ctx.call_sub_orchestrator(child)

    serve(parent, child, done)
    client.schedule_new_orchestration(done, input=0, instance_id="warm")
    ended(client, "warm")
    for _ in range(1000):
        client.schedule_new_orchestration(parent)
    client.schedule_new_orchestration(done, input=0, instance_id="last")
    ended(client, "last")
    eventually(lambda: len(client.get_all_orchestration_states()) == 2002, 60)
    engine_threads = [t for t in threading.enumerate() if t.name.startswith("engine-")]
    assert len(engine_threads) < 50


def test_stop_leaves_no_thread_and_ends_every_wait() -> None:
    engine = Engine()
    engine.start()
    cut_off = threading.Event()

    def wait() -> None:
        with (
            TaskHubGrpcClient(host_address=engine.address) as client,
            pytest.raises(grpc.RpcError),
        ):
            client.wait_for_orchestration_completion("nobody", timeout=60)
        cut_off.set()

    threading.Thread(target=wait).start()
    eventually(lambda: any(t.name.startswith("engine-call") for t in threading.enumerate()))
    engine.stop()
    assert cut_off.wait(10)
    assert [t for t in threading.enumerate() if t.name.startswith("engine-")] == []


def test_a_taken_port_is_an_error(engine: Engine) -> None:
    port = int(engine.address.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=str(port)):
        Engine(port=port).start()


def test_large_payloads_pass(client: TaskHubGrpcClient, serve: Serve) -> None:
    def calls(ctx: OrchestrationContext, value: str) -> Steps:
        result = yield ctx.call_activity(echo, input=value)
        return len(result)

    serve(calls, activities=(echo,))
    one = client.schedule_new_orchestration(calls, input="x" * 1_500_000)
    assert ended(client, one).get_output() == 1_500_000
