"""Several versions at one gate: which wait, which give way; older never overtakes newer."""

from dataclasses import replace

import pytest

from shared.domain.decision import Choice
from shared.domain.pipeline import Pipeline
from shared.domain.policy import Supersede
from shared.domain.release import EventType, Outcome, ReleaseId
from shared.workflow.contract import Activity
from tests.fakes import FakeOrchestrations
from tests.unit.workflow.crashing import EngineLost
from tests.unit.workflow.releasing import ADA, BOB, OWNER, PROD_STAGE
from tests.unit.workflow.timeline import Timeline, gated, policy

APPROVE = Choice.APPROVE


def with_rule(supersede: Supersede) -> Pipeline:
    return gated(policy(ADA, BOB, supersede=supersede))


def served(story: Timeline) -> None:
    """PROD's traffic goes to deployments that are there, all of it."""
    traffic = story.releasing.traffic(PROD_STAGE)
    there = {each.name for each in story.world.endpoints.deployments(stage=PROD_STAGE)}
    assert sum(traffic.values()) == 100
    assert traffic.keys() <= there


def watched(story: Timeline, *releases: ReleaseId) -> None:
    """Look at PROD before every step of releases that have begun."""
    for release_id in releases:
        story.inlines[release_id].before = lambda _: served(story)


def serving(story: Timeline) -> str | None:
    """The version that PROD serves."""
    (name,) = story.releasing.traffic(PROD_STAGE)
    return name.partition("-")[0]


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
    story.decides(newer, APPROVE, replaces_older=True)()
    story.go_on(minutes=1)
    assert [story.outcome(each) for each in (oldest, older, newer)] == [
        Outcome.SUPERSEDED,
        Outcome.SUPERSEDED,
        Outcome.SUCCEEDED,
    ]
    assert [kind for _, kind in story.mails(BOB)].count("Superseded") == 2


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
    story.decides(newer, APPROVE, replaces_older=True)()
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


@pytest.mark.parametrize("looks", [0, 3])
@pytest.mark.parametrize("older_first", [True, False], ids=["older first", "newer first"])
def test_of_two_that_are_approved_together_the_newer_serves_in_the_end(
    looks: int, *, older_first: bool
) -> None:
    story = Timeline(with_rule(Supersede.KEEP))
    older, newer = story.begin("3"), story.begin("4")
    story.go_on(hours=1)
    story.world.endpoints.looks = looks
    watched(story, older, newer)
    for release_id in (older, newer) if older_first else (newer, older):
        story.decides(release_id, APPROVE)()
        story.go_on(seconds=0)  # it starts, and is the first at the endpoint
    story.run()
    assert (story.outcome(newer), serving(story)) == (Outcome.SUCCEEDED, "v4")
    if older_first:
        assert story.outcome(older) is Outcome.SUCCEEDED
    else:
        assert story.outcome(older) is Outcome.SUPERSEDED
        assert "serves version 4 by now" in (story.release(older).reason or "")
    assert list(story.world.store.open_releases()) == []


def test_an_older_version_goes_over_the_newer_one_that_people_agreed_to() -> None:
    story = Timeline(with_rule(Supersede.KEEP))
    older, newer = story.begin("3"), story.begin("4")
    story.go_on(hours=1)
    story.decides(newer, APPROVE)()
    story.go_on(hours=2)
    watched(story, older)
    story.decides(older, APPROVE, overtakes="4")()
    story.run()
    assert (story.outcome(older), serving(story)) == (Outcome.SUCCEEDED, "v3")
    assert story.ask(older).overtakes == "4"


@pytest.mark.parametrize("overtakes", [None, "3", "5"])
def test_a_yes_that_does_not_name_the_newer_version_is_not_for_going_over_it(
    overtakes: str | None,
) -> None:
    story = Timeline(with_rule(Supersede.KEEP))
    older, newer = story.begin("3"), story.begin("4")
    story.go_on(hours=1)
    story.decides(newer, APPROVE)()
    story.go_on(hours=2)
    story.decides(older, APPROVE, overtakes=overtakes)()
    story.run()
    assert (story.outcome(older), serving(story)) == (Outcome.SUPERSEDED, "v4")


def test_of_two_voices_both_have_to_agree_to_going_over_the_newer_version() -> None:
    story = Timeline(gated(policy(ADA, BOB, required=2)))
    older, newer = story.begin("3"), story.begin("4")
    story.go_on(hours=1)
    for person in (ADA, BOB):
        story.decides(newer, APPROVE, person)()
    story.go_on(hours=2)
    story.decides(older, APPROVE, ADA, overtakes="4")()
    story.decides(older, APPROVE, BOB)()
    story.run()
    assert (story.outcome(older), serving(story)) == (Outcome.SUPERSEDED, "v4")


@pytest.mark.parametrize("by", [None, ADA])
def test_without_a_gate_an_older_version_goes_over_a_newer_one_only_by_hand(by: str | None) -> None:
    story = Timeline(gated(None), serves=False)
    older = story.releasing.begin("3", requested_by=by)
    story.go_on(minutes=1)
    newer = story.begin("4")
    story.go_on(hours=1)
    assert (story.outcome(newer), serving(story)) == (Outcome.SUCCEEDED, "v4")
    story.starts(older)()
    story.go_on(seconds=0)
    watched(story, older)
    story.run()
    went = (story.outcome(older), serving(story))
    assert went == ((Outcome.SUCCEEDED, "v3") if by else (Outcome.SUPERSEDED, "v4"))
    assert story.releasing.deployments(PROD_STAGE) == [*story.releasing.traffic(PROD_STAGE)]


def test_a_newer_version_with_a_small_share_of_the_traffic_is_not_overtaken() -> None:
    story = Timeline(gated(policy(ADA), keep_previous=True))
    between, newer = story.releasing.begin("3"), story.begin("4")
    story.go_on(hours=1)
    story.decides(newer, APPROVE)()
    story.go_on(hours=1)
    (new,) = story.releasing.traffic(PROD_STAGE)
    shares = {"v2-old": 90, new: 10}
    story.world.endpoints.begin_traffic(stage=PROD_STAGE, traffic=shares)
    story.world.endpoints.pass_time()
    story.starts(between)()
    story.go_on(hours=1)
    current = story.evidence(between).current
    assert current is not None
    assert (current.deployment, current.percent, current.is_newer) == (new, 10, True)
    story.decides(between, APPROVE)()
    story.run()
    assert story.outcome(between) is Outcome.SUPERSEDED


def test_what_another_pipeline_released_of_the_model_is_not_overtaken_either() -> None:
    story = Timeline(with_rule(Supersede.KEEP))
    older, newer = story.releasing.begin("3"), story.begin("4")
    story.go_on(hours=1)
    story.decides(newer, APPROVE)()
    story.go_on(hours=1)
    stored = story.world.store.get(release_id=newer)
    assert stored is not None
    story.world.store.save(stored=stored, release=replace(stored.release, pipeline="another"))
    story.starts(older)()
    story.go_on(hours=1)
    current = story.evidence(older).current
    assert current is not None
    assert current.is_newer
