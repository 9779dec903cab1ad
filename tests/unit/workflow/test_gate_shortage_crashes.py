"""A break at any call while a release waits for approvers, and goes on, changes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.decision import Choice
from shared.domain.pipeline import Pipeline
from tests.fakes.running import START
from tests.unit.workflow.crashing import Breaker
from tests.unit.workflow.releasing import ADA
from tests.unit.workflow.timeline import Timeline, gated, policy

GRACE = "grace@example.com"
"""Who registers the models."""


class Broken:
    """A release that waits for approvers and then goes on, with one call of a port broken."""

    def __init__(self, breaker: Breaker) -> None:
        self.breaker, self.time = breaker, Timeline(gated(policy(GRACE)))
        self._deploy(gated(policy(GRACE)))
        self.time.sweeps(every_seconds=300, until=START + timedelta(hours=4))
        self.id = self.time.begin()
        self.time.at(lambda: self._deploy(gated(policy(GRACE, ADA))), hours=2.2)
        self.time.run(hours=3)
        self.time.at(self.time.decides(self.id, Choice.APPROVE, ADA), hours=3.1)
        self.time.run()

    def left(self) -> dict[str, Any]:
        return self.time.releasing.left_behind(self.id)

    def _deploy(self, pipeline: Pipeline) -> None:
        self.time.deploys(pipeline)()
        self.time.services = self.breaker.over(self.time.world.services)
        for inline in self.time.inlines.values():
            inline.services = self.time.services


WHOLE = Breaker()
EXPECTED = Broken(WHOLE).left()
TELLS = WHOLE.methods.index("letters.too_few_approvers")
ASKS = WHOLE.methods.index("letters.approval_request")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", ["engine lost", "conflict", "unexpected"])
def test_a_break_at_any_call_meanwhile_changes_nothing(kind: str, *, after: bool) -> None:
    for at in range(TELLS - 8, ASKS + 2):
        if kind == "conflict" and WHOLE.methods[at - 1] != "store.save":
            continue
        left = Broken(Breaker(at=at, after=after, kind=kind)).left()
        assert left == EXPECTED, f"{kind} at call {at}, {WHOLE.methods[at - 1]}"
        assert left["trail"]["TooFewApprovers"] == 1
