"""Instances that stand still, as they do on Azure now and then, until they are let go.

Nothing here makes an instance that could not be: work items that are withheld are those of a
partition whose owner is lost or of a message that nobody gets, and a suspension is one that
somebody asked for.
"""

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from durabletask.internal import orchestrator_service_pb2 as pb

from dev.host.engine.model import Instance, event, text

if TYPE_CHECKING:
    from dev.host.engine.hub import Hub

_REASON = "told to hang"


class HangingAs(enum.Enum):
    """The status in which an instance stays."""

    PENDING = "pending"
    """Its first turn is withheld."""
    RUNNING = "running"
    """Every turn but the first is withheld; activities that are under way still end."""
    SUSPENDED = "suspended"
    """It is suspended, one that is still to come with its first turn."""


@dataclass(frozen=True)
class Hang:
    """Which instances are to stand still, present and future ones."""

    how: HangingAs
    instance: re.Pattern[str]
    """Of the whole instance id."""
    orchestrator: str = ""
    """A name, whatever its case; empty for all."""

    def takes(self, instance: Instance) -> bool:
        """Whether it is meant for this instance."""
        name = instance.started.name.casefold()
        right_name = self.orchestrator.casefold() in ("", name)
        return right_name and self.instance.fullmatch(instance.id) is not None


class Hangs:
    """What hangs in a hub. Called with the hub's lock held."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._all: list[Hang] = []
        self._suspended: set[str] = set()

    def clear(self) -> None:
        """Forget all of it, as the instances are forgotten."""
        self._all.clear()
        self._suspended.clear()

    def add(self, hang: Hang) -> None:
        """Let instances stand still from now on; what a worker has already taken it may end."""
        self._all.append(hang)
        for instance in list(self._hub.instances.values()):
            if instance.finished or not hang.takes(instance):
                continue
            if hang.how is HangingAs.SUSPENDED:
                self._suspend(instance)
            elif self.withholds(instance):
                instance.withdraw_turn()

    def begins(self, instance: Instance) -> None:
        """Suspend a new instance if it is to hang so."""
        if any(h.how is HangingAs.SUSPENDED and h.takes(instance) for h in self._all):
            self._suspend(instance)

    def _suspend(self, instance: Instance) -> None:
        if instance.status == pb.ORCHESTRATION_STATUS_SUSPENDED:
            return
        self._suspended.add(instance.id)
        suspended = pb.ExecutionSuspendedEvent(input=text(_REASON))
        self._hub.tell(instance, event(executionSuspended=suspended))

    def withholds(self, instance: Instance) -> bool:
        """Whether the instance gets no turn now."""
        pending = instance.status == pb.ORCHESTRATION_STATUS_PENDING
        how = HangingAs.PENDING if pending else HangingAs.RUNNING
        return any(h.how is how and h.takes(instance) for h in self._all)

    def release(self) -> None:
        """Let everything go on that hangs."""
        self._all.clear()
        for instance_id in self._suspended:
            instance = self._hub.instances.get(instance_id)
            if instance is not None and not instance.finished:
                resumed = pb.ExecutionResumedEvent(input=text("let go"))
                self._hub.tell(instance, event(executionResumed=resumed))
        self._suspended.clear()
        self._hub.enqueue_waiting()
