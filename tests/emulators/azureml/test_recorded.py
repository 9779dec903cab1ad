"""The emulator answers what the real service was recorded to answer, up to names and times."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.emulators.azureml import reference
from tests.emulators.azureml.arm import Arm

HEADERS = ("Azure-AsyncOperation", "Location", "x-ms-async-operation-timeout", "Retry-After")
FOLDER = "LocalUpload/00000000000000000000000000000000/model"
MLMODEL = """\
flavors:
  python_function: {env: conda.yaml, loader_module: mlflow.sklearn, model_path: model.pkl,
    python_version: 3.7.11}
  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle, sklearn_version: 0.24.1}
"""


def shape(value: object) -> object:
    """Keys and types of a JSON value."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    return type(value).__name__ if not isinstance(value, int | float) else "number"


class Replay:
    """Sends recorded requests to the emulator, with its own workspace and operations."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm
        self._operations: dict[str, str] = {}

    def _own(self, text: str) -> str:
        spec = self.arm.spec
        return re.sub(
            r"/subscriptions/[0-]+/resource[gG]roups/00000/(.*)workspaces/00000",
            rf"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
            rf"/\1workspaces/{spec.name}",
            text,
        )

    def _own_body(self, value: Any) -> Any:  # noqa: ANN401 (JSON)
        if isinstance(value, dict):
            return {name: self._own_body(item) for name, item in value.items()}
        if value == "eastus2":
            return self.arm.spec.location
        return self._own(value) if isinstance(value, str) else value

    def send(self, entry: dict[str, Any]) -> requests.Response:
        """Send one recorded request; polls go to the address that the emulator gave."""
        address = urlsplit(entry["RequestUri"])
        if "/mfeOperationsStatus/" in address.path:
            return self.arm.raw("GET", self._operations[address.path])
        answer = self.arm.raw(
            entry["RequestMethod"],
            self.arm.url + self._own(address.path),
            self._own_body(entry["RequestBody"]),
            {"api-version": parse_qs(address.query)["api-version"][0]},
        )
        if recorded := entry["ResponseHeaders"].get("Azure-AsyncOperation"):
            path = urlsplit(recorded).path
            self._operations[path] = answer.headers["Azure-AsyncOperation"]
        return answer


def same_answer(recorded: dict[str, Any], answer: requests.Response) -> None:
    """Status, the headers that clients act on, and the body's shape."""
    assert answer.status_code == recorded["StatusCode"], answer.text
    for name in HEADERS:
        assert (name in answer.headers) == (name in recorded["ResponseHeaders"]), name
    if recorded["ResponseBody"] == "null":
        assert answer.content == b"null"
    elif recorded["ResponseBody"] is None:
        assert answer.content == b""
    else:
        body = answer.json()
        if "startTime" in body:
            body.pop("endTime", None)  # since 2025 in running operations too, see below
            recorded["ResponseBody"].pop("endTime", None)
        assert shape(body) == shape(recorded["ResponseBody"])


def test_whole_deployment(qa: Arm) -> None:
    """PUT endpoint, model and deployment, poll, GET, DELETE, as azure-ai-ml did it in 2022."""
    entries = reference.recording("online_deploy_full_sequence.json")
    qa.upload({f"{FOLDER}/MLmodel": MLMODEL})
    replay = Replay(qa)
    compared = 0
    for entry in entries:
        address = entry["RequestUri"]
        if ".blob." in address or re.search(r"workspaces/00000\?", address):
            continue  # storage is Azurite; the workspace has a newer recording
        if entry["RequestMethod"] == "GET" and "mfe" in address:
            wanted = entry["ResponseBody"]["status"]
            answer = replay.send(entry)
            while wanted == "Succeeded" and answer.json()["status"] == "Updating":
                answer = replay.send(entry)
            assert answer.json()["status"] == wanted
        else:
            answer = replay.send(entry)
            states = entry["ResponseBody"], answer.json() if answer.content else None
            recorded, ours = (_state(body) for body in states)
            assert ours == recorded
        same_answer(entry, answer)
        compared += 1
    assert compared == 13


def _state(body: Any) -> tuple[object, ...]:  # noqa: ANN401 (JSON)
    """What of a resource's body is the same whatever it is called."""
    properties = body.get("properties", {}) if isinstance(body, dict) else {}
    names = ("provisioningState", "requestSettings", "livenessProbe", "readinessProbe", "flavors")
    return tuple(properties.get(name) for name in names)


def test_endpoint_of_2026(qa: Arm) -> None:
    put, poll = reference.recording("online_endpoint_put_201_2026.json")
    answer = Replay(qa).send(put)
    same_answer(put, answer)
    given = urlsplit(answer.headers["Azure-AsyncOperation"])
    recorded = urlsplit(put["ResponseHeaders"]["Azure-AsyncOperation"])
    assert list(parse_qs(given.query)) == list(parse_qs(recorded.query))
    running = qa.raw("GET", answer.headers["Azure-AsyncOperation"]).json()
    assert shape(running) == shape(poll["ResponseBody"])
    assert running["endTime"] == poll["ResponseBody"]["endTime"]


def test_missing_endpoint(qa: Arm) -> None:
    (entry,) = reference.recording("delete_missing_endpoint_204.json")
    same_answer(entry, Replay(qa).send(entry))


def test_workspace(qa: Arm) -> None:
    (entry,) = reference.recording("workspace_get_2024-10-01-preview.json")
    same_answer(entry, Replay(qa).send(entry))


ERRORS = ("datastores/", "models/", "environments/", "computes/")


@pytest.mark.parametrize("kind", ERRORS)
def test_not_found_bodies(qa: Arm, kind: str) -> None:
    """The recorded 404 of every kind of asset that the emulator has."""
    entries = [
        entry
        for entry in reference.recording("errors_from_recordings.json")
        if entry["StatusCode"] == 404
        and entry["RequestMethod"] == "GET"
        and f"/workspaces/00000/{kind}" in entry["RequestUri"]
    ]
    assert entries
    for entry in entries:
        answer = Replay(qa).send(entry)
        same_answer(entry, answer)
        if answer.content:
            ours, recorded = answer.json()["error"], entry["ResponseBody"]["error"]
            assert (ours["code"], ours["message"]) == (recorded["code"], recorded["message"])
            assert ours["details"] == recorded["details"]
            kinds = [[item["type"] for item in e["additionalInfo"]] for e in (ours, recorded)]
            assert kinds[0] == kinds[1]
