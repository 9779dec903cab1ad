"""Answers of Azure that are not what they should be: their status counts, and nothing crashes."""

import ast
import io
import json
import logging
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import DecodeError, HttpResponseError
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from shared.adapters.answers import HOLDING_REGISTRANTS, OF_REGISTRANTS, OddAnswerError
from shared.adapters.azureml import AzureMlEndpoints, AzureMlModels, Workspaces
from shared.adapters.azureml.failures import azure_ml_stops_here, found
from shared.adapters.egress.credentials import StaticToken
from shared.adapters.failures import azure_stops_here, failure
from shared.adapters.mail import EmailMailer
from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.pipeline import Health, ManagedCompute, Stage, Workspace
from shared.domain.release import ModelVersion

HERE = Workspace("s", "g", "w")
STAGE = Stage(
    name="qa",
    workspace=HERE,
    model_name=None,
    endpoint="ep",
    compute=ManagedCompute("Standard_DS3_v2", 1),
    health=Health(60, 1, [[1]], 200, None, None),
)
JSON = "application/json"

ODD_VALUES: dict[str, object] = {
    "other types": {
        "error": {"code": {}, "message": [1], "details": "x", "additionalInfo": 3},
    },
    "others within": {
        "error": {
            "details": [1, None, {"details": {"a": 1}}],
            "additionalInfo": [
                *(1, {"type": "InnerError", "info": "x"}),
                {"type": "InnerError", "info": {"value": 3}},
            ],
        },
    },
    "a list that is none": {"value": "x", "properties": "x", "tags": "x", "name": 3},
    "odd items": {"value": [1, None, "x", {"properties": []}], "nextLink": 3},
    "odd properties": {
        "id": "/x",
        "name": "m",
        "tags": [1],
        "properties": {"tags": [1], "flavors": {"a": 1}, "traffic": {"a": "x"}},
        "systemData": {"createdAt": "x"},
    },
    "odd traffic": {"name": "m", "tags": {"a": {}}, "properties": {"traffic": [1]}},
}
BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "a byte that is no text": (b'{"a":"\xff"}', {}),
    "a codec that is no charset": (b"{}", {"Content-Type": f"{JSON}; charset=zlib"}),
    "an unknown charset": (b"{}", {"Content-Type": f"{JSON}; charset=nope"}),
    "no gzip": (b"nothing", {"Content-Encoding": "gzip"}),
    "deep": (b"[" * 200_000, {}),
    "levels": (b'{"a":' * 900 + b"1" + b"}" * 900, {}),
    "a long number": (b"9" * 5_000, {}),
    **{text: (text.encode(), {}) for text in ("", "null", "[1]", '"x"', "3", "<html>", "{}")},
    "halves of characters": (b'{"error": {"code": "\\ud800", "message": "\\ud800"}}', {}),
    **{name: (json.dumps(value).encode(), {}) for name, value in ODD_VALUES.items()},
}

CALLS: dict[str, Callable[[Workspaces], object]] = {
    "model": lambda there: AzureMlModels(workspaces=there).get(
        workspace=HERE, model=ModelVersion("m", "1")
    ),
    "versions": lambda there: AzureMlModels(workspaces=there).versions(
        workspace=HERE, name="m", limit=5
    ),
    "datastore": lambda there: AzureMlModels(workspaces=there).default_container(workspace=HERE),
    "location": lambda there: there.facts(HERE),
    "endpoint": lambda there: AzureMlEndpoints(workspaces=there).get(stage=STAGE),
    "deployments": lambda there: AzureMlEndpoints(workspaces=there).deployments(stage=STAGE),
    "logs": lambda there: AzureMlEndpoints(workspaces=there).logs(
        stage=STAGE, deployment="d", lines=5
    ),
    "traffic": lambda there: AzureMlEndpoints(workspaces=there).begin_traffic(
        stage=STAGE, traffic={"d": 100}
    ),
    "delete": lambda there: AzureMlEndpoints(workspaces=there).begin_delete(
        stage=STAGE, deployment="d"
    ),
    "score": lambda there: AzureMlEndpoints(workspaces=there).score(
        stage=STAGE, deployment="d", body=[1], timeout_seconds=3
    ),
}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Workspaces:
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "AzureCloud")
    monkeypatch.setattr("time.sleep", lambda _: None)
    return Workspaces(arm_url="https://management.azure.com", credential=StaticToken("a-token"))


def answering(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, headers: dict[str, str]
) -> None:
    def send(_: HTTPAdapter, request: requests.PreparedRequest, **__: Any) -> requests.Response:  # noqa: ANN401
        raw = HTTPResponse(
            body=io.BytesIO(body),
            status=status,
            reason="x",
            headers={"Content-Type": JSON, **headers},
            preload_content=False,
        )
        return HTTPAdapter().build_response(request, raw)

    monkeypatch.setattr(HTTPAdapter, "send", send)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_whatever_azure_answers_ends_in_words(
    body: tuple[bytes, dict[str, str]],
    call: Callable[[Workspaces], object],
    there: Workspaces,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # halves of characters in captured logs are more than a worker of xdist can send
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    for status in (200, 400, 404, 502):
        answering(monkeypatch, status, *body)
        there._facts.clear()
        try:
            call(there)
        except StepError as error:
            told = error.failure
        else:
            assert status in (200, 404)
            continue
        assert "\n" not in told.message
        assert len(told.message) < 1_500
        if status == 502:
            assert told.kind is FailureKind.TRANSIENT
        if told.kind is FailureKind.MODEL:
            assert (status, told.retryable) == (200, False)


def test_fields_that_registrants_made_are_the_models_fault_and_are_not_read_again(
    there: Workspaces, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answering(monkeypatch, 200, *BODIES["odd traffic"])
    with pytest.raises(StepError) as caught:
        AzureMlEndpoints(workspaces=there).get(stage=STAGE)
    told = caught.value.failure
    assert (told.kind, told.code, told.retryable) == (FailureKind.MODEL, "UnreadableAnswer", False)
    assert told.message.startswith("Endpoint ep in workspace w: ")
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "in _endpoint" in record.getMessage()  # where it was raised, should it be our mistake


ODD = [
    *(AttributeError("x"), KeyError("x"), TypeError("x"), ValueError("x"), RecursionError("x")),
    *(OverflowError("x"), LookupError("unknown encoding"), zlib.error("x"), StopIteration()),
    *(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), EOFError(), SyntaxError("no XML")),
    DecodeError("x"),
]


def raised(error: Exception, what: str) -> Failure:
    with pytest.raises(StepError) as caught, azure_stops_here(what):
        raise error
    with pytest.raises(StepError) as also, azure_ml_stops_here(what, HERE):
        raise error
    assert also.value.failure.kind is caught.value.failure.kind
    return caught.value.failure


@pytest.mark.parametrize("error", ODD, ids=repr)
def test_what_clients_raise_has_the_right_blame(error: Exception) -> None:
    scored = raised(error, "Scoring ep (blue)")
    assert (scored.kind, scored.retryable) == (FailureKind.MODEL, False)
    workspace = raised(error, "Workspace w")
    assert workspace.kind is FailureKind.TRANSIENT
    model = raised(error, "Model m version 3")
    # no JSON at all is Azure's answer, whatever model was asked for
    assert (model.kind is FailureKind.TRANSIENT) == isinstance(error, DecodeError)


def test_what_is_no_answers_fault_goes_on() -> None:
    for error in (MemoryError(), OSError("disk"), AssertionError()):
        with pytest.raises(type(error)), azure_stops_here("Model m"):
            raise error


def test_a_secret_in_what_was_raised_is_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    raised(ValueError("Invalid header value: Authorization: Bearer s3cr3t-s3cr3t"), "Table x")
    assert "s3cr3t" not in caplog.text
    assert "Authorization: Bearer …" in caplog.text


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b"3", b"{}", b'{"status": "Failed", "error": "x"}']
)
def test_a_mails_odd_state_is_looked_at_again(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, 200, body, {})
    mailer = EmailMailer(service="endpoint=https://mail.example;accesskey=eA==", sender="a@b")
    with pytest.raises(StepError) as caught:
        mailer.dropped(operation_id="x")
    assert caught.value.failure.retryable


def test_an_unreadable_404_is_a_404() -> None:
    def gone() -> None:
        raise OddAnswerError(404)

    assert found(gone) is None


def test_long_pauses_and_codes_are_cut() -> None:
    error = HttpResponseError("x")
    error.status_code = 503
    error.error_code = "x" * 5_000  # type: ignore[attr-defined] # storage's has one
    response = requests.Response()
    response.headers["Retry-After"] = "9" * 500
    error.response = response  # type: ignore[assignment] # its headers are alike
    told = failure(error, "Table x")
    assert told.retry_after_seconds == 86_400
    assert len(told.code) == 100


def _names(path: Path) -> list[str]:
    """How the module's calls that read Azure's answers are named, as far as that is in its text."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("_stops_here"):
            given = node.args[0]
            first = given.values[0] if isinstance(given, ast.JoinedStr) else given
            if isinstance(first, ast.Constant):
                names.append(str(first.value))
    return names


AZURES_OWN = ("Workspace ", "The default datastore", "Operation on ", "Table ", "Writing to ")
"""Calls that read nothing that somebody registered."""


def test_every_call_is_known_by_whose_content_it_reads() -> None:
    adapters = Path(__file__).parents[3] / "shared" / "adapters"
    names = [name for path in sorted(adapters.rglob("*.py")) for name in _names(path)]
    assert len(names) > 15
    known = (*OF_REGISTRANTS, *HOLDING_REGISTRANTS, *AZURES_OWN, "Event Grid topic")
    assert [name for name in names if not name.startswith(known)] == []
