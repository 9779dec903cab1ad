"""Parents and children, continue-as-new, and what belongs to which execution."""

import threading
import time
from datetime import timedelta

import pytest
from durabletask.client import OrchestrationStatus, TaskHubGrpcClient
from durabletask.task import ActivityContext, OrchestrationContext, TaskFailedError

from tests.host.engine.conftest import Serve
from tests.host.engine.orchestrators import (
    Steps,
    Value,
    done,
    echo,
    ended,
    eventually,
    fails,
    waits,
)
from tests.tally import Tally


def test_point_05_a_child_knows_its_parent_also_after_it_continued_as_new(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def child(ctx: OrchestrationContext, seen: list[str | None]) -> Value:
        seen.append(ctx.parent_instance_id)
        if len(seen) < 2:
            return ctx.continue_as_new(seen)
        return seen

    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        seen = yield ctx.call_sub_orchestrator(child, input=[])
        return seen

    serve(parent, child)
    one = client.schedule_new_orchestration(parent)
    assert ended(client, one).get_output() == [one, one]


@pytest.mark.slow
def test_point_06_a_child_of_over_30_seconds_wakes_its_parent(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def child(ctx: OrchestrationContext, _: Value) -> Steps:
        yield ctx.create_timer(timedelta(seconds=32))
        return "late"

    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        result = yield ctx.call_sub_orchestrator(child)
        return result

    serve(parent, child)
    one = client.schedule_new_orchestration(parent)
    assert ended(client, one, timeout=60).get_output() == "late"


def test_point_06_a_childs_failure_reaches_its_parent_unchanged(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        try:
            yield ctx.call_sub_orchestrator(fails, input="luck")
        except TaskFailedError as error:
            return [error.details.error_type, error.details.message]

    serve(parent, fails)
    one = client.schedule_new_orchestration(parent)
    state = ended(client, one)
    assert state.get_output() == ["builtins.ValueError", "no luck"]


def test_point_06_a_terminated_child_fails_its_task(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        try:
            yield ctx.call_sub_orchestrator(waits, instance_id="child")
        except TaskFailedError:
            return "told"

    serve(parent, waits)
    one = client.schedule_new_orchestration(parent)
    eventually(lambda: client.get_orchestration_state("child"))
    client.terminate_orchestration("child")
    assert ended(client, one).get_output() == "told"


def test_point_06_a_child_id_in_use_leaves_the_parent_waiting(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def parent(ctx: OrchestrationContext, _: Value) -> Steps:
        yield ctx.call_sub_orchestrator(waits, instance_id="taken")

    serve(parent, waits)
    client.schedule_new_orchestration(waits, instance_id="taken")
    one = client.schedule_new_orchestration(parent)
    client.wait_for_orchestration_start(one)
    client.raise_orchestration_event("taken", "go")
    ended(client, "taken")
    with pytest.raises(TimeoutError):
        ended(client, one, timeout=1)


def test_point_07_old_timers_and_results_do_not_cross_continue_as_new(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def slow(_: ActivityContext, value: str) -> str:
        time.sleep(0.5)
        return value

    def again(ctx: OrchestrationContext, generation: int) -> Steps:
        """Asks for the same task ids in both generations; leaves the first at once."""
        if generation == 1:
            ctx.create_timer(timedelta(seconds=0.7))
            ctx.call_activity(slow, input="old")
            yield ctx.wait_for_external_event("next")
            return ctx.continue_as_new(2)
        begin = ctx.current_utc_datetime
        yield ctx.create_timer(timedelta(seconds=2))
        waited = (ctx.current_utc_datetime - begin).total_seconds()
        result = yield ctx.call_activity(slow, input="new")
        return [waited >= 1.9, result]

    serve(again, activities=(slow,))
    one = client.schedule_new_orchestration(again, input=1)
    client.wait_for_orchestration_start(one)
    client.raise_orchestration_event(one, "next")
    assert ended(client, one).get_output() == [True, "new"]


def test_point_07_results_of_an_earlier_instance_do_not_reach_one_with_the_same_id(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def slow(_: ActivityContext, value: str) -> str:
        time.sleep(1 if value == "old" else 2)
        return value

    def calls(ctx: OrchestrationContext, value: str) -> Steps:
        result = yield ctx.call_activity(slow, input=value)
        return result

    serve(calls, activities=(slow,))
    client.schedule_new_orchestration(calls, input="old", instance_id="one")
    client.wait_for_orchestration_start("one")
    client.terminate_orchestration("one")
    ended(client, "one")
    client.schedule_new_orchestration(calls, input="new", instance_id="one")
    assert ended(client, "one").get_output() == "new"


def test_point_07_a_late_result_does_not_wake_a_finished_instance(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    turns = Tally()

    def slow(_: ActivityContext, value: str) -> str:
        time.sleep(0.5)
        return value

    def leaves(ctx: OrchestrationContext, _: Value) -> Steps:
        turns.add(ctx.instance_id)
        ctx.call_activity(slow, input="x")
        ctx.create_timer(timedelta(seconds=0.5))
        result = yield ctx.call_activity(echo, input=1)
        return result

    serve(leaves, activities=(slow, echo))
    one = client.schedule_new_orchestration(leaves)
    first = ended(client, one)
    time.sleep(1)
    later = client.get_orchestration_state(one)
    assert later is not None
    assert later.runtime_status is OrchestrationStatus.COMPLETED
    assert later.last_updated_at == first.last_updated_at
    assert turns[one] == 2


def test_point_08_a_turn_that_continues_as_new_does_all_else_that_it_asks_for(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    ran = threading.Event()

    def note(_: ActivityContext, value: str) -> str:
        ran.set()
        return value

    def again(ctx: OrchestrationContext, generation: int) -> Steps:
        if generation == 1:
            ctx.call_activity(note, input="of the first")
            ctx.call_sub_orchestrator(done, input=1, instance_id="child")
            ctx.send_event("other", "go", data="sent")
            ctx.create_timer(timedelta(seconds=0.1))
            return ctx.continue_as_new(2)
        result = yield ctx.wait_for_external_event("end")
        second = yield ctx.call_activity(echo, input="of the second")
        return [result, second]

    serve(again, waits, done, activities=(note, echo))
    client.schedule_new_orchestration(waits, instance_id="other")
    one = client.schedule_new_orchestration(again, input=1)
    assert ended(client, "other").get_output() == "sent"
    assert ended(client, "child").get_output() == 1
    assert ran.wait(10)
    time.sleep(0.3)  # for the result and the timer, which are nobody's
    history = client.get_orchestration_history(one)
    assert not [e for e in history if type(e).__name__ in {"TaskCompletedEvent", "TimerFiredEvent"}]
    client.raise_orchestration_event(one, "end", data="ended")
    assert ended(client, one).get_output() == ["ended", "of the second"]


def test_point_08_continue_as_new_keeps_version_tags_and_custom_status_until_another_is_set(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    def again(ctx: OrchestrationContext, generation: int) -> Steps:
        if generation == 1:
            ctx.set_custom_status("first")
            yield ctx.wait_for_external_event("next")
            return ctx.continue_as_new(2)
        yield ctx.wait_for_external_event("set")
        ctx.set_custom_status("second")
        yield ctx.wait_for_external_event("end")
        return generation

    serve(again)
    one = client.schedule_new_orchestration(again, input=1, tags={"a": "b"})
    eventually(lambda: _custom_status(client, one) == "first")
    client.raise_orchestration_event(one, "next")
    eventually(lambda: _input(client, one) == "2" and _has_begun(client, one))
    assert _custom_status(client, one) == "first"
    client.raise_orchestration_event(one, "set")
    eventually(lambda: _custom_status(client, one) == "second")
    client.raise_orchestration_event(one, "end")
    assert ended(client, one).get_output() == 2


def test_a_custom_status_that_was_never_set_reads_as_the_text_null_once_it_has_begun(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    one = client.schedule_new_orchestration(waits)
    state = client.get_orchestration_state(one)
    assert state is not None
    assert state.serialized_custom_status is None
    serve(waits)
    client.wait_for_orchestration_start(one)
    state = client.get_orchestration_state(one)
    assert state is not None
    assert state.serialized_custom_status == "null"
    assert state.get_custom_status() is None


def test_an_event_to_itself_does_not_wake_an_instance_that_ends(
    client: TaskHubGrpcClient, serve: Serve
) -> None:
    turns = Tally()

    def sends(ctx: OrchestrationContext, _: Value) -> Steps:
        turns.add(ctx.instance_id)
        yield ctx.call_activity(echo, input=1)
        ctx.send_event(ctx.instance_id, "go", data="to itself")

    serve(sends, activities=(echo,))
    one = client.schedule_new_orchestration(sends)
    ended(client, one)
    time.sleep(0.3)
    assert turns[one] == 2


@pytest.mark.parametrize("save", [True, False])
def test_unconsumed_events_go_on_only_if_saved(
    client: TaskHubGrpcClient, serve: Serve, save: bool
) -> None:
    def again(ctx: OrchestrationContext, generation: int) -> Steps:
        if generation == 1:
            yield ctx.wait_for_external_event("next")
            return ctx.continue_as_new(2, save_events=save)
        result = yield ctx.wait_for_external_event("early")
        return result

    serve(again)
    one = client.schedule_new_orchestration(again, input=1)
    client.raise_orchestration_event(one, "early", data="saved")
    client.raise_orchestration_event(one, "next")
    if not save:
        eventually(lambda: _input(client, one) == "2")
        client.raise_orchestration_event(one, "early", data="late")
    state = ended(client, one)
    assert state.get_output() == ("saved" if save else "late")


def _custom_status(client: TaskHubGrpcClient, instance_id: str) -> Value:
    state = client.get_orchestration_state(instance_id)
    return state.get_custom_status() if state else None


def _has_begun(client: TaskHubGrpcClient, instance_id: str) -> bool:
    """Whether the present execution has had a turn."""
    return bool(client.get_orchestration_history(instance_id))


def _input(client: TaskHubGrpcClient, instance_id: str) -> str | None:
    state = client.get_orchestration_state(instance_id)
    return state.serialized_input if state else None
