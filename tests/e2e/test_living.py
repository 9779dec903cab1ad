"""QA is probed again while people think: while it does not answer, nobody can approve."""

from typing import Any

import pytest
import requests

from tests.e2e.pipelines import approver_of
from tests.e2e.stacks import Stack, types
from tests.e2e.workspaces import eventually

SCENARIO = "degrades"
APPROVE = 'id="choice-approve"'


def _ask(stack: Stack, release_id: str) -> dict[str, Any]:
    ask: dict[str, Any] = stack.release(release_id)["stages"][1]["ask"]
    return ask


@pytest.mark.timeout(400)
def test_approving_is_suspended_until_qa_recovers(stack: Stack) -> None:
    release_id = stack.release_of(SCENARIO)
    form = stack.form(SCENARIO)
    assert APPROVE in requests.get(form.link, timeout=30).text
    deployment = stack.release(release_id)["stages"][0]["deployment"]
    fault = {"method": "POST", "path": f"/{SCENARIO}-qa/score$", "status": 500, "times": 3}
    stack.control("azureml", "faults", fault)
    eventually(lambda: _ask(stack, release_id)["degraded"] or None, "QA to be seen degraded")
    page = requests.get(form.link, timeout=30).text
    assert APPROVE not in page
    assert deployment in page
    assert form.send().status_code == 409
    assert stack.release(release_id)["decisions"] == []
    eventually(lambda: not _ask(stack, release_id)["degraded"] or None, "QA to recover")
    stack.decide(SCENARIO)
    told = types(stack.events(stack.succeeded(release_id)["id"]))
    evidence = [name for name in told if name.startswith("Evidence")]
    assert evidence == ["EvidenceDegraded", "EvidenceRecovered"]
    requests_for_approval = [
        mail for mail in stack.mail(approver_of(SCENARIO)) if mail["subject"].startswith("Approve")
    ]
    assert len(requests_for_approval) == 1
