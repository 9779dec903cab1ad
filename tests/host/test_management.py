from tests.host.hosting import RunningHost


def test_an_instance_is_started_watched_and_told(durable: RunningHost) -> None:
    started = durable.manage("POST", "orchestrators/wait/told", {"a": [1]})
    assert started.status == 202
    assert started.headers["Location"] == started.json()["statusQueryGetUri"]
    state = durable.wait_for("told", {"Running"})
    assert state["customStatus"] == {"waits": True}
    assert state["input"] == {"a": [1]}
    watched = durable.call("GET", started.json()["statusQueryGetUri"])
    assert (watched.status, watched.headers["Retry-After"]) == (202, "5")
    send = started.json()["sendEventPostUri"].replace("{eventName}", "go")
    assert durable.call("POST", send, {"b": 2}).status == 202
    assert durable.finish("told")["output"] == {"b": 2}
    assert durable.manage("GET", "instances/told").status == 200


def test_the_apps_own_check_status_links_work(durable: RunningHost) -> None:
    links = durable.call("POST", "/start/wait/linked").json()
    assert durable.call("GET", links["statusQueryGetUri"]).status == 202
    stop = links["terminatePostUri"].replace("{text}", "enough")
    assert durable.call("POST", stop).status == 202
    assert durable.finish("linked")["runtimeStatus"] == "Terminated"
    assert durable.call("DELETE", links["purgeHistoryDeleteUri"]).json() == {"instancesDeleted": 1}


def test_point_03_an_event_is_never_silently_lost(durable: RunningHost) -> None:
    assert durable.manage("POST", "instances/unknown/raiseEvent/go", 1).status == 404
    instance_id = durable.run("describe", 0)["instanceId"]
    assert durable.manage("POST", f"instances/{instance_id}/raiseEvent/go", 1).status == 410
    running = durable.start("wait")
    assert durable.manage("POST", f"instances/{running}/raiseEvent/go", b"{").status == 400


def test_point_04_unknown_and_finished_instances_refuse(durable: RunningHost) -> None:
    finished = durable.run("describe", 0)["instanceId"]
    for verb in ("terminate", "suspend", "resume"):
        assert durable.manage("POST", f"instances/unknown/{verb}").status == 404
        assert durable.manage("POST", f"instances/{finished}/{verb}").status == 410
    assert durable.manage("GET", "instances/unknown").status == 404
    assert durable.manage("DELETE", "instances/unknown").status == 404
    assert durable.manage("POST", "instances/unknown/rewind").status == 404
    assert durable.manage("POST", f"instances/{finished}/rewind").status == 412
    assert durable.manage("POST", f"instances/{finished}/dance").status == 404


def test_an_instance_is_suspended_and_resumed(durable: RunningHost) -> None:
    instance_id = durable.start("wait")
    durable.wait_for(instance_id, {"Running"})
    assert durable.manage("POST", f"instances/{instance_id}/suspend", reason="r").status == 202
    durable.wait_for(instance_id, {"Suspended"})
    durable.manage("POST", f"instances/{instance_id}/raiseEvent/go", 1)
    assert durable.manage("POST", f"instances/{instance_id}/resume").status == 202
    assert durable.finish(instance_id)["output"] == 1


def test_only_a_finished_instance_is_purged(durable: RunningHost) -> None:
    instance_id = durable.start("wait")
    assert durable.manage("DELETE", f"instances/{instance_id}").status == 412
    durable.manage("POST", f"instances/{instance_id}/raiseEvent/go", 1)
    durable.finish(instance_id)
    assert durable.manage("DELETE", f"instances/{instance_id}").json() == {"instancesDeleted": 1}
    assert durable.manage("GET", f"instances/{instance_id}").status == 404


def test_an_instance_is_restarted_under_a_new_id(durable: RunningHost) -> None:
    first = durable.run("describe", 0)["instanceId"]
    second = durable.manage("POST", f"instances/{first}/restart").json()["id"]
    assert second != first
    assert durable.finish(second)["input"] == 0


def test_instances_are_queried_by_status_prefix_and_page(durable: RunningHost) -> None:
    for number in range(3):
        durable.manage("POST", f"orchestrators/describe/query{number}", 0)
        durable.finish(f"query{number}")
    query = {"runtimeStatus": "completed,failed", "instanceIdPrefix": "query", "top": "2"}
    first = durable.manage("GET", "instances", **query)
    token = first.headers["x-ms-continuation-token"]
    code = durable.system_keys["durabletask_extension"]
    second = durable.call(
        "GET",
        "/runtime/webhooks/durabletask/instances",
        None,
        {"x-ms-continuation-token": token},
        code=code,
        **query,
    )
    found = [state["instanceId"] for page in (first, second) for state in page.json()]
    assert found == ["query0", "query1", "query2"]
    assert second.headers["x-ms-continuation-token"] is None
    query = {"runtimeStatus": "Running", "instanceIdPrefix": "query"}
    assert durable.manage("GET", "instances", **query).json() == []


def test_a_list_without_a_size_comes_in_pages_of_a_hundred(durable: RunningHost) -> None:
    for number in range(101):
        durable.manage("POST", f"orchestrators/wait/listed{number:03}")
    code = durable.system_keys["durabletask_extension"]
    path = "/runtime/webhooks/durabletask/instances"
    only = {"code": code, "instanceIdPrefix": "listed"}
    first = durable.call("GET", path, None, None, **only)
    assert len(first.json()) == 100
    token = {"x-ms-continuation-token": first.headers["x-ms-continuation-token"]}
    second = durable.call("GET", path, None, token, **only)
    assert [state["instanceId"] for state in second.json()] == ["listed100"]


def test_a_failed_instance_is_rewound_and_runs_what_failed_again(durable: RunningHost) -> None:
    failed = durable.run("call_twice", "rewound")
    assert failed["runtimeStatus"] == "Failed"
    path = f"instances/{failed['instanceId']}"
    assert durable.manage("POST", f"{path}/rewind", reason="mended").status == 202
    assert durable.finish(failed["instanceId"])["output"] == "second try"
    assert durable.manage("POST", f"{path}/rewind", reason="again").status == 412


def test_history_is_shown_when_asked_for(durable: RunningHost) -> None:
    path = f"instances/{durable.run('call', {'name': 'identity', 'input': 7})['instanceId']}"
    assert "historyEvents" not in durable.manage("GET", path).json()
    events = durable.manage("GET", path, showHistory="true").json()["historyEvents"]
    kinds = [event["EventType"] for event in events]
    assert kinds == ["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"]
    assert events[0]["FunctionName"] == "call"
    assert events[1]["FunctionName"] == "identity"
    assert events[1]["ScheduledTime"] <= events[1]["Timestamp"]
    assert events[2]["OrchestrationStatus"] == "Completed"
    assert not [event for event in events if "Result" in event]
    shown = {"showHistory": "true", "showHistoryOutput": "true", "showInput": "false"}
    events = durable.manage("GET", path, **shown).json()["historyEvents"]
    assert events[1]["Result"] == 7
    assert events[2]["Result"] == {"result": 7}
    assert "Input" not in events[0]


def test_a_purge_leaves_the_children_which_are_purged_as_instances_of_their_own(
    durable: RunningHost,
) -> None:
    parent = durable.run("who_am_i")["instanceId"]
    prefix = {"instanceIdPrefix": parent}
    (_, child) = [
        state["instanceId"] for state in durable.manage("GET", "instances", **prefix).json()
    ]
    assert durable.manage("DELETE", f"instances/{parent}").json() == {"instancesDeleted": 1}
    assert durable.manage("GET", f"instances/{child}").status == 200
    assert durable.manage("DELETE", f"instances/{child}").json() == {"instancesDeleted": 1}


def test_many_instances_are_purged_by_time(durable: RunningHost) -> None:
    durable.run("describe", 0)
    since = {"createdTimeFrom": "2099-01-01T00:00:00Z"}
    assert durable.manage("DELETE", "instances", **since).status == 404
    assert durable.manage("DELETE", "instances").status == 400
    since = {"createdTimeFrom": "2020-01-01T00:00:00Z", "runtimeStatus": "Completed"}
    assert durable.manage("DELETE", "instances", **since).json()["instancesDeleted"] >= 1


def test_a_failed_instance_is_a_server_error_only_if_asked(durable: RunningHost) -> None:
    instance_id = durable.run("fail")["instanceId"]
    asked = {"returnInternalServerErrorOnFailure": "true"}
    assert durable.manage("GET", f"instances/{instance_id}").status == 200
    assert durable.manage("GET", f"instances/{instance_id}", **asked).status == 500


def test_input_is_shown_unless_declined(durable: RunningHost) -> None:
    instance_id = durable.run("describe", 0)["instanceId"]
    path = f"instances/{instance_id}"
    assert durable.manage("GET", path).json()["input"] == 0
    assert durable.manage("GET", path, showInput="false").json()["input"] is None
