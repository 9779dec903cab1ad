"""Durable entities: state, calls, locks, and what exists."""

import time
from datetime import UTC, datetime, timedelta

from durabletask.client import EntityQuery, TaskHubGrpcClient
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.task import OrchestrationContext, TaskFailedError

from tests.host.engine.conftest import Serve
from tests.host.engine.orchestrators import Steps, Value, ended, eventually

A = EntityInstanceId("counter", "a")
B = EntityInstanceId("counter", "b")


def counter(ctx: EntityContext, value: Value) -> Value:
    state = ctx.get_state(int, 0) or 0
    if ctx.operation == "add":
        ctx.set_state(state + value)
    elif ctx.operation == "delete":
        ctx.set_state(None)
    elif ctx.operation == "fail":
        raise ValueError("no luck")
    return state


def _state(client: TaskHubGrpcClient, entity: EntityInstanceId) -> Value:
    metadata = client.get_entity(entity)
    return metadata.get_state(int) if metadata else None


def test_point_17_an_entity_without_state_does_not_exist(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(entities=(counter,))
    client.signal_entity(A, "add", input=1)
    eventually(lambda: _state(client, A) == 1)
    client.signal_entity(A, "delete")
    eventually(lambda: client.get_entity(A) is None)
    assert list(client.get_all_entities()) == []
    transient = client.get_all_entities(EntityQuery(include_transient=True))
    assert [entity.id for entity in transient] == [A]
    assert client.clean_entity_storage().empty_entities_removed == 1
    assert list(client.get_all_entities(EntityQuery(include_transient=True))) == []


def test_calls_answer_and_failures_come_back(client: TaskHubGrpcClient, serve: Serve) -> None:
    def calls(ctx: OrchestrationContext, _: Value) -> Steps:
        yield ctx.call_entity(A, "add", 2)
        try:
            yield ctx.call_entity(A, "fail")
        except TaskFailedError as error:
            failed = "no luck" in str(error)
        value = yield ctx.call_entity(A, "get")
        return [value, failed]

    serve(calls, entities=(counter,))
    one = client.schedule_new_orchestration(calls)
    assert ended(client, one).get_output() == [2, True]


def test_while_locked_only_the_owner_reaches_an_entity(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def moves(ctx: OrchestrationContext, _: Value) -> Steps:
        with (yield ctx.lock_entities([A, B])):
            yield ctx.call_entity(A, "add", -1)
            yield ctx.wait_for_external_event("go")
            yield ctx.call_entity(B, "add", 1)
            value = yield ctx.call_entity(A, "get")
        return value

    serve(moves, entities=(counter,))
    first = client.schedule_new_orchestration(moves)
    eventually(lambda: _state(client, A) == -1)
    client.signal_entity(A, "add", input=10)
    second = client.schedule_new_orchestration(moves)
    time.sleep(0.3)
    assert _state(client, A) == -1
    client.raise_orchestration_event(first, "go")
    client.raise_orchestration_event(second, "go")
    assert ended(client, first).get_output() == -1
    ended(client, second)
    eventually(lambda: _state(client, A) == 8)
    assert _state(client, B) == 2


def test_locks_of_ended_orchestrations_are_freed_by_the_clean_up(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def holds(ctx: OrchestrationContext, _: Value) -> Steps:
        with (yield ctx.lock_entities([A])):
            yield ctx.call_entity(A, "add", 1)
            yield ctx.wait_for_external_event("never")

    worker = serve(holds, entities=(counter,))
    one = client.schedule_new_orchestration(holds)
    eventually(lambda: _state(client, A) == 1)
    client.signal_entity(A, "add", input=5)
    worker.stop()  # type: ignore[no-untyped-call]  # the SDK's
    client.purge_orchestrations_by(runtime_status=None)
    assert client.get_orchestration_state(one) is None
    assert client.clean_entity_storage().orphaned_locks_released == 1
    serve(entities=(counter,))
    eventually(lambda: _state(client, A) == 6)


def test_a_signal_for_later_comes_later(client: TaskHubGrpcClient, serve: Serve) -> None:
    serve(entities=(counter,))
    later = datetime.now(UTC) + timedelta(seconds=0.7)
    client.signal_entity(A, "add", input=1, signal_time=later)
    time.sleep(0.3)
    assert _state(client, A) is None
    eventually(lambda: _state(client, A) == 1)
