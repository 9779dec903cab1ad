"""Traffic: to the new deployment, or back to the old one. Always with the whole map."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from shared.domain.errors import StepError, Trouble
from shared.domain.pipeline import Json
from shared.domain.release import EventType, StageState
from shared.ports import OperationState
from shared.workflow.activities.deploy import (
    TOUCHES_ENDPOINT,
    best_probe,
    follow_operation,
    unhealthy,
)
from shared.workflow.contract import Answer
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)


def shift_traffic(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Give the new deployment all the traffic, then ask the endpoint as its users do."""
    if turn.is_past(StageState.SHIFTING):
        return Answer.done()
    deployment = turn.record.deployment
    assert deployment is not None
    answer = _bring_traffic(turn, {deployment: 100})
    if answer is not None:
        return answer
    probe = best_probe(turn, None)
    if probe.problems:
        return Answer.failed(unhealthy(turn, probe))
    return Answer.done()


def finish_stage(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Record the success, take the replaced deployments away, give the endpoint back."""
    stage, record = turn.stage, turn.record
    if record.state is not StageState.SUCCEEDED:
        retired, trouble = _retire(turn)
        change = turn.moved(StageState.SUCCEEDED, replace(record, waits_for=None)).noting(
            EventType.STAGE_SUCCEEDED,
            f"{record.deployment} serves all traffic of {stage.endpoint}",
            at=turn.now,
            stage=stage.name,
            details={
                "endpoint": stage.endpoint,
                "deployment": record.deployment,
                "traffic_before": dict(record.traffic_before or {}),
                "retired": list(retired),
            },
        )
        if trouble is not None:
            change = change.noting(
                EventType.NOTICE,
                f"Old deployments of {stage.endpoint} stay until its next release: "
                f"{trouble.message}",
                at=turn.now,
                stage=stage.name,
                details={"code": trouble.code},
            )
        turn.commit(change)
    turn.services.store.free_endpoint(stage=stage, release_id=turn.release.id)
    return Answer.done()


def undo_stage(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Put the endpoint back as it was: the old map, without the new deployment.

    For the stage that the release is in: an orchestration that was started anew and is to end at
    once does not know it.
    """
    current = turn.release.stage
    if current is None or current.state not in TOUCHES_ENDPOINT:
        return Answer.done()
    turn.stage_name = current.name
    release_id, stage = turn.release.id, turn.stage
    holder = turn.services.store.take_endpoint(stage=stage, release_id=release_id)
    if holder != release_id:
        return Answer.done()  # never reserved, or given back long ago
    deployment = turn.record.deployment
    if deployment is not None:
        if not _is_restored(turn, deployment):
            return Answer.pending()
        turn.services.endpoints.begin_delete(stage=stage, deployment=deployment)
    turn.services.store.free_endpoint(stage=stage, release_id=release_id)
    return Answer.done()


def _is_restored(turn: Turn, deployment: str) -> bool:
    """Whether nothing is under way and the new deployment has no traffic (any more)."""
    endpoints, stage = turn.services.endpoints, turn.stage
    if turn.record.operation is not None:
        status = follow_operation(turn)
        if status.state is OperationState.RUNNING:
            return False
    endpoint = endpoints.get(stage=stage)
    if endpoint is None or not endpoint.traffic.get(deployment, 0):
        return True
    if endpoint.provisioning is OperationState.RUNNING:
        return False
    before = turn.record.traffic_before or {}
    url = endpoints.begin_traffic(stage=stage, traffic=before or {deployment: 0})
    change = turn.updated(operation=url, waits_for=f"the traffic of {stage.endpoint}").noting(
        EventType.TRAFFIC_RESTORED,
        f"Traffic of {stage.endpoint} goes back to {_words(before)}",
        at=turn.now,
        stage=stage.name,
        details={"traffic": dict(before)},
    )
    turn.commit(change)
    return False


def _bring_traffic(turn: Turn, traffic: Mapping[str, int]) -> Answer | None:
    """None once the endpoint's traffic map is `traffic`; else the answer to give meanwhile."""
    endpoints, stage = turn.services.endpoints, turn.stage
    if turn.record.operation is not None:
        status = follow_operation(turn)
        if status.state is OperationState.RUNNING:
            return Answer.pending()
        if status.trouble is not None:
            return Answer.failed(status.trouble)
    endpoint = endpoints.get(stage=stage)
    if endpoint is None or endpoint.provisioning is OperationState.RUNNING:
        return Answer.pending()
    if _same(endpoint.traffic, traffic):
        return None
    url = endpoints.begin_traffic(stage=stage, traffic=traffic)
    turn.commit(turn.updated(operation=url, waits_for=f"the traffic of {stage.endpoint}"))
    return Answer.pending()


def _retire(turn: Turn) -> tuple[list[str], Trouble | None]:
    """Begin to delete what this service deployed before and what has no traffic any more.

    Trouble does not stop a release that has succeeded: its next one tries again.
    """
    stage, record = turn.stage, turn.record
    kept = {record.deployment}
    if stage.keep_previous:
        kept |= {name for name, percent in (record.traffic_before or {}).items() if percent}
    retired: list[str] = []
    try:
        for deployment in turn.services.endpoints.deployments(stage=stage):
            if deployment.name not in kept and "modelgate-release" in deployment.tags:
                turn.services.endpoints.begin_delete(stage=stage, deployment=deployment.name)
                retired.append(deployment.name)
    except StepError as error:
        logger.warning("release %s: old deployments stay: %s", turn.release.id, error)
        return retired, error.trouble
    return retired, None


def _same(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    def serving(traffic: Mapping[str, int]) -> dict[str, int]:
        return {name: percent for name, percent in traffic.items() if percent}

    return serving(one) == serving(other)


def _words(traffic: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {percent} %" for name, percent in traffic.items()) or "nothing"
