"""Copying the model to a stage's workspace, on the storage service's side."""

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.names import RELEASE_TAG
from shared.domain.pipeline import Json
from shared.domain.release import EventType, StageState
from shared.ports import OperationState, Place, RegisteredModel
from shared.workflow.apart import require_apart
from shared.workflow.contract import Answer
from shared.workflow.source import source_of
from shared.workflow.turn import Turn


def copy_model(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Start or look after the copy; once it is whole, register it and let the stage deploy."""
    if turn.is_past(StageState.COPYING):
        return Answer.done()
    registered, files = source_of(turn)
    services, stage, copied = turn.services, turn.stage, turn.record.model
    assert copied is not None, "set when the stage started"
    container = services.models.default_container(workspace=stage.workspace)
    require_apart(turn, registered, container)
    # the digest in the path: another attempt with the same files finds them, other files never mix
    folder = f"modelgate/{copied.name}/{copied.version}/{turn.release.artefact_digest}"
    target = Place(container, f"{folder}/{registered.path.rpartition('/')[2]}")
    source = registered.place
    services.artifacts.begin_copy(source=source, files=files, target=target)
    status = services.artifacts.copying(source=source, files=files, target=target)
    if status.state is OperationState.RUNNING:
        return Answer.pending()
    if status.state is OperationState.FAILED:
        assert status.failure is not None
        return Answer.failed(status.failure)
    told = _as_approved(turn, registered)
    services.models.register(
        workspace=stage.workspace,
        model=copied,
        source=told,
        path=target.path,
        tags={**told.tags, **_origin(turn, told)},
    )
    record = replace(turn.record, files=status.digest, waits_for=None)
    change = turn.moved(StageState.DEPLOYING, record).noting(
        EventType.MODEL_COPIED,
        f"Copied {files.count} {'file' if files.count == 1 else 'files'} to "
        f"{stage.workspace.name} and registered "
        f"{copied.name} version {copied.version}",
        at=turn.now,
        stage=stage.name,
        details={"files": files.count, "bytes": files.total_bytes},
    )
    turn.commit(change)
    return Answer.done()


def _as_approved(turn: Turn, registered: RegisteredModel) -> RegisteredModel:
    """The model with the words that people were shown, whatever they are by now."""
    ask = turn.record.ask
    shown = ask and turn.services.store.evidence(
        release_id=turn.release.id, stage=turn.record.name, ask=ask.number
    )
    if not shown:
        return registered
    return replace(
        registered, description=shown.description, tags=shown.tags, properties=shown.properties
    )


def _origin(turn: Turn, registered: RegisteredModel) -> dict[str, str]:
    """Tags that say where a copied model came from."""
    return {
        "modelgate-source-workspace": turn.pipeline.source.name,
        "modelgate-source-model": registered.model.name,
        "modelgate-source-version": registered.model.version,
        RELEASE_TAG: turn.release.id,
    }
