"""What went through rows of the store is still what people were asked about: nothing is void."""

from collections.abc import Hashable
from datetime import time, timedelta, timezone
from typing import Any

import pytest

from shared.adapters.store.documents import decode, encode
from shared.domain.decision import Choice, Decision
from shared.domain.evidence import Evidence
from shared.domain.pipeline import Json
from shared.domain.policy import (
    ApprovalPolicy,
    Delegation,
    Escalation,
    Freeze,
    Hours,
    Order,
    Rejection,
    Supersede,
    Voice,
)
from shared.domain.release import EventType, Outcome, Release, ReleaseId
from shared.ports import ScoringAnswer, Stored
from tests.fakes import MemoryStore
from tests.fakes.running import START
from tests.unit.workflow.releasing import ADA, BOB
from tests.unit.workflow.timeline import CAROL, DAN, DAY, Timeline, gated, policy


def through_a_row[T: Hashable](value: T) -> T:
    """The value as Table Storage gives it back."""
    row: dict[str, Any] = {"PartitionKey": "r", "RowKey": "r", **encode(value)}
    return decode(type(value), row)


class RowStore(MemoryStore):
    """Gives everything back as it comes out of rows."""

    def get(self, *, release_id: ReleaseId) -> Stored | None:
        found = super().get(release_id=release_id)
        return Stored(through_a_row(found.release), found.etag) if found else None

    def decisions(self, *, release_id: ReleaseId) -> list[Decision]:
        return [through_a_row(each) for each in super().decisions(release_id=release_id)]

    def evidence(self, *, release_id: ReleaseId, stage: str, ask: int) -> Evidence | None:
        found = super().evidence(release_id=release_id, stage=stage, ask=ask)
        return through_a_row(found) if found else None

    def waiting(self, *, pipeline: str, stage: str) -> list[Release]:
        return [through_a_row(each) for each in super().waiting(pipeline=pipeline, stage=stage)]


ELSEWHERE = timezone(timedelta(hours=-3, minutes=-30))
EVERYTHING = policy(
    Voice(ADA, (ADA,)),
    Voice("risk", (BOB, CAROL)),
    timeout_seconds=5 * DAY,
    required=2,
    order=Order.SEQUENCE,
    reject=Rejection.QUORUM,
    reminders_seconds=(0.1 + 0.2, 3600.5),
    escalation=Escalation(1 / 3 * DAY, (DAN,)),
    delegations=(
        Delegation(ADA, "eve@example.com", START.astimezone(ELSEWHERE), START + timedelta(days=1)),
    ),
    time_zone="Asia/Kolkata",
    hours=Hours((0, 1, 2, 3, 4, 5, 6), time(0, 0, 1), time(23, 59, 59, 999999)),
    freezes=(Freeze(START - timedelta(days=2), START, "é"),),
    supersede=Supersede.ASK,
    names={ADA: "Ada Lovelace"},
    instructions="look",
)


def story_of(asked: ApprovalPolicy, **fields: Any) -> Timeline:  # noqa: ANN401 - of a stage
    story = Timeline(gated(asked, **fields), serves=False)
    story.world.store = RowStore()
    story.services = story.world.services
    return story


BARE = policy(ADA, BOB, required=2, timeout_seconds=5 * DAY)


@pytest.mark.parametrize("asked", [BARE, EVERYTHING], ids=["bare", "full"])
def test_an_ask_that_was_read_from_rows_is_not_void(asked: ApprovalPolicy) -> None:
    story = story_of(asked, environment_variables={"A": "1"}, tags={"é": "\0 \u2028"})
    first = story.begin("2")
    story.at(story.decides(first, Choice.APPROVE, ADA), hours=3)
    story.at(story.decides(first, Choice.APPROVE, BOB), hours=6)
    story.run(hours=7)
    assert story.outcome(first) is Outcome.SUCCEEDED
    deployment = story.release(first).stages[1].deployment
    nasty: Json = {"r": [0.1 + 0.2, 1e300, -0.0, 10**30, None, True, "\ud800"]}
    story.world.endpoints.answers[str(deployment)] = ScoringAnswer(200, 1 / 3, [nasty])
    second = story.begin("3")
    story.at(story.decides(second, Choice.APPROVE, ADA), hours=40)
    story.at(story.decides(second, Choice.APPROVE, CAROL if asked is EVERYTHING else BOB), hours=45)
    story.run()
    for release_id in (first, second):
        assert story.outcome(release_id) is Outcome.SUCCEEDED
        assert story.events(release_id, EventType.APPROVAL_VOIDED) == []
    evidence = story.evidence(second)
    assert evidence.comparisons[0].difference_count > 0
    assert evidence.changes == ()
    assert evidence.current is not None
    assert evidence.current.release_id == first
