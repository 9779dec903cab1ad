"""What a storage account answers instead of doing what it is asked, by name.

Codes and words: learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes and
…/blob-service-error-codes.
"""

import enum
import re
from dataclasses import dataclass, field
from typing import Any


class Service(enum.StrEnum):
    """One of the services of an account."""

    BLOB = "blob"
    QUEUE = "queue"
    TABLE = "table"


@dataclass(frozen=True)
class Answer:
    """An error answer."""

    status: int
    code: str
    message: str


ANSWERS = {
    # a firewall, a missing private endpoint
    "firewall": Answer(
        403, "AuthorizationFailure", "This request is not authorized to perform this operation."
    ),
    "missing-role": Answer(
        403,
        "AuthorizationPermissionMismatch",
        "This request is not authorized to perform this operation using this permission.",
    ),
    "busy": Answer(
        503,
        "ServerBusy",
        "The server is currently unable to receive requests. Please retry your request.",
    ),
    "timed-out": Answer(
        500, "OperationTimedOut", "The operation could not be completed within the permitted time."
    ),
    "internal": Answer(
        500, "InternalError", "The server encountered an internal error. Please retry the request."
    ),
    "pending-copy": Answer(
        409, "PendingCopyOperation", "There is currently a pending copy operation."
    ),
    "account-being-created": Answer(
        409, "AccountBeingCreated", "The specified account is in the process of being created."
    ),
    "being-deleted": Answer(
        409, "ContainerBeingDeleted", "The specified container is being deleted. Try later."
    ),
}


@dataclass
class Fault:
    """What the next `times` requests that match meet."""

    path: re.Pattern[str]
    """Searched for in the request's path and query."""
    method: str
    service: Service | None
    times: int
    answer: Answer | None
    """None breaks the connection."""
    delay_seconds: float
    applied: bool
    """Carry the request out all the same, so that only its answer is lost."""

    def matches(self, service: Service, method: str, target: str) -> bool:
        """Whether this request is to go wrong."""
        same = self.service in (None, service) and self.method in ("*", method)
        return self.times > 0 and same and self.path.search(target) is not None


@dataclass
class Faults:
    """All faults of an account's services; used from one event loop only."""

    _all: list[Fault] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Those that met a fault, oldest first."""

    def add(self, raw: dict[str, Any]) -> None:
        """Take one fault as `POST /_emulator/faults` describes it.

        Raises:
            KeyError, TypeError, ValueError, re.error: It is not understood.
        """
        service = raw.get("service")
        self._all.append(
            Fault(
                path=re.compile(raw.get("path", ".")),
                method=str(raw.get("method", "*")).upper(),
                service=None if service is None else Service(service),
                times=int(raw.get("times", 1)),
                answer=None if raw.get("drop", False) else ANSWERS[raw["answer"]],
                delay_seconds=float(raw.get("delay_seconds", 0)),
                applied=bool(raw.get("applied", False)),
            )
        )

    def clear(self) -> None:
        """Let everything through from now on, and forget what met a fault."""
        self._all.clear()
        self.requests.clear()

    def take(self, service: Service, method: str, target: str) -> Fault | None:
        """The fault that this request is to meet, counted down."""
        for fault in self._all:
            if fault.matches(service, method, target):
                fault.times -= 1
                self.requests.append(
                    {"service": service, "method": method, "path": target.partition("?")[0]}
                )
                return fault
        return None
