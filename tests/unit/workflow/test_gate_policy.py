"""The approval policy, through the whole release: whose word lets it go on, and when it starts."""

from datetime import datetime, time, timedelta
from itertools import permutations

import pytest

from shared.domain.decision import Choice
from shared.domain.policy import (
    Delegation,
    Escalation,
    Freeze,
    Hours,
    Order,
    Rejection,
    Voice,
    of_people,
)
from shared.domain.release import Outcome
from shared.ports import Link
from tests.fakes.running import START
from tests.unit.workflow.releasing import ADA, BOB, PROD_STAGE
from tests.unit.workflow.timeline import CAROL, DAN, DAY, HOUR, Timeline, gated, policy

APPROVE, REJECT, DEFER, REASSIGN = Choice.APPROVE, Choice.REJECT, Choice.DEFER, Choice.REASSIGN
GRACE = "grace@example.com"
"""Who registers the models."""


def untouched(story: Timeline) -> bool:
    """Whether PROD is as it was."""
    return (story.releasing.traffic(PROD_STAGE), story.releasing.deployments(PROD_STAGE)) == (
        {"v2-old": 100},
        ["v2-old"],
    )


@pytest.mark.parametrize("speak", list(permutations([ADA, BOB, CAROL], 2)))
def test_two_of_three_let_it_start_in_any_order(speak: tuple[str, str]) -> None:
    story = Timeline(gated(policy(ADA, BOB, CAROL, required=2)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, speak[0]), hours=1)
    story.run(hours=2.9)
    assert untouched(story)
    waits_for = story.release(release_id).stages[1].waits_for or ""
    assert waits_for.startswith("approvals (1 of 2) of ")
    assert speak[0] not in waits_for
    story.at(story.decides(release_id, APPROVE, speak[1]), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert story.started_at(release_id) == 3.0


def test_all_means_all() -> None:
    story = Timeline(gated(policy(ADA, BOB, CAROL, required=None)))
    release_id = story.begin()
    for hour, person in enumerate((CAROL, ADA, BOB), start=1):
        assert untouched(story)
        story.at(story.decides(release_id, APPROVE, person), hours=hour)
        story.run(hours=hour)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 3.0)


def test_one_after_another_the_next_is_asked_when_the_one_before_has_answered() -> None:
    story = Timeline(gated(policy(BOB, ADA, CAROL, required=None, order=Order.SEQUENCE)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, CAROL), hours=1)  # not her turn: says nothing
    story.at(story.decides(release_id, APPROVE, BOB), hours=2)
    story.at(story.decides(release_id, APPROVE, ADA), hours=5)
    story.at(story.decides(release_id, APPROVE, CAROL), hours=7)
    for hour, roster in ((1.5, (BOB,)), (3.0, (BOB, ADA)), (6.0, (BOB, ADA, CAROL))):
        story.run(hours=hour)
        assert story.ask(release_id).roster == roster
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 7.0)
    asked = {person: story.mails(person)[0] for person in (BOB, ADA, CAROL)}
    assert asked == {BOB: (0.0, "request 0"), ADA: (2.0, "request 0"), CAROL: (5.0, "request 0")}
    assert [_link(story, person).person for person in (BOB, ADA, CAROL)] == [0, 1, 2]


def _link(story: Timeline, person: str) -> Link:
    """The link in the first mail to someone."""
    url = story.mailer.to(person)[0].text.split()[2]
    link = story.world.links.read(token=url.rpartition("/")[2], max_age_seconds=1e9)
    assert link is not None
    return link


@pytest.mark.parametrize(
    ("reject", "outcome"),
    [(Rejection.QUORUM, Outcome.SUCCEEDED), (Rejection.FIRST, Outcome.REJECTED)],
)
def test_one_no_of_three_ends_it_or_does_not(reject: Rejection, outcome: Outcome) -> None:
    story = Timeline(gated(policy(ADA, BOB, CAROL, required=2, reject=reject)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, ADA), hours=1)
    story.at(story.decides(release_id, REJECT, BOB), hours=2)
    story.run(hours=3)
    if reject is Rejection.QUORUM:
        story.at(story.decides(release_id, APPROVE, CAROL), hours=4)
    else:
        assert untouched(story)
        assert story.release(release_id).reason == f"Rejected by {BOB}: seen"
    story.run()
    assert story.outcome(release_id) is outcome


def test_a_quorum_that_cannot_be_reached_any_more_ends_it() -> None:
    story = Timeline(gated(policy(ADA, BOB, CAROL, required=2, reject=Rejection.QUORUM)))
    release_id = story.begin()
    story.at(story.decides(release_id, REJECT, ADA), hours=1)
    story.at(story.decides(release_id, REJECT, CAROL), hours=2)
    story.run()
    assert story.outcome(release_id) is Outcome.REJECTED
    assert story.release(release_id).reason == f"Rejected by {CAROL}: seen"
    assert untouched(story)


@pytest.mark.parametrize("speaks", [BOB, CAROL])
def test_any_member_speaks_for_a_group_and_only_once(speaks: str) -> None:
    group = Voice("risk", (BOB, CAROL))
    story = Timeline(gated(policy(ADA, group, required=None)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, speaks), hours=1)
    story.at(story.decides(release_id, APPROVE, BOB if speaks is CAROL else CAROL), hours=2)
    story.run(hours=3)
    assert untouched(story), "two of one group are one voice"
    story.at(story.decides(release_id, APPROVE, ADA), hours=4)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 4.0)
    assert all(story.mails(person)[0] == (0.0, "request 0") for person in (ADA, BOB, CAROL))


def test_a_stand_in_is_asked_and_heard_in_their_time_alone() -> None:
    window = Delegation(ADA, DAN, START + timedelta(hours=4), START + timedelta(hours=8))
    story = Timeline(gated(policy(ADA, delegations=(window,))))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, DAN), hours=3)
    story.at(story.decides(release_id, APPROVE, DAN), hours=5)
    story.run(hours=4.5)
    assert untouched(story)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 5.0)
    assert story.mails(DAN)[0] == (4.0, "request 0")


def test_a_stand_in_whose_time_is_over_is_not_heard() -> None:
    window = Delegation(ADA, DAN, START, START + timedelta(hours=8))
    story = Timeline(gated(policy(ADA, delegations=(window,))))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, DAN), hours=8)
    story.run()
    assert story.outcome(release_id) is Outcome.EXPIRED
    assert [kind for _, kind in story.mails(DAN)] == ["request 0", "Expired"]
    assert untouched(story)


def test_those_above_are_asked_after_their_time() -> None:
    above = Escalation(6 * HOUR, (DAN,))
    story = Timeline(gated(policy(ADA, BOB, escalation=above)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, DAN), hours=5)
    story.run(hours=5.9)
    assert story.mails(DAN) == []
    assert untouched(story)
    story.at(story.decides(release_id, APPROVE, DAN), hours=7)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 7.0)
    assert story.mails(DAN)[0] == (6.0, "escalation 0")


def test_a_mind_may_change_until_it_is_settled() -> None:
    story = Timeline(gated(policy(ADA, BOB, required=2)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, ADA), hours=1)
    story.at(story.decides(release_id, REJECT, ADA), hours=2)
    story.at(story.decides(release_id, APPROVE, BOB), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.REJECTED
    assert untouched(story)


def test_who_is_handed_a_voice_gets_a_mail_and_decides_and_the_former_one_is_silent() -> None:
    above = Escalation(DAY, (CAROL,))
    story = Timeline(gated(policy(ADA, escalation=above)))
    release_id = story.begin()
    story.at(story.decides(release_id, REASSIGN, ADA, to=CAROL), hours=1)
    story.at(story.decides(release_id, REJECT, ADA), hours=2)
    story.run(hours=3)
    assert story.outcome(release_id) is None, "she has given her word away"
    assert untouched(story)
    story.at(story.decides(release_id, APPROVE, CAROL), hours=4)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 4.0)
    assert story.mails(CAROL)[0] == (1.0, "request 1")
    assert story.mails(ADA)[-1] == (4.0, "Succeeded")


def test_a_deferred_yes_starts_it_exactly_then() -> None:
    story = Timeline(gated(policy(ADA, BOB)))
    release_id = story.begin()
    later = START + timedelta(hours=30, minutes=7, seconds=1)  # after the ask has expired
    story.at(story.decides(release_id, DEFER, ADA, effective_at=later), hours=1)
    story.run(hours=29)
    waits_for = story.release(release_id).stages[1].waits_for or ""
    assert waits_for.startswith("2026-11-03 15:07 UTC, when what was decided takes effect")
    assert untouched(story)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert START + timedelta(hours=story.started_at(release_id)) == later


def test_a_deferred_yes_may_still_be_taken_back_by_another_voice() -> None:
    story = Timeline(gated(policy(ADA, BOB)))
    release_id = story.begin()
    later = START + timedelta(hours=10)
    story.at(story.decides(release_id, DEFER, ADA, effective_at=later), hours=1)
    story.at(story.decides(release_id, REJECT, BOB), hours=9)
    story.run()
    assert story.outcome(release_id) is Outcome.REJECTED
    assert untouched(story)


def test_outside_the_hours_a_yes_waits_for_the_next_opening() -> None:
    hours = Hours((0, 1, 2, 3, 4), time(9), time(17))
    zoned = policy(ADA, timeout_seconds=7 * DAY, hours=hours, time_zone="Europe/Berlin")
    story = Timeline(gated(zoned))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, ADA), hours=9)  # Monday, 19:00 in Berlin
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    opens = datetime.fromisoformat("2026-11-03T08:00:00+00:00")
    assert START + timedelta(hours=story.started_at(release_id)) == opens


def test_in_a_freeze_a_yes_waits_for_its_end() -> None:
    freeze = Freeze(START + timedelta(hours=2), START + timedelta(days=40, hours=5), "year end")
    story = Timeline(gated(policy(ADA, freezes=(freeze,))))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, ADA), hours=3)
    story.run(days=40)
    assert untouched(story)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert START + timedelta(hours=story.started_at(release_id)) == freeze.ends_at


def test_one_yes_of_two_is_not_enough_and_the_end_says_so() -> None:
    story = Timeline(gated(policy(ADA, BOB, required=2)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, ADA), hours=1)
    story.run()
    release = story.release(release_id)
    assert release.outcome is Outcome.EXPIRED
    assert release.reason == "1 of 2 approvals until 2026-11-03 09:00 UTC."
    assert untouched(story)


def test_who_registered_the_model_is_not_asked_and_not_heard() -> None:
    story = Timeline(gated(of_people(GRACE, ADA, timeout_seconds=DAY)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, GRACE), hours=1)
    story.run(hours=2)
    assert untouched(story)
    story.at(story.decides(release_id, APPROVE, ADA), hours=3)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 3.0)
    assert story.mails(GRACE) == []


def test_who_registered_the_model_may_decide_where_the_policy_lets_them() -> None:
    story = Timeline(gated(policy(GRACE, requester_may_approve=True)))
    release_id = story.begin()
    story.at(story.decides(release_id, APPROVE, GRACE), hours=1)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 1.0)
