"""The points of the Durable extension's boundary, each through the host."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from dev.host.failures import sanitize
from dev.host.payloads import activity_input, activity_output
from dev.host.protos import TypedData
from tests.host.engine.orchestrators import eventually
from tests.host.hosting import APPS, RunningHost, running_host


def call(host: RunningHost, name: str, value: object = None, **more: object) -> Any:  # noqa: ANN401 (any JSON)
    state = host.run("call", {"name": name, "input": value, **more})
    assert state["runtimeStatus"] == "Completed", state
    return state["output"]


def test_point_01_the_client_binding_is_one_json_string(durable: RunningHost) -> None:
    binding = durable.call("GET", "/binding").json()
    key = durable.system_keys["durabletask_extension"]
    rpc = binding["rpcBaseUrl"]
    assert rpc.startswith("http://127.0.0.1:")
    assert list(binding.items()) == [
        ("taskHubName", "PointsHub"),
        ("connectionName", None),
        ("creationUrls", None),
        ("managementUrls", None),
        ("baseUrl", None),
        ("requiredQueryStringParameters", f"code={key}"),
        ("rpcBaseUrl", rpc),
        ("httpBaseUrl", f"{durable.url}/runtime/webhooks/durabletask"),
        ("useForwardedHost", False),
        ("maxGrpcMessageSizeInBytes", 8388608),
        ("grpcHttpClientTimeout", '"00:01:40"'),
    ]


def test_point_01_the_message_limit_is_that_of_host_json(durable: RunningHost) -> None:
    five_megabytes = "x" * 5_000_000
    assert durable.call("POST", "/start/describe/big", five_megabytes).status == 202
    assert durable.call("POST", "/start/describe/bigger", five_megabytes * 2).status == 500


def test_a_sync_function_gets_a_sync_client(durable: RunningHost) -> None:
    instance_id = durable.call("POST", "/start-sync/describe").text
    assert durable.finish(instance_id)["runtimeStatus"] == "Completed"


def test_point_02_a_used_id_is_refused_only_while_it_runs(durable: RunningHost) -> None:
    assert durable.manage("POST", "orchestrators/wait/used").status == 202
    assert durable.manage("POST", "orchestrators/wait/used").status == 409
    durable.manage("POST", "instances/used/raiseEvent/go", 1)
    durable.finish("used")
    assert durable.manage("POST", "orchestrators/describe/used", 0).status == 202
    assert durable.finish("used")["name"] == "describe"


def test_point_05_a_child_knows_its_parent_after_continuing_as_new(durable: RunningHost) -> None:
    state = durable.run("who_am_i")
    assert state["output"]["child"]["parent"] == state["instanceId"]


def test_point_06_a_childs_failure_comes_unchanged(durable: RunningHost) -> None:
    failure = call(durable, "fail", child=True)
    assert (failure["type"], failure["message"]) == ("builtins.LookupError", "nothing there")


@pytest.mark.parametrize(
    ("given", "received"),
    [
        ('{ "a" : [1, 2.50, "é"] }', '{"a":[1,2.5,"é"]}'),
        ('"text"', '"text"'),
        ('"2026-01-02T03:04:05.000Z"', '"2026-01-02T03:04:05.000Z"'),
        ("false", "false"),
    ],
)
def test_point_09_activity_input_is_compact_json_in_a_string(given: str, received: str) -> None:
    data = activity_input(pb.ActivityRequest(input=StringValue(value=given)))
    assert vars(data) == {"string": received}


@pytest.mark.parametrize("given", [None, StringValue(value="null")])
def test_point_09_a_null_input_is_no_data_at_all(given: StringValue | None) -> None:
    assert activity_input(pb.ActivityRequest(input=given)).WhichOneof("data") is None


def test_point_09_the_empty_input_of_a_retry_cannot_be_parsed() -> None:
    with pytest.raises(json.JSONDecodeError):
        activity_input(pb.ActivityRequest(input=StringValue(value="")))


def test_point_09_a_result_is_rewritten_and_null_is_none() -> None:
    assert activity_output(TypedData(json='{ "a": 1.0 }')) == '{"a":1.0}'
    assert activity_output(TypedData(json="null")) is None
    assert activity_output(None) is None


def test_point_09_values_pass_through_the_app(durable: RunningHost) -> None:
    assert call(durable, "type_of", {"a": None}) == {"result": ["dict", {"a": None}]}
    assert call(durable, "identity", "5") == {"result": "5"}
    assert call(durable, "nothing", 1) == {"result": None}


def test_point_09_the_sdk_cannot_decode_no_data(durable: RunningHost) -> None:
    assert call(durable, "identity")["type"] == "AttributeError"


def test_point_10_an_activity_failure_is_class_name_and_first_line(durable: RunningHost) -> None:
    failure = call(durable, "raises", "first line\nsecond line")
    assert (failure["type"], failure["message"]) == ("ValueError", "first line")
    assert "function_app.py" in failure["stack"]


def test_point_10_what_looks_like_a_credential_is_hidden(durable: RunningHost) -> None:
    failure = call(durable, "raises", "no RowKey=abc in the table")
    assert failure["message"] == "no Row[Hidden Credential]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at https://x/y?sig=abc' now", "at https://x/y[Hidden Credential]' now"),
        ('AccountKey=a;b" and password=c', '[Hidden Credential]" and [Hidden Credential]'),
        ("PublicKeyToken=31bf", "PublicKeyToken=31bf"),
        ("nothing = here", "nothing = here"),
    ],
)
def test_point_10_the_sanitizer_hides_up_to_a_quote(text: str, shown: str) -> None:
    assert sanitize(text) == shown


def test_point_11_an_unknown_orchestrator_is_created_then_fails(durable: RunningHost) -> None:
    state = durable.run("nobody")
    assert state["runtimeStatus"] == "Failed"
    assert state["output"].startswith("The function 'nobody' doesn't exist, is disabled")


def test_point_11_an_unknown_activity_fails_without_details(durable: RunningHost) -> None:
    failure = call(durable, "nobody", 1)
    assert (failure["type"], failure["message"]) == ("", "")


def test_names_of_functions_ignore_case(durable: RunningHost) -> None:
    assert durable.run("DESCRIBE", 0)["runtimeStatus"] == "Completed"
    assert call(durable, "IDENTITY", 1) == {"result": 1}


def test_point_12_a_worker_exit_in_a_turn_brings_the_turn_again(durable: RunningHost) -> None:
    assert durable.run("exits_once")["output"] == "second try"


def test_point_12_a_timeout_in_a_turn_brings_the_turn_again(durable: RunningHost) -> None:
    # Its second answer is empty, so it ends; how often it ran is what counts.
    assert durable.run("hangs_once")["runtimeStatus"] == "Failed"
    assert durable.call("GET", "/runs").json()["hangs_once"] == 2


@pytest.mark.parametrize(
    ("activity", "kind"), [("exits", "WorkerProcessExit"), ("hangs", "FunctionTimeout")]
)
def test_point_12_a_lost_activity_fails_with_a_dotnet_type(
    durable: RunningHost, activity: str, kind: str
) -> None:
    failure = call(durable, activity, 1)
    assert failure["type"].startswith("Microsoft.Azure.WebJobs")
    assert kind in failure["type"]


def test_point_12_an_activity_may_run_twice(durable: RunningHost) -> None:
    durable.call("POST", "/_emulator/durable", {"redeliver_activities": 1})
    assert call(durable, "counts", 1)["result"] in {1, 2}
    # the instance may be over before its activity runs again
    eventually(lambda: durable.call("GET", "/runs").json()["counts"] == 2)


@pytest.mark.parametrize("name", ["says_nothing", "says_nonsense"])
def test_point_13_an_unusable_response_fails_the_instance(durable: RunningHost, name: str) -> None:
    state = durable.run(name)
    assert state["runtimeStatus"] == "Failed"
    assert state["output"] == f"Function '{name}' failed with an unhandled exception."


@pytest.mark.parametrize(("units", "status"), [(8192, "Completed"), (8193, "Failed")])
def test_point_13_a_custom_status_has_a_limit(
    durable: RunningHost, units: int, status: str
) -> None:
    assert durable.run("long_status", units)["runtimeStatus"] == status


def test_point_14_a_failed_instance_shows_plain_text(durable: RunningHost) -> None:
    state = durable.run("fail")
    assert state["runtimeStatus"] == "Failed"
    assert state["output"] == "builtins.LookupError: nothing there"


def test_a_failed_orchestration_is_in_the_log(durable: RunningHost) -> None:
    instance_id = durable.run("fail")["instanceId"]
    log = durable.log.read_text()
    assert f"fail of {instance_id} failed: builtins.LookupError: nothing there" in log


def test_point_17_an_entity_without_state_does_not_exist(durable: RunningHost) -> None:
    instance_id = durable.start("use_entity", [["set", 5], ["fail", None], ["get", None]])
    assert durable.finish(instance_id)["output"][::2] == [5, 5]
    assert durable.call("GET", f"/entity/keeper/{instance_id}").text == "true"
    durable.call("POST", f"/entity/keeper/{instance_id}", operation="delete")
    instance_id = durable.start("use_entity", [["set", 5], ["delete", None]])
    durable.finish(instance_id)
    assert durable.call("GET", f"/entity/keeper/{instance_id}").text == "false"


def test_a_failed_operation_tells_its_caller(durable: RunningHost) -> None:
    (message,) = durable.run("use_entity", [["fail", None]])["output"]
    assert "not today" in message


def test_an_unknown_entity_fails_its_caller(durable: RunningHost) -> None:
    assert "nobody" in str(durable.run("use_unknown_entity")["output"])


def test_call_http_polls_until_the_operation_is_done(durable: RunningHost) -> None:
    state = durable.run("call_remote", f"{durable.url}/remote")
    assert state["output"] == {"status": 200, "content": "done"}


DURABLE_TASK = "AzureFunctionsJobHost__extensions__durableTask__"


@pytest.fixture(scope="module")
def versioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    settings = {
        "defaultVersion": "1.9",
        "versionFailureStrategy": "Fail",
        "maxConcurrentActivityFunctions": "2",
    }
    environment = {DURABLE_TASK + name: value for name, value in settings.items()}
    log: Path = tmp_path_factory.mktemp("versioned") / "log"
    with running_host(APPS / "durable", log, environment=environment) as host:
        yield host


def test_no_more_activities_run_at_once_than_host_json_says(
    durable: RunningHost, versioned: RunningHost
) -> None:
    assert durable.run("most_at_once", 6)["output"] == 6
    assert versioned.run("most_at_once", 6)["output"] == 2


def test_without_a_default_every_version_waits_for_a_host_that_takes_it(
    durable: RunningHost,
) -> None:
    durable.call("POST", "/start/describe/rejected", 0, version="1.0")
    time.sleep(0.5)
    assert durable.manage("GET", "instances/rejected").json()["runtimeStatus"] == "Pending"


def test_point_16_clients_starts_get_the_default_version_children_none(
    versioned: RunningHost,
) -> None:
    output = versioned.run("who_am_i")["output"]
    assert (output["version"], output["child"]["version"]) == ("1.9", None)


@pytest.mark.parametrize(
    ("version", "status"), [("1.8", "Completed"), ("1.9", "Completed"), ("1.10", "Failed")]
)
def test_point_16_a_newer_version_is_not_run(
    versioned: RunningHost, version: str, status: str
) -> None:
    instance_id = f"v{version}"
    answer = versioned.call("POST", f"/start/describe/{instance_id}", 0, version=version)
    assert answer.status == 202
    assert versioned.finish(instance_id)["runtimeStatus"] == status
