import json
import logging
from collections.abc import Callable

import pytest

from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.limits import REQUEST_BYTES
from shared.ports import Services
from shared.web.http import (
    ProblemError,
    Request,
    Response,
    guarded,
    json_response,
    read_json,
)
from tests.fakes import World
from tests.unit.web.browsing import document


def failing(error: Exception) -> Callable[[Services, Request], Response]:
    def view(_services: Services, _request: Request) -> Response:
        raise error

    return guarded(view)


def test_a_view_that_answers_is_left_alone() -> None:
    answer = json_response({"a": 1})
    assert guarded(lambda _services, _request: answer)(World().services, Request("GET")) is answer


def test_a_problem_is_answered_as_rfc_9457_has_it() -> None:
    error = ProblemError(409, "release-is-open", "Open", "It is open.", release_id="r-1")
    response = failing(error)(World().services, Request("GET"))
    assert response.content_type == "application/problem+json"
    problem = document(response)
    assert problem.pop("instance").startswith("urn:uuid:")
    assert problem == {
        "type": "urn:modelgate:problem:release-is-open",
        "title": "Open",
        "status": 409,
        "detail": "It is open.",
        "release_id": "r-1",
    }


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FailureKind.TRANSIENT, 503),
        (FailureKind.ACTION_REQUIRED, 503),
        (FailureKind.MODEL, 500),
        (FailureKind.FINAL, 500),
    ],
)
def test_a_step_error_says_whether_trying_again_helps(kind: FailureKind, status: int) -> None:
    failure = Failure(kind, "ServerBusy", "Tables are busy.")
    view = failing(StepError(failure))
    response = view(World().services, Request("GET", params={"id": "r-1"}))
    assert response.status == status
    assert ("Retry-After" in response.headers) is (status == 503)
    problem = document(response)
    assert (problem["detail"], problem["release_id"]) == ("Tables are busy.", "r-1")


def test_what_nobody_expected_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = failing(KeyError("secret-name"))(World().services, Request("GET"))
    assert response.status == 500
    assert "secret-name" not in str(response.body)
    assert "Traceback" not in str(response.body)
    assert document(response)["instance"] in caplog.text
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"\xff\xfe\x00", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"a": ' + b"1" * 5_000 + b"}", "application/json", 400),
        (b" " * (REQUEST_BYTES + 1), "application/json", 413),
    ],
)
def test_bodies_that_are_no_json_object_are_refused(
    body: bytes, content_type: str, status: int
) -> None:
    with pytest.raises(ProblemError) as caught:
        read_json(Request("POST", body=body, headers={"content-type": content_type}))
    assert caught.value.status == status


def test_json_is_kept_by_no_cache_and_guessed_by_no_browser() -> None:
    response = json_response({"name": "Größe"})
    assert json.loads(response.body) == {"name": "Größe"}
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
