"""A wait of weeks: many short generations, nothing lost, nothing twice, nothing that spins."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.decision import Choice
from shared.domain.policy import Escalation
from shared.domain.release import EventType, Outcome, ReleaseId, StageState
from shared.ports import ScoringAnswer
from shared.workflow.activities import run_activity
from shared.workflow.contract import Activity, payload
from shared.workflow.orchestrators import REVIEWS_PER_GENERATION
from tests.fakes.running import START
from tests.unit.workflow.crashing import Breaker
from tests.unit.workflow.releasing import ADA, BOB, QA_STAGE
from tests.unit.workflow.timeline import DAN, DAY, HOUR, Timeline, gated, policy

MONTH = policy(
    ADA,
    BOB,
    required=2,
    timeout_seconds=30 * DAY,
    reminders_seconds=(DAY, 7 * DAY, 21 * DAY),
    escalation=Escalation(14 * DAY, (DAN,)),
)
TASKS_PER_GENERATION = 3 * REVIEWS_PER_GENERATION


def test_a_month_of_thinking_is_many_short_generations_and_few_mails() -> None:
    story = Timeline(gated(MONTH))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, BOB), days=10)
    story.run()
    inline = story.inlines[release_id]
    assert story.outcome(release_id) is Outcome.EXPIRED
    assert inline.begun >= 30 * 24 / REVIEWS_PER_GENERATION
    assert inline.longest <= TASKS_PER_GENERATION
    assert story.calls(release_id)[Activity.REVIEW_APPROVAL] <= 30 * 24 + 50
    assert [(at // 24, kind) for at, kind in story.mails(ADA)] == [
        (0, "request 0"),
        (1, "reminder 1"),
        (7, "reminder 2"),
        (21, "reminder 3"),
        (30, "Expired"),
    ]
    assert [(at // 24, kind) for at, kind in story.mails(DAN)] == [
        (14, "escalation 0"),
        (21 - 6, "reminder 1"),
        (21, "reminder 2"),
        (30, "Expired"),
    ]
    assert story.mailer.tries == len(story.mailer.sent)
    assert story.releasing.trail(release_id)["ApprovalRequested"] == 1
    assert story.ended[release_id] - START < timedelta(days=30, seconds=30)


@pytest.mark.parametrize("hour", range(27, 35))
def test_a_word_around_a_new_beginning_is_heard_at_once(hour: int) -> None:
    story = Timeline(gated(policy(ADA, timeout_seconds=9 * DAY)))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE), hours=hour)
    story.run()
    assert story.started_at(release_id) == hour
    assert story.inlines[release_id].begun == (1 if hour < 29 else 2)


@dataclass
class AfterRead(Breaker):
    """Something happens right after the decisions were read for the so many'th time."""

    deed: Callable[[], object] = lambda: None
    read: int = 0
    reads: int = field(default=0)

    def call(self, name: str, method: Callable[..., Any], given: dict[str, Any]) -> Any:  # noqa: ANN401
        result = method(**given)
        if name == "store.decisions":
            self.reads += 1
            if self.reads == self.read:
                self.deed()
        return result


@pytest.mark.parametrize("read", range(27, 34))
def test_a_word_that_comes_right_after_a_look_is_not_waited_for(read: int) -> None:
    story = Timeline(gated(policy(ADA, timeout_seconds=9 * DAY)))
    release_id = story.releasing.begin()
    said: list[float] = []

    def says() -> None:
        said.append((story.world.clock.now() - START).total_seconds() / HOUR)
        story.decides(release_id, Choice.APPROVE)()

    story.services = AfterRead(deed=says, read=read).over(story.world.services)
    story.starts(release_id)()
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert said[0] > 20
    assert story.started_at(release_id) - said[0] < 1 / 3600


@pytest.mark.parametrize(("pause", "least"), [(60.0, 10), (3600.0, 70)])
def test_a_model_that_is_edited_again_and_again_is_no_long_history(
    pause: float, least: int
) -> None:
    asked = policy(ADA, timeout_seconds=9 * DAY, probe_seconds=pause)
    story = Timeline(gated(asked))
    release_id = story.begin()
    story.run(minutes=1)
    pipelines = [gated(asked, tags={"n": str(number)}) for number in range(2)]
    for step in range(1, 150):
        story.at(story.deploys(pipelines[step % 2]), seconds=step * pause)
    story.run(seconds=150 * pause)
    voided = len(story.events(release_id, EventType.APPROVAL_VOIDED))
    assert voided > least  # the more often it was, the longer people are left in peace
    assert story.inlines[release_id].longest <= TASKS_PER_GENERATION
    assert story.ask(release_id).number in (voided, voided + 1)


def test_two_apps_with_different_pipelines_do_not_ask_people_every_second() -> None:
    """While a new version of the app is rolled out, activities run on either."""
    story = Timeline(gated(policy(ADA, timeout_seconds=9 * DAY)))
    release_id = story.begin()
    story.run(minutes=1)
    apps = [gated(policy(ADA)), gated(policy(ADA), tags={"team": "x"})]
    inline = story.inlines[release_id]

    def before(activity: Activity) -> None:
        if activity is Activity.ASK_APPROVAL:
            story.deploys(apps[0])()
        if activity is Activity.START_STAGE:
            story.deploys(apps[1])()

    inline.before = before
    story.decides(release_id, Choice.APPROVE)()
    people = story.decides(release_id, Choice.APPROVE)
    for seconds in range(1, 600):
        story.at(lambda: _says_if_asked(story, release_id, people), seconds=60 + seconds)
    story.run(minutes=11)
    assert story.ask(release_id).number < 2.5 * 10  # in ten minutes
    inline.before = lambda _: None
    story.at(lambda: _says_if_asked(story, release_id, people), hours=1)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED


def _says_if_asked(story: Timeline, release_id: ReleaseId, says: Callable[[], object]) -> None:
    """Ada approves whatever she is asked, once."""
    ask = story.ask(release_id)
    decided = {each.ask for each in story.world.store.decisions(release_id=release_id)}
    if story.outcome(release_id) is None and not ask.used and ask.number not in decided:
        says()


def test_a_yes_that_waits_for_qa_is_not_probed_whenever_the_sweeper_comes() -> None:
    story = Timeline(gated(policy(ADA)))
    release_id = story.begin()
    story.run(minutes=1)
    deployment = story.release(release_id).stages[0].deployment
    assert deployment is not None
    story.world.endpoints.answers[deployment] = ScoringAnswer(500, 0.1, "boom")
    story.at(story.decides(release_id, Choice.APPROVE), hours=1)
    story.sweeps(every_seconds=60, until=START + timedelta(hours=3))
    story.run(hours=3)
    assert story.ask(release_id).degraded
    rung = Counter(story.world.orchestrations.rung)
    assert rung == {release_id: 1}
    assert story.calls(release_id)[Activity.REVIEW_APPROVAL] < 2 * 12 + 5


def test_an_azure_that_is_away_while_a_release_begins_anew_costs_nothing() -> None:
    story = Timeline(gated(policy(ADA, timeout_seconds=9 * DAY)))
    release_id = story.begin()
    faults = story.world.models.faults
    story.at(lambda: faults.add("get", times=100_000), hours=25)
    story.at(faults._waiting.clear, hours=40)
    story.at(story.decides(release_id, Choice.APPROVE), hours=41)
    story.run()
    assert story.inlines[release_id].begun == 2
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 41.0)


def test_an_ask_of_before_there_were_policies_is_asked_again_once_and_then_goes_on() -> None:
    story = Timeline(gated(policy(ADA, BOB)))
    release_id = story.begin()
    story.run(minutes=1)
    record, evidence = story.release(release_id).stages[1], story.evidence(release_id)
    assert record.ask is not None
    old = replace(record.ask, policy=None, roster=(), mailed=(ADA, BOB), probed_at=None)
    there = story.release(release_id).with_stage(replace(record, ask=old))
    stored = story.world.store.get(release_id=release_id)
    assert stored is not None
    story.world.store.save(stored=stored, release=there)
    bare = replace(evidence, terms=None, current=None, comparisons=(), checks=())
    story.world.store._evidence[release_id, "prod", 1] = bare
    story.run(hours=1.5)
    assert story.ask(release_id).number == 2
    assert {each.field for each in story.evidence(release_id).changed_since} == {
        "current",
        "terms",
    }
    story.at(story.decides(release_id, Choice.APPROVE), hours=2)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert len(story.events(release_id, EventType.APPROVAL_VOIDED)) == 1


@dataclass
class TakenOver(Breaker):
    """Somebody takes the endpoint over right after its last release has looked at it."""

    deed: Callable[[], None] | None = None

    def call(self, name: str, method: Callable[..., Any], given: dict[str, Any]) -> Any:  # noqa: ANN401
        result = method(**given)
        if name == "store.take_endpoint" and self.deed is not None:
            deed, self.deed = self.deed, None
            deed()
        return result


def test_who_cleans_up_leaves_alone_what_the_next_one_has_begun() -> None:
    """Also a release that begins anew behind a gate cleans up in QA."""
    story = Timeline(gated(policy(ADA)))
    first = story.begin("3")
    story.go_on(hours=1)
    second = story.releasing.begin("4")
    services = story.world.services

    def begins() -> None:
        run_activity(Activity.BEGIN_RELEASE, services, payload(second))
        run_activity(Activity.START_STAGE, services, payload(second, "qa"))
        for activity in (
            Activity.RESERVE_ENDPOINT,
            Activity.PREPARE_ENDPOINT,
            Activity.DEPLOY_MODEL,
        ):
            run_activity(activity, services, payload(second, "qa"))

    taken = TakenOver(deed=begins).over(services)
    run_activity(Activity.FINISH_STAGE, taken, payload(first, "qa"))
    names = {each.partition("-")[0] for each in story.releasing.deployments(QA_STAGE)}
    assert names == {"v3", "v4"}
    story.starts(second)()
    story.go_on(hours=1)
    assert story.release(second).stages[0].state is StageState.SUCCEEDED
