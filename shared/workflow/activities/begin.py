"""The begin of a release: is this version there, and what lies ahead."""

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.artefacts import Artefact, artefact_digest
from shared.domain.errors import not_good_enough, technical
from shared.domain.pipeline import Json, Stage
from shared.domain.release import StageState
from shared.domain.trail import Change
from shared.ports import RegisteredModel
from shared.workflow.contract import Answer, StagePlan
from shared.workflow.turn import Turn


def begin_release(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Look at the model version's files and freeze their digest; answer with the stages."""
    names = [record.name for record in turn.release.stages]
    if names != [stage.name for stage in turn.pipeline.stages]:
        raise technical(
            "PipelineChanged",
            f"Pipeline {turn.release.pipeline} has other stages than when this release began "
            f"({', '.join(names)}). Start the release again.",
        )
    registered, files = source_of(turn)
    if turn.release.artefact_digest is None:
        known = replace(
            turn.release,
            artefact_digest=artefact_digest(files),
            registered_by=registered.created_by,
            registered_at=registered.created_at,
        )
        turn.commit(Change(known))
    return Answer.done(stages=[_plan(turn, stage).to_json() for stage in turn.pipeline.stages])


def source_of(turn: Turn) -> tuple[RegisteredModel, list[Artefact]]:
    """The released model version in the source workspace, and its files.

    Raises:
        StepError: It does not exist (any more), has no files, or its files are not those with
            which the release began.
    """
    model, source = turn.release.model, turn.pipeline.source
    registered = turn.services.models.get(workspace=source, model=model)
    name = f"{model.name} version {model.version}"
    if registered is None:
        raise not_good_enough("ModelNotFound", f"Workspace {source.name} has no {name} (any more).")
    files = turn.services.artifacts.files(container=registered.container, path=registered.path)
    if not files:
        raise not_good_enough(
            "ModelWithoutFiles",
            f"{name} in workspace {source.name} has no files. Register a version with files.",
        )
    began_with = turn.release.artefact_digest
    if began_with is not None and began_with != artefact_digest(files):
        raise not_good_enough(
            "ArtefactChanged",
            f"Files of {name} in workspace {source.name} were written again after this release "
            "began: they are not what was tested. Register a new version.",
        )
    return registered, files


def _plan(turn: Turn, stage: Stage) -> StagePlan:
    record = turn.release.stage_named(stage.name)
    return StagePlan(
        name=stage.name,
        gate=stage.approval is not None,
        copy=stage.workspace != turn.pipeline.source,
        finished=record.state is StageState.SUCCEEDED,
        interval_seconds=stage.health.interval_seconds,
        timeout_seconds=stage.health.timeout_seconds,
    )
