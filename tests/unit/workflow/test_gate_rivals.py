"""Several versions at one gate: which wait, and which give way."""

from datetime import timedelta

import pytest

from shared.domain.decision import Choice
from shared.domain.policy import Supersede
from shared.domain.release import EventType, Outcome, ReleaseId
from shared.workflow.contract import Activity
from tests.fakes import FakeOrchestrations
from tests.unit.workflow.crashing import EngineLost
from tests.unit.workflow.releasing import ADA, BOB, OWNER
from tests.unit.workflow.serving import serving, watched, with_rule
from tests.unit.workflow.timeline import Timeline

APPROVE = Choice.APPROVE


def test_where_versions_are_kept_both_wait_and_both_may_go() -> None:
    story = Timeline(with_rule(Supersede.KEEP))
    older = story.begin("3")
    story.go_on(hours=1)
    newer = story.begin("4")
    story.go_on(hours=1)
    assert [story.outcome(each) for each in (older, newer)] == [None, None]
    watched(story, older, newer)
    story.decides(older, APPROVE)()
    story.go_on(hours=2)
    assert (story.outcome(older), serving(story)) == (Outcome.SUCCEEDED, "v3")
    # what the newer one was asked about is not what PROD serves any more
    assert [story.ask(newer).number, story.outcome(newer)] == [2, None]
    story.decides(newer, APPROVE)()
    story.run()
    assert (story.outcome(newer), serving(story)) == (Outcome.SUCCEEDED, "v4")


def test_a_newer_version_ends_the_older_at_once_and_its_people_hear_of_it() -> None:
    story = Timeline(with_rule(Supersede.REPLACE))
    older = story.begin("3")
    story.at(lambda: newer.append(story.begin("4")), hours=2.5)
    newer: list[ReleaseId] = []
    story.run(hours=2.51)
    release = story.release(older)
    assert release.outcome is Outcome.SUPERSEDED
    assert release.reason == f"Release {newer[0]} of a newer version took its place."
    (event,) = story.events(older, EventType.SUPERSEDED)
    assert event.details == {"by": newer[0], "version": "4"}
    for person in (ADA, BOB, OWNER):
        assert (2.5, "Superseded") in story.mails(person)
    story.decides(newer[0], APPROVE)()
    story.run()
    assert (story.outcome(newer[0]), serving(story)) == (Outcome.SUCCEEDED, "v4")


def test_an_older_version_that_comes_later_ends_itself_and_asks_nobody() -> None:
    story = Timeline(with_rule(Supersede.REPLACE))
    older = story.releasing.begin("3")
    story.go_on(minutes=1)
    newer = story.begin("4")
    story.at(story.starts(older), hours=3)
    story.run(hours=4)
    assert story.outcome(older) is Outcome.SUPERSEDED
    assert [kind for _, kind in story.mails(ADA)] == ["request 0"]
    assert story.mails(OWNER) == [(3.0, "Superseded")]
    assert story.outcome(newer) is None
    assert story.events(newer, EventType.SUPERSEDED) == []


@pytest.mark.parametrize("way", ["aborted", "rejected"])
def test_a_newer_version_that_is_about_to_end_takes_nobody_s_place(way: str) -> None:
    story = Timeline(with_rule(Supersede.REPLACE))
    older = story.releasing.begin("3")
    story.go_on(minutes=1)
    newer = story.begin("4")
    story.run(hours=1)
    last = Activity.UNDO_STAGE if way == "aborted" else Activity.END_RELEASE

    def dies(activity: Activity) -> None:
        if activity is last:
            raise EngineLost

    story.inlines[newer].before = dies
    if way == "aborted":
        story.releasing.abort(newer)
        story.world.orchestrations.ring(release_id=newer)
    else:
        story.decides(newer, Choice.REJECT)()
    story.run(hours=2)
    assert (story.losses, story.outcome(newer)) == (1, None)
    story.starts(older)()
    story.run(hours=3)
    assert story.release(older).superseded_by is None
    assert (3.0 > story.mails(ADA)[-1][0] >= 2.0, story.outcome(older)) == (True, None)
    story.sweep()
    story.run(hours=4)
    assert story.outcome(newer) in (Outcome.ABORTED, Outcome.REJECTED)
    assert story.outcome(older) is None


def test_who_approves_may_end_what_is_older() -> None:
    story = Timeline(with_rule(Supersede.ASK))
    oldest, older = story.begin("2"), story.begin("3")
    story.go_on(hours=1)
    newer = story.begin("4")
    story.go_on(hours=1)
    assert [story.outcome(each) for each in (oldest, older, newer)] == [None] * 3
    story.decides(newer, APPROVE, replaces=(oldest, older))()
    story.go_on(minutes=1)
    assert [story.outcome(each) for each in (oldest, older, newer)] == [
        Outcome.SUPERSEDED,
        Outcome.SUPERSEDED,
        Outcome.SUCCEEDED,
    ]
    assert [kind for _, kind in story.mails(BOB)].count("Superseded") == 2


def test_an_older_one_that_came_after_the_word_was_given_is_left_alone() -> None:
    story = Timeline(with_rule(Supersede.ASK))
    seen = story.begin("2")
    late = story.releasing.begin("3")
    story.go_on(hours=1)
    newer = story.begin("4")
    story.go_on(hours=1)
    at = story.world.clock.now() + timedelta(hours=5)
    story.decides(newer, Choice.DEFER, effective_at=at, replaces=(seen,))()
    story.starts(late)()
    story.go_on(hours=6)
    assert [story.outcome(each) for each in (seen, late, newer)] == [
        Outcome.SUPERSEDED,
        None,
        Outcome.SUCCEEDED,
    ]


def test_who_approves_may_leave_what_is_older_alone() -> None:
    story = Timeline(with_rule(Supersede.ASK))
    older, newer = story.begin("3"), story.begin("4")
    story.go_on(hours=1)
    story.decides(newer, APPROVE)()
    story.go_on(hours=2)
    assert [story.outcome(each) for each in (older, newer)] == [None, Outcome.SUCCEEDED]
    current = story.evidence(older).current
    assert current is not None
    assert (current.is_newer, story.ask(older).number) == (True, 2)


class Deaf(FakeOrchestrations):
    """Bells that some releases do not hear."""

    def __init__(self, *deaf: ReleaseId) -> None:
        super().__init__()
        self.deaf = set(deaf)

    def ring(self, *, release_id: ReleaseId) -> None:
        if release_id not in self.deaf:
            super().ring(release_id=release_id)


def test_what_is_older_hears_of_it_from_the_sweeper_when_the_bell_is_lost() -> None:
    story = Timeline(with_rule(Supersede.ASK))
    story.world.orchestrations = bells = Deaf()
    older, newer = story.begin("3"), story.begin("4")
    story.go_on(hours=1.1)
    bells.deaf = {older}
    story.decides(newer, APPROVE, replaces=(older,))()
    story.go_on(minutes=1)
    assert [story.outcome(each) for each in (older, newer)] == [None, Outcome.SUCCEEDED]
    bells.deaf = set()
    story.sweep()
    story.go_on(minutes=1)
    assert story.outcome(older) is Outcome.SUPERSEDED


def test_another_model_at_the_same_gate_is_no_rival() -> None:
    story = Timeline(with_rule(Supersede.REPLACE))
    one, two = story.begin("3"), story.begin("4", name="diabetes-children")
    story.go_on(hours=1)
    assert [story.outcome(each) for each in (one, two)] == [None, None]
