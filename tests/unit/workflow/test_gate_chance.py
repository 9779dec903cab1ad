"""Policies, people and failures by chance: a release always ends as its answers say."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import time, timedelta
from random import Random
from typing import Any

import pytest

from shared.domain.approval import Judgement, Verdict, judge
from shared.domain.decision import Choice
from shared.domain.policy import (
    ApprovalPolicy,
    Delegation,
    Escalation,
    Freeze,
    Hours,
    Order,
    Rejection,
    Voice,
)
from shared.domain.release import Outcome, ReleaseId, StageState
from shared.domain.trail import Change
from shared.ports import ScoringAnswer
from shared.workflow.contract import Activity
from tests.fakes.running import START
from tests.unit.workflow.crashing import Breaker
from tests.unit.workflow.timeline import HOUR, Deed, Timeline, gated, policy

PEOPLE = [f"{name}@example.com" for name in ("ada", "bob", "carol", "dan", "eve", "fay")]
ENDS = {
    Verdict.APPROVED: Outcome.SUCCEEDED,
    Verdict.REJECTED: Outcome.REJECTED,
    Verdict.EXPIRED: Outcome.EXPIRED,
}
CHOICES = [Choice.APPROVE] * 4 + [Choice.REJECT, Choice.DEFER, Choice.REASSIGN]


def any_policy(chance: Random) -> ApprovalPolicy:
    people = chance.sample(PEOPLE, len(PEOPLE))
    voices = [Voice(people[0], (people[0],)), Voice("g", (people[1], people[2]))]
    voices = voices[: chance.randint(1, 2)]
    begins = START + timedelta(hours=chance.randint(0, 10))
    window = Delegation(people[0], people[5], begins, begins + timedelta(hours=6))
    freeze = Freeze(START + timedelta(hours=3), START + timedelta(hours=chance.randint(4, 30)))
    fields: dict[str, Any] = {
        "required": chance.choice([None, 1]),
        "order": chance.choice(list(Order)),
        "reject": chance.choice(list(Rejection)),
        "reminders_seconds": chance.choice([(), (HOUR,), (600.0, 2 * HOUR, 22 * HOUR)]),
        "escalation": chance.choice([None, Escalation(4 * HOUR, (people[4],))]),
        "delegations": chance.choice([(), (window,)]),
        "hours": chance.choice([None, None, Hours((0, 1, 2, 3, 4), time(9), time(15))]),
        "freezes": chance.choice([(), (), (freeze,)]),
        "probe_seconds": chance.choice([1200.0, HOUR, 24 * HOUR]),
    }
    return policy(*voices, **fields)


@dataclass
class Story:
    """One release, and what happens to it in a day or two."""

    time: Timeline
    release_id: ReleaseId
    chance: Random
    revoked: int = 0

    def happens(self, failures: int) -> None:
        """Let people answer, and things go wrong."""
        for _ in range(self.chance.randint(1, 8)):
            hours = self.chance.uniform(0.01, 26)
            self.time.at(self.answers(hours), hours=hours)
        for failure in self.chance.sample([self.degrades, self.no_mail, self.revokes], failures):
            self.time.at(failure, hours=self.chance.uniform(0.01, 26))
        self.time.at(self.time.world.endpoints.answers.clear, hours=27)
        self.time.sweeps(every_seconds=600, until=START + timedelta(hours=80))
        self.time.run()

    def answers(self, hours: float) -> Deed:
        choice, more = self.chance.choice(CHOICES), dict[str, Any]()
        if choice is Choice.DEFER:
            later = START + timedelta(hours=hours + self.chance.uniform(0, 10))
            more = {"effective_at": later}
        if choice is Choice.REASSIGN:
            more = {"to": self.chance.choice(PEOPLE)}
        rings = self.chance.random() < 0.6
        by = self.chance.choice(PEOPLE)
        answer = self.time.decides(self.release_id, choice, by, rings=rings, **more)
        return lambda: answer() if self.is_open else None

    @property
    def is_open(self) -> bool:
        release = self.time.release(self.release_id)
        stage = release.stage
        return stage is not None and stage.state is StageState.WAITING and not release.is_over

    def degrades(self) -> None:
        deployment = self.time.release(self.release_id).stages[0].deployment
        self.time.world.endpoints.answers[str(deployment)] = ScoringAnswer(500, 0.1, "boom")

    def no_mail(self) -> None:
        self.time.mailer.faults.add("send", times=3)

    def revokes(self) -> None:
        release = self.time.release(self.release_id)
        record = release.stages[1]
        if self.is_open and record.ask is not None:
            self.revoked += 1
            ask = replace(record.ask, series=record.ask.series + 1, mailed=())
            changed = Change(release.with_stage(replace(record, ask=ask)))
            self.time.releasing.write(self.release_id, changed)

    def judged(self) -> Judgement:
        """What the answers mean in the end."""
        decisions = self.time.world.store.decisions(release_id=self.release_id)
        long_after = self.time.world.clock.now() + timedelta(days=100)
        return judge(self.time.ask(self.release_id), decisions, long_after)


def ends_as_answered(story: Story, latest_seconds: float) -> None:
    time, release_id, judged = story.time, story.release_id, story.judged()
    outcome = time.outcome(release_id)
    assert outcome is ENDS[judged.verdict], time.release(release_id).reason
    if judged.settled_at is not None and outcome is Outcome.SUCCEEDED:
        settled = (judged.settled_at - START).total_seconds()
        late = time.started_at(release_id) * HOUR - settled
        assert -0.001 <= late <= latest_seconds
    ask = time.ask(release_id)
    mails = Counter((mail.to, mail.text.partition(":")[0]) for mail in time.mailer.sent)
    decisions = time.world.store.decisions(release_id=release_id)
    handed = sum(each.choice is Choice.REASSIGN for each in decisions)
    for (person, _), times in mails.items():  # who stands in for several is asked for each
        voices = 1 if person in ask.terms.approvers else len(ask.terms.voices)
        assert times <= (voices + handed) * (1 + story.revoked)
    assert all(mails[person, str(outcome)] == 1 for person in ask.roster)
    assert ask.number == 1
    assert list(time.world.store.open_releases()) == []
    assert time.inlines[release_id].longest < 90


@pytest.mark.parametrize("seed", range(20))
def test_whatever_people_say_and_when_it_ends_as_the_answers_say(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - the same stories each time
    asked = any_policy(chance)
    time = Timeline(gated(asked))
    story = Story(time, time.begin(), chance)
    story.happens(failures=0)
    ends_as_answered(story, latest_seconds=601)  # the sweeper's, where no bell rang
    assert time.mailer.tries == len(time.mailer.sent)
    reviews = time.calls(story.release_id)[Activity.REVIEW_APPROVAL]
    assert reviews < 50 * HOUR / asked.probe_seconds + 60


@pytest.mark.parametrize("kind", ["engine lost", "passing failure", "unexpected"])
@pytest.mark.parametrize("seed", range(100, 106))
def test_so_it_is_when_things_break(seed: int, kind: str) -> None:
    chance = Random(seed)  # noqa: S311 - the same stories each time
    time = Timeline(gated(any_policy(chance)))
    breaker = Breaker(at=chance.randint(60, 200), after=chance.random() < 0.5, kind=kind)
    time.services = breaker.over(time.world.services)
    story = Story(time, time.begin(), chance)
    story.happens(failures=2)
    ends_as_answered(story, latest_seconds=27 * HOUR)
