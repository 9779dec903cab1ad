"""Long-running operations: what was started, and how it stands."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from shared.adapters.azureml.failures import operation_failure
from shared.domain.untrusted import UnreadableError, parse_json
from shared.ports import OperationState, OperationStatus

STATES = {"succeeded": OperationState.SUCCEEDED} | dict.fromkeys(
    ("failed", "canceled"), OperationState.FAILED
)
"""Provisioning states and operation statuses that are final; every other one is under way.

`Creating, Updating, Scaling, Deleting`, and `InProgress` or `Running` of other operations.
"""


def fold(state: object) -> OperationState:
    """A provisioning state or an operation's status, as it matters here."""
    text = str(getattr(state, "value", state) or "")
    return STATES.get(text.lower(), OperationState.RUNNING)


class Kind(StrEnum):
    """What an operation is about."""

    ENDPOINT = "endpoint"
    DEPLOYMENT = "deployment"
    DELETION = "deletion"
    """Of a deployment."""


@dataclass(frozen=True, slots=True)
class Started:
    """A started operation, kept as text: `deployment:v3-1f2e3d4c|https://…`.

    The resource is kept beside the URL, because the URL's signature runs out while the resource's
    state can always be read.
    """

    kind: Kind
    name: str
    url: str | None
    """Signed; None where the service was done at once or another turn started it."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}|{self.url or ''}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`.

        Raises:
            ValueError: The text is not one of ours.
        """
        resource, _, url = text.partition("|")
        kind, _, name = resource.partition(":")
        return cls(Kind(kind), name, url or None)

    @property
    def what(self) -> str:
        """The resource, for people."""
        if self.kind is Kind.DELETION:
            return f"Deletion of deployment {self.name}"
        return f"{self.kind.capitalize()} {self.name}"


def status_of(started: Started, text: str) -> OperationStatus | None:
    """How an operation stands by what its URL answered; a failure comes as HTTP 200, too.

    None where the answer is none of an operation's.
    """
    try:
        answer = parse_json(text)
    except UnreadableError:
        return None
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(status, str):
        return None
    state = fold(status)
    if state is not OperationState.FAILED:
        return OperationStatus(state)
    error = answer.get("error")
    if not isinstance(error, dict):
        canceled = status.lower() == "canceled"
        error = {"code": "OperationCanceled" if canceled else "Failed"}
    return OperationStatus(state, operation_failure(started.what, error))
