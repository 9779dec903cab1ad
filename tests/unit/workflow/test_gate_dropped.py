"""Mails that the service accepts, and then drops."""

from datetime import timedelta

import pytest

from shared.domain.decision import Choice
from shared.domain.policy import Delegation
from shared.domain.release import EventType, Outcome
from tests.fakes.running import START
from tests.unit.workflow.releasing import ADA, BOB
from tests.unit.workflow.test_gate_mails import REFUSED, full
from tests.unit.workflow.timeline import DAN, HOUR, Timeline, gated, policy


def test_a_mail_that_is_accepted_and_dropped_counts_as_refused() -> None:
    story = Timeline(gated(policy(ADA, BOB, reminders_seconds=(2 * HOUR,))))
    story.mailer.drops[ADA] = REFUSED
    release_id = story.begin()
    story.run(minutes=1)
    assert story.ask(release_id).unseen == (f"request-0 {ADA}", f"request-0 {BOB}")
    story.run(hours=5)
    (failed,) = story.events(release_id, EventType.MAIL_FAILED)
    assert failed.details == {"code": "InvalidRecipient", "mail": "request"}
    assert (failed.at - START).total_seconds() == pytest.approx(120, abs=5)
    assert ADA not in failed.message
    assert story.ask(release_id).refused == (f"request-0 {ADA}",)
    assert (story.ask(release_id).unseen, story.ask(release_id).look_at) == ((), None)
    assert [kind for _, kind in story.mails(BOB)] == ["request 0", "reminder 1"]


def test_where_every_mail_was_dropped_nobody_is_waited_for() -> None:
    story = Timeline(gated(policy(ADA, BOB)))
    story.mailer.drops.update({ADA: REFUSED, BOB: REFUSED})
    release_id = story.begin()
    story.run(hours=1)
    assert story.outcome(release_id) is Outcome.ERRORED
    assert "can be reached by mail" in (story.release(release_id).reason or "")


def test_what_became_of_a_mail_is_asked_later_where_mails_need_the_quota() -> None:
    story = Timeline(gated(policy(ADA)))
    story.mailer.drops[ADA] = REFUSED
    story.mailer.faults.add("dropped", full(2 * HOUR))
    release_id = story.begin()
    story.run(hours=2)
    assert story.outcome(release_id) is None
    story.run(hours=2.1)
    assert story.outcome(release_id) is Outcome.ERRORED


def test_an_address_that_gets_no_mail_does_not_end_it_while_a_stand_in_is_to_come() -> None:
    later = Delegation(ADA, DAN, START + timedelta(hours=5), START + timedelta(hours=20))
    story = Timeline(gated(policy(ADA, delegations=(later,))))
    story.mailer.drops[ADA] = REFUSED
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, DAN), hours=6)
    story.run()
    assert story.mails(DAN)[0] == (5.0, "request 0")
    assert story.outcome(release_id) is Outcome.SUCCEEDED
