"""Events of every kind: one release for each registered version, a reason for everything else."""

from collections.abc import Iterator

import pytest
import requests

from tests.e2e.stacks import Stack, types
from tests.e2e.workspaces import eventually

REGISTERED = "Microsoft.MachineLearningServices.ModelRegistered"


def subscribe(stack: Stack, name: str, source: str, **more: object) -> None:
    """Subscribe the app to a workspace, in place of a subscription of that name."""
    key = stack.host_keys()["eventgrid_extension"]
    webhook = f"{stack.facts['functions']}/runtime/webhooks/eventgrid"
    subscription = {
        "source": source,
        "endpoint": f"{webhook}?functionName=model_registered&code={key}",
        **more,
    }
    address = f"{stack.facts['eventgrid']}/_emulator/subscriptions/{name}"
    answer = requests.put(address, json=subscription, timeout=30)
    assert answer.ok, answer.text


@pytest.fixture(scope="module", params=["EventGridSchema", "CloudEventSchemaV1_0"])
def schema(request: pytest.FixtureRequest, stack: Stack) -> Iterator[str]:
    """The schema in which events of wk-qa are delivered."""
    chosen = {"schema": request.param, "included_event_types": [REGISTERED]}
    subscribe(stack, "modelgate", stack.facts["workspaces"]["qa"], **chosen)
    yield request.param
    default = {"schema": "EventGridSchema", "included_event_types": [REGISTERED]}
    subscribe(stack, "modelgate", stack.facts["workspaces"]["qa"], **default)


@pytest.fixture(scope="module")
def foreign(stack: Stack) -> str:
    """A workspace that no pipeline takes models of, whose every event is delivered."""
    subscribe(stack, "foreign", stack.facts["workspaces"]["prod"])
    return str(stack.facts["workspaces"]["prod"])


def reason(stack: Stack, *, event_id: str = "", model: str = "") -> str:
    """Why an event, by its id or its model's name, started nothing."""

    def look() -> str | None:
        for event in stack.get("/api/ignored?limit=100")["ignored"]:
            name = event["model"]["name"] if event["model"] else None
            if event_id == event["event_id"] or (model and name == model):
                return str(event["reason"])
        return None

    return eventually(look, f"event {event_id} of {model} ignored")


@pytest.mark.parametrize(
    ("spelling", "number"),
    [("ModelName", 11), ("modelName", 12), ("ModelName", "13"), ("modelName", "14-rc.1")],
)
def test_both_spellings_and_types_of_the_version_start_it(
    stack: Stack, schema: str, spelling: str, number: int | str
) -> None:
    more = 100 if schema == "EventGridSchema" else 200
    version = number + more if isinstance(number, int) else f"{more}{number}"
    data = {spelling: "told", spelling.replace("Name", "Version"): version}
    stack.tell("told", data=data)
    release = stack.ended(stack.started("told", str(version)))
    assert release["model"] == {"name": "told", "version": str(version)}
    assert release["workspace"] == stack.facts["workspaces"]["qa"]


def test_events_that_come_again_start_one_release(stack: Stack) -> None:
    stack.control("eventgrid", "duplicate", {"times": 3})
    stack.register("told-again")
    event = {"id": "the-same-event"}
    stack.tell("told-again", **event)
    stack.tell("told-again", **event)
    release = stack.succeeded(stack.started("told-again"))
    stack.tell("told-again", **event)
    stack.tell("told-again")
    eventually(lambda: count_deliveries(stack, event["id"]) >= 4 or None, "all deliveries")
    assert [each["id"] for each in stack.releases("told-again")] == [release["id"]]
    trail = types(stack.events(release["id"]))
    assert trail == ["Started", "StageStarted", "Deployed", "Probed", "StageSucceeded", "Ended"]
    assert stack.arm_calls("PUT", "onlineEndpoints/told-again-qa/deployments") == [201]


def count_deliveries(stack: Stack, event_id: str) -> int:
    """How often an event reached the app."""
    url = f"{stack.facts['eventgrid']}/_emulator/deliveries"
    attempts = requests.get(url, timeout=30).json()
    return sum(each["event_id"] == event_id and each["status"] == 202 for each in attempts)


def test_a_model_that_no_pipeline_takes_is_recorded_with_the_reason(stack: Stack) -> None:
    stack.register("nobodys")
    assert "pipeline told takes models named told" in reason(stack, model="nobodys")


def test_a_foreign_workspace_is_refused(stack: Stack, foreign: str) -> None:
    event_id = stack.tell("told", 500, topic=foreign)
    assert "pipeline told takes models of workspace wk-qa" in reason(stack, event_id=event_id)
    assert not [r for r in stack.releases("told") if r["model"]["version"] == "500"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"data": {"ModelVersion": 1}}, "no ModelName"),
        ({"data": {"ModelName": "", "ModelVersion": 1}}, "no ModelName"),
        ({"data": {"ModelName": "told"}}, "no ModelVersion"),
        ({"data": {"ModelName": "told", "ModelVersion": True}}, "no ModelVersion"),
        ({"data": {"ModelName": "told", "ModelVersion": 1.5}}, "no ModelVersion"),
        ({"data": {"ModelName": "told", "ModelVersion": 1, "ModelTags": []}}, "ModelTags"),
        ({"data": ["told", 1]}, "no object"),
        ({"data": None}, "no object"),
    ],
)
def test_malformed_events_are_recorded_and_start_nothing(
    stack: Stack, changes: dict[str, object], why: str
) -> None:
    assert why in reason(stack, event_id=stack.tell("told", 600, **changes))


def test_an_unknown_event_type_is_recorded(stack: Stack, foreign: str) -> None:
    type_ = "Microsoft.MachineLearningServices.DatasetDriftDetected"
    event_id = stack.tell("told", 700, topic=foreign, eventType=type_)
    assert f"the event type is {type_}" in reason(stack, event_id=event_id)


def test_the_webhook_takes_no_event_without_its_key(stack: Stack) -> None:
    webhook = f"{stack.facts['functions']}/runtime/webhooks/eventgrid"
    headers = {"aeg-event-type": "Notification"}
    for query in ({}, {"code": "wrong"}, {"code": stack.facts["function_key"]}):
        answer = requests.post(
            webhook,
            params={"functionName": "model_registered", **query},
            json=[],
            headers=headers,
            timeout=30,
        )
        assert answer.status_code == 401
