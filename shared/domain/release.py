"""A release and its parts, as they are stored and shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType, Self

from shared.domain.ask import Ask
from shared.domain.pipeline import Json, Workspace
from shared.domain.shortage import Shortage

ReleaseId = NewType("ReleaseId", str)


class Outcome(StrEnum):
    """How a release ended. People, time, the model and technology are never mixed up."""

    SUCCEEDED = "Succeeded"
    """Serves in its last stage."""
    REJECTED = "Rejected"
    """A person said no."""
    EXPIRED = "Expired"
    """Nobody answered in time."""
    SUPERSEDED = "Superseded"
    """A newer version took its place."""
    ABORTED = "Aborted"
    """A person stopped it."""
    FAILED = "Failed"
    """The model or its deployment is not good enough."""
    ERRORED = "Errored"
    """Something technical broke."""


class StageState(StrEnum):
    """Where a release is in a stage."""

    PENDING = "Pending"
    """Not begun."""
    WAITING = "Waiting"
    """People are asked."""
    COPYING = "Copying"
    """The model is being copied to the stage's workspace."""
    DEPLOYING = "Deploying"
    """Azure ML provisions the endpoint or the deployment, beside whatever is live."""
    PROBING = "Probing"
    """The new deployment is asked through its own header, without traffic."""
    SHIFTING = "Shifting"
    """Traffic moves to the new deployment."""
    SUCCEEDED = "Succeeded"
    """The new deployment has the traffic."""
    STOPPED = "Stopped"
    """Ended without success; the release's outcome says how."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Exactly one version of a model."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What one sample request to a deployment measured."""

    status: int
    latency_seconds: float
    problems: tuple[str, ...]
    """Why the answer is not good enough; empty when it is."""


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """What is known of an answer that was not good enough: kept before anything is deleted."""

    status: int
    """0 where none came."""

    body: str
    """As JSON, or its text; cut."""

    headers: Mapping[str, str]
    """Azure ML's words about the model's error."""

    log: str
    """The end of the container's log."""


@dataclass(frozen=True, slots=True)
class Settling:
    """Since when a deployment is asked that has not answered well."""

    since: datetime
    asked: int = 0
    failed: int = 0
    good_in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class StageRecord:
    """What has happened to a release in one stage."""

    name: str
    state: StageState = StageState.PENDING
    started_at: datetime | None = None
    ended_at: datetime | None = None
    workspace: Workspace | None = None
    endpoint: str | None = None
    """Workspace and endpoint as they were when the stage started: there it acts to its end."""

    configuration: str | None = None
    """Digest of the stage's configuration when it started."""

    deployment: str | None = None
    model: ModelVersion | None = None
    """The model's name and version in this stage's workspace."""

    ask: Ask | None = None
    shortage: Shortage | None = None
    """Why nobody can be asked; None where people are, or need not be."""

    waits_for: str | None = None
    """What the release waits for in this stage, for people; None while it works."""

    operation: str | None = None
    """URL of the running Azure operation. It is signed: never shown, never logged."""

    traffic_before: dict[str, int] | None = None
    """The endpoint's traffic map before it was touched; None until it is known."""

    probe: Probe | None = None
    settling: Settling | None = None
    """While it is open whether the deployment answers as it should; None else."""

    failed_answer: FailedAnswer | None = None
    """Why the deployment is given up, once it is."""

    files: str | None = None
    """Digest over names, sizes and etags of the copied files, as they lie in this stage's
    workspace; None until they are copied, and where nothing is copied."""


@dataclass(frozen=True, slots=True)
class Release:
    """One model version going through one pipeline."""

    id: ReleaseId
    pipeline: str
    model: ModelVersion
    workspace: str
    """ARM id of the workspace where the version was registered."""

    attempt: int
    created_at: datetime
    updated_at: datetime
    stages: tuple[StageRecord, ...]
    artefact_digest: str | None = None
    """Over the model's files when the release began; every stage gets these bytes or none."""

    registered_by: str | None = None
    registered_at: datetime | None = None
    """Who registered the version, and when, as Azure ML tells; None until the release has looked
    at it, or where Azure ML does not tell. What was registered later is newer."""

    requested_by: str | None = None
    """Who started it by hand; None when the registration did."""

    abort_requested_by: str | None = None
    abort_reason: str | None = None
    superseded_by: ReleaseId | None = None
    """The release of a newer version that took this one's place at a gate."""

    ending: Outcome | None = None
    """The outcome that is to come, while what was begun is undone; there is no way back."""

    outcome: Outcome | None = None
    reason: str | None = None
    """What happened and what to do, for people; set with `ending` or the outcome."""

    ended_at: datetime | None = None
    told: tuple[str, ...] = ()
    """Who has had the mail about its end."""

    told_everybody: bool = False
    last_event: int = 0
    """Number of the newest audit event."""

    published_event: int = 0
    """Number of the newest audit event that Event Grid has taken."""

    @property
    def is_over(self) -> bool:
        """Whether the release has ended."""
        return self.outcome is not None

    @property
    def stage(self) -> StageRecord | None:
        """The stage that it is in, or the last one that it was in; None before the first."""
        begun = [stage for stage in self.stages if stage.state is not StageState.PENDING]
        return begun[-1] if begun else None

    def stage_named(self, name: str) -> StageRecord:
        """The record of a stage.

        Raises:
            KeyError: The release has no such stage.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def is_of(self, pipeline: str, model: ModelVersion) -> bool:
        """Whether it is a release of this version through this pipeline."""
        return (self.pipeline, self.model) == (pipeline, model)

    def is_newer_than(self, other: "Release") -> bool:
        """Whether its version was registered later.

        Where Azure ML does not tell, versions that are numbers are compared, else the begin of
        the releases.
        """
        one, two = self.registered_at, other.registered_at
        if one is not None and two is not None and one != two:
            return one > two
        mine, theirs = self.model.version, other.model.version
        if mine.isdecimal() and theirs.isdecimal():
            return int(mine) > int(theirs)
        return self.created_at > other.created_at

    def with_stage(self, record: StageRecord) -> Self:
        """This release with one stage's record replaced."""
        stages = tuple(record if old.name == record.name else old for old in self.stages)
        return replace(self, stages=stages)


class EventType(StrEnum):
    """What changed. Published as `ModelGate.Release.<value>`."""

    STARTED = "Started"
    STAGE_STARTED = "StageStarted"
    APPROVAL_REQUESTED = "ApprovalRequested"
    APPROVAL_VOIDED = "ApprovalVoided"
    TOO_FEW_APPROVERS = "TooFewApprovers"
    """Too few are left who cannot be the requester: the release waits for the pipeline."""
    DECIDED = "Decided"
    EVIDENCE_DEGRADED = "EvidenceDegraded"
    """The stage before does not answer any more as it did: approvals take no effect."""
    EVIDENCE_RECOVERED = "EvidenceRecovered"
    LINKS_REVOKED = "LinksRevoked"
    SUPERSEDED = "Superseded"
    """A newer version takes this one's place."""
    MODEL_COPIED = "ModelCopied"
    DEPLOYED = "Deployed"
    PROBED = "Probed"
    FILES_CHANGED = "FilesChanged"
    """The new deployment gets no traffic: its model's files are not those that were approved."""
    TRAFFIC_RESTORED = "TrafficRestored"
    STAGE_SUCCEEDED = "StageSucceeded"
    ABORT_REQUESTED = "AbortRequested"
    MAIL_FAILED = "MailFailed"
    NOTICE = "Notice"
    """Something went otherwise than planned and the release went on."""
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of a release's audit trail; also what is published to Event Grid."""

    release_id: ReleaseId
    number: int
    """Counts from 1 within the release, without gaps."""

    type: EventType
    at: datetime
    stage: str | None
    actor: str
    """A person's address, or `modelgate`."""

    message: str
    details: dict[str, Json]


@dataclass(frozen=True, slots=True)
class IgnoredEvent:
    """A registration that started nothing."""

    event_id: str
    at: datetime
    workspace: str
    model: ModelVersion | None
    reason: str
