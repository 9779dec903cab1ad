"""Long-running operations, as their URL or the resource tells of them."""

import json
import os
from pathlib import Path

import pytest
from aiohttp import web

from shared.adapters.azureml.failures import answer_failure, operation_failure, readable
from shared.adapters.azureml.operations import Kind, Started, fold, status_of
from shared.domain.errors import FailureKind, StepError
from shared.domain.pipeline import Stage, Workspace
from shared.ports import OperationState, OperationStatus
from tests.contract.azureml.stand_in import OPERATION, STAGE, arm_with_endpoint, endpoints_at
from tests.contract.azureml.world import Emulated, failure_of
from tests.contract.serving import serving

OPERATIONS = "mfeOperationsStatus"


@pytest.fixture
def begun(emulated: Emulated) -> tuple[Stage, str]:
    """A deployment that takes its time."""
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    url = world.endpoints.begin_deploy(
        stage=stage, deployment="blue", model=world.registered(), tags={}
    )
    return stage, url


def test_the_address_is_called_as_it_stands() -> None:
    """Not a character of the signed query is changed, and the token goes with it."""
    query = "api-version=2022-05-01&t=638%2f01&c=MII%2BH%3d~x_-.&s=a%7Eb%2Db+%20c&h=&e"
    seen: list[tuple[str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.raw_path, request.headers.get("Authorization")))
        return web.json_response({"status": "Updating"})

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    with serving(app) as address:
        started = Started(Kind.ENDPOINT, "ep", f"{address}/a/mfeOperationsStatus/oe:1%3A2?{query}")
        status = endpoints_at(address).operation(stage=STAGE, url=str(started))
    assert status.state is OperationState.RUNNING
    assert seen == [(f"/a/mfeOperationsStatus/oe:1%3A2?{query}", "Bearer secret-token")]


@pytest.mark.parametrize("status", [403, 404])
def test_address_that_is_no_use_any_more(
    emulated: Emulated, begun: tuple[Stage, str], status: int
) -> None:
    stage, url = begun
    emulated.fault("GET", OPERATIONS, status, times=1000)
    assert emulated.world.endpoints.operation(stage=stage, url=url).state is OperationState.RUNNING
    assert emulated.world.finished(stage, url).state is OperationState.SUCCEEDED


def test_address_of_somebody_else(emulated: Emulated, begun: tuple[Stage, str]) -> None:
    """A token goes to ARM alone; the resource tells how it stands."""
    stage, _ = begun
    started = Started(Kind.DEPLOYMENT, "blue", "http://127.0.0.1:9/steal")
    status = emulated.world.endpoints.operation(stage=stage, url=str(started))
    assert status.state is OperationState.RUNNING


def test_operation_that_does_not_answer(emulated: Emulated, begun: tuple[Stage, str]) -> None:
    stage, url = begun
    emulated.fault("GET", OPERATIONS, 504, body={"error": {"code": "TransientError"}})
    emulated.fault("GET", OPERATIONS, 200, drop=True)
    for code in ("TransientError", "ServiceResponseError"):
        with pytest.raises(StepError) as caught:
            emulated.world.endpoints.operation(stage=stage, url=url)
        failure = failure_of(caught.value)
        assert (failure.code, failure.retryable) == (code, True)
    assert emulated.world.finished(stage, url).state is OperationState.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "text", "state"),
    [
        (202, "", OperationState.RUNNING),
        (200, '{"status": "Updating"}', OperationState.RUNNING),
        # no word of an operation: the endpoint itself is asked, which is Succeeded
        (200, "", OperationState.SUCCEEDED),
        (200, "null", OperationState.SUCCEEDED),
        (200, "<html>", OperationState.SUCCEEDED),
        (200, "[]", OperationState.SUCCEEDED),
        (302, "", OperationState.SUCCEEDED),
        (401, "", OperationState.SUCCEEDED),
    ],
)
def test_odd_answers(status: int, text: str, state: OperationState) -> None:
    app = arm_with_endpoint(operation_status=status, operation_text=text)
    with serving(app) as address:
        started = Started(Kind.ENDPOINT, "ep", address + OPERATION)
        found = endpoints_at(address).operation(stage=STAGE, url=str(started))
    assert found == OperationStatus(state)


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("ImageBuildFailure", "pip could not find sklearnn", FailureKind.MODEL),
        ("ResourceNotReady", "User container has crashed or terminated", FailureKind.MODEL),
        ("BadArgument", "The model could not be downloaded", FailureKind.MODEL),
        (
            "BadArgument",
            "Startup task failed due to authorization error",
            FailureKind.ACTION_REQUIRED,
        ),
        ("OutOfQuota", "Not enough cores of DSv3", FailureKind.ACTION_REQUIRED),
        ("InternalServerError", "Sorry", FailureKind.TRANSIENT),
        ("NeverHeardOf", "Something new", FailureKind.FINAL),
    ],
)
def test_failure_comes_as_http_200(
    emulated: Emulated, code: str, words: str, kind: FailureKind
) -> None:
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    emulated.fail_deployment(code, words)
    url = world.endpoints.begin_deploy(
        stage=stage, deployment="blue", model=world.registered(), tags={}
    )
    status = world.finished(stage, url)
    assert status.state is OperationState.FAILED
    assert status.failure is not None
    assert (status.failure.code, status.failure.kind) == (code, kind)
    assert words in status.failure.message
    assert "blue" in status.failure.message
    emulated.fault("GET", OPERATIONS, 404, times=9)
    later = world.endpoints.operation(stage=stage, url=url)
    assert later.state is OperationState.FAILED
    assert later.failure is not None
    assert later.failure.kind is FailureKind.FINAL


def test_failed_deployment_is_put_again(emulated: Emulated) -> None:
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    emulated.fail_deployment("OutOfQuota", "Not enough cores")
    model = world.registered()
    for expected in (OperationState.FAILED, OperationState.SUCCEEDED):
        url = world.endpoints.begin_deploy(
            stage=stage, deployment="blue", model=model, tags={"a": "b"}
        )
        assert world.finished(stage, url).state is expected


def test_deletion_by_the_resource(emulated: Emulated) -> None:
    world, stage = emulated.world, emulated.world.stage()
    world.created(stage)
    world.deployed(stage, "blue", world.registered())
    url = world.endpoints.begin_delete(stage=stage, deployment="blue")
    emulated.fault("GET", OPERATIONS, 404, times=1000)
    assert world.finished(stage, url).state is OperationState.SUCCEEDED


@pytest.mark.parametrize("kind", list(Kind))
def test_text_of_a_started_operation(kind: Kind) -> None:
    started = Started(kind, "v3-1f2e", "https://x/y?a=b|c&d=%7C:")
    assert Started.parse(str(started)) == started
    assert Started.parse(str(Started(kind, "v3-1f2e", None))).url is None


def test_states() -> None:
    going = ("Creating", "Updating", "Scaling", "Deleting", "InProgress", "", None)
    assert {fold(state) for state in going} == {OperationState.RUNNING}
    assert fold("Succeeded") is OperationState.SUCCEEDED
    assert {fold("Failed"), fold("Canceled")} == {OperationState.FAILED}


def test_canceled() -> None:
    status = status_of(Started(Kind.DEPLOYMENT, "blue", None), '{"status": "Canceled"}')
    assert status is not None
    assert status.failure is not None
    assert (status.failure.code, status.failure.kind) == (
        "OperationCanceled",
        FailureKind.TRANSIENT,
    )


@pytest.mark.parametrize(
    ("where", "status", "words", "code", "passing"),
    [
        ("Endpoint ep", 409, "Name ep already exists; please try again with another name", None, 0),
        ("Endpoint ep", 409, "The name ep is taken. Try again.", None, 0),
        ("Endpoint ep", 400, "There is already an endpoint with this name.", None, 0),
        ("Endpoint ep", 409, "Another operation is in progress. Try again.", "UserError", 1),
        ("Endpoint ep", 503, "Try again", "UserError", 1),
        ("Endpoint ep", 400, "Quota exceeded", "OutOfQuota", 1),
        ("Model m", 409, "Version 3 already exists; retry with another name", "UserError", 0),
    ],
)
def test_a_taken_name_does_not_pass(
    where: str, status: int, words: str, code: str | None, passing: int
) -> None:
    text = json.dumps({"error": {"code": "UserError", "message": words}})
    failure = answer_failure(where, Workspace("s", "g", "w"), status, text)
    assert (failure.code, failure.retryable) == (code or "EndpointNameTaken", bool(passing))


def test_secrets_are_cut_out() -> None:
    text = (
        "GET https://a.blob.core.windows.net/c/b?sv=1&sig=abc%2B failed; AccountKey=qwe== and "
        "Authorization: Bearer eyJhbGci.x.y"
    )
    shown = readable(text)
    assert "https://a.blob.core.windows.net/c/b failed" in shown
    for secret in ("abc%2B", "qwe", "eyJ"):
        assert secret not in shown


@pytest.mark.skipif("MODELGATE_REFERENCE" not in os.environ, reason="no recorded traffic here")
def test_recorded_errors() -> None:
    """Every recorded error body gives a code and words; the gateway's time-outs pass."""
    folder = Path(os.environ["MODELGATE_REFERENCE"]) / "real-traffic" / "aml"
    workspace = Workspace("s", "g", "w")
    for record in json.loads((folder / "errors_from_recordings.json").read_text()):
        status, body = record["StatusCode"], record["ResponseBody"]
        failure = answer_failure("Model m", workspace, status, json.dumps(body))
        assert failure.retryable == (status in (500, 504))
        assert failure.code
        if body:
            assert "no reason given" not in failure.message
    states = json.loads((folder / "async_operation_states_from_recordings.json").read_text())
    failed = [each["ResponseBody"] for each in states if each["ResponseBody"].get("error")]
    assert failed
    for answer in failed:
        failure = operation_failure("Schedule x", answer["error"])
        assert answer["error"]["message"] in failure.message
