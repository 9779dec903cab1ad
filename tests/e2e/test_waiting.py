"""Releases that take their time: hours of Azure's and days of people's, in small."""

from datetime import datetime

import pytest
import requests

from tests.e2e.stacks import Stack, types

pytestmark = pytest.mark.slow
SLOW_SECONDS = 100


@pytest.fixture(scope="module", autouse=True)
def ids(stack: Stack) -> dict[str, str]:
    """Both releases, begun at once."""
    stack.register("slow")
    stack.register("expired")
    return {scenario: stack.started(scenario) for scenario in ("slow", "expired")}


def slow_stage(stack: Stack, release_id: str, role: str) -> None:
    """Let the stage's deployment, and it alone, take its time."""
    stack.waiting_for("deployment", release_id)
    (stage,) = [s for s in stack.release(release_id)["stages"] if s["name"] == role]
    body = {"seconds": SLOW_SECONDS, "endpoint": f"slow-{role}", "deployment": stage["deployment"]}
    stack.control("azureml", "provisioning", body)


def test_nobody_answering_lets_it_expire(stack: Stack, ids: dict[str, str]) -> None:
    slow_stage(stack, ids["slow"], "qa")
    link = stack.link("expired")
    release = stack.ended(ids["expired"])
    ask = release["stages"][1]["ask"]
    assert release["outcome"] == "Expired"
    assert release["reason"].startswith("Nobody decided until")
    assert release["ended_at"] >= ask["expires_at"]
    late = requests.post(link, data={"decision": "approve", "digest": ask["digest"]}, timeout=30)
    assert late.status_code == 409
    assert requests.get(link, timeout=30).status_code == 410
    assert stack.release(release["id"])["decisions"] == []
    assert "Expired" in stack.owners_mail("expired")["text"]


@pytest.mark.timeout(600)
def test_slow_provisioning_ends_like_quick_provisioning(stack: Stack, ids: dict[str, str]) -> None:
    stack.when(ids["slow"], "Deploying", "prod")
    slow_stage(stack, ids["slow"], "prod")
    release = stack.succeeded(ids["slow"], 300)
    for stage in release["stages"]:
        took = datetime.fromisoformat(stage["ended_at"]) - datetime.fromisoformat(
            stage["started_at"]
        )
        assert took.total_seconds() >= SLOW_SECONDS
    assert types(stack.events(release["id"])).count("Deployed") == 2
    assert stack.answer("prod", "slow-prod") == [2.0, 4.0]
