"""Older never overtakes newer into PROD, unless people say so."""

from dataclasses import replace

import pytest

from shared.domain.decision import Choice
from shared.domain.policy import Supersede
from shared.domain.release import Outcome
from tests.unit.workflow.releasing import ADA, BOB, PROD_STAGE
from tests.unit.workflow.serving import serving, watched, with_rule
from tests.unit.workflow.timeline import Timeline, gated, policy

APPROVE = Choice.APPROVE


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
