"""The JSON interface: pages of releases, problem documents, health."""

from typing import Any

import pytest
import requests

from tests.e2e.stacks import Stack

VERSIONS = [str(number) for number in range(1, 6)]


@pytest.fixture(scope="module")
def paged(stack: Stack) -> list[str]:
    """Releases of versions that were never registered, the latest first; all have ended."""
    for version in VERSIONS:
        stack.tell("paged", version)
        stack.started("paged", version)
    for version in VERSIONS:
        stack.ended(stack.started("paged", version))
    return [stack.started("paged", version) for version in reversed(VERSIONS)]


def test_the_pages_hold_every_release_once_latest_first(stack: Stack, paged: list[str]) -> None:
    found, path = [], "/api/releases?pipeline=paged&limit=2"
    sizes = []
    while path:
        page = stack.get(path)
        found += [release["id"] for release in page["releases"]]
        sizes.append(len(page["releases"]))
        path = (page["next"] or "").removeprefix(stack.facts["functions"])
    assert found == paged
    assert sizes == [2, 2, 1]


def test_releases_are_found_by_their_outcome(stack: Stack, paged: list[str]) -> None:
    failed = stack.get("/api/releases?pipeline=paged&outcome=Failed")["releases"]
    assert [release["id"] for release in failed] == paged
    assert stack.get("/api/releases?pipeline=paged&outcome=Succeeded")["releases"] == []


def test_the_trail_can_be_read_from_where_one_left_off(stack: Stack, paged: list[str]) -> None:
    whole = stack.events(paged[0])
    rest = stack.get(f"/api/releases/{paged[0]}/events?after=1")["events"]
    assert rest == whole[1:]
    assert all(event["at"].endswith("Z") for event in whole)


BODY: dict[str, Any] = {
    "pipeline": "paged",
    "model": "paged",
    "version": "1",
    "requested_by": "Ann",
}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/releases?limit=0", None, 400),
        ("GET", "/api/releases?limit=many", None, 400),
        ("GET", "/api/releases?outcome=Perfect", None, 400),
        ("GET", "/api/releases?cursor=made-up", None, 400),
        ("GET", "/api/releases/none", None, 404),
        ("GET", "/api/releases/none/events", None, 404),
        ("POST", "/api/releases/none/abort", {"by": "Ann"}, 404),
        ("POST", "/api/releases", {}, 400),
        ("POST", "/api/releases", [], 400),
        ("POST", "/api/releases", {**BODY, "version": {}}, 400),
        ("POST", "/api/releases", {**BODY, "pipeline": "none"}, 404),
        ("POST", "/api/releases", {**BODY, "model": "other"}, 422),
    ],
)
def test_what_is_wrong_is_told_in_a_problem_document(
    stack: Stack, method: str, path: str, body: object, status: int
) -> None:
    answer = stack.call(method, path, json=body) if method == "POST" else stack.call(method, path)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"]
    assert problem["title"]
    assert problem["detail"]


def test_a_body_of_another_media_type_is_refused(stack: Stack) -> None:
    answer = stack.call("POST", "/api/releases", data="pipeline=paged")
    assert answer.status_code == 415


def test_a_release_that_has_ended_cannot_be_stopped_and_can_be_repeated(
    stack: Stack, paged: list[str]
) -> None:
    answer = stack.abort(paged[0])
    assert (answer.status_code, answer.json()["release_id"]) == (409, paged[0])
    again = stack.start_again("paged", VERSIONS[-1])
    assert stack.ended(again)["attempt"] == 2


@pytest.mark.parametrize("key", [None, "wrong"])
def test_nothing_is_told_without_the_function_key(stack: Stack, key: str | None) -> None:
    headers = {"x-functions-key": key} if key else {}
    for method, path in (
        ("GET", "/api/releases"),
        ("GET", "/api/releases/none"),
        ("POST", "/api/releases"),
        ("GET", "/api/ignored"),
    ):
        url = stack.facts["functions"] + path
        answer = requests.request(method, url, headers=headers, timeout=30)
        assert answer.status_code == 401
        assert answer.text == ""


def test_health_is_told_to_anyone_and_tells_no_secrets(stack: Stack) -> None:
    answer = requests.get(f"{stack.facts['functions']}/api/health", timeout=30)
    assert answer.status_code == 200
    document = answer.json()
    assert document["status"] == "ok"
    assert document["checks"] == {"pipelines": "ok", "store": "ok"}
