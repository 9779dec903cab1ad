"""Deploying beside whatever is live: the endpoint and the deployment."""

from collections.abc import Mapping
from dataclasses import replace

from shared.domain.errors import Failure, FailureKind, technical
from shared.domain.names import PIPELINE_TAG, RELEASE_TAG, deployment_names
from shared.domain.pipeline import Json
from shared.domain.release import EventType, Outcome, ReleaseId, StageState
from shared.ports import Endpoint, OperationState, OperationStatus
from shared.workflow.contract import Answer
from shared.workflow.gate.serving import newer_that_serves
from shared.workflow.probing import end_of_log
from shared.workflow.source import source_of
from shared.workflow.turn import Turn

TOUCHES_ENDPOINT = frozenset({StageState.DEPLOYING, StageState.PROBING, StageState.SHIFTING})


def reserve_endpoint(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Reserve the endpoint: one release deploys to it at a time. Waiting people never hold it."""
    if turn.is_past(StageState.SHIFTING):
        return Answer.done()
    services, stage, release = turn.services, turn.stage, turn.release
    holder = services.store.take_endpoint(stage=stage, release_id=release.id)
    if holder != release.id and not is_at_work(turn, holder, stage.endpoint):
        services.store.pass_endpoint(stage=stage, holder=holder, release_id=release.id)
        holder = services.store.take_endpoint(stage=stage, release_id=release.id)
    waits_for = (
        None if holder == release.id else f"release {holder} to finish with {stage.endpoint}"
    )
    if turn.record.waits_for != waits_for:
        turn.commit(turn.updated(waits_for=waits_for))
    return Answer.done() if holder == release.id else Answer.pending()


def prepare_endpoint(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """See that the endpoint exists, and write its traffic map down before anything touches it."""
    if turn.is_past(StageState.DEPLOYING) or turn.record.deployment is not None:
        return Answer.done()
    endpoints, stage = turn.services.endpoints, turn.stage
    if turn.record.operation is not None:
        status = follow_operation(turn)
        if status.state is not OperationState.SUCCEEDED:
            return _unfinished(status)
    endpoint = endpoints.get(stage=stage)
    if endpoint is None:
        tags = {**stage.tags, PIPELINE_TAG: turn.release.pipeline}
        url = endpoints.begin_create(stage=stage, tags=tags)
        turn.commit(turn.updated(operation=url, waits_for=f"endpoint {stage.endpoint}"))
        return Answer.pending()
    if endpoint.provisioning is OperationState.RUNNING:
        return Answer.pending()
    if endpoint.provisioning is OperationState.FAILED:
        return _mend(turn, endpoint)
    newer = newer_that_serves(turn)
    if newer is not None:
        return Answer.stopped(
            Outcome.SUPERSEDED,
            f"{stage.endpoint} serves version {newer} by now, which is newer; nobody has agreed to "
            f"put version {turn.release.model.version} over it.",
        )
    name = _free_name(turn)
    turn.commit(turn.updated(deployment=name, traffic_before=dict(endpoint.traffic)))
    return Answer.done()


def _mend(turn: Turn, endpoint: Endpoint) -> Answer:
    """Send a Failed endpoint the map that it has, whole; one that serves nothing is refused.

    A traffic update that failed leaves an endpoint Failed, though it goes on serving. An update of
    any kind brings it back, and one without its map would take its traffic away (azure-facts).
    """
    stage, traffic = turn.stage, {name: each for name, each in endpoint.traffic.items() if each}
    there = {each.name for each in turn.services.endpoints.deployments(stage=stage)}
    if not traffic or not traffic.keys() <= there:
        return Answer.failed(
            Failure(
                kind=FailureKind.FINAL,
                code="EndpointFailed",
                message=f"Endpoint {stage.endpoint} in workspace {stage.workspace.name} is Failed "
                "and serves nothing. Delete it or mend it, then start the release again.",
            )
        )
    url = turn.services.endpoints.begin_traffic(stage=stage, traffic=traffic)
    waits_for = f"endpoint {stage.endpoint}, which is Failed, to take its traffic map again"
    change = turn.updated(operation=url, waits_for=waits_for)
    turn.commit(
        change.noting(
            EventType.NOTICE,
            f"{stage.endpoint} was Failed; the traffic that it has was set again",
            at=turn.now,
            stage=stage.name,
            details={"traffic": dict(traffic)},
        )
    )
    return Answer.pending()


def _free_name(turn: Turn) -> str:
    """The deployment's name: no other's, which would be given this release's model.

    Raises:
        StepError: Others have both.
    """
    there = turn.services.endpoints.deployments(stage=turn.stage)
    taken = {each.name for each in there if each.tags.get(RELEASE_TAG) != turn.release.id}
    for name in deployment_names(turn.release.id, turn.release.model.version):
        if name not in taken:
            return name
    raise technical(
        "DeploymentNameTaken",
        f"{turn.stage.endpoint} has a deployment {name} that this release did not make. Delete it, "
        "then start the release again.",
    )


def deploy_model(turn: Turn, _: Mapping[str, Json]) -> Answer:
    """Create the deployment without traffic, and see it through."""
    if turn.is_past(StageState.DEPLOYING):
        return Answer.done()
    record, stage = turn.record, turn.stage
    assert record.deployment is not None
    assert record.model is not None
    if record.operation is None:
        if stage.workspace.is_named_by(turn.pipeline.source.arm_id):
            source_of(turn)  # nothing was copied: these must still be the files that were tested
        url = turn.services.endpoints.begin_deploy(
            stage=stage,
            deployment=record.deployment,
            model=record.model,
            tags={**stage.tags, RELEASE_TAG: turn.release.id},
        )
        turn.commit(turn.updated(operation=url, waits_for=f"deployment {record.deployment}"))
        return Answer.pending()
    status = follow_operation(turn, keep=True)
    if status.state is OperationState.RUNNING:
        return Answer.pending()
    if status.state is OperationState.FAILED:
        if status.failure is not None and status.failure.is_transient:
            turn.commit(turn.updated(operation=None))  # tried again, not looked at again
            return Answer.failed(status.failure)
        return Answer.failed(_with_logs(turn, status))
    deployed = replace(turn.record, operation=None, waits_for=None)
    change = turn.moved(StageState.PROBING, deployed).noting(
        EventType.DEPLOYED,
        f"Deployed {record.model.name} version {record.model.version} as {record.deployment} "
        f"on {stage.endpoint}, without traffic",
        at=turn.now,
        stage=stage.name,
        details={"endpoint": stage.endpoint, "deployment": record.deployment},
    )
    turn.commit(change)
    return Answer.done()


def follow_operation(turn: Turn, *, keep: bool = False) -> OperationStatus:
    """How the stage's running operation stands; forgotten once it is over, unless `keep`."""
    url = turn.record.operation
    assert url is not None
    status = turn.services.endpoints.operation(stage=turn.touched, url=url)
    if status.state is not OperationState.RUNNING and not keep:
        turn.commit(turn.updated(operation=None, waits_for=None))
    return status


def _unfinished(status: OperationStatus) -> Answer:
    if status.state is OperationState.RUNNING:
        return Answer.pending()
    assert status.failure is not None
    return Answer.failed(status.failure)


def _with_logs(turn: Turn, status: OperationStatus) -> Failure:
    """The operation's failure; the end of the container's log goes to the audit trail, once.

    The operation is kept: a call that comes again finds the same failure and deploys nothing.
    """
    assert status.failure is not None
    record = turn.record
    assert record.deployment is not None
    if record.waits_for is None:
        return status.failure  # noted before
    change = turn.updated(waits_for=None).noting(
        EventType.NOTICE,
        f"Deployment {record.deployment} failed: {status.failure.message}",
        at=turn.now,
        stage=record.name,
        details={"code": status.failure.code, "log": end_of_log(turn)},
    )
    turn.commit(change)
    return status.failure


def is_at_work(turn: Turn, release_id: ReleaseId, endpoint: str) -> bool:
    """Whether a release is at work there; one that broke off may still have the endpoint."""
    stored = turn.services.store.get(release_id=release_id)
    if stored is None or stored.release.is_over:
        return False
    return any(
        record.endpoint == endpoint and record.state in TOUCHES_ENDPOINT
        for record in stored.release.stages
    )
