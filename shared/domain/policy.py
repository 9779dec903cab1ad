"""The approval policy of a stage: whose word counts, how it is asked for, when it takes effect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from shared.domain.people import may_be


class Order(StrEnum):
    """In which order people are asked."""

    ANY = "any"
    """All at once."""
    SEQUENCE = "sequence"
    """One voice after another, each once the one before it has answered."""


class Rejection(StrEnum):
    """When rejections end a release."""

    FIRST = "first"
    """The first one does."""
    QUORUM = "quorum"
    """Once the voices that are left cannot reach the number that is required."""


class Supersede(StrEnum):
    """What a newer version does to older ones that wait at the same gate."""

    KEEP = "keep"
    """Nothing: all of them wait."""
    REPLACE = "replace"
    """It ends them as Superseded."""
    ASK = "ask"
    """Whoever approves it may end them."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One answer that counts: a person's, or a group's through any one of its members."""

    name: str
    """The group's name, or the person's address."""

    members: tuple[str, ...]
    """Mail addresses, lower case."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is asked, too, when a voice stays silent."""

    after_seconds: float
    """Since that voice was asked."""

    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who may stand in for whom, and when."""

    of: str
    to: str
    begins_at: datetime
    ends_at: datetime
    """The first moment that is no longer part of it."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When decisions take effect."""

    days: tuple[int, ...]
    """0 is Monday."""

    opens: time
    closes: time
    """Local times of the policy's time zone; `opens` comes first."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """When no decision takes effect."""

    begins_at: datetime
    ends_at: datetime
    """The first moment that is no longer part of it."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Whom to ask before a stage starts, and what their answers do."""

    voices: tuple[Voice, ...]
    """Nobody is a member of two: a person has one voice."""

    timeout_seconds: float
    required: int | None = 1
    """How many voices have to approve; None for all that may."""

    order: Order = Order.ANY
    reject: Rejection = Rejection.FIRST
    reminders_seconds: tuple[float, ...] = ()
    """Since a person was first asked; ascending."""

    escalation: Escalation | None = None
    delegations: tuple[Delegation, ...] = ()
    requester_may_approve: bool = False
    """Whether the model's creator may decide."""

    time_zone: str = "UTC"
    """IANA name; people read times in it."""

    hours: Hours | None = None
    """None for always."""

    freezes: tuple[Freeze, ...] = ()
    require_sign_in: bool = False
    supersede: Supersede = Supersede.KEEP
    probe_seconds: float = 3600.0
    """The longest pause between two probes of the stage before while people think."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Display names by address, or object ids, where the pipeline gives them: Azure ML names a
    model's creator by display name, seldom otherwise."""

    instructions: str = ""
    """Shown to approvers."""

    @property
    def approvers(self) -> tuple[str, ...]:
        """Every member of every voice."""
        return tuple(member for voice in self.voices for member in voice.members)

    @property
    def everybody(self) -> tuple[str, ...]:
        """Whoever may ever have a word: approvers, stand-ins, and those above."""
        above = self.escalation.to if self.escalation else ()
        standing_in = [each.to for each in self.delegations]
        return tuple(dict.fromkeys([*self.approvers, *standing_in, *above]))

    def is_called(self, address: str, creator: str) -> bool:
        """Whether `creator`, as Azure ML names people, may be the person of this address."""
        return may_be(creator, address, self.names.get(address, ""))


def of_people(*addresses: str, timeout_seconds: float) -> ApprovalPolicy:
    """The plainest policy: the first answer of any of these people decides."""
    voices = tuple(Voice(address, (address,)) for address in addresses)
    return ApprovalPolicy(voices, timeout_seconds)
