"""Azure ML: model versions, endpoints, deployments, and the blobs behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.domain.artefacts import Artefact, FileSet
from shared.domain.errors import Failure
from shared.domain.evidence import Check
from shared.domain.pipeline import Json, Stage, Workspace
from shared.domain.release import (
    ModelVersion,
)


@dataclass(frozen=True, slots=True)
class Container:
    """A blob container behind a workspace's datastore."""

    workspace: Workspace
    datastore: str
    account_url: str
    """The blob service's address, for example `https://account.blob.core.windows.net`."""

    name: str


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model version as a workspace has it."""

    model: ModelVersion
    type: str
    """`custom_model`, `mlflow_model` or `triton_model`."""

    container: Container
    path: str
    """Blob name of the model's file, or of its folder without a closing slash."""

    description: str
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    created_by: str | None
    created_at: datetime | None

    @property
    def place(self) -> "Place":
        """Where its files lie."""
        return Place(self.container, self.path)


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A version in a model's list."""

    version: str
    created_by: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model's files lie."""

    container: Container
    path: str
    """Blob name of the file, or of the folder without a closing slash."""


class Models(Protocol):
    """Model versions of workspaces."""

    def get(self, *, workspace: Workspace, model: ModelVersion) -> RegisteredModel | None:
        """The model version, or None where the workspace has none (never another version)."""

    def versions(self, *, workspace: Workspace, name: str, limit: int) -> list[RegisteredVersion]:
        """The newest versions of a model, latest first; empty where there is no such model."""

    def default_container(self, *, workspace: Workspace) -> Container:
        """The container of the workspace's default datastore."""

    def register(
        self,
        *,
        workspace: Workspace,
        model: ModelVersion,
        source: RegisteredModel,
        path: str,
        tags: Mapping[str, str],
    ) -> None:
        """Register what lies at blob `path` of the default container as `model`.

        Type, description and properties are the source's; `tags` replace its tags. Doing it again
        changes nothing; the same version with another path is a failure.
        """


class OperationState(StrEnum):
    """A long-running operation, folded to what matters."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class OperationStatus:
    """How an operation stands."""

    state: OperationState
    failure: Failure | None = None
    """Set when failed, with Azure's code and words."""


@dataclass(frozen=True, slots=True)
class CopyStatus(OperationStatus):
    """How a copy stands."""

    digest: str | None = None
    """Set when succeeded: over names, sizes and etags of what lies in the target."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An online endpoint as Azure ML has it."""

    name: str
    provisioning: OperationState
    traffic: Mapping[str, int]
    scoring_uri: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deployment:
    """An online deployment as Azure ML has it."""

    name: str
    provisioning: OperationState
    model: str | None
    """The model's ARM or `azureml:` id."""

    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ScoringAnswer:
    """What a deployment answered."""

    status: int
    latency_seconds: float
    body: Json
    """Parsed; the text itself (at most 2,000 characters) where it is no JSON."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """What Azure ML says of the model's error (`ms-azureml-model-error-…`), bounded."""


class Endpoints(Protocol):
    """Online endpoints and deployments. What begins something returns the operation's URL.

    The URL is signed and must be called back as it stands; it is never logged.
    """

    def get(self, *, stage: Stage) -> Endpoint | None:
        """The stage's endpoint."""

    def deployments(self, *, stage: Stage) -> list[Deployment]:
        """The endpoint's deployments; empty where there is no endpoint."""

    def begin_create(self, *, stage: Stage, tags: Mapping[str, str]) -> str:
        """Create the stage's endpoint, with key authentication and no traffic."""

    def begin_deploy(
        self, *, stage: Stage, deployment: str, model: ModelVersion, tags: Mapping[str, str]
    ) -> str:
        """Create or update a deployment of exactly `model` without touching any traffic.

        Raises:
            StepError: `DeploymentNameTaken` where there is one without these tags: somebody else's.
        """

    def begin_traffic(self, *, stage: Stage, traffic: Mapping[str, int]) -> str:
        """Set the endpoint's traffic map (percent per deployment; sums to 0 or 100)."""

    def begin_delete(self, *, stage: Stage, deployment: str) -> str | None:
        """Delete a deployment; None where it is gone already."""

    def operation(self, *, stage: Stage, url: str) -> OperationStatus:
        """How an operation stands. One read, no waiting."""

    def logs(self, *, stage: Stage, deployment: str, lines: int) -> str:
        """The end of the deployment's container log; empty where there is none."""

    def score(
        self, *, stage: Stage, deployment: str | None, body: Json, timeout_seconds: float
    ) -> ScoringAnswer:
        """POST to the endpoint's scoring address.

        With the deployment's own header; None asks as users do, through the traffic map.
        """


class Preflight(Protocol):
    """Looks at what a deployment needs, before people are asked for it."""

    def checks(self, *, stage: Stage, pipeline: str, copies: bool) -> list[Check]:
        """Look at the stage's workspace, endpoint, permissions, quota and, for copies, storage.

        What Azure refuses is a check that has not passed; it changes nothing that stays.

        Args:
            stage: The stage that is asked for.
            pipeline: The pipeline's name: an endpoint that another one deploys to is not ours.
            copies: Whether the model is copied into the stage's workspace.

        Raises:
            StepError: Azure does not answer; trying again may help.
        """


class Artifacts(Protocol):
    """Model files. No byte of a model passes through this process."""

    def files(self, *, container: Container, path: str) -> Iterator[Artefact]:
        """The file at `path`, or every file below it; names relative to `path`.

        In any order, read as they are asked for: there may be tens of thousands.

        Raises:
            StepError: While they are read: `UnsafeFileName` or `TooManyFiles`, which are the
                model's fault; Azure does not answer.
        """

    def begin_copy(self, *, source: Place, files: FileSet, target: Place) -> None:
        """Start the server-side copy of what is not there or under way yet; returns at once.

        Each file is copied on condition of its etag, and only to where nothing lies.

        Raises:
            StepError: `ArtefactChanged` where the source's files are not `files`;
                `CopyTargetTaken` where something else lies in the target.
        """

    def copying(self, *, source: Place, files: FileSet, target: Place) -> CopyStatus:
        """How the copy of these files stands."""

    def differences(self, *, source: Place, target: Place) -> str:
        """How the target is not the source's copy, in words that name the first few files.

        Empty where sizes, MD5s and what is noted of the sources agree.

        Raises:
            StepError: As `files`.
        """

    def signature(self, *, container: Container, path: str) -> Json:
        """The signature in the `MLmodel` file of the MLflow model at `path`, which describes it.

        `{"inputs": …, "outputs": …}` as MLflow writes them; None where it has none that is short.
        """
