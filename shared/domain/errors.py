"""What can go wrong, by what it means for a release."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from shared.domain.pipeline import Json


class IllegalTransitionError(Exception):
    """A state was about to be written that the transition table forbids: a bug, or a late turn."""

    def __init__(self, release_id: str, stage: str | None, current: str, to: str) -> None:
        where = f"stage {stage} of release {release_id}" if stage else f"release {release_id}"
        super().__init__(f"{where} is {current} and cannot become {to}")


class FailureKind(StrEnum):
    """What a failure means for the release that meets it."""

    TRANSIENT = "transient"
    """It passes by itself: tried again for as long as the pipeline's `patience` says."""
    ACTION_REQUIRED = "action-required"
    """Somebody has to mend something outside the release: it waits for that, and then goes on."""
    MODEL = "model"
    """The model or its deployment is not good enough: the release ends as Failed."""
    FINAL = "final"
    """Trying the same again gives the same: the release ends as Errored."""


RETRYABLE = frozenset({FailureKind.TRANSIENT, FailureKind.ACTION_REQUIRED})
"""Kinds after which the same step may succeed later."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An expected failure of a step, as a value."""

    kind: FailureKind
    code: str
    """Azure's own code, or one of ours in the same spelling (`UserScriptError`)."""

    message: str
    """What happened, to which resource, and what to do; Azure's words where it has some."""

    retry_after_seconds: float | None = None
    """When the same step may be tried again at the earliest, where that is known."""

    not_found: bool = False
    """Azure says that a resource is not there. One that was made a moment ago may not be seen yet
    (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found)."""

    @property
    def is_transient(self) -> bool:
        """Whether it passes by itself."""
        return self.kind is FailureKind.TRANSIENT

    @property
    def retryable(self) -> bool:
        """Whether the same step may succeed later, with or without somebody's help."""
        return self.kind in RETRYABLE

    def to_json(self) -> dict[str, Json]:
        """As it crosses the durable boundary; `from_json` is its inverse."""
        return {
            "kind": self.kind.value,
            "code": self.code,
            "message": self.message,
            "retry_after_seconds": self.retry_after_seconds,
            "not_found": self.not_found,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """The inverse of `to_json`; of what histories of before hold, too."""
        after = data.get("retry_after_seconds")
        return cls(
            kind=FailureKind(str(data["kind"])) if "kind" in data else _earlier_kind(data),
            code=str(data["code"]),
            message=str(data["message"]),
            retry_after_seconds=None if after is None else float(str(after)),
            not_found=bool(data.get("not_found")),
        )


def _earlier_kind(data: Mapping[str, object]) -> FailureKind:
    """The kind of a failure that was written with whom to blame, and whether to try again."""
    if data["retryable"]:
        return FailureKind.TRANSIENT
    return FailureKind.MODEL if data["blame"] == "model" else FailureKind.FINAL


class StepError(Exception):
    """Raised by adapters with the failure that a step met; activities return it as a value."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure


def not_good_enough(code: str, message: str) -> StepError:
    """The model or its deployment is not good enough: the release is going to be Failed."""
    return StepError(Failure(FailureKind.MODEL, code, message))


def action_required(code: str, message: str) -> StepError:
    """Somebody has to mend something: the release waits for that."""
    return StepError(Failure(FailureKind.ACTION_REQUIRED, code, message))


def technical(code: str, message: str, *, retryable: bool = False) -> StepError:
    """Something technical is the reason: the release is going to be Errored, unless it passes."""
    kind = FailureKind.TRANSIENT if retryable else FailureKind.FINAL
    return StepError(Failure(kind, code, message))
