"""Too few approvers who cannot be the requester: nobody is asked, owners hear, and it goes on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.decision import Choice
from shared.domain.policy import ApprovalPolicy, Supersede, Voice
from shared.domain.release import EventType, Outcome, ReleaseId, StageRecord, StageState
from shared.domain.shortage import Shortage
from shared.domain.trail import Change
from shared.workflow.contract import Activity
from tests.fakes.running import START
from tests.unit.workflow.releasing import ADA, BOB, OWNER
from tests.unit.workflow.test_gate_rows import RowStore
from tests.unit.workflow.timeline import CAROL, DAY, HOUR, Timeline, gated, policy

GRACE = "grace@example.com"
"""Who registers the models."""
SOON = timedelta(seconds=5)


def prod(story: Timeline, release_id: ReleaseId) -> StageRecord:
    return story.release(release_id).stages[1]


def shortage(story: Timeline, release_id: ReleaseId) -> Shortage:
    found = prod(story, release_id).shortage
    assert found is not None
    return found


def asked(story: Timeline) -> list[str]:
    """Who was ever asked."""
    return sorted({mail.to for _, mail in story.mailer.log if mail.text.startswith("request")})


def with_names(*people: str, **names: str) -> ApprovalPolicy:
    return policy(*people, names={f"{each}@example.com": name for each, name in names.items()})


def test_nobody_is_asked_and_the_release_waits_and_says_for_what() -> None:
    story = Timeline(gated(policy(GRACE)))
    release_id = story.begin()
    story.run(hours=23)
    assert story.outcome(release_id) is None
    assert prod(story, release_id).state is StageState.WAITING
    assert prod(story, release_id).ask is None
    assert asked(story) == []
    assert prod(story, release_id).waits_for == (
        "enough approvers. Stage prod needs an approval and nobody can be asked: "
        "grace@example.com may be the person who registered this model (“grace@example.com”). "
        "What an owner of pipeline diabetes can do: add approvers to the pipeline and deploy it; "
        "or give the approvers' display names in the pipeline, as Microsoft Entra ID has them, for "
        "example Ada Lovelace <ada@example.com>, and deploy it; or set requester_may_approve: true "
        "in the pipeline and deploy it"
    )
    [event] = story.events(release_id, EventType.TOO_FEW_APPROVERS)
    assert event.details == {
        "required": 1,
        "available": 0,
        "left_out": [GRACE],
        "expires_at": shortage(story, release_id).expires_at.isoformat(),
    }
    assert story.mails(OWNER) == [(0.0, "too few")]
    assert story.events(release_id, EventType.APPROVAL_REQUESTED) == []


def test_it_ends_as_expired_once_people_would_have_had_their_time() -> None:
    story = Timeline(gated(policy(GRACE)))
    release_id = story.begin()
    story.run()
    release = story.release(release_id)
    assert release.outcome is Outcome.EXPIRED
    assert (release.reason or "").startswith("Nobody could be asked in time. Stage prod needs an ")
    assert timedelta() <= story.ended[release_id] - START - timedelta(days=1) < SOON
    assert story.mails(OWNER) == [(0.0, "too few"), (24.0, "Expired")]


ENOUGH: dict[str, tuple[str | None, ApprovalPolicy, ApprovalPolicy]] = {
    "another approver": (GRACE, policy(GRACE), policy(GRACE, ADA)),
    "a name": ("Ada King", policy(ADA), with_names(ADA, ada="Ada Lovelace")),
    "consent": ("Ada King", policy(ADA), policy(ADA, requester_may_approve=True)),
    "fewer that are needed": (GRACE, policy(GRACE, ADA, required=2), policy(GRACE, ADA)),
    "consent where nobody is named": (None, policy(ADA), policy(ADA, requester_may_approve=True)),
}


@pytest.mark.parametrize("deliveries", [1, 2])
@pytest.mark.parametrize("name", ENOUGH)
def test_it_goes_on_by_itself_once_the_deployed_pipeline_has_enough(
    name: str, deliveries: int
) -> None:
    registered_by, few, enough = ENOUGH[name]
    story = Timeline(gated(few), deliveries=deliveries)
    story.world.store = RowStore()
    story.services = story.world.services
    release_id = story.begin(registered_by=registered_by)
    story.at(story.deploys(gated(enough)), hours=2.2)
    story.at(story.sweep, hours=2.3)
    story.run(hours=2.25)
    assert asked(story) == []
    story.run(hours=2.4)
    assert (asked(story), story.ask(release_id).number) == ([ADA], 1)
    assert prod(story, release_id).shortage is None
    assert prod(story, release_id).waits_for == f"the approval of {ADA}"
    story.at(story.decides(release_id, Choice.APPROVE, ADA), hours=3)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 3.0)
    assert [kind for _, kind in story.mails(OWNER)] == ["too few", "Succeeded"]
    assert len(story.events(release_id, EventType.TOO_FEW_APPROVERS)) == 1


def test_without_a_sweeper_it_goes_on_within_the_hour() -> None:
    story = Timeline(gated(policy(GRACE)))
    story.begin()
    story.at(story.deploys(gated(policy(ADA))), hours=5.5)
    story.run(hours=6.1)
    assert story.mails(ADA) == [(6.0, "request 0")]


def test_a_change_that_does_not_help_is_told_where_it_waits_and_mailed_to_nobody() -> None:
    story = Timeline(gated(policy(GRACE)))
    release_id = story.begin()
    story.at(story.deploys(gated(policy("grace.hopper@example.com"))), hours=2)
    story.run(hours=4)
    assert shortage(story, release_id).left_out == ("grace.hopper@example.com",)
    assert "grace.hopper@example.com may be" in (prod(story, release_id).waits_for or "")
    assert story.mails(OWNER) == [(0.0, "too few")]


def test_one_of_two_is_not_enough() -> None:
    group = Voice("risk", (GRACE, BOB))
    story = Timeline(gated(policy(GRACE, "grace.hopper@example.com", ADA, required=2)))
    release_id = story.begin()
    story.run(hours=1)
    waits_for = prod(story, release_id).waits_for or ""
    assert "Stage prod needs 2 approvals and 1 can be asked: grace@example.com or " in waits_for
    story.at(story.deploys(gated(policy(group, ADA, required=2))), hours=2)
    story.run(hours=3.1)
    assert asked(story) == [ADA, BOB]


@pytest.mark.parametrize("requested_by", ["Ada", "Dr. A. Lovelace (EXT)", "ada@example.com"])
def test_who_started_it_by_hand_is_the_requester_where_azure_ml_names_nobody(
    requested_by: str,
) -> None:
    story = Timeline(gated(with_names(ADA, ada="Ada Lovelace")))
    release_id = story.begin(registered_by=None, requested_by=requested_by)
    story.run(hours=1)
    assert shortage(story, release_id).left_out == (ADA,)
    why = f"ada@example.com may be the person who started this release (“{requested_by}”)"
    assert why in (prod(story, release_id).waits_for or "")


def test_where_nobody_is_named_it_says_so_and_what_helps_then() -> None:
    story = Timeline(gated(policy(ADA, BOB)))
    release_id = story.begin(registered_by=None)
    story.run(hours=1)
    assert shortage(story, release_id).left_out == (ADA, BOB)
    assert prod(story, release_id).waits_for == (
        "enough approvers. Stage prod needs an approval and nobody can be asked: Azure ML does not "
        "say who registered this model; it may have been ada@example.com or bob@example.com. "
        "What an owner of pipeline diabetes can do: set requester_may_approve: true in the "
        "pipeline and deploy it; or start the release again by hand, with requested_by"
    )


@pytest.mark.parametrize("name", ["Admin", "e12345@contoso.example", "(EXT)"])
def test_where_a_name_tells_nobody_it_does_not_ask_for_names(name: str) -> None:
    story = Timeline(gated(policy(ADA, BOB)))
    release_id = story.begin(registered_by=name)
    story.run(hours=1)
    assert shortage(story, release_id).left_out == (ADA, BOB)
    assert (prod(story, release_id).waits_for or "").endswith(
        "can do: set requester_may_approve: true in the pipeline and deploy it"
    )


def test_a_month_of_waiting_takes_a_look_an_hour() -> None:
    story = Timeline(gated(policy(GRACE, timeout_seconds=30 * DAY)))
    release_id = story.begin()
    story.run()
    assert story.outcome(release_id) is Outcome.EXPIRED
    assert 720 <= story.calls(release_id)[Activity.REVIEW_APPROVAL] <= 725
    assert story.calls(release_id)[Activity.ASK_APPROVAL] <= 30
    assert story.mails(OWNER)[:-1] == [(0.0, "too few")]


@pytest.mark.parametrize("rings", [True, False])
def test_somebody_may_stop_it(*, rings: bool) -> None:
    story = Timeline(gated(policy(GRACE)))
    release_id = story.begin()

    def stop() -> None:
        story.releasing.abort(release_id)
        if rings:
            story.world.orchestrations.ring(release_id=release_id)
        else:
            story.sweep()

    story.at(stop, hours=1.5)
    story.run()
    assert story.outcome(release_id) is Outcome.ABORTED
    assert story.ended[release_id] - START < timedelta(hours=1.6)


def test_a_newer_version_takes_its_place() -> None:
    terms = policy(GRACE, supersede=Supersede.REPLACE)
    story = Timeline(gated(terms))
    older = story.begin("3")
    story.run(hours=1)
    newer = story.begin("4")
    story.run(hours=2)
    assert story.outcome(older) is Outcome.SUPERSEDED
    assert story.outcome(newer) is None


def _named(name: str) -> Callable[[Timeline, ReleaseId], None]:
    """An open ask whose requester was not known to be who is asked."""

    def change(story: Timeline, release_id: ReleaseId) -> None:
        release = story.release(release_id)
        record = replace(
            prod(story, release_id), ask=replace(story.ask(release_id), requester=name)
        )
        story.releasing.write(release_id, Change(release.with_stage(record)))

    return change


def test_what_was_asked_under_other_rules_waits_too_and_is_asked_anew() -> None:
    story = Timeline(gated(policy(ADA)))
    release_id = story.begin()
    story.run(hours=0.5)
    assert asked(story) == [ADA]
    _named("Ada (EXT)")(story, release_id)
    story.at(story.decides(release_id, Choice.APPROVE, ADA), hours=1)
    story.run(hours=3)
    assert story.ask(release_id).used
    assert shortage(story, release_id).left_out == (ADA,)
    assert story.outcome(release_id) is None
    story.at(story.deploys(gated(policy(ADA, CAROL))), hours=3.5)
    story.run(hours=6)
    assert (story.ask(release_id).number, story.mails(CAROL)) == (2, [(4.0, "request 0")])


def test_who_has_lost_their_approval_meanwhile_is_told_as_ever() -> None:
    story = Timeline(gated(policy(GRACE)))
    release_id = story.begin()
    story.at(story.deploys(gated(None)), hours=2)
    story.at(story.sweep, hours=2.1)
    story.run()
    assert story.outcome(release_id) is Outcome.ERRORED
    assert "has lost its approval" in (story.release(release_id).reason or "")
    assert story.ended[release_id] - START < timedelta(hours=2.2)


def test_operators_are_told_before_it_expires(caplog: pytest.LogCaptureFixture) -> None:
    story = Timeline(gated(policy(GRACE, timeout_seconds=3 * DAY)))
    story.begin()
    story.at(story.sweep, hours=47)
    story.at(story.sweep, hours=49)
    story.run(seconds=48 * HOUR)
    assert "ends at" not in caplog.text
    story.run(hours=50)
    assert "the approval of prod ends at 2026-11-05T09:00+00:00" in caplog.text
