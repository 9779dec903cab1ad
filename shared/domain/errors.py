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


class Blame(StrEnum):
    """Whose the failure is; decides the outcome."""

    MODEL = "model"
    """The model or its deployment is not good enough: the release is Failed."""
    TECHNOLOGY = "technology"
    """Azure, the network, a permission, a setting: the release is Errored."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An expected failure of a step, as a value."""

    blame: Blame
    code: str
    """Azure's own code, or one of ours in the same spelling (`UserScriptError`)."""

    message: str
    """What happened, to which resource, and what to do; Azure's words where it has some."""

    retryable: bool = False
    """Whether the same step may succeed a little later."""

    retry_after_seconds: float | None = None
    """How much later, where that is known."""

    def to_json(self) -> dict[str, Json]:
        """As it crosses the durable boundary; `from_json` is its inverse."""
        return {
            "blame": self.blame.value,
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "retry_after_seconds": self.retry_after_seconds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """The inverse of `to_json`."""
        after = data.get("retry_after_seconds")
        return cls(
            blame=Blame(str(data["blame"])),
            code=str(data["code"]),
            message=str(data["message"]),
            retryable=bool(data["retryable"]),
            retry_after_seconds=None if after is None else float(str(after)),
        )


class StepError(Exception):
    """Raised by adapters with the failure that a step met; activities return it as a value."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure


def not_good_enough(code: str, message: str) -> StepError:
    """The model or its deployment is to blame: the release is going to be Failed."""
    return StepError(Failure(Blame.MODEL, code, message))


def technical(code: str, message: str, *, retryable: bool = False) -> StepError:
    """Something technical is to blame: the release is going to be Errored, unless it passes."""
    return StepError(Failure(Blame.TECHNOLOGY, code, message, retryable))
