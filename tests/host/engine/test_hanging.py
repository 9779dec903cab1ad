"""Instances that are made to stand still, and let go again."""

import re
import threading
from functools import partial

from durabletask.client import OrchestrationStatus, TaskHubGrpcClient
from durabletask.task import ActivityContext, OrchestrationContext

from dev.host.engine import (
    Engine,
    Hang,
    HangingAs,
    VersionFailure,
    VersionMatch,
    VersionPolicy,
)
from tests.host.engine.conftest import Serve
from tests.host.engine.orchestrators import Steps, Value, done, ended, eventually, waits


def test_a_pending_instance_neither_begins_nor_ends_until_it_is_released(
    engine: Engine, client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(waits, done)
    engine.hang(Hang(HangingAs.PENDING, re.compile("one"), "WAITS"))
    client.schedule_new_orchestration(waits, instance_id="one")
    client.terminate_orchestration("one")
    client.schedule_new_orchestration(done, input=1, instance_id="two")
    ended(client, "two")  # the worker is there and has nothing else to do
    assert status(client, "one") is OrchestrationStatus.PENDING
    engine.release()
    assert ended(client, "one").runtime_status is OrchestrationStatus.TERMINATED


def test_a_running_instance_takes_no_step_until_it_is_released(
    engine: Engine, client: TaskHubGrpcClient, serve: Serve
) -> None:
    working, ordered = threading.Event(), threading.Event()

    def work(_: ActivityContext, value: int) -> int:
        working.set()
        ordered.wait(60)  # an end that was ordered before the result is there comes first
        return value + 1

    def calls(ctx: OrchestrationContext, value: int) -> Steps:
        result = yield ctx.call_activity(work, input=value)
        return result

    serve(calls, done, activities=(work,))
    engine.hang(Hang(HangingAs.RUNNING, re.compile("one")))
    client.schedule_new_orchestration(calls, input=1, instance_id="one")
    assert working.wait(60)
    client.terminate_orchestration("one")
    ordered.set()
    client.schedule_new_orchestration(done, input=1, instance_id="two")
    ended(client, "two")
    assert status(client, "one") is OrchestrationStatus.RUNNING
    engine.release()
    eventually(lambda: status(client, "one") is OrchestrationStatus.TERMINATED)


def test_present_and_future_instances_are_suspended_and_resumed_unless_others_suspended_them(
    engine: Engine, client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(waits)
    for name in ("present", "by-hand"):
        client.schedule_new_orchestration(waits, instance_id=name)
        client.wait_for_orchestration_start(name)
    client.suspend_orchestration("by-hand")
    eventually(lambda: status(client, "by-hand") is OrchestrationStatus.SUSPENDED)
    engine.hang(Hang(HangingAs.SUSPENDED, re.compile(".*")))
    client.schedule_new_orchestration(waits, instance_id="future")
    for name in ("present", "future"):
        eventually(partial(is_suspended, client, name))
        client.raise_orchestration_event(name, "go", data=name)
    engine.release()
    for name in ("present", "future"):
        assert ended(client, name).get_output() == name
    assert status(client, "by-hand") is OrchestrationStatus.SUSPENDED


def test_a_rejected_version_keeps_its_status_until_the_settings_take_it_again(
    engine: Engine, client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(waits, done)
    engine.set_versions(VersionPolicy("2.0", VersionMatch.CURRENT_OR_OLDER, VersionFailure.REJECT))
    client.schedule_new_orchestration(waits, instance_id="one")
    client.wait_for_orchestration_start("one")
    engine.set_versions(VersionPolicy("1.0", VersionMatch.CURRENT_OR_OLDER, VersionFailure.REJECT))
    client.raise_orchestration_event("one", "go", data=1)
    client.schedule_new_orchestration(done, input=1, instance_id="two")
    ended(client, "two")
    assert status(client, "one") is OrchestrationStatus.RUNNING
    engine.set_versions(VersionPolicy("2.0", VersionMatch.CURRENT_OR_OLDER, VersionFailure.REJECT))
    assert ended(client, "one").get_output() == 1


def test_a_version_that_fails_ends_at_its_next_work_item(
    engine: Engine, client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(waits)
    engine.set_versions(VersionPolicy("2.0", VersionMatch.CURRENT_OR_OLDER, VersionFailure.FAIL))
    client.schedule_new_orchestration(waits, instance_id="one")
    client.wait_for_orchestration_start("one")
    engine.set_versions(VersionPolicy("1.0", VersionMatch.CURRENT_OR_OLDER, VersionFailure.FAIL))
    assert status(client, "one") is OrchestrationStatus.RUNNING
    client.raise_orchestration_event("one", "go", data=1)
    state = ended(client, "one")
    assert state.runtime_status is OrchestrationStatus.FAILED
    assert str(state.serialized_output).startswith("VersionMismatch: ")


def test_a_dropped_hub_forgets_what_was_to_hang_and_its_versions(
    engine: Engine, client: TaskHubGrpcClient, serve: Serve
) -> None:
    serve(done)
    engine.hang(Hang(HangingAs.PENDING, re.compile(".*")))
    engine.set_versions(VersionPolicy("2.0", VersionMatch.STRICT, VersionFailure.FAIL))
    engine.reset()
    client.schedule_new_orchestration(done, input=1, instance_id="one")
    assert ended(client, "one").get_output() == 1


def is_suspended(client: TaskHubGrpcClient, instance_id: str) -> bool:
    return status(client, instance_id) is OrchestrationStatus.SUSPENDED


def status(client: TaskHubGrpcClient, instance_id: str) -> Value:
    state = client.get_orchestration_state(instance_id)
    return state.runtime_status if state else None
