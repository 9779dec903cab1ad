"""Online endpoints and deployments."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from shared.adapters.azureml import internals
from shared.adapters.azureml.entities import deployment_entity, endpoint_entity
from shared.adapters.azureml.failures import (
    answer_failure,
    azure_ml_stops_here,
    found,
)
from shared.adapters.azureml.operations import Kind, Started, fold, status_of
from shared.adapters.azureml.scoring import Scorer
from shared.adapters.azureml.workspaces import Workspaces
from shared.adapters.egress.scoring import ScoringAddresses
from shared.adapters.redaction import log_text
from shared.domain.errors import Failure, FailureKind, StepError, technical
from shared.domain.pipeline import Json, Stage
from shared.domain.release import ModelVersion
from shared.ports import Deployment, Endpoint, OperationState, OperationStatus, ScoringAnswer

UNREADABLE = frozenset({401, 403, 404, 410})
"""What an operation's URL answers once its signature has run out or the service has forgotten it;
the resource is asked instead, which gives a true 403 of our own away, too."""

NO_BODY = {202: OperationStatus(OperationState.RUNNING)}
"""What an answer without a body means, where it means anything."""


class AzureMlEndpoints:
    """Implements `ports.Endpoints`. Thread-safe; starts no threads and never waits."""

    def __init__(self, *, workspaces: Workspaces, scoring: ScoringAddresses | None = None) -> None:
        """Take the clients.

        Args:
            workspaces: The clients.
            scoring: Which addresses may be asked; None for the cloud's and the clusters'.
        """
        self._workspaces = workspaces
        scoring = scoring or ScoringAddresses(workspaces.cloud.scoring_suffix)
        self._scorer = Scorer(workspaces, scoring)

    def get(self, *, stage: Stage) -> Endpoint | None:
        """The stage's endpoint."""
        there = self._find(stage)
        if there is None:
            return None
        with azure_ml_stops_here(f"Endpoint {stage.endpoint}", stage.workspace):
            return _endpoint(there)

    def deployments(self, *, stage: Stage) -> list[Deployment]:
        """The endpoint's deployments; empty where there is no endpoint."""
        with azure_ml_stops_here(f"Deployments of {stage.endpoint}", stage.workspace):
            operations = self._workspaces.client(stage.workspace).online_deployments
            there = found(lambda: list(operations.list(stage.endpoint.lower())))
            return [_deployment(each) for each in there or []]

    def begin_create(self, *, stage: Stage, tags: Mapping[str, str]) -> str:
        """Create the stage's endpoint; one that is there is left alone with its live traffic."""
        name = stage.endpoint.lower()
        if self._find(stage) is not None:
            return str(Started(Kind.ENDPOINT, name, None))
        location = self._workspaces.facts(stage.workspace).location
        with azure_ml_stops_here(f"Endpoint {name}", stage.workspace):
            resource = internals.new_endpoint(endpoint_entity(stage, tags), location)
            client = self._workspaces.client(stage.workspace)
            url = internals.put_endpoint(client, name, resource)
        return str(Started(Kind.ENDPOINT, name, url))

    def begin_deploy(
        self, *, stage: Stage, deployment: str, model: ModelVersion, tags: Mapping[str, str]
    ) -> str:
        """Create or update a deployment; the same one that is there or under way is adopted."""
        name = deployment.lower()
        there = self._deployment(stage, name)
        if there is not None and _is_same(there, stage, model, tags):
            return str(Started(Kind.DEPLOYMENT, name, None))
        if there is not None and not tags.items() <= there.tags.items():
            raise technical(
                "DeploymentNameTaken",
                f"{stage.endpoint} has a deployment {name} that this release did not make, so it "
                "is left alone. Delete it, then start the release again.",
            )
        location = self._workspaces.facts(stage.workspace).location
        client = self._workspaces.client(stage.workspace)
        with azure_ml_stops_here(f"Deployment {name} on {stage.endpoint}", stage.workspace):
            entity = deployment_entity(stage, name, model, tags)
            url = internals.put_deployment(client, entity, location)
        return str(Started(Kind.DEPLOYMENT, name, url))

    def begin_traffic(self, *, stage: Stage, traffic: Mapping[str, int]) -> str:
        """Set the traffic map; everything else is put back as it was read."""
        name = stage.endpoint.lower()
        there = self._find(stage)
        if there is None:
            raise technical(
                "EndpointNotFound",
                f"Endpoint {name} is not in workspace {stage.workspace.name} any more.",
            )
        with azure_ml_stops_here(f"Traffic of endpoint {name}", stage.workspace):
            there.properties.traffic = {key.lower(): percent for key, percent in traffic.items()}
            client = self._workspaces.client(stage.workspace)
            url = internals.put_endpoint(client, name, there)
        return str(Started(Kind.ENDPOINT, name, url))

    def begin_delete(self, *, stage: Stage, deployment: str) -> str | None:
        """Delete a deployment; None where it is gone already."""
        name = deployment.lower()
        with azure_ml_stops_here(f"Deployment {name} on {stage.endpoint}", stage.workspace):
            client = self._workspaces.client(stage.workspace)
            deleted = found(
                lambda: internals.delete_deployment(client, stage.endpoint.lower(), name)
            )
        status, url = deleted or (204, None)
        return None if status == 204 else str(Started(Kind.DELETION, name, url))

    def operation(self, *, stage: Stage, url: str) -> OperationStatus:
        """How an operation stands; where its URL is no use any more, how the resource stands."""
        started = Started.parse(url)
        if started.url is not None and self._workspaces.is_own(started.url):
            status = self._read(stage, started, started.url)
            if status is not None:
                return status
        return self._by_resource(stage, started)

    def logs(self, *, stage: Stage, deployment: str, lines: int) -> str:
        """The end of the container's log, or of the storage initializer's where it has none."""
        with azure_ml_stops_here(f"Log of deployment {deployment}", stage.workspace):
            operations = self._workspaces.client(stage.workspace).online_deployments
            names = (deployment.lower(), stage.endpoint.lower())
            for container in (None, "storage-initializer"):
                read = partial(operations.get_logs, *names, lines, container_type=container)
                log = found(read)
                if log and log.strip() and log != "None":  # the SDK's word for null
                    return log_text(log)
        return ""

    def score(
        self, *, stage: Stage, deployment: str | None, body: Json, timeout_seconds: float
    ) -> ScoringAnswer:
        """POST to the endpoint's scoring address."""
        name = deployment.lower() if deployment else None
        return self._scorer.score(
            stage=stage, deployment=name, body=body, timeout_seconds=timeout_seconds
        )

    def _read(self, stage: Stage, started: Started, url: str) -> OperationStatus | None:
        """What the operation's URL says; None where it says nothing any more."""
        with azure_ml_stops_here(f"Operation on {started.what}", stage.workspace):
            status, text = self._workspaces.read(url)
        if status in UNREADABLE:
            return None
        if status >= 400:
            raise StepError(answer_failure(started.what, stage.workspace, status, text))
        return status_of(started, text) if text.strip() else NO_BODY.get(status)

    def _by_resource(self, stage: Stage, started: Started) -> OperationStatus:
        there: Endpoint | Deployment | None
        if started.kind is Kind.ENDPOINT:
            there = self.get(stage=stage)
        else:
            there = self._deployment(stage, started.name)
        if there is None:
            if started.kind is Kind.DELETION:
                return OperationStatus(OperationState.SUCCEEDED)
            return _failed("ResourceNotFound", f"{started.what} is not there any more.")
        if started.kind is Kind.DELETION and there.provisioning is OperationState.SUCCEEDED:
            return _failed("NotDeleted", f"{started.what} did not happen.")
        if there.provisioning is OperationState.FAILED:
            return _failed(
                "Failed",
                f"{started.what} is Failed in workspace {stage.workspace.name}, and Azure does not "
                "say why any more. Look at its log in the studio, then start the release again.",
            )
        return OperationStatus(there.provisioning)

    def _find(self, stage: Stage) -> Any:  # noqa: ANN401 (a model of the SDK's, or None)
        with azure_ml_stops_here(f"Endpoint {stage.endpoint}", stage.workspace):
            client = self._workspaces.client(stage.workspace)
            return found(lambda: internals.get_endpoint(client, stage.endpoint.lower()))

    def _deployment(self, stage: Stage, name: str) -> Deployment | None:
        with azure_ml_stops_here(f"Deployment {name} on {stage.endpoint}", stage.workspace):
            operations = self._workspaces.client(stage.workspace).online_deployments
            there = found(lambda: operations.get(name, stage.endpoint.lower()))
            return _deployment(there) if there is not None else None


def _endpoint(there: Any) -> Endpoint:  # noqa: ANN401 (a model of the SDK's)
    properties = there.properties
    return Endpoint(
        name=str(there.name),
        provisioning=fold(properties.provisioning_state),
        traffic={name.lower(): int(n) for name, n in (properties.traffic or {}).items()},
        scoring_uri=str(properties.scoring_uri or ""),
        tags=_texts(there.tags),
    )


def _deployment(there: Any) -> Deployment:  # noqa: ANN401 (a union of the SDK's)
    return Deployment(
        name=str(there.name),
        provisioning=fold(there.provisioning_state),
        model=str(there.model) if there.model else None,
        tags=_texts(there.tags),
    )


def _texts(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Tags as Azure takes them; whoever may write them may write anything."""
    return {str(name): "" if tag is None else str(tag) for name, tag in (tags or {}).items()}


def _is_same(there: Deployment, stage: Stage, model: ModelVersion, tags: Mapping[str, str]) -> bool:
    """Whether a deployment is what an earlier try of the same step put there."""
    wanted = f"{stage.workspace.arm_id}/models/{model.name}/versions/{model.version}"
    return (
        there.provisioning is not OperationState.FAILED
        and (there.model or "").casefold() == wanted.casefold()
        and tags.items() <= there.tags.items()  # a policy may add its own
    )


def _failed(code: str, message: str) -> OperationStatus:
    return OperationStatus(OperationState.FAILED, Failure(FailureKind.FINAL, code, message))
