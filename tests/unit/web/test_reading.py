import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.decision import Choice
from shared.domain.release import (
    AuditEvent,
    EventType,
    IgnoredEvent,
    ModelVersion,
    Outcome,
    Release,
)
from shared.domain.trail import Change, begin
from shared.ports import Services
from shared.web import releases
from shared.web.http import Request, Response, guarded
from tests.fakes import World
from tests.unit.web.browsing import document
from tests.unit.web.support import (
    ADA,
    GRACE,
    MODEL,
    PIPELINE,
    waiting,
)


def ask(
    view: Callable[[Services, Request], Response], world: World, request: Request
) -> tuple[int, dict[str, Any]]:
    response = guarded(view)(world.services, request)
    return response.status, document(response)


def listing(**query: str) -> Request:
    return Request("GET", query=query)


def create(world: World, version: int, *, pipeline: str = "diabetes") -> Release:
    change = begin(
        replace(PIPELINE, name=pipeline),
        ModelVersion(MODEL.name, str(version)),
        at=world.clock.advance(minutes=1),
    )
    assert world.store.create(release=change.release, events=change.events)
    return change.release


def test_releases_are_listed_latest_first_and_page_by_page() -> None:
    world = World([PIPELINE])
    for version in range(5):
        create(world, version)
    status, first = ask(releases.list_releases, world, listing(limit="2"))
    assert status == 200
    assert [each["model"]["version"] for each in first["releases"]] == ["4", "3"]
    cursor = first["cursor"]
    assert first["next"].startswith("/api/releases?cursor=")
    _, second = ask(releases.list_releases, world, listing(limit="2", cursor=cursor))
    assert [each["model"]["version"] for each in second["releases"]] == ["2", "1"]
    _, third = ask(releases.list_releases, world, listing(limit="2", cursor=second["cursor"]))
    assert [each["model"]["version"] for each in third["releases"]] == ["0"]
    assert (third["cursor"], third["next"]) == (None, None)


def test_releases_are_filtered_by_pipeline_and_outcome() -> None:
    desk = waiting()
    desk.end(Outcome.EXPIRED, "Nobody decided.")
    create(desk.world, 32)
    create(desk.world, 33, pipeline="other")
    _, expired = ask(releases.list_releases, desk.world, listing(outcome="Expired"))
    assert [each["id"] for each in expired["releases"]] == [desk.id]
    _, others = ask(releases.list_releases, desk.world, listing(pipeline="other"))
    assert [each["pipeline"] for each in others["releases"]] == ["other"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "1e2"},
        {"limit": "٣"},
        {"limit": "9" * 5_000},
        {"outcome": "expired-ish"},
        {"cursor": "nonsense"},
        {"pipeline": "x" * 101},
    ],
)
def test_a_wrong_query_is_a_bad_request(query: dict[str, str]) -> None:
    world = World([PIPELINE])
    create(world, 1)
    status, problem = ask(releases.list_releases, world, listing(**query))
    assert (status, problem["type"]) == (400, "urn:modelgate:problem:bad-request")
    assert next(iter(query)) in problem["detail"]


def test_a_cursor_of_another_list_is_a_bad_request() -> None:
    world = World([PIPELINE])
    create(world, 1)
    create(world, 2)
    _, page = ask(releases.list_releases, world, listing(limit="1"))
    other = listing(limit="1", pipeline="diabetes", cursor=page["cursor"])
    assert ask(releases.list_releases, world, other)[0] == 400


def test_a_release_is_shown_with_all_that_people_may_know() -> None:
    desk = waiting()
    desk.save(replace(desk.release, registered_by="ann@example.com"))
    desk.decided(ADA, Choice.APPROVE, "Go.")
    request = Request("GET", params={"id": desk.id}, base_url="https://modelgate.example")
    status, shown = ask(releases.get_release, desk.world, request)
    assert status == 200
    qa, prod = shown["stages"]
    assert (qa["state"], qa["endpoint"], qa["deployment"]) == (
        "Succeeded",
        "api-diabetes-qa",
        "v31-0badcafe",
    )
    assert qa["model"] == {"name": MODEL.name, "version": "31"}
    assert qa["probe"] == {"status": 200, "latency_seconds": 0.0521, "problems": []}
    assert prod["ask"]["approvers"] == [ADA, GRACE]
    assert prod["ask"]["policy"]["instructions"].startswith("Compare")
    assert prod["ask"]["expires_at"] == "2026-11-03T09:00:00.000Z"
    assert shown["waits_for"] == f"the approval of {ADA} or {GRACE}"
    assert [each["comment"] for each in shown["decisions"]] == ["Go."]
    assert [each["properties"] for each in shown["evidence"]] == [{"r2_score": "0.52"}]
    assert shown["links"]["events"].startswith(f"https://modelgate.example/api/releases/{desk.id}/")
    assert (shown["outcome"], shown["ended_at"]) == (None, None)
    assert shown["registered_by"] == "ann@example.com"
    assert shown["registered_at"] == "2026-11-02T09:00:00.000Z"
    assert shown["superseded_by"] is None


def test_every_time_is_in_utc_with_z() -> None:
    desk = waiting()
    _, shown = ask(releases.get_release, desk.world, Request("GET", params={"id": desk.id}))
    times = [shown["created_at"], shown["updated_at"], shown["stages"][1]["ask"]["asked_at"]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each) for each in times)


@pytest.mark.parametrize("release_id", ["nobody", "", "../x", "a" * 2_000, "<b>"])
def test_an_unknown_release_is_not_found(release_id: str) -> None:
    world = World([PIPELINE])
    for view in (releases.get_release, releases.list_events):
        status, problem = ask(view, world, Request("GET", params={"id": release_id}))
        assert status == 404
        assert problem.get("release_id") == ("nobody" if release_id == "nobody" else None)


def test_events_are_listed_from_where_the_reader_left_off() -> None:
    desk = waiting()
    desk.end(Outcome.EXPIRED, "Nobody decided.")
    whole = Request("GET", params={"id": desk.id})
    _, shown = ask(releases.list_events, desk.world, whole)
    assert [(each["number"], each["type"]) for each in shown["events"]] == [
        (1, "Started"),
        (2, "Ended"),
    ]
    _, rest = ask(releases.list_events, desk.world, replace(whole, query={"after": "1"}))
    assert [each["number"] for each in rest["events"]] == [2]
    assert rest["last_event"] == 2
    assert ask(releases.list_events, desk.world, replace(whole, query={"after": "x"}))[0] == 400


def test_ignored_registrations_are_listed_with_their_reason() -> None:
    world = World([PIPELINE])
    world.store.ignore(
        event=IgnoredEvent("e-1", world.clock.now(), "wk-other", MODEL, "no pipeline takes it")
    )
    world.store.ignore(event=IgnoredEvent("e-2", world.clock.advance(hours=1), "", None, "no name"))
    status, shown = ask(releases.list_ignored, world, listing())
    assert status == 200
    assert [(each["event_id"], each["model"]) for each in shown["ignored"]] == [
        ("e-2", None),
        ("e-1", {"name": MODEL.name, "version": "31"}),
    ]
    assert ask(releases.list_ignored, world, listing(limit="0"))[0] == 400


def test_health_is_good_when_the_store_answers() -> None:
    status, shown = ask(releases.health, World([PIPELINE]), Request("GET"))
    assert (status, shown["status"], shown["pipelines"]) == (200, "ok", 1)


def test_health_names_what_does_not_answer_and_no_more() -> None:
    world = World([PIPELINE])
    world.store.faults.add("ping")
    status, shown = ask(releases.health, world, Request("GET"))
    assert (status, shown["checks"]["store"]) == (503, "ServiceUnavailable")
    assert "busy" not in json.dumps(shown)


def test_a_service_without_pipelines_is_not_healthy() -> None:
    status, shown = ask(releases.health, World(), Request("GET"))
    assert (status, shown["status"]) == (503, "unhealthy")


def test_an_unreachable_store_is_a_problem_that_passes() -> None:
    world = World([PIPELINE])
    world.store.faults.add("latest")
    assert ask(releases.list_releases, world, listing())[0] == 503


def test_event_details_are_shown_as_they_are() -> None:
    desk = waiting()
    change = Change(desk.release).noting(EventType.NOTICE, "<b>", at=desk.now, details={"a": [1]})
    desk.save(change.release, events=change.events)
    _, shown = ask(releases.list_events, desk.world, Request("GET", params={"id": desk.id}))
    assert shown["events"][-1]["details"] == {"a": [1]}
    assert isinstance(desk.events[-1], AuditEvent)
