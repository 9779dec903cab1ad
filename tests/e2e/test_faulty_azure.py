"""A stack whose tokens and storage can fail: started so, everything else is as it was."""

from collections.abc import Iterator

import pytest
import requests

from tests.e2e.pipelines import write
from tests.e2e.scenarios import PIPELINES
from tests.e2e.stacks import Stack
from tests.e2e.starting import running

SCENARIO = "whole-way"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    pipelines = write(tmp_path_factory.mktemp("pipelines"), PIPELINES)
    folder = tmp_path_factory.mktemp("faulty")
    with running(folder, pipelines, "--identity", "--storage-faults") as started:
        yield started


def storage_control(stack: Stack) -> str:
    """Where the app's storage takes faults: at the address of any of its services."""
    parts = dict(
        part.partition("=")[::2] for part in stack.facts["storage"]["function"].split(";") if part
    )
    return f"{parts['BlobEndpoint'].rpartition('/')[0]}/_emulator/faults"


def test_a_release_goes_its_way_on_asked_tokens_and_through_the_proxies(faulty: Stack) -> None:
    release_id = faulty.release_of(SCENARIO)
    faulty.link(SCENARIO)
    faulty.decide(SCENARIO)
    faulty.succeeded(release_id)
    asked = requests.get(f"{faulty.facts['identity']}/_emulator/requests", timeout=30).json()
    assert asked
    assert {request["status"] for request in asked} == {200}


def test_storage_is_closed_and_opened_again(faulty: Stack) -> None:
    closed = {"service": "table", "answer": "firewall", "times": 1000}
    requests.post(storage_control(faulty), json=closed, timeout=30).raise_for_status()
    health = faulty.call("GET", "/api/health")
    assert health.status_code == 503
    assert health.json()["checks"]["store"] == "AuthorizationFailure"
    requests.delete(storage_control(faulty), timeout=30).raise_for_status()
    assert faulty.call("GET", "/api/health").status_code == 200
