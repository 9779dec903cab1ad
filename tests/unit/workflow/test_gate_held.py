"""A yes that was held up does not begin when decisions take no effect."""

from datetime import time, timedelta

import pytest

from shared.domain.decision import Choice
from shared.domain.policy import Freeze, Hours
from shared.domain.release import Outcome
from tests.fakes.running import START
from tests.unit.workflow.releasing import ADA
from tests.unit.workflow.test_gate_living import BAD, answers
from tests.unit.workflow.timeline import DAY, Timeline, gated, policy

FREEZE = Freeze(START + timedelta(hours=5), START + timedelta(hours=20), "year end")


def test_what_recovers_in_a_freeze_waits_for_its_end() -> None:
    story = Timeline(gated(policy(ADA, freezes=(FREEZE,))))
    release_id = story.begin()
    story.at(lambda: answers(story, release_id, BAD), hours=3.9)
    story.at(story.decides(release_id, Choice.APPROVE), hours=3.95)
    story.at(lambda: answers(story, release_id, None), hours=8)
    story.run(hours=10)
    rung = len(story.world.orchestrations.rung)
    story.sweep()
    assert len(story.world.orchestrations.rung) == rung
    assert story.release(release_id).stages[1].waits_for == (
        f"{FREEZE.ends_at:%Y-%m-%d %H:%M UTC}, when what was decided takes effect"
    )
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert story.started_at(release_id) == pytest.approx(20, abs=0.01)


def test_what_is_heard_late_does_not_begin_in_a_freeze() -> None:
    story = Timeline(gated(policy(ADA, freezes=(FREEZE,))))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, rings=False), hours=4.95)
    story.at(story.sweep, hours=5.01)
    story.run()
    assert story.started_at(release_id) == pytest.approx(20, abs=0.01)


def test_what_is_heard_at_once_begins_although_a_freeze_has_begun_meanwhile() -> None:
    story = Timeline(gated(policy(ADA, freezes=(FREEZE,))))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, rings=False), seconds=5 * 3600 - 1)
    story.at(story.sweep, seconds=5 * 3600 + 60)
    story.run()
    assert story.started_at(release_id) == pytest.approx(5, abs=0.05)


def test_what_recovers_in_the_evening_waits_for_the_morning() -> None:
    hours = Hours((0, 1, 2, 3, 4, 5, 6), time(9), time(17))
    story = Timeline(gated(policy(ADA, hours=hours, timeout_seconds=5 * DAY)))
    release_id = story.begin()
    closes = 17 - START.hour
    story.at(lambda: answers(story, release_id, BAD), hours=closes - 0.2)
    story.at(story.decides(release_id, Choice.APPROVE), hours=closes - 0.1)
    story.at(lambda: answers(story, release_id, None), hours=closes + 5)
    story.run()
    assert story.started_at(release_id) == pytest.approx(closes + 16, abs=0.01)
