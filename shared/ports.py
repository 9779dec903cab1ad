"""What the service needs of the world, as protocols. Adapters implement them, tests fake them.

Every method may be called from several threads at once. A method that meets an expected failure
raises `StepError`, whose trouble says whose fault it is and whether trying again can help.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.domain.artefacts import Artefact
from shared.domain.errors import Trouble
from shared.domain.pipeline import Json, Pipeline, Stage, Workspace
from shared.domain.release import (
    AuditEvent,
    Decision,
    Evidence,
    IgnoredEvent,
    ModelVersion,
    Outcome,
    Release,
    ReleaseId,
)

# --- Azure ML ---


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


class Models(Protocol):
    """Model versions of workspaces."""

    def get(self, *, workspace: Workspace, model: ModelVersion) -> RegisteredModel | None:
        """The model version, or None where the workspace has none (never another version)."""

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
        changes nothing; the same version with another path is a trouble.
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
    trouble: Trouble | None = None
    """Set when failed, with Azure's code and words."""


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
        """Create or update a deployment of exactly `model` without touching any traffic."""

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


# --- Blob storage ---


class Artifacts(Protocol):
    """Model files. No byte of them passes through this process."""

    def files(self, *, container: Container, path: str) -> list[Artefact]:
        """The file at `path`, or every file below it; names relative to `path`."""

    def begin_copy(
        self,
        *,
        source: Container,
        source_path: str,
        files: Sequence[Artefact],
        target: Container,
        target_path: str,
    ) -> None:
        """Start the server-side copy of what is not there or under way yet; returns at once.

        Each file is copied on condition of its etag; a file that changed since is a trouble.
        """

    def copying(
        self, *, target: Container, target_path: str, files: Sequence[Artefact]
    ) -> OperationStatus:
        """How the copy of these files stands."""


# --- the store ---


@dataclass(frozen=True, slots=True)
class Stored:
    """A release as it was read, with what guards the next write."""

    release: Release
    etag: str


class ConflictError(Exception):
    """Somebody else wrote first: read again and decide anew."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of releases, latest first."""

    releases: tuple[Release, ...]
    cursor: str | None
    """Opaque; None on the last page."""


class Store(Protocol):
    """Releases, their audit trail, decisions and evidence; the truth.

    `events` of a write are numbered by the caller, following `release.last_event`, and are written
    in the same transaction as the release.
    """

    def create(self, *, release: Release, events: Sequence[AuditEvent]) -> bool:
        """Write a new release; False (and nothing written) where its id exists."""

    def get(self, *, release_id: ReleaseId) -> Stored | None:
        """One release, by one point read."""

    def save(
        self,
        *,
        stored: Stored,
        release: Release,
        events: Sequence[AuditEvent] = (),
        decision: Decision | None = None,
        evidence: Evidence | None = None,
    ) -> Stored:
        """Replace `stored` by `release`, in one transaction with what comes with it.

        Raises:
            ConflictError: `stored` is not the newest any more, or the approver has decided already.
        """

    def settle(self, *, release: Release) -> None:
        """Take an ended, told and published release off the list of open ones. Idempotent."""

    def open_releases(self) -> Iterator[ReleaseId]:
        """Releases with anything left to do, oldest first."""

    def latest(
        self, *, pipeline: str | None, outcome: Outcome | None, cursor: str | None, limit: int
    ) -> Page:
        """Releases, latest first, without a scan.

        Raises:
            ValueError: The cursor is not one of ours.
        """

    def events(self, *, release_id: ReleaseId, after: int = 0) -> list[AuditEvent]:
        """The audit trail in order, from the event after number `after`."""

    def decisions(self, *, release_id: ReleaseId) -> list[Decision]:
        """Every decision over a release, in the order in which they were made."""

    def evidence(self, *, release_id: ReleaseId, stage: str, ask: int) -> Evidence | None:
        """What people were shown."""

    def ignore(self, *, event: IgnoredEvent) -> None:
        """Record a registration that started nothing; once per event id."""

    def ignored(self, *, limit: int) -> list[IgnoredEvent]:
        """The latest registrations that started nothing."""

    def take_endpoint(self, *, stage: Stage, release_id: ReleaseId) -> ReleaseId:
        """Reserve the stage's endpoint; the release that has it now, this one or another."""

    def pass_endpoint(self, *, stage: Stage, holder: ReleaseId, release_id: ReleaseId) -> bool:
        """Hand a reservation on from a holder that is known to be over; False when it moved."""

    def free_endpoint(self, *, stage: Stage, release_id: ReleaseId) -> None:
        """Give the reservation back, if this release has it."""

    def ping(self) -> None:
        """Raise StepError unless the store answers."""


# --- mail and events ---


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person."""

    operation_id: str
    """A UUID that is the same whenever the same mail is tried again."""

    to: str
    subject: str
    text: str
    html: str
    thread: str
    """Mails of the same thread are shown together; a release id."""


class Mailer(Protocol):
    """Sends mail."""

    def send(self, *, mail: Mail) -> None:
        """Hand a mail over; returns once the service has accepted it.

        Raises:
            StepError: Retryable where the service's quota or a passing fault is the reason.
        """


class Publisher(Protocol):
    """Publishes what happened to releases."""

    def publish(self, *, events: Iterable[AuditEvent]) -> None:
        """Send CloudEvents, in order; the id of each is derived from release and number."""


# --- pages and mails, tokens, time ---


@dataclass(frozen=True, slots=True)
class Link:
    """What a link in a mail stands for."""

    release_id: ReleaseId
    stage: str
    ask: int
    approver_key: str
    """`names.person_key` of the approver."""


class Links(Protocol):
    """Signed links to the decision page."""

    def url(self, *, link: Link) -> str:
        """The address that goes into the mail."""

    def read(self, *, token: str, max_age_seconds: float) -> Link | None:
        """What a token stands for; None where it is cut, altered, too old or not ours."""


class Letters(Protocol):
    """Writes mails."""

    def approval_request(
        self, *, release: Release, stage: Stage, evidence: Evidence, approver: str, url: str
    ) -> Mail:
        """To one approver: what is asked, what was measured, by when, one link."""

    def release_ended(self, *, release: Release, decisions: Sequence[Decision], to: str) -> Mail:
        """To one owner: how a release ended, and why."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Aware, in UTC."""


class Orchestrations(Protocol):
    """The running side of releases."""

    def start(self, *, release_id: ReleaseId) -> None:
        """Start the orchestration of a release unless it is running."""

    def ring(self, *, release_id: ReleaseId) -> None:
        """Tell the orchestration that the store has news; nothing is lost where none runs."""

    def is_running(self, *, release_id: ReleaseId) -> bool:
        """Whether an orchestration of this release is there and not ended."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that activities and views use."""

    pipelines: Mapping[str, Pipeline]
    """By name."""

    models: Models
    endpoints: Endpoints
    artifacts: Artifacts
    store: Store
    mailer: Mailer
    publisher: Publisher | None
    """None where no topic is set."""

    links: Links
    letters: Letters
    clock: Clock
