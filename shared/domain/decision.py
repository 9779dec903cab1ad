"""What people answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.release import ReleaseId


class Choice(StrEnum):
    """What an approver can say."""

    APPROVE = "approve"
    REJECT = "reject"
    DEFER = "defer"
    """Approve, with effect at a later time."""
    REASSIGN = "reassign"
    """Hand the voice to somebody else whom the policy allows."""


APPROVING = frozenset({Choice.APPROVE, Choice.DEFER})


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's answer to one ask."""

    release_id: ReleaseId
    stage: str
    ask: int
    approver: str
    choice: Choice
    comment: str
    at: datetime
    """Later than every decision over the same ask that was written before."""

    digest: str
    """The digest that the approver's page showed."""

    revision: int = 1
    """Counts a person's answers to an ask: the newest one counts."""

    effective_at: datetime | None = None
    """The earliest moment that a deferred approval may take effect."""

    to: str | None = None
    """Who has the voice from now on, where it was handed over."""

    overtakes: str | None = None
    """The newer version that this approval says may be replaced by the older one."""

    replaces: tuple[ReleaseId, ...] = ()
    """Releases of older versions that wait at the same gate, and are to end as Superseded."""

    signed_in: bool = False
    """Whether the platform vouched for the approver."""

    @property
    def approves(self) -> bool:
        """Whether it is a yes, now or later."""
        return self.choice in APPROVING
