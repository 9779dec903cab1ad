"""What becomes of a release whose files registrants chose badly, or wrote again at a bad moment."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.domain.artefacts import digest
from shared.domain.decision import Choice
from shared.domain.limits import SHOWN_FILES
from shared.domain.pipeline import Stage
from shared.domain.release import EventType, ModelVersion, Outcome, Release, ReleaseId
from shared.domain.trail import Change
from shared.ports import Counter, RegisteredModel
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, PROD, PROD_STAGE, QA, QA_STAGE, Releasing
from tests.unit.workflow.timeline import Timeline, gated, policy

ADA = "ada@example.com"
COPIED = ModelVersion("diabetes-production", "3")
SOURCE = ModelVersion("diabetes", "3")


@pytest.fixture
def releasing() -> Releasing:
    releasing = Releasing(World((PIPELINE,)))
    for stage in PIPELINE.stages:
        releasing.serve(stage)
    return releasing


def run(
    releasing: Releasing,
    release_id: ReleaseId,
    does: Callable[[], None],
    *,
    first: Activity,
    stage: Stage | None = None,
    call: int = 1,
    deliveries: int = 1,
) -> Release:
    """To the end; `does` happens before a call of an activity in a stage."""
    calls: list[Activity] = []

    def before(activity: Activity) -> None:
        at = releasing.release(release_id).stage
        if activity is first and (stage is None or (at and at.name == stage.name)):
            calls.append(activity)
            if len(calls) == call:
                does()

    world, people = releasing.world, releasing.approves(release_id)
    Inline(world, world.services, before=before, people=people, deliveries=deliveries).run(
        release_id
    )
    return releasing.release(release_id)


def registered(releasing: Releasing, stage: Stage) -> RegisteredModel:
    model = COPIED if stage is PROD_STAGE else SOURCE
    found = releasing.world.models.get(workspace=stage.workspace, model=model)
    assert found is not None
    return found


def overwrite(releasing: Releasing, stage: Stage, data: bytes = b"other") -> None:
    there = registered(releasing, stage)
    releasing.world.artifacts.write(there.container, there.path, data)


def add(releasing: Releasing, stage: Stage) -> None:
    there = registered(releasing, stage)
    releasing.world.artifacts.write(there.container, f"{there.path}/extra.py")


def delete(releasing: Releasing, stage: Stage) -> None:
    there = registered(releasing, stage)
    del releasing.world.artifacts.blobs[
        (there.container.account_url, there.container.name, there.path)
    ]


def unregister(releasing: Releasing, stage: Stage) -> None:
    releasing.world.models.remove(stage.workspace, registered(releasing, stage).model)


def is_refused(releasing: Releasing, release: Release, stage: Stage, words: str) -> None:
    """It ended as Failed with nothing shifted, and operators are told once."""
    assert release.outcome is Outcome.FAILED
    assert words in (release.reason or "")
    assert f"{stage.endpoint} serves as before: no traffic was moved." in (release.reason or "")
    assert ("begin_traffic", stage.endpoint) not in releasing.world.endpoints.calls
    assert releasing.traffic(stage) == {"v2-old": 100}
    assert releasing.deployments(stage) == ["v2-old"]
    told = [
        event
        for event in releasing.world.store.events(release_id=release.id)
        if event.type is EventType.FILES_CHANGED
    ]
    assert [(event.stage, event.message) for event in told] == [(stage.name, release.reason)]
    counted = [
        attributes
        for what, attributes in releasing.world.telemetry.counted
        if what is Counter.FILES_CHANGED
    ]
    assert counted == [{"pipeline": "diabetes", "stage": stage.name}]


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (overwrite, '"model.pkl" has another MD5 than its source'),
        (add, '"extra.py" is not the source\'s; "model.pkl" is missing'),
        (delete, '"model.pkl" is missing'),
        (unregister, "are not registered any more"),
    ],
)
@pytest.mark.parametrize("deliveries", [1, 2])
def test_what_is_written_to_after_the_copy_gets_no_traffic(
    releasing: Releasing, deed: Callable[[Releasing, Stage], None], words: str, deliveries: int
) -> None:
    release_id = releasing.begin()
    release = run(
        releasing,
        release_id,
        lambda: deed(releasing, PROD_STAGE),
        first=Activity.SHIFT_TRAFFIC,
        stage=PROD_STAGE,
        deliveries=deliveries,
    )
    is_refused(releasing, release, PROD_STAGE, words)
    assert "The files of diabetes-production version 3 in workspace wk-prod" in str(release.reason)
    assert "start the release again" in str(release.reason)


def test_the_same_bytes_written_again_are_other_files(releasing: Releasing) -> None:
    """Who may write them once may write others after the look."""
    release_id = releasing.begin()
    release = run(
        releasing,
        release_id,
        lambda: overwrite(releasing, PROD_STAGE, b"model"),
        first=Activity.SHIFT_TRAFFIC,
        stage=PROD_STAGE,
    )
    is_refused(releasing, release, PROD_STAGE, "were written to after they were copied")


def test_they_are_told_where_the_source_tells_nothing(releasing: Releasing) -> None:
    def does() -> None:
        overwrite(releasing, PROD_STAGE)
        unregister(releasing, QA_STAGE)

    release_id = releasing.begin()
    release = run(releasing, release_id, does, first=Activity.SHIFT_TRAFFIC, stage=PROD_STAGE)
    is_refused(releasing, release, PROD_STAGE, "were written to after they were copied. Find out")


def test_the_look_is_taken_again_with_every_try(releasing: Releasing) -> None:
    """The first call that moves traffic finds Azure busy; then somebody writes."""
    release_id = releasing.begin()

    def busy() -> None:
        releasing.world.endpoints.faults.add("begin_traffic")

    def before(activity: Activity) -> None:
        stage = releasing.release(release_id).stage
        if activity is Activity.SHIFT_TRAFFIC and stage and stage.name == "prod":
            tries.append(activity)
            if len(tries) == 1:
                busy()
            if len(tries) == 2:
                overwrite(releasing, PROD_STAGE)

    tries: list[Activity] = []
    world = releasing.world
    Inline(world, world.services, before=before, people=releasing.approves(release_id)).run(
        release_id
    )
    assert len(tries) == 2
    is_refused(releasing, releasing.release(release_id), PROD_STAGE, "model.pkl")


def test_without_a_copy_the_registered_files_count(releasing: Releasing) -> None:
    release_id = releasing.begin()
    release = run(
        releasing,
        release_id,
        lambda: overwrite(releasing, QA_STAGE),
        first=Activity.SHIFT_TRAFFIC,
        stage=QA_STAGE,
    )
    is_refused(releasing, release, QA_STAGE, "Files of diabetes version 3 in workspace wk-qa were")


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_stage_that_was_copied_before_that_was_kept(
    releasing: Releasing, is_changed: bool
) -> None:
    """Its row has no digest of the copy: then the copy is held against its source."""
    release_id = releasing.begin()

    def does() -> None:
        release = releasing.release(release_id)
        record = release.stage_named("prod")
        assert record.files is not None
        releasing.write(release_id, Change(release.with_stage(replace(record, files=None))))
        if is_changed:
            overwrite(releasing, PROD_STAGE)

    release = run(releasing, release_id, does, first=Activity.SHIFT_TRAFFIC, stage=PROD_STAGE)
    if is_changed:
        is_refused(
            releasing, release, PROD_STAGE, 'are not the source\'s: "model.pkl" has another MD5'
        )
    else:
        assert release.outcome is Outcome.SUCCEEDED


def test_azure_that_does_not_answer_is_asked_again(releasing: Releasing) -> None:
    release_id = releasing.begin()
    release = run(
        releasing,
        release_id,
        lambda: releasing.world.artifacts.faults.add("files"),
        first=Activity.SHIFT_TRAFFIC,
        stage=PROD_STAGE,
    )
    assert release.outcome is Outcome.SUCCEEDED


def test_the_alert_finds_its_line(releasing: Releasing, caplog: pytest.LogCaptureFixture) -> None:
    """`infra/alerts/files-changed.kql` looks for the event's name."""
    caplog.set_level(logging.INFO)
    release_id = releasing.begin()
    run(
        releasing,
        release_id,
        lambda: overwrite(releasing, PROD_STAGE),
        first=Activity.SHIFT_TRAFFIC,
        stage=PROD_STAGE,
    )
    events = [getattr(record, "modelgate.event", "") for record in caplog.records]
    assert events.count("FilesChanged") == 1


def begun_earlier(files: int = 1) -> tuple[Timeline, ReleaseId]:
    """People look at an ask of a release that began when digests were made otherwise."""
    story = Timeline(gated(policy(ADA)))
    release_id = story.releasing.begin(files=files)
    there = registered(story.releasing, QA_STAGE)
    found = story.world.artifacts.files(container=there.container, path=there.path)
    before = digest([[file.name, file.size, file.etag] for file in sorted(found)])
    release = replace(story.release(release_id), artefact_digest=before)
    story.releasing.write(release_id, Change(release))
    story.starts(release_id)()
    story.run(hours=2)
    assert story.evidence(release_id).artefact_digest == before
    return story, release_id


@pytest.mark.parametrize("files", [1, 5])
def test_a_waiting_approval_outlives_the_upgrade(files: int) -> None:
    story, release_id = begun_earlier(files)
    story.at(story.decides(release_id, Choice.APPROVE), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert story.events(release_id, EventType.APPROVAL_VOIDED) == []
    assert len(story.events(release_id, EventType.APPROVAL_REQUESTED)) == 1


def test_files_that_change_after_the_upgrade_are_seen() -> None:
    story, release_id = begun_earlier()
    story.at(lambda: overwrite(story.releasing, QA_STAGE), hours=2.5)
    story.at(story.decides(release_id, Choice.APPROVE), hours=3)
    story.run()
    release = story.release(release_id)
    assert release.outcome is Outcome.FAILED
    assert "Changed: model.pkl. Register a new version." in (release.reason or "")


@pytest.mark.parametrize("name", ["../other/model.pkl", "a//b", "a\u202eb"])
def test_a_model_with_an_unsafe_name_is_refused(releasing: Releasing, name: str) -> None:
    release_id = releasing.begin(files=2)
    there = registered(releasing, QA_STAGE)
    releasing.world.artifacts.write(there.container, f"{there.path}/{name}")
    release = run(releasing, release_id, lambda: None, first=Activity.BEGIN_RELEASE)
    assert release.outcome is Outcome.FAILED
    assert (release.reason or "").startswith("The model's file ")
    assert (release.reason or "").isprintable()
    assert releasing.traffic(QA_STAGE) == {"v2-old": 100}
    assert releasing.world.artifacts.copies_started == 0


def test_a_model_with_too_many_files_is_refused(releasing: Releasing) -> None:
    releasing.world.artifacts.most_files = 3
    release_id = releasing.begin(files=4)
    release = run(releasing, release_id, lambda: None, first=Activity.BEGIN_RELEASE)
    assert (release.outcome, releasing.world.artifacts.copies_started) == (Outcome.FAILED, 0)


def test_an_unsafe_name_that_serves_is_not_the_candidates_fault() -> None:
    story = Timeline(gated(policy(ADA)))
    there = story.world.models.get(workspace=PROD, model=ModelVersion("diabetes", "2"))
    assert there is not None
    story.world.artifacts.write(there.container, f"{there.path}/a//b")
    release_id = story.begin()
    story.run(hours=2)
    evidence = story.evidence(release_id)
    assert "The files of what serves cannot be listed." in evidence.changes_note
    assert [each.field for each in evidence.changes if each.field.startswith("files.")] == []


def test_of_many_files_the_first_are_compared() -> None:
    """What lies beyond those that are kept by name is not told as new, nor as gone."""
    story = Timeline(gated(policy(ADA)))
    there = story.world.models.get(workspace=PROD, model=ModelVersion("diabetes", "2"))
    assert there is not None
    for number in range(SHOWN_FILES + 50):
        story.world.artifacts.write(there.container, f"{there.path}/f{number:04}")
    release_id = story.releasing.begin()
    found = story.world.models.get(workspace=QA, model=SOURCE)
    assert found is not None
    for number in range(1, SHOWN_FILES + 60):
        story.world.artifacts.write(found.container, f"{found.path}/f{number:04}")
    story.starts(release_id)()
    story.run(hours=2)
    evidence = story.evidence(release_id)
    assert [each.field for each in evidence.changes if each.field.startswith("files.")] == [
        "files.f0000"
    ]
    assert f"Files after f{SHOWN_FILES - 1:04} are not compared by name." in evidence.changes_note
    assert (evidence.file_count, len(evidence.files)) == (SHOWN_FILES + 59, SHOWN_FILES)
