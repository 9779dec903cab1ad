"""The begin of a release: is this version there, and what lies ahead."""

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.errors import technical
from shared.domain.pipeline import Json, Stage
from shared.domain.release import StageState
from shared.domain.trail import Change
from shared.workflow.contract import Answer, StagePlan
from shared.workflow.source import source_of
from shared.workflow.turn import Turn


def begin_release(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Look at the model version's files and freeze their digest; answer with the stages.

    A release that begins anew, because it was lost or has waited for long, does not look again:
    every step that uses the files does.
    """
    names = [record.name for record in turn.release.stages]
    if names != [stage.name for stage in turn.pipeline.stages]:
        raise technical(
            "PipelineChanged",
            f"Pipeline {turn.release.pipeline} has other stages than when this release began "
            f"({', '.join(names)}). Start the release again.",
        )
    if turn.release.artefact_digest is None:
        registered, files = source_of(turn)
        known = replace(
            turn.release,
            artefact_digest=files.digest,
            registered_by=registered.created_by,
            registered_at=registered.created_at,
        )
        turn.commit(Change(known))
    return Answer.done(stages=[_plan(turn, stage).to_json() for stage in turn.pipeline.stages])


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
