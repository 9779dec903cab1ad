"""The whole way of a release, and that doing everything twice is doing it once."""

import pytest

from shared.domain.decision import Choice
from shared.domain.release import EventType, Outcome, StageState
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import (
    ADA,
    BOB,
    OWNER,
    PIPELINE,
    PROD,
    PROD_STAGE,
    QA_STAGE,
    Releasing,
)


@pytest.fixture
def releasing() -> Releasing:
    return Releasing()


def run(releasing: Releasing, version: str = "3", *, deliveries: int = 1, files: int = 1) -> Inline:
    release_id = releasing.begin(version, files=files)
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, deliveries=deliveries, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    return inline


@pytest.mark.parametrize("looks", [0, 3])
@pytest.mark.parametrize("files", [1, 300])
def test_a_release_goes_the_whole_way(releasing: Releasing, looks: int, files: int) -> None:
    releasing.world.endpoints.looks = releasing.world.artifacts.looks = looks
    inline = run(releasing, files=files)
    (release,) = releasing.world.store.latest(
        pipeline=None, outcome=None, cursor=None, limit=2
    ).releases
    assert [stage.state for stage in release.stages] == [StageState.SUCCEEDED] * 2
    assert all(stage.ended_at and stage.waits_for is None for stage in release.stages)
    deployment = release.stages[0].deployment
    assert deployment
    for stage in PIPELINE.stages:
        assert releasing.traffic(stage) == {deployment: 100}
        assert releasing.deployments(stage) == [deployment]
    assert releasing.trail(release.id) == {
        "Started": 1,
        "StageStarted": 2,
        "Deployed": 2,
        "Probed": 2,
        "StageSucceeded": 2,
        "ApprovalRequested": 1,
        "Decided": 1,
        "ModelCopied": 1,
        "Ended": 1,
    }
    assert release.reason == f"{deployment} serves all traffic of api-prod."
    assert set(inline.calls) == set(Activity) - {Activity.UNDO_STAGE}
    assert set(inline.versions) == {"7"}


def test_the_copy_is_registered_with_its_origin(releasing: Releasing) -> None:
    run(releasing, files=3)
    (copied,) = [
        found
        for (workspace, _), found in releasing.world.models.registered.items()
        if workspace == PROD.arm_id.casefold()
    ]
    assert copied.model.name == "diabetes-production"
    assert copied.model.version == "3"
    assert copied.tags["area"] == "health"
    assert copied.tags["modelgate-source-workspace"] == "wk-qa"
    assert copied.tags["modelgate-source-version"] == "3"
    files = releasing.world.artifacts.files(container=copied.container, path=copied.path)
    assert [file.name for file in files] == ["file-0", "file-1", "file-2"]


def test_everybody_who_was_asked_hears_how_it_ended_and_so_do_owners(releasing: Releasing) -> None:
    run(releasing)
    mailer = releasing.world.mailer
    assert [len(mailer.to(person)) for person in (ADA, BOB, OWNER)] == [2, 2, 1]
    for person, role in ((ADA, "asked"), (BOB, "asked"), (OWNER, "owner")):
        last = mailer.to(person)[-1].text
        assert last.startswith("Succeeded: ")
        assert last.endswith(role)


def test_everything_is_published_in_order(releasing: Releasing) -> None:
    run(releasing)
    published = [event.number for event in releasing.world.publisher.published]
    assert published == list(range(1, len(published) + 1))
    assert releasing.world.publisher.published[-1].type is EventType.ENDED
    assert list(releasing.world.store.open_releases()) == []


@pytest.mark.parametrize("looks", [0, 2])
@pytest.mark.parametrize("deliveries", [2, 3])
def test_activities_that_run_twice_leave_the_same_behind(deliveries: int, looks: int) -> None:
    left = []
    for times in (1, deliveries):
        releasing = Releasing(World((PIPELINE,)))
        releasing.world.endpoints.looks = releasing.world.artifacts.looks = looks
        run(releasing, deliveries=times)
        release_id = releasing.world.publisher.published[0].release_id
        left.append(releasing.left_behind(release_id))
    assert left[0] == left[1]


def test_the_next_version_replaces_the_one_before(releasing: Releasing) -> None:
    run(releasing, "3")
    before = releasing.traffic(PROD_STAGE)
    run(releasing, "4")
    assert releasing.traffic(PROD_STAGE) != before
    assert releasing.deployments(PROD_STAGE) == list(releasing.traffic(PROD_STAGE))
    assert releasing.deployments(QA_STAGE) == list(releasing.traffic(QA_STAGE))


def test_an_approval_by_either_is_enough_and_a_later_no_changes_nothing(
    releasing: Releasing,
) -> None:
    release_id = releasing.begin()

    def both() -> bool:
        releasing.decide(release_id, Choice.APPROVE, by=BOB)
        releasing.world.clock.advance(seconds=1)
        releasing.decide(release_id, Choice.REJECT, by=ADA)
        return True

    inline = Inline(releasing.world, releasing.world.services, people=both)
    assert inline.run(release_id) == Outcome.SUCCEEDED
