"""From events to releases: once each, and a reason for everything that starts none."""

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.errors import StepError
from shared.domain.names import release_ids
from shared.domain.registration import MODEL_REGISTERED
from shared.domain.release import ModelVersion, Outcome, ReleaseId
from shared.workflow.activities import run_activity
from shared.workflow.contract import Activity, payload
from shared.workflow.intake import take_event
from tests.fakes import World
from tests.unit.workflow.releasing import PIPELINE, PROD, QA


@pytest.fixture
def world() -> World:
    return World((PIPELINE,))


def take(world: World, **changed: Any) -> list[ReleaseId]:  # noqa: ANN401
    fields: dict[str, Any] = {
        "event_id": "event-1",
        "type_": MODEL_REGISTERED,
        "source": QA.arm_id,
        "at": world.clock.now(),
        "data": {"ModelName": "diabetes", "ModelVersion": 3},
    }
    return take_event(world.services, world.orchestrations, **fields | changed)


def reasons(world: World) -> list[str]:
    return [event.reason for event in world.store.ignored(limit=10)]


def test_a_registration_starts_a_release(world: World) -> None:
    (release_id,) = take(world)
    stored = world.store.get(release_id=release_id)
    assert stored is not None
    assert (stored.release.model.name, stored.release.model.version) == ("diabetes", "3")
    assert world.orchestrations.started == [release_id]
    (event,) = world.store.events(release_id=release_id)
    assert event.details == {"event_id": "event-1"}
    assert reasons(world) == []


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"event_id": "event-2"},
        {"data": {"modelName": "diabetes", "modelVersion": "3"}},
        {"source": QA.arm_id.upper()},
    ],
)
def test_the_same_registration_starts_one_release(world: World, again: dict[str, Any]) -> None:
    first = take(world)
    assert take(world, **again) == first
    assert world.orchestrations.started == first
    assert len(world.store.events(release_id=first[0])) == 1


def test_an_event_that_comes_again_starts_what_never_began_to_run(world: World) -> None:
    (release_id,) = take(world)
    world.orchestrations.running.clear()
    take(world)
    assert world.orchestrations.started == [release_id, release_id]


def test_an_event_for_a_finished_release_starts_nothing(world: World) -> None:
    (release_id,) = take(world)
    ending = payload(release_id, outcome=Outcome.REJECTED.value, reason="no")
    run_activity(Activity.END_RELEASE, world.services, ending)
    world.orchestrations.running.clear()
    assert take(world) == [release_id]
    assert world.orchestrations.started == [release_id]


def test_every_pipeline_that_takes_a_model_releases_it(world: World) -> None:
    stages = tuple(replace(stage, endpoint=f"{stage.endpoint}-2") for stage in PIPELINE.stages)
    world.pipelines = (PIPELINE, replace(PIPELINE, name="other", stages=stages))
    ids = take(world)
    assert len(set(ids)) == 2
    assert world.orchestrations.started == ids


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"type_": "Microsoft.Storage.BlobCreated"}, "the event type is Microsoft.Storage"),
        ({"data": {"ModelName": "diabetes"}}, "the event's data has no ModelVersion"),
        ({"data": None}, "the event's data is no object"),
        ({"at": None}, "the event has no time"),
        ({"source": "/subscriptions/x"}, "the event's source is no Azure ML workspace"),
        ({"source": PROD.arm_id}, "pipeline diabetes takes models of workspace wk-qa"),
        (
            {"data": {"ModelName": "iris", "ModelVersion": 1}},
            "pipeline diabetes takes models named diabetes",
        ),
    ],
)
def test_what_starts_nothing_is_recorded_once_with_the_reason(
    world: World, changed: dict[str, Any], reason: str
) -> None:
    for _ in range(2):
        assert take(world, **changed) == []
    (told,) = reasons(world)
    assert told.startswith(reason)
    assert world.orchestrations.started == []
    assert list(world.store.open_releases()) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"event_id": "x" * 100_000},
        {"event_id": "\ud800"},
        {"event_id": {"a": ["x"]}},
        {"source": "/x" * 100_000},
        {"source": f"{QA.arm_id}{'x' * 100_000}"},
        {"source": ["\ud800"]},
        {"type_": "\ud800" * 100_000},
        {"data": {"ModelName": "\ud800" * 100_000, "ModelVersion": 1}},
    ],
)
def test_whatever_is_odd_about_an_event_its_row_is_short_and_text(
    world: World, changed: dict[str, Any]
) -> None:
    assert take(world, **changed) == []
    (event,) = world.store.ignored(limit=10)
    words = f"{event.event_id}{event.workspace}{event.reason}"
    assert len(words) < 1_000
    assert words.encode()


def test_without_pipelines_the_reason_says_so() -> None:
    world = World()
    assert take(world) == []
    assert reasons(world) == ["there are no pipelines"]


def test_a_store_that_does_not_answer_lets_the_event_come_again(world: World) -> None:
    world.store.faults.add("create")
    with pytest.raises(StepError):
        take(world)
    assert world.orchestrations.started == []
    assert len(take(world)) == 1


def test_another_versions_release_does_not_take_the_ids_place(world: World) -> None:
    """Whoever registers chooses the version, and finds two whose first ids are alike."""
    ids = release_ids("diabetes", ModelVersion("diabetes", "3"), 1)
    (other,) = take(world, data={"ModelName": "diabetes", "ModelVersion": "4"})
    stored = world.store.get(release_id=other)
    assert stored is not None
    squatter = replace(stored.release, id=ids[0])
    assert world.store.create(release=squatter, events=[])
    assert take(world) == take(world) == [ids[1]]
    mine = world.store.get(release_id=ids[1])
    assert mine is not None
    assert mine.release.model.version == "3"
