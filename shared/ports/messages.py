"""What goes out: mails and who writes them, links, published events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.domain.pipeline import Stage
from shared.domain.release import (
    AuditEvent,
    Decision,
    Evidence,
    Release,
    ReleaseId,
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person."""

    operation_id: str
    """A UUID that is the same whenever the same mail is tried again."""

    to: str
    subject: str
    text: str
    html: str
    thread: str
    """Mails of the same thread are shown together; a release id."""


class Mailer(Protocol):
    """Sends mail."""

    def send(self, *, mail: Mail) -> None:
        """Hand a mail over; returns once the service has accepted it.

        Raises:
            StepError: Retryable where the service's quota or a passing fault is the reason.
        """


class Publisher(Protocol):
    """Publishes what happened to releases."""

    def publish(self, *, events: Iterable[AuditEvent]) -> None:
        """Send CloudEvents, in order; the id of each is derived from release and number."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link in a mail stands for."""

    release_id: ReleaseId
    stage: str
    ask: int
    approver_key: str
    """`names.person_key` of the approver."""


class Links(Protocol):
    """Signed links to the decision page."""

    def url(self, *, link: Link) -> str:
        """The address that goes into the mail."""

    def read(self, *, token: str, max_age_seconds: float) -> Link | None:
        """What a token stands for; None where it is cut, altered, too old or not ours."""


class Letters(Protocol):
    """Writes mails."""

    def approval_request(
        self, *, release: Release, stage: Stage, evidence: Evidence, approver: str, url: str
    ) -> Mail:
        """To one approver: what is asked, what was measured, by when, one link."""

    def release_ended(self, *, release: Release, decisions: Sequence[Decision], to: str) -> Mail:
        """To one owner: how a release ended, and why."""
