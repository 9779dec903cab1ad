"""The local Azure ML from outside, as its users and its portal see it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient, ContainerClient

from dev.example import Studio
from tests.e2e.pipelines import SAMPLE

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.1


def eventually[T](look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` gives as soon as it gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(PAUSE_SECONDS)
    raise AssertionError(f"not within {seconds:g} s: {what}")


class Workspaces:
    """The workspaces of a running stack."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = facts
        self.studio = Studio(facts)

    def control(self, part: str, path: str, body: object = None) -> requests.Response:
        """Tell an emulator or the host something under its control prefix."""
        url = f"{self.facts[part]}/_emulator/{path}"
        answer = requests.post(url, json={} if body is None else body, timeout=60)
        assert answer.ok, answer.text
        return answer

    def provisioning(self, seconds: float, endpoint: str) -> None:
        """How long deployments to an endpoint take from now on, those under way included."""
        self.control("azureml", "provisioning", {"seconds": seconds, "endpoint": endpoint})

    def arm_calls(self, method: str, part: str) -> list[int]:
        """The statuses of all calls to Azure ML of a method whose path has `part`."""
        url = f"{self.facts['azureml']}/_emulator/requests"
        calls = requests.get(url, timeout=30).json()
        return [
            call["status"] for call in calls if call["method"] == method and part in call["path"]
        ]

    def asking(self, role: str, endpoint: str) -> Callable[[], requests.Response]:
        """How a user asks an endpoint: with its key, for its sample."""
        client = self.studio.client(role)
        uri = client.online_endpoints.get(endpoint).scoring_uri
        key = client.online_endpoints.get_keys(endpoint).primary_key
        headers = {"Authorization": f"Bearer {key}"}
        return lambda: requests.post(uri, json=SAMPLE, headers=headers, timeout=30)

    def answer(self, role: str, endpoint: str) -> list[float]:
        """What an endpoint answers to the sample."""
        answer = self.asking(role, endpoint)()
        assert answer.status_code == 200, answer.text
        result: list[float] = answer.json()["result"]
        return result

    def traffic(self, role: str, endpoint: str) -> dict[str, int]:
        """An endpoint's traffic map, without zeros."""
        traffic = self.studio.client(role).online_endpoints.get(endpoint).traffic
        return {name: percent for name, percent in traffic.items() if percent}

    def deployments(self, role: str, endpoint: str) -> set[str]:
        """The names of an endpoint's deployments."""
        listed = self.studio.client(role).online_deployments.list(endpoint)
        return {str(deployment.name) for deployment in listed}

    def gone(self, role: str, endpoint: str, deployment: str) -> None:
        """Wait until an endpoint has a deployment no more."""

        def look() -> bool | None:
            return deployment not in self.deployments(role, endpoint) or None

        eventually(look, f"{deployment} gone from {endpoint}")

    def blobs(self, role: str) -> ContainerClient:
        """The container where a workspace keeps its models."""
        store = self.studio.client(role).datastores.get("workspaceblobstore")
        service = BlobServiceClient.from_connection_string(self.facts["storage"][role])
        return service.get_container_client(store.container_name)
