"""Traffic: to the new deployment, or back to the old one. Always with the whole map."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from shared.domain.errors import Failure, FailureKind, StepError, technical
from shared.domain.names import RELEASE_TAG
from shared.domain.pipeline import Json
from shared.domain.release import EventType, Outcome, ReleaseId, StageState
from shared.domain.trail import Change
from shared.ports import OperationState
from shared.workflow.activities.deploy import (
    TOUCHES_ENDPOINT,
    follow_operation,
    is_at_work,
    unhealthy,
)
from shared.workflow.activities.unchanged import refuse_changed_files
from shared.workflow.contract import Answer
from shared.workflow.probing import PROBES, best_probe
from shared.workflow.turn import Turn

logger = logging.getLogger(__name__)

USERS_WAIT = timedelta(seconds=60)
"""How long users may be without an answer until the old deployment gets its traffic back."""


def shift_traffic(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Give the new deployment all the traffic, then ask the endpoint as its users do."""
    if turn.is_past(StageState.SHIFTING):
        return Answer.done()
    deployment = turn.record.deployment
    assert deployment is not None
    answer = _bring_traffic(turn, deployment)
    if answer is not None:
        return answer
    failure = _failure_of_users(turn)
    return Answer.failed(failure) if failure else Answer.done()


def _failure_of_users(turn: Turn) -> Failure | None:
    """What users of the endpoint meet now; final: what does not answer must not keep traffic."""
    failure: Failure | None = None
    until = turn.now + USERS_WAIT
    for _ in range(PROBES):
        try:
            probe = best_probe(turn, None)
        except StepError as error:
            failure = replace(error.failure, kind=FailureKind.MODEL)
        else:
            return unhealthy(turn, probe) if probe.problems else None
        if turn.now > until:
            break
    return failure


def finish_stage(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Record the success first; then nobody can want the replaced deployments back."""
    record = turn.record
    if record.state is not StageState.SUCCEEDED:
        change = turn.moved(StageState.SUCCEEDED, replace(record, waits_for=None)).noting(
            EventType.STAGE_SUCCEEDED,
            f"{record.deployment} serves all traffic of {record.endpoint}",
            at=turn.now,
            stage=record.name,
            details={
                "endpoint": record.endpoint,
                "deployment": record.deployment,
                "traffic_before": dict(record.traffic_before or {}),
            },
        )
        turn.commit(change)
    return _clean_up(turn)


def undo_stage(turn: Turn, data: Mapping[str, Json]) -> Answer:
    """Put the endpoint back as it was: the old map, without the new deployment.

    For the stage that the release is in: an orchestration that was started anew and is to end at
    once does not know it. That the release is to end is written first: one that lost its
    orchestration meanwhile is not tried again, but undone to the end.
    """
    if turn.release.ending is None and not turn.release.is_over:
        ending, reason = Outcome(str(data["outcome"])), str(data["reason"])
        turn.commit(Change(replace(turn.release, ending=ending, reason=reason)))
    current = turn.release.stage
    if current is None:
        return Answer.done()
    turn.stage_name = current.name
    if current.state is StageState.SUCCEEDED:
        return _clean_up(turn)
    if current.state not in TOUCHES_ENDPOINT:
        return Answer.done()
    release_id, stage = turn.release.id, turn.touched
    holder = turn.services.store.take_endpoint(stage=stage, release_id=release_id)
    if holder != release_id:
        return Answer.done()  # never reserved, or given back long ago
    if current.deployment is not None:
        if not _restore(turn, current.deployment):
            return Answer.pending()
        turn.services.endpoints.begin_delete(stage=stage, deployment=current.deployment)
    turn.services.store.free_endpoint(stage=stage, release_id=release_id)
    return Answer.done()


def _restore(turn: Turn, deployment: str) -> bool:
    """Bring the traffic back; whether nothing is under way and the new deployment has none."""
    endpoints, stage = turn.services.endpoints, turn.touched
    if turn.record.operation is not None:
        status = follow_operation(turn)
        if status.state is OperationState.RUNNING:
            return False
    endpoint = endpoints.get(stage=stage)
    if endpoint is None:
        return True
    if endpoint.provisioning is OperationState.RUNNING:
        return False  # a change whose operation is not known any more: its map is still to come
    if not endpoint.traffic.get(deployment, 0):
        return True
    before = _serving(turn.record.traffic_before or {})
    there = {known.name for known in endpoints.deployments(stage=stage)}
    if not before.keys() <= there:
        raise technical(
            "NothingToRestore",
            f"{_words(before)} served {stage.endpoint} before, and is not there any more. "
            f"{deployment} keeps the traffic; look at it.",
        )
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


def _bring_traffic(turn: Turn, deployment: str) -> Answer | None:
    """None once the new deployment has all the traffic; else the answer to give meanwhile."""
    endpoints, stage = turn.services.endpoints, turn.stage
    if turn.record.operation is not None:
        status = follow_operation(turn)
        if status.state is OperationState.RUNNING:
            return Answer.pending()
        if status.failure is not None:
            return Answer.failed(status.failure)
    endpoint = endpoints.get(stage=stage)
    if endpoint is None or endpoint.provisioning is OperationState.RUNNING:
        return Answer.pending()
    now_serving = _serving(endpoint.traffic)
    if now_serving == {deployment: 100}:
        return None
    if deployment not in now_serving and turn.record.traffic_before != now_serving:
        # somebody may have changed it while this release was provisioning
        turn.commit(turn.updated(traffic_before=now_serving))
    refuse_changed_files(turn)
    url = endpoints.begin_traffic(stage=stage, traffic={deployment: 100})
    turn.commit(turn.updated(operation=url, waits_for=f"the traffic of {stage.endpoint}"))
    return Answer.pending()


def _clean_up(turn: Turn) -> Answer:
    """Take the replaced deployments away and give the endpoint back.

    Only while this release has the endpoint and serves there: else another one is at work.
    """
    release_id, stage, services = turn.release.id, turn.touched, turn.services
    if services.store.take_endpoint(stage=stage, release_id=release_id) != release_id:
        return Answer.done()
    try:
        _retire(turn)
    except StepError as error:
        # a release that has succeeded stays so: the endpoint's next one tries again
        logger.warning("release %s: old deployments stay: %s", release_id, error)
        note = f"Old deployments of {stage.endpoint} stay for now: {error.failure.message}"
        details: dict[str, Json] = {"code": error.failure.code}
        change = Change(turn.release).noting(
            EventType.NOTICE, note, at=turn.now, stage=stage.name, details=details
        )
        turn.commit(change)
    services.store.free_endpoint(stage=stage, release_id=release_id)
    return Answer.done()


def _retire(turn: Turn) -> None:
    """Begin to delete what this service deployed before and what has no traffic any more."""
    endpoints, stage, record = turn.services.endpoints, turn.touched, turn.record
    endpoint = endpoints.get(stage=stage)
    if endpoint is None or not endpoint.traffic.get(record.deployment or "", 0):
        return
    kept = set(_serving(endpoint.traffic))
    now = turn.services.pipelines.get(turn.release.pipeline)
    configured = now.stage(record.name) if now else None
    if configured is None or configured.keep_previous:
        kept |= set(_serving(record.traffic_before or {}))
    for deployment in endpoints.deployments(stage=stage):
        owner = deployment.tags.get(RELEASE_TAG)
        if deployment.name in kept or owner is None:
            continue
        # the next release may have taken the endpoint over from this one, which is done with it
        if not is_at_work(turn, ReleaseId(owner), stage.endpoint):
            endpoints.begin_delete(stage=stage, deployment=deployment.name)


def _serving(traffic: Mapping[str, int]) -> dict[str, int]:
    """The part of a traffic map that gets any."""
    return {name: percent for name, percent in traffic.items() if percent}


def _words(traffic: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {percent} %" for name, percent in traffic.items()) or "nothing"
