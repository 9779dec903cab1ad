"""Who speaks for whom, and whether it counts: stand-ins, those above, voices handed on."""

from datetime import timedelta

import pytest

from shared.domain.decision import Choice, Decision
from shared.domain.policy import Delegation, Escalation, Order
from shared.domain.release import Outcome
from shared.domain.trail import Change
from tests.fakes.running import START
from tests.unit.workflow.releasing import ADA, BOB
from tests.unit.workflow.timeline import CAROL, DAN, DAY, HOUR, Timeline, gated, policy


def test_who_is_above_two_silent_voices_hears_of_both() -> None:
    above = Escalation(3 * HOUR, (DAN,))
    two = policy(ADA, BOB, required=None, order=Order.SEQUENCE, escalation=above)
    story = Timeline(gated(two))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, ADA), hours=4)
    story.run()
    assert [at for at, kind in story.mails(DAN) if kind.startswith("escalation")] == [3.0, 7.0]


def test_who_stands_in_for_two_is_asked_for_both() -> None:
    always = (START, START + timedelta(days=9))
    two = policy(
        ADA,
        BOB,
        required=None,
        order=Order.SEQUENCE,
        delegations=(Delegation(ADA, DAN, *always), Delegation(BOB, DAN, *always)),
    )
    story = Timeline(gated(two))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, ADA), hours=4)
    story.run()
    assert [at for at, kind in story.mails(DAN) if kind.startswith("request")] == [0.0, 4.0]


def test_who_is_reminded_for_one_voice_is_reminded_for_the_next_one_too() -> None:
    above = Escalation(3 * HOUR, (DAN,))
    two = policy(
        ADA,
        BOB,
        required=None,
        order=Order.SEQUENCE,
        escalation=above,
        reminders_seconds=(2 * HOUR,),
    )
    story = Timeline(gated(two))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, ADA), hours=6)
    story.run()
    assert story.mails(DAN) == [
        (3.0, "escalation 0"),
        (5.0, "reminder 1"),
        (9.0, "escalation 0"),
        (11.0, "reminder 1"),
        (24.0, "Expired"),
    ]


def test_a_voice_that_goes_from_hand_to_hand_is_mailed_to_each() -> None:
    above = Escalation(DAY, (CAROL, DAN))
    story = Timeline(gated(policy(ADA, escalation=above)))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.REASSIGN, ADA, to=CAROL), hours=1)
    story.at(story.decides(release_id, Choice.REASSIGN, CAROL, to=DAN), hours=2)
    story.at(story.decides(release_id, Choice.REASSIGN, DAN, to=ADA), hours=3)
    story.at(story.decides(release_id, Choice.APPROVE, CAROL), hours=4)
    story.at(story.decides(release_id, Choice.APPROVE, ADA), hours=5)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 5.0)
    assert story.mails(CAROL)[0] == (1.0, "request 1")
    assert story.mails(DAN)[0] == (2.0, "request 2")
    assert story.mails(ADA)[:2] == [(0.0, "request 0"), (3.0, "request 3")]


def test_a_yes_without_signing_in_does_not_count_where_people_sign_in() -> None:
    story = Timeline(gated(policy(ADA, require_sign_in=True)))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, ADA), hours=1)
    story.at(story.decides(release_id, Choice.APPROVE, ADA, signed_in=True), hours=2)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 2.0)
    mail = story.mailer.to(ADA)[0]
    assert mail.text.split()[3] == "None", "no code: signing in is the second factor"


@pytest.mark.parametrize(("late", "outcome"), [(3, Outcome.SUCCEEDED), (9, Outcome.EXPIRED)])
def test_a_yes_in_time_that_is_a_moment_on_its_way_still_counts(
    late: float, outcome: Outcome
) -> None:
    story = Timeline(gated(policy(ADA)))
    release_id = story.begin()
    story.run(hours=1)
    ask = story.ask(release_id)
    in_time = Decision(
        release_id,
        "prod",
        1,
        ADA,
        Choice.APPROVE,
        "",
        ask.expires_at - timedelta(seconds=1),
        ask.digest,
    )

    def arrives() -> None:
        if story.outcome(release_id) is None:
            change = Change(story.release(release_id))
            story.releasing.write(release_id, change, decision=in_time)
            story.world.orchestrations.ring(release_id=release_id)

    story.at(arrives, seconds=(ask.expires_at - START).total_seconds() + late)
    story.run()
    assert story.outcome(release_id) is outcome
