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


def test_instances_hang_until_they_are_let_go(durable: RunningHost) -> None:
    for status in ("Pending", "Running", "Suspended"):
        hang = {"as": status.lower(), "instance": f"hangs-{status}", "orchestrator": "wait"}
        assert durable.call("POST", "/_emulator/durable/hang", hang).status == 200
        durable.manage("POST", f"orchestrators/wait/hangs-{status}")
        durable.wait_for(f"hangs-{status}", {status})
        durable.manage("POST", f"instances/hangs-{status}/raiseEvent/go", 1)
    durable.run("describe", 0)
    for status in ("Pending", "Running", "Suspended"):
        state = durable.manage("GET", f"instances/hangs-{status}").json()
        assert state["runtimeStatus"] == status
    assert durable.call("DELETE", "/_emulator/durable/hang").status == 200
    for status in ("Pending", "Running", "Suspended"):
        assert durable.finish(f"hangs-{status}")["output"] == 1


def test_the_version_settings_are_changed_as_by_a_deployment(durable: RunningHost) -> None:
    path = "/_emulator/durable/versions"
    assert durable.call("POST", path, {"defaultVersion": "2.0"}).status == 200
    assert durable.call("POST", "/start/wait/of-two", 0).status == 202
    durable.wait_for("of-two", {"Running"})
    durable.call("POST", path, {"defaultVersion": "1.0"})
    durable.manage("POST", "instances/of-two/raiseEvent/go", 1)
    durable.run("describe", 0)
    assert durable.manage("GET", "instances/of-two").json()["runtimeStatus"] == "Running"
    durable.call("POST", path, {"defaultVersion": "1.0", "versionFailureStrategy": "Fail"})
    assert durable.finish("of-two")["runtimeStatus"] == "Failed"
    assert durable.call("DELETE", path).status == 200


def test_unknown_faults_are_refused(durable: RunningHost) -> None:
    assert durable.call("POST", "/_emulator/durable", {"explode": 1}).status == 400
    assert durable.call("POST", "/_emulator/durable", b"[]").status == 400
    assert durable.call("POST", "/_emulator/durable/hang", {"as": "dancing"}).status == 400
    assert durable.call("POST", "/_emulator/durable/hang", {"instance": "x"}).status == 400
    assert durable.call("POST", "/_emulator/durable/versions", b"[]").status == 400
    unknown = {"versionFailureStrategy": "Perhaps"}
    assert durable.call("POST", "/_emulator/durable/versions", unknown).status == 400
    assert durable.call("GET", "/_emulator/elsewhere").status == 404
