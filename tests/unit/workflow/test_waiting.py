"""Asking people, asking again, mail that waits, events that wait, and endpoints in other hands."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.domain.decision import Choice
from shared.domain.errors import Failure, FailureKind
from shared.domain.pipeline import Stage
from shared.domain.release import EventType, Outcome, ReleaseId, StageState
from shared.ports import Mail
from shared.workflow.activities import run_activity
from shared.workflow.contract import Activity, payload
from tests.fakes import World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import (
    ADA,
    BOB,
    OWNER,
    PIPELINE,
    POLICY,
    PROD_STAGE,
    QA_STAGE,
    Releasing,
    with_stage,
)

REFUSED = Failure(FailureKind.FINAL, "InvalidRecipient", "The address is on the block list.")


@pytest.fixture
def releasing() -> Releasing:
    return Releasing(World((PIPELINE,)))


def until(inline: Inline, activity: Activity, does: Callable[[], None]) -> None:
    """Do something once, before the first call of an activity; pipelines are then read anew."""

    def before(called: Activity) -> None:
        if called is activity and activity not in inline.calls:
            does()
            inline.services = inline.world.services

    inline.before = before


def deploy(releasing: Releasing, stage: Stage) -> None:
    releasing.world.pipelines = (with_stage(stage),)


def asked(releasing: Releasing, person: str) -> list[Mail]:
    """The mails that asked a person for their word."""
    mails = releasing.world.mailer.to(person)
    return [mail for mail in mails if mail.subject.startswith("Approve ")]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (replace(PROD_STAGE, environment_variables={"A": "1"}), "environment_variables"),
        (replace(PROD_STAGE, tags={"team": "x"}), "tags"),
        (replace(PROD_STAGE, request=replace(PROD_STAGE.request, timeout_seconds=9)), "request"),
        (replace(PROD_STAGE, health=replace(PROD_STAGE.health, interval_seconds=9)), "health"),
    ],
)
@pytest.mark.parametrize("deliveries", [1, 2])
def test_people_are_asked_again_when_the_configuration_changed(
    releasing: Releasing, changed: Stage, named: str, deliveries: int
) -> None:
    release_id = releasing.begin()
    people = releasing.approves(release_id)

    def approves_then_changes() -> bool:
        said = people()
        if said and people.asks == [1]:
            deploy(releasing, changed)
            inline.services = releasing.world.services
        return said

    inline = Inline(
        releasing.world,
        releasing.world.services,
        people=approves_then_changes,
        deliveries=deliveries,
    )
    assert inline.run(release_id) == Outcome.SUCCEEDED
    trail = releasing.trail(release_id)
    assert (trail["ApprovalRequested"], trail["ApprovalVoided"]) == (2, 1)
    assert f"not as it was: configuration.{named}" in releasing.message(
        release_id, EventType.APPROVAL_VOIDED
    )
    assert people.asks == [1, 2]
    assert len(asked(releasing, ADA)) == 2


@pytest.mark.parametrize(
    "harmless",
    [
        replace(PROD_STAGE, keep_previous=True),
        replace(PROD_STAGE, approval=replace(POLICY, instructions="look", timeout_seconds=60.0)),
        replace(PROD_STAGE, approval=replace(POLICY, reminders_seconds=(60.0,))),
    ],
)
def test_what_has_nothing_to_do_with_whose_word_counts_voids_nothing(
    releasing: Releasing, harmless: Stage
) -> None:
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    ask = releasing.world.clock.now

    def approve() -> bool:
        assert ask()
        said = people()
        deploy(releasing, harmless)
        inline.services = releasing.world.services
        return said

    inline.people = approve
    assert inline.run(release_id) == Outcome.SUCCEEDED
    assert releasing.trail(release_id)["ApprovalVoided"] == 0


def test_a_voided_approval_is_never_used_even_if_all_is_as_it_was(releasing: Releasing) -> None:
    release_id = releasing.begin()
    services = releasing.world.services
    Inline(releasing.world, services, people=lambda: False)
    for activity in (Activity.BEGIN_RELEASE,):
        run_activity(activity, services, payload(release_id))
    _bring_to_prod(releasing, release_id)
    data = payload(release_id, "prod")
    run_activity(Activity.ASK_APPROVAL, services, data)
    releasing.decide(release_id, Choice.APPROVE)
    deploy(releasing, replace(PROD_STAGE, tags={"team": "x"}))
    voided = run_activity(Activity.START_STAGE, releasing.world.services, data)
    deploy(releasing, PROD_STAGE)
    again = run_activity(Activity.START_STAGE, releasing.world.services, data)
    assert [answer["value"] for answer in (voided, again)] == [{"started": False, "ring": []}] * 2
    assert releasing.trail(release_id)["ApprovalVoided"] == 1
    assert releasing.release(release_id).stages[1].state is StageState.WAITING


def _bring_to_prod(releasing: Releasing, release_id: ReleaseId) -> None:
    for activity in (
        Activity.START_STAGE,
        Activity.RESERVE_ENDPOINT,
        *[Activity.PREPARE_ENDPOINT] * 2,
        *[Activity.DEPLOY_MODEL] * 2,
        Activity.PROBE_DEPLOYMENT,
        *[Activity.SHIFT_TRAFFIC] * 2,
        Activity.FINISH_STAGE,
    ):
        run_activity(activity, releasing.world.services, payload(release_id, "qa"))
    assert releasing.release(release_id).stages[0].state is StageState.SUCCEEDED


def test_an_approval_that_the_stage_got_meanwhile_is_asked_for(releasing: Releasing) -> None:
    deploy(releasing, replace(PROD_STAGE, approval=None))
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    until(inline, Activity.FINISH_STAGE, lambda: deploy(releasing, PROD_STAGE))
    assert inline.run(release_id) == Outcome.SUCCEEDED
    assert people.asks == [1]


def test_a_stage_that_lost_its_approval_ends_the_release(releasing: Releasing) -> None:
    release_id = releasing.begin()
    inline = Inline(releasing.world, releasing.world.services)
    free = replace(PROD_STAGE, approval=None)
    until(inline, Activity.ASK_APPROVAL, lambda: deploy(releasing, free))
    assert inline.run(release_id) == Outcome.ERRORED
    assert "lost its approval" in (releasing.release(release_id).reason or "")


def test_mail_beyond_the_quota_is_sent_later(releasing: Releasing) -> None:
    releasing.world.mailer.faults.add("send", times=4)
    release_id = releasing.begin()
    begin = releasing.world.clock.now()
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    mailer = releasing.world.mailer
    assert [len(mailer.to(person)) for person in (ADA, BOB, OWNER)] == [2, 2, 1]
    assert (releasing.world.clock.now() - begin).total_seconds() > 4 * 300
    assert releasing.trail(release_id)["MailFailed"] == 0


def test_mail_that_is_refused_is_noted_once_and_the_others_get_theirs(releasing: Releasing) -> None:
    releasing.world.mailer.faults.add("send", REFUSED)
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people, deliveries=2)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    assert [len(asked(releasing, person)) for person in (ADA, BOB)] == [0, 1]
    assert releasing.trail(release_id)["MailFailed"] == 1
    assert REFUSED.message in releasing.message(release_id, EventType.MAIL_FAILED)


@pytest.mark.parametrize("times", [1, 7, 30])
def test_events_are_published_later_in_order_and_none_is_lost(
    releasing: Releasing, times: int
) -> None:
    releasing.world.publisher.faults.add("publish", times=times)
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    numbers = [event.number for event in releasing.world.publisher.published]
    assert numbers == list(range(1, releasing.release(release_id).last_event + 1))
    assert list(releasing.world.store.open_releases()) == []


def test_a_publisher_that_stays_away_leaves_the_release_open_and_succeeded(
    releasing: Releasing,
) -> None:
    releasing.world.publisher.faults.add("publish", times=10_000)
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    assert releasing.world.publisher.published == []
    assert list(releasing.world.store.open_releases()) == [release_id]


def test_without_a_topic_a_release_is_settled_all_the_same(releasing: Releasing) -> None:
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    services = replace(releasing.world.services, publisher=None)
    assert Inline(releasing.world, services, people=people).run(release_id) == Outcome.SUCCEEDED
    assert list(releasing.world.store.open_releases()) == []


def reserve(releasing: Releasing, release_id: ReleaseId, stage: str = "qa") -> str:
    data = payload(release_id, stage)
    return str(run_activity(Activity.RESERVE_ENDPOINT, releasing.world.services, data)["state"])


def start(releasing: Releasing, version: str) -> ReleaseId:
    release_id = releasing.begin(version)
    services = releasing.world.services
    run_activity(Activity.BEGIN_RELEASE, services, payload(release_id))
    run_activity(Activity.START_STAGE, services, payload(release_id, "qa"))
    return release_id


def test_an_endpoint_in_other_hands_is_waited_for(releasing: Releasing) -> None:
    one, two = start(releasing, "3"), start(releasing, "4")
    assert [reserve(releasing, each) for each in (one, two, two, one)] == [
        "done",
        "pending",
        "pending",
        "done",
    ]
    waits = releasing.release(two).stages[0].waits_for
    assert waits == f"release {one} to finish with api-qa"
    releasing.world.store.free_endpoint(stage=QA_STAGE, release_id=one)
    assert reserve(releasing, two) == "done"
    assert releasing.release(two).stages[0].waits_for is None
    assert reserve(releasing, one) == "pending"


def test_an_endpoint_is_passed_on_by_a_release_that_broke_off(releasing: Releasing) -> None:
    one, two = start(releasing, "3"), start(releasing, "4")
    assert reserve(releasing, one) == "done"
    ending = payload(one, outcome=Outcome.ERRORED.value, reason="broken")
    run_activity(Activity.END_RELEASE, releasing.world.services, ending)
    assert reserve(releasing, two) == "done"


def test_a_release_that_waits_for_people_never_holds_an_endpoint(releasing: Releasing) -> None:
    one, two = start(releasing, "3"), start(releasing, "4")
    _bring_to_prod(releasing, one)
    releasing.world.store.take_endpoint(stage=QA_STAGE, release_id=one)  # as after a crash
    assert reserve(releasing, two) == "done"
    assert reserve(releasing, one) == "done"  # its work there is done: it does not take it again
    assert reserve(releasing, two) == "done"
