"""The mail to owners of a pipeline with too few approvers: once each, whatever the service does."""

from dataclasses import replace

from shared.domain.errors import Failure, FailureKind
from shared.domain.pipeline import Pipeline
from shared.domain.release import EventType
from tests.unit.workflow.releasing import OWNER
from tests.unit.workflow.timeline import Timeline, gated, policy

GRACE = "grace@example.com"
"""Who registers the models."""


def test_the_mail_waits_for_room_and_comes_once() -> None:
    story = Timeline(gated(policy(GRACE)))
    full = Failure(FailureKind.TRANSIENT, "MailQuota", "The hour is full.", 1800.0)
    story.mailer.faults.add("send", full, times=2)
    release_id = story.begin()
    story.run(hours=12)
    assert story.mails(OWNER) == [(1.0, "too few")]
    assert story.mailer.tries == 3
    found = story.release(release_id).stages[1].shortage
    assert found is not None
    assert found.told == (OWNER,)


def test_a_mail_service_that_stays_away_is_not_asked_every_second() -> None:
    story = Timeline(gated(policy(GRACE)))
    full = Failure(FailureKind.TRANSIENT, "MailQuota", "The hour is full.", 0.1)
    story.mailer.faults.add("send", full, times=10_000)
    story.begin()
    story.run(hours=3)
    assert 170 <= story.mailer.tries <= 182


def test_a_mail_that_is_refused_is_noted_and_the_release_still_waits() -> None:
    story = Timeline(gated(policy(GRACE)))
    refused = Failure(FailureKind.FINAL, "InvalidRecipient", "The address is on the block list.")
    story.mailer.faults.add("send", refused)
    release_id = story.begin()
    story.run(hours=12)
    [failed] = story.events(release_id, EventType.MAIL_FAILED)
    assert failed.details == {"code": "InvalidRecipient", "mail": "too-few-approvers"}
    assert OWNER not in failed.message
    assert (story.mailer.tries, story.outcome(release_id)) == (1, None)


def test_owners_are_not_needed() -> None:
    pipeline: Pipeline = replace(gated(policy(GRACE)), owners=())
    story = Timeline(pipeline)
    release_id = story.begin()
    story.run(hours=5)
    assert (story.mailer.tries, story.outcome(release_id)) == (0, None)
