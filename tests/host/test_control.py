from tests.host.hosting import RunningHost


def test_an_event_can_be_delivered_twice(durable: RunningHost) -> None:
    assert durable.call("POST", "/_emulator/durable", {"redeliver_events": 1}).status == 200
    instance_id = durable.start("collect")
    durable.wait_for(instance_id, {"Running"})
    durable.manage("POST", f"instances/{instance_id}/raiseEvent/go", 1)
    assert durable.finish(instance_id)["output"] == 2


def test_a_turn_can_be_delivered_twice_and_changes_nothing(durable: RunningHost) -> None:
    before = durable.invocations("describe")["started"]
    durable.call("POST", "/_emulator/durable", {"redeliver_turns": 1})
    assert durable.run("describe", 0)["runtimeStatus"] == "Completed"
    durable.run("describe", 0)
    assert durable.invocations("describe")["started"] == before + 3


def test_a_lost_result_makes_the_activity_run_again(durable: RunningHost) -> None:
    before = durable.invocations("identity")["started"]
    durable.call("POST", "/_emulator/durable", {"lose_results": 1})
    state = durable.run("call", {"name": "identity", "input": 1})
    assert state["output"] == {"result": 1}
    assert durable.invocations("identity")["started"] == before + 2


def test_the_engine_can_be_dropped_and_goes_on_empty(durable: RunningHost) -> None:
    instance_id = durable.start("wait")
    assert durable.call("POST", "/_emulator/durable/drop").status == 200
    assert durable.manage("GET", f"instances/{instance_id}").status == 404
    assert durable.run("describe", 0)["runtimeStatus"] == "Completed"


def test_unknown_faults_are_refused(durable: RunningHost) -> None:
    assert durable.call("POST", "/_emulator/durable", {"explode": 1}).status == 400
    assert durable.call("POST", "/_emulator/durable", b"[]").status == 400
    assert durable.call("GET", "/_emulator/elsewhere").status == 404
