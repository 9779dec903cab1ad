"""The last look at a model's files before users are answered from them."""

from shared.domain.errors import FailureKind, StepError, not_good_enough
from shared.domain.release import EventType
from shared.domain.trail import Change
from shared.ports import RegisteredModel
from shared.workflow.source import files_of, source_of
from shared.workflow.turn import Turn


def refuse_changed_files(turn: Turn) -> None:
    """Let traffic go to nothing but what was copied, or without a copy what was registered.

    Raises:
        StepError: `FilesChanged`, which the audit trail has once; Azure does not answer.
    """
    what = _what_changed(turn)
    if what is None:
        return
    stage = turn.stage
    words = f"{what} {stage.endpoint} serves as before: no traffic was moved."
    if not _is_noted(turn):
        change = Change(turn.release).noting(
            EventType.FILES_CHANGED, words, at=turn.now, stage=stage.name
        )
        turn.commit(change)
    raise not_good_enough("FilesChanged", words)


def _what_changed(turn: Turn) -> str | None:
    """What is other in the files than it was, in sentences; None where nothing is."""
    try:
        if turn.stage.workspace.is_named_by(turn.pipeline.source.arm_id):
            source_of(turn)
            return None
        how = _how_copy_changed(turn)
    except StepError as error:
        if error.failure.kind is not FailureKind.MODEL:
            raise
        return error.failure.message
    model, workspace = turn.record.model, turn.stage.workspace.name
    assert model is not None, "set when the stage started"
    return how and (
        f"The files of {model.name} version {model.version} in workspace {workspace} {how}. Find "
        f"out who may write to that workspace's storage, delete this version there with its files, "
        "then start the release again."
    )


def _how_copy_changed(turn: Turn) -> str | None:
    record, services = turn.record, turn.services
    assert record.model is not None, "set when the stage started"
    registered = services.models.get(workspace=turn.stage.workspace, model=record.model)
    if registered is None:
        return "are not registered any more"
    if record.files is None:  # copied by an app that did not keep what it had copied
        source, _ = source_of(turn)
        differing = services.artifacts.differences(source=source.place, target=registered.place)
        return f"are not the source's: {differing}" if differing else None
    if files_of(turn, registered).digest == record.files:
        return None
    differing = _named(turn, registered)
    return f"were written to after they were copied{f': {differing}' if differing else ''}"


def _named(turn: Turn, registered: RegisteredModel) -> str:
    """Which files differ from the source, in words; empty where that cannot be told."""
    try:
        source, _ = source_of(turn)
        return turn.services.artifacts.differences(source=source.place, target=registered.place)
    except StepError:
        return ""


def _is_noted(turn: Turn) -> bool:
    """Whether a call that broke off has noted it."""
    events = turn.services.store.events(release_id=turn.release.id)
    return any(
        event.type is EventType.FILES_CHANGED and event.stage == turn.stage_name for event in events
    )
