"""What tests and demonstrations tell the emulator: speed, faults; and what it has recorded."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dev.emulators.azureml.authorization import Permission, RoleAssignments
from dev.emulators.azureml.stale import Stale, StaleReads
from dev.emulators.azureml.state import DEFAULT_USER, Operation
from dev.emulators.azureml.wire import Json
from dev.emulators.azureml.wordings import WORDINGS, Wording

MOST_RECORDED = 20_000
SHORT_OPERATION = 0.25
"""What endpoints, patches and deletions take of a deployment's time."""


class BadControlError(ValueError):
    """A control call that makes no sense."""


@dataclass(frozen=True)
class Speed:
    """How long deployments take, where it matches; an empty name matches all."""

    seconds: float
    workspace: str = ""
    endpoint: str = ""
    deployment: str = ""

    def matches(self, workspace: str, endpoint: str, deployment: str) -> bool:
        """Whether it is meant for this deployment, or endpoint with an empty deployment."""
        wanted = (self.workspace.lower(), self.endpoint, self.deployment)
        actual = (workspace.lower(), endpoint, deployment)
        return all(w in ("", a) for w, a in zip(wanted, actual, strict=True))


@dataclass
class Fault:
    """An answer instead of the service's, for the next `times` calls that match."""

    method: str
    path: re.Pattern[str]
    status: int
    times: int
    body: Any = None
    """JSON instead of the service's, also of a success."""
    text: str | None = None
    """Text instead of JSON, as a proxy on the way may answer."""
    wording: Wording | None = None
    """What Azure says, by name."""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    drop: bool = False
    """Close the connection without an answer."""
    applied: bool = False
    """Carry the call out all the same, so that only its answer is lost."""

    def matches(self, method: str, path: str) -> bool:
        """Whether this call is to go wrong."""
        same_method = self.method in ("*", method)
        return self.times > 0 and same_method and self.path.search(path) is not None


@dataclass(frozen=True)
class Hang:
    """Operations that do not end for as long as this is here."""

    endpoint: re.Pattern[str]
    deployment: re.Pattern[str] | None
    """None for all, those of endpoints themselves too."""
    kinds: frozenset[str]
    """Of `Operation.kind`; empty for all."""

    def holds(self, operation: Operation) -> bool:
        """Whether it is meant for this operation."""
        if self.kinds and operation.kind not in self.kinds:
            return False
        if self.deployment is not None and not self.deployment.fullmatch(operation.deployment):
            return False
        return self.endpoint.fullmatch(operation.endpoint) is not None


@dataclass
class ProvisioningFault:
    """A deployment, or an endpoint, that is to fail, whatever it would have done."""

    endpoint: re.Pattern[str]
    deployment: re.Pattern[str] | None
    """None for endpoints themselves."""
    code: str
    message: str
    times: int

    def matches(self, endpoint: str, deployment: str) -> bool:
        """Whether it is meant for this deployment, or endpoint with an empty deployment."""
        if self.deployment is None:
            is_meant = not deployment
        else:
            is_meant = bool(deployment and self.deployment.fullmatch(deployment))
        return self.times > 0 and is_meant and self.endpoint.fullmatch(endpoint) is not None


class Control:
    """Everything that was set through the control prefix, and the recorded calls."""

    def __init__(self, provision_seconds: float) -> None:
        self._default_seconds = provision_seconds
        self.user = DEFAULT_USER
        """Who calls with a token that names nobody."""
        self.roles = RoleAssignments()
        self.limits: dict[str, int] = {}
        """Cores by family, or for all (`TotalDedicatedCores`), where they are not the usual."""
        self.speeds: list[Speed] = []
        self.faults: list[Fault] = []
        self.provisioning_faults: list[ProvisioningFault] = []
        self.hangs: list[Hang] = []
        self.stale = Stale()
        self.compute_states: dict[tuple[str, str], str] = {}
        """By workspace and compute, where it is not Succeeded."""
        self.requests: deque[Json] = deque(maxlen=MOST_RECORDED)

    def clear(self) -> None:
        """Go back to how the emulator started."""
        self.user = DEFAULT_USER
        self.roles.clear()
        self.limits.clear()
        self.speeds.clear()
        self.clear_faults()
        self.compute_states.clear()
        self.requests.clear()

    def clear_faults(self) -> None:
        """Let everything go as it should from now on."""
        self.faults.clear()
        self.provisioning_faults.clear()
        self.hangs.clear()
        self.stale.clear()

    def is_hanging(self, operation: Operation) -> bool:
        """Whether an operation is not to end now."""
        return any(hang.holds(operation) for hang in self.hangs)

    def seconds(self, workspace: str, endpoint: str, deployment: str) -> float:
        """Provisioning time by the latest setting that matches."""
        for speed in reversed(self.speeds):
            if speed.matches(workspace, endpoint, deployment):
                return speed.seconds
        return self._default_seconds

    def add_fault(self, raw: Json) -> None:
        """Take one fault as `POST /_emulator/faults` describes it.

        Raises:
            BadControlError: If it is not understood.
        """
        try:
            if "deployment_fails" in raw:
                fault = _provisioning_fault(raw["deployment_fails"], of_deployment=True)
                self.provisioning_faults.append(fault)
            elif "endpoint_fails" in raw:
                fault = _provisioning_fault(raw["endpoint_fails"], of_deployment=False)
                self.provisioning_faults.append(fault)
            elif "operation_hangs" in raw:
                self.hangs.append(_hang(raw["operation_hangs"]))
            elif "stale_reads" in raw:
                self.stale.add(_stale_reads(raw["stale_reads"]))
            else:
                self.faults.append(_fault(raw))
        except (KeyError, TypeError, ValueError, re.error) as error:
            msg = f"not a fault: {error!r}"
            raise BadControlError(msg) from error

    def set_roles(self, raw: Json) -> None:
        """Grant or take as `POST /_emulator/permissions` says.

        Raises:
            BadControlError: If it is not understood.
        """
        try:
            scope = str(raw.get("workspace", ""))
            if "without" in raw:
                self.roles.take(scope, map(str, raw["without"]))
            else:
                permissions = [Permission.from_json(each) for each in raw["permissions"]]
                self.roles.grant(scope, permissions)
        except (AttributeError, KeyError, TypeError) as error:
            msg = f"not permissions: {error!r}"
            raise BadControlError(msg) from error

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The fault that this call is to meet, counted down."""
        for fault in self.faults:
            if fault.matches(method, path):
                fault.times -= 1
                return fault
        return None

    def take_provisioning_fault(self, endpoint: str, deployment: str) -> dict[str, str] | None:
        """Code and message that this deployment is to fail with, counted down."""
        for fault in self.provisioning_faults:
            if fault.matches(endpoint, deployment):
                fault.times -= 1
                return {"code": fault.code, "message": fault.message}
        return None


def _fault(raw: Json) -> Fault:
    wording = WORDINGS[raw["answer"]] if "answer" in raw else None
    return Fault(
        method=raw.get("method", "*").upper(),
        path=re.compile(raw["path"], re.IGNORECASE),
        status=int(raw.get("status", wording.status if wording else 500)),
        times=int(raw.get("times", 1)),
        body=raw.get("body"),
        text=raw.get("text"),
        wording=wording,
        headers={str(key): str(value) for key, value in raw.get("headers", {}).items()},
        delay_seconds=float(raw.get("delay_seconds", 0)),
        drop=bool(raw.get("drop", False)),
        applied=bool(raw.get("applied", False)),
    )


def _hang(raw: Json) -> Hang:
    deployment = raw.get("deployment")
    return Hang(
        endpoint=re.compile(raw.get("endpoint", ".*")),
        deployment=None if deployment is None else re.compile(deployment),
        kinds=frozenset(map(str, raw.get("kinds", ()))),
    )


def _stale_reads(raw: Json) -> StaleReads:
    return StaleReads(
        path=re.compile(raw["path"], re.IGNORECASE),
        reads=int(raw.get("reads", 1)),
        writes=int(raw.get("writes", 1)),
    )


def _provisioning_fault(raw: Json, *, of_deployment: bool) -> ProvisioningFault:
    return ProvisioningFault(
        endpoint=re.compile(raw.get("endpoint", ".*")),
        deployment=re.compile(raw.get("deployment", ".*")) if of_deployment else None,
        code=str(raw["code"]),
        message=str(raw.get("message", "")),
        times=int(raw.get("times", 1)),
    )
