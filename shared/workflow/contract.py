"""What crosses the durable boundary: names, payloads and answers. Everything is small JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from shared.domain.errors import Failure
from shared.domain.pipeline import Json
from shared.domain.release import Outcome

SCHEMA = 1
"""Version of the payloads; raised when one changes in a way that older code cannot read."""

RELEASE = "release"
"""The orchestrator of a release. Its instance id is the release id."""

WATCH = "watch"
"""The sub-orchestrator that calls one activity until it is done."""

NEWS = "news"
"""The external event that says: look into the store. It carries nothing."""


class Activity(StrEnum):
    """The activities, in the order in which a release meets them."""

    BEGIN_RELEASE = "begin_release"
    ASK_APPROVAL = "ask_approval"
    REVIEW_APPROVAL = "review_approval"
    START_STAGE = "start_stage"
    COPY_MODEL = "copy_model"
    RESERVE_ENDPOINT = "reserve_endpoint"
    PREPARE_ENDPOINT = "prepare_endpoint"
    DEPLOY_MODEL = "deploy_model"
    PROBE_DEPLOYMENT = "probe_deployment"
    SHIFT_TRAFFIC = "shift_traffic"
    FINISH_STAGE = "finish_stage"
    UNDO_STAGE = "undo_stage"
    END_RELEASE = "end_release"
    WRAP_UP = "wrap_up"


class AnswerState(StrEnum):
    """How an activity answered."""

    DONE = "done"
    PENDING = "pending"
    """Call again a little later."""
    FAILURE = "failure"
    """An expected failure."""
    STOPPED = "stopped"
    """The release is to end here, by a person's word or because time is up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an activity returns."""

    state: AnswerState
    value: dict[str, Json] = field(default_factory=dict)
    failure: Failure | None = None
    outcome: Outcome | None = None
    reason: str = ""

    @classmethod
    def done(cls, **value: Json) -> Self:
        """Done, with what the orchestrator needs to go on."""
        return cls(AnswerState.DONE, value=value)

    @classmethod
    def pending(cls) -> Self:
        """Not done yet."""
        return cls(AnswerState.PENDING)

    @classmethod
    def failed(cls, failure: Failure) -> Self:
        """Failure."""
        return cls(AnswerState.FAILURE, failure=failure)

    @classmethod
    def stopped(cls, outcome: Outcome, reason: str) -> Self:
        """The release is to end with this outcome."""
        return cls(AnswerState.STOPPED, outcome=outcome, reason=reason)

    def to_json(self) -> dict[str, Json]:
        """As it crosses the boundary; `from_json` is its inverse."""
        return {
            "schema": SCHEMA,
            "state": self.state.value,
            "value": self.value,
            "failure": self.failure.to_json() if self.failure else None,
            "outcome": self.outcome.value if self.outcome else None,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """The inverse of `to_json`; of what histories of before hold, too."""
        value, outcome = data["value"], data["outcome"]
        failure = data["failure"] if "failure" in data else data["trouble"]
        state = str(data["state"])
        return cls(
            state=AnswerState.FAILURE if state == "trouble" else AnswerState(state),
            value=dict(value) if isinstance(value, dict) else {},
            failure=Failure.from_json(failure) if isinstance(failure, dict) else None,
            outcome=Outcome(str(outcome)) if outcome else None,
            reason=str(data["reason"]),
        )


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What the orchestrator has to know of a stage."""

    name: str
    gate: bool
    """Whether people are asked first."""

    copy: bool
    """Whether the model has to be copied to the stage's workspace."""

    finished: bool
    """Whether an earlier run of this orchestration has brought it to its end already."""

    interval_seconds: float
    timeout_seconds: float

    def to_json(self) -> dict[str, Json]:
        """As it crosses the boundary; `from_json` is its inverse."""
        return {
            "name": self.name,
            "gate": self.gate,
            "copy": self.copy,
            "finished": self.finished,
            "interval_seconds": self.interval_seconds,
            "timeout_seconds": self.timeout_seconds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """The inverse of `to_json`."""
        return cls(
            name=str(data["name"]),
            gate=bool(data["gate"]),
            copy=bool(data["copy"]),
            finished=bool(data["finished"]),
            interval_seconds=float(str(data["interval_seconds"])),
            timeout_seconds=float(str(data["timeout_seconds"])),
        )


@dataclass(frozen=True, slots=True)
class Watch:
    """The input of `WATCH`: call `activity` until it is done, fails for good, or time is up."""

    activity: Activity
    payload: dict[str, Json]
    interval_seconds: float = 15.0
    """The longest pause between two calls."""

    timeout_seconds: float | None = None
    """How long it may stay pending; None for as long as it takes."""

    since: str | None = None
    """When the watch began, ISO 8601; set by the first generation."""

    failing_since: str | None = None
    """When the present row of failures began; None while calls succeed."""

    def to_json(self) -> dict[str, Json]:
        """As it crosses the boundary; `from_json` is its inverse."""
        return {
            "schema": SCHEMA,
            "activity": self.activity.value,
            "payload": self.payload,
            "interval_seconds": self.interval_seconds,
            "timeout_seconds": self.timeout_seconds,
            "since": self.since,
            "failing_since": self.failing_since,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """The inverse of `to_json`."""
        payload, timeout = data["payload"], data["timeout_seconds"]
        since, failing = data["since"], data["failing_since"]
        return cls(
            activity=Activity(str(data["activity"])),
            payload=dict(payload) if isinstance(payload, dict) else {},
            interval_seconds=float(str(data["interval_seconds"])),
            timeout_seconds=None if timeout is None else float(str(timeout)),
            since=None if since is None else str(since),
            failing_since=None if failing is None else str(failing),
        )


def payload(release_id: str, stage: str | None = None, **more: Json) -> dict[str, Json]:
    """The input of an activity, and of `RELEASE`. Never empty: activities always get an input."""
    return {"schema": SCHEMA, "release_id": release_id, "stage": stage, **more}
