"""Online endpoints in memory, with Azure ML's rules about traffic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from shared.domain.errors import Failure, technical
from shared.domain.pipeline import Json, Stage
from shared.domain.release import ModelVersion
from shared.ports import Deployment, Endpoint, OperationState, OperationStatus, ScoringAnswer
from tests.fakes.failures import Faults
from tests.fakes.models import FakeModels

GOOD_ANSWER = ScoringAnswer(status=200, latency_seconds=0.05, body=[152.1])


@dataclass
class _Operation:
    looks: int
    finish: Callable[[OperationState], None]
    failure: Failure | None
    state: OperationState = OperationState.RUNNING

    def go_on(self) -> None:
        if self.state is OperationState.RUNNING and self.looks <= 0:
            failed = self.failure is not None
            self.state = OperationState.FAILED if failed else OperationState.SUCCEEDED
            self.finish(self.state)
        self.looks -= 1


@dataclass
class _Served:
    endpoint: Endpoint
    deployments: dict[str, Deployment] = field(default_factory=dict)


class FakeEndpoints:
    """Endpoints of all workspaces. An operation runs for `looks` reads of it, then has ended.

    `failures` maps a deployment's name to what its creation fails with; `answers` says what a
    deployment scores, by its name; `calls` lists everything that was begun.
    """

    def __init__(self, models: FakeModels, *, looks: int = 0) -> None:
        self.looks = looks
        self.failures: dict[str, Failure] = {}
        self.answers: dict[str, ScoringAnswer] = {}
        self.container_logs: dict[str, str] = {}
        self.calls: list[tuple[str, str]] = []
        self.faults = Faults()
        self._models = models
        self._served: dict[tuple[str, str], _Served] = {}
        self._operations: dict[str, _Operation] = {}

    def get(self, *, stage: Stage) -> Endpoint | None:
        self.faults.meet("get")
        served = self._served.get(self._key(stage))
        return served.endpoint if served else None

    def deployments(self, *, stage: Stage) -> list[Deployment]:
        self.faults.meet("deployments")
        served = self._served.get(self._key(stage))
        return list(served.deployments.values()) if served else []

    def begin_create(self, *, stage: Stage, tags: Mapping[str, str]) -> str:
        self._begun("begin_create", stage.endpoint)
        running = Endpoint(
            name=stage.endpoint,
            provisioning=OperationState.RUNNING,
            traffic={},
            scoring_uri=f"https://{stage.endpoint}.westeurope.inference.ml.azure.com/score",
            tags=dict(tags),
        )
        served = self._served.setdefault(self._key(stage), _Served(running))

        def finish(state: OperationState) -> None:
            served.endpoint = replace(served.endpoint, provisioning=state)

        return self._operation(finish)

    def begin_deploy(
        self, *, stage: Stage, deployment: str, model: ModelVersion, tags: Mapping[str, str]
    ) -> str:
        self._begun("begin_deploy", deployment)
        served = self._endpoint(stage)
        if self._models.get(workspace=stage.workspace, model=model) is None:
            raise technical("ModelNotFound", f"{stage.workspace.name} has no {model}.")
        known = served.deployments.get(deployment)
        if known is not None and not tags.items() <= known.tags.items():
            raise technical("DeploymentNameTaken", f"{deployment} is somebody else's.")
        served.deployments[deployment] = Deployment(
            name=deployment,
            provisioning=OperationState.RUNNING,
            model=f"{stage.workspace.arm_id}/models/{model.name}/versions/{model.version}",
            tags=dict(tags),
        )

        def finish(state: OperationState) -> None:
            created = served.deployments.get(deployment)
            if created is not None:
                served.deployments[deployment] = replace(created, provisioning=state)

        return self._operation(finish, self.failures.get(deployment))

    def begin_traffic(self, *, stage: Stage, traffic: Mapping[str, int]) -> str:
        self._begun("begin_traffic", stage.endpoint)
        served = self._endpoint(stage)
        unknown = traffic.keys() - served.deployments.keys()
        if unknown or sum(traffic.values()) not in (0, 100):
            raise technical("InvalidTraffic", f"{dict(traffic)} is no traffic map of the endpoint.")

        # the old map shows until the change has landed
        served.endpoint = replace(served.endpoint, provisioning=OperationState.RUNNING)

        def finish(_: OperationState) -> None:
            served.endpoint = replace(
                served.endpoint, provisioning=OperationState.SUCCEEDED, traffic=dict(traffic)
            )

        return self._operation(finish)

    def begin_delete(self, *, stage: Stage, deployment: str) -> str | None:
        self._begun("begin_delete", deployment)
        served = self._served.get(self._key(stage))
        if served is None or deployment not in served.deployments:
            return None
        if served.endpoint.traffic.get(deployment, 0) > 0:
            raise technical("DeploymentHasTraffic", f"{deployment} has traffic.")

        def finish(_: OperationState) -> None:
            served.deployments.pop(deployment, None)
            rest = {n: share for n, share in served.endpoint.traffic.items() if n != deployment}
            served.endpoint = replace(served.endpoint, traffic=rest)

        return self._operation(finish)

    def operation(self, *, stage: Stage, url: str) -> OperationStatus:
        self.faults.meet("operation")
        self._endpoint(stage)
        operation = self._operations[url]
        operation.go_on()
        failed = operation.state is OperationState.FAILED
        return OperationStatus(operation.state, operation.failure if failed else None)

    def pass_time(self) -> None:
        """Bring every operation one look nearer to its end, also those that nobody looks at."""
        for operation in list(self._operations.values()):
            operation.go_on()

    def break_endpoint(self, stage: Stage) -> None:
        """Leave an endpoint Failed, as an update of its traffic does that comes to nothing."""
        served = self._endpoint(stage)
        served.endpoint = replace(served.endpoint, provisioning=OperationState.FAILED)

    def under_way(self) -> bool:
        """Whether any operation runs."""
        return any(each.state is OperationState.RUNNING for each in self._operations.values())

    def logs(self, *, stage: Stage, deployment: str, lines: int) -> str:
        self.faults.meet("logs")
        self._endpoint(stage)
        return "\n".join(self.container_logs.get(deployment, "").splitlines()[-lines:])

    def score(
        self,
        *,
        stage: Stage,
        deployment: str | None,
        body: Json,  # noqa: ARG002 (answers do not depend on the question)
        timeout_seconds: float,  # noqa: ARG002
    ) -> ScoringAnswer:
        self.faults.meet("score")
        served = self._endpoint(stage)
        traffic = served.endpoint.traffic
        asked = deployment or max(traffic, key=lambda name: traffic[name], default="")
        there = served.deployments.get(asked)
        if there is None or there.provisioning is not OperationState.SUCCEEDED:
            return ScoringAnswer(404, 0.01, "no such deployment")
        return self.answers.get(asked, GOOD_ANSWER)

    def _begun(self, method: str, what: str) -> None:
        self.faults.meet(method)
        self.calls.append((method, what))

    def _operation(
        self, finish: Callable[[OperationState], None], failure: Failure | None = None
    ) -> str:
        url = f"https://management.azure.com/operations/{len(self._operations)}?signature=secret"
        self._operations[url] = _Operation(self.looks, finish, failure)
        return url

    def _endpoint(self, stage: Stage) -> _Served:
        served = self._served.get(self._key(stage))
        if served is None:
            raise technical("EndpointNotFound", f"There is no endpoint {stage.endpoint}.")
        return served

    @staticmethod
    def _key(stage: Stage) -> tuple[str, str]:
        return (stage.workspace.arm_id.casefold(), stage.endpoint)
