"""Releases that take their time, in small: long provisioning, and people who do not answer.

They began when the worker's stack did, so that the time passes beside the other tests; with few
tests, this file comes last where files are spread over workers.
"""

from datetime import datetime

import pytest
import requests

from tests.e2e.long_ones import SLOW_SECONDS
from tests.e2e.stacks import Stack, types

pytestmark = pytest.mark.slow


def test_nobody_answering_lets_it_expire(stack: Stack) -> None:
    release = stack.ended(stack.started("expired"))
    ask = release["stages"][1]["ask"]
    assert release["outcome"] == "Expired"
    assert release["reason"].startswith("Nobody decided until")
    assert release["ended_at"] >= ask["expires_at"]
    link = stack.link("expired")
    late = requests.post(link, data={"choice": "approve", "version": "1"}, timeout=30)
    assert late.status_code == 410
    assert requests.get(link, timeout=30).status_code == 410
    assert stack.release(release["id"])["decisions"] == []
    assert "Expired" in stack.owners_mail("expired")["text"]


@pytest.mark.timeout(600)
def test_slow_provisioning_ends_like_quick_provisioning(stack: Stack) -> None:
    release = stack.succeeded(stack.started("slow"), 400)
    for stage in release["stages"]:
        began, ended = (
            datetime.fromisoformat(stage[f"{word}_at"]) for word in ("started", "ended")
        )
        assert SLOW_SECONDS <= (ended - began).total_seconds() <= 1.25 * SLOW_SECONDS
    assert types(stack.events(release["id"])).count("Deployed") == 2
    assert stack.answer("prod", "slow-prod") == [2.0, 4.0]
