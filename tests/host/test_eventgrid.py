import time
from typing import Any

import pytest

from dev.host.eventgrid import rewrite_dates
from tests.host.hosting import Answer, RunningHost


def event(number: str, subject: str = "s", **data: object) -> dict[str, object]:
    return {
        "id": number,
        "topic": "t",
        "subject": subject,
        "eventType": "Sample",
        "eventTime": "2026-01-01T00:00:00Z",
        "dataVersion": "1",
        "data": data,
    }


def send(
    host: RunningHost, body: object, kind: str = "Notification", name: str = "on_event"
) -> Answer:
    return host.call(
        "POST",
        "/runtime/webhooks/eventgrid",
        body,
        {"aeg-event-type": kind},
        functionName=name,
        code=host.system_keys["eventgrid_extension"],
    )


def seen(host: RunningHost, number: str) -> list[dict[str, Any]]:
    events = host.call("GET", "/api/seen").json()
    return [e for e in events if isinstance(e, dict) and e.get("id") == number]


@pytest.mark.parametrize("as_list", [True, False])
def test_the_handshake_gives_the_code_back(basic: RunningHost, as_list: bool) -> None:
    body = event("v", validationCode="ABC")
    answer = send(basic, [body] if as_list else body, "subscriptionvalidation")
    assert (answer.status, answer.json()) == (200, {"validationResponse": "ABC"})
    assert answer.headers.get_content_type() == "text/plain"


def test_the_cloud_events_handshake_allows_event_grid(basic: RunningHost) -> None:
    answer = basic.call(
        "OPTIONS",
        "/runtime/webhooks/eventgrid",
        functionName="on_cloud_event",
        code=basic.system_keys["eventgrid_extension"],
    )
    assert answer.status == 200
    assert answer.headers["Webhook-Allowed-Origin"] == "eventgrid.azure.net"


def test_both_schemas_reach_their_functions(basic: RunningHost) -> None:
    assert send(basic, [event("grid", n=1)]).status == 202
    cloud = {
        "id": "cloud",
        "source": "/x",
        "type": "T",
        "specversion": "1.0",
        "data": {"n": 2},
    }
    assert send(basic, cloud, "NOTIFICATION", "on_cloud_event").status == 202
    assert seen(basic, "grid") == [{"id": "grid", "type": "Sample", "data": {"n": 1}}]
    assert seen(basic, "cloud") == [{"id": "cloud", "source": "/x", "data": {"n": 2}}]


def test_point_18_event_grid_invokes_once_an_event_all_in_parallel(basic: RunningHost) -> None:
    before = basic.invocations("on_event")["started"]
    began = time.monotonic()
    assert send(basic, [event(f"p{n}") for n in range(4)]).status == 202
    assert basic.invocations("on_event")["started"] == before + 4
    assert time.monotonic() - began < 4 * 0.2, "each takes 0.2 s"


def test_one_failure_fails_the_request_with_its_text(basic: RunningHost) -> None:
    answer = send(basic, [event("good"), event("bad", subject="fail")])
    assert answer.status == 500
    assert "ValueError: no bad" in answer.text
    assert seen(basic, "good"), "the others ran all the same"


@pytest.mark.parametrize("name", ["", "nobody", "On_Event", "echo"])
def test_an_unknown_function_is_not_found_and_case_counts(basic: RunningHost, name: str) -> None:
    assert send(basic, [event("x")], name=name).status == 404


def test_other_requests_are_answered_as_the_extension_does(basic: RunningHost) -> None:
    assert send(basic, b"not json").status == 500
    assert send(basic, [event("x")], kind="Something").status == 400
    assert send(basic, [event("x")], kind="Unsubscribe").status == 202


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("2026-01-02T03:04:05.1230000Z", "2026-01-02T03:04:05.123Z"),
        ("2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05+00:00"),
        ("2026-01-02T03:04:05.5-0130", "2026-01-02T04:34:05.5+00:00"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.12345678Z", "2026-01-02T03:04:05.12345678Z"),
        ("2026-02-30T03:04:05Z", "2026-02-30T03:04:05Z"),
        ("2026-01-02", "2026-01-02"),
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00"),
        ("0001-01-01T00:00:00.0Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_times_come_in_the_form_that_newtonsoft_writes(sent: str, received: str) -> None:
    given = {"a": [sent], sent: {"b": sent, "c": 1.5}}
    assert rewrite_dates(given) == {"a": [received], sent: {"b": received, "c": 1.5}}


def test_times_are_rewritten_on_the_way_to_the_function(basic: RunningHost) -> None:
    send(basic, event("dated", tag="2026-01-02T03:04:05.1000000Z"))
    assert seen(basic, "dated")[0]["data"] == {"tag": "2026-01-02T03:04:05.1Z"}
