"""What goes out: mails and who writes them, published events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.asking import Owed
from shared.domain.decision import Decision
from shared.domain.errors import Failure
from shared.domain.evidence import Evidence
from shared.domain.release import AuditEvent, Release


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
            StepError: Retryable where the service's quota or a passing fault is the reason; its
                `retry_after_seconds` says when there is room again, where that is known.
        """

    def dropped(self, *, operation_id: str) -> Failure | None:
        """Why a mail that was accepted did not go out; None where nothing is known against it.

        Raises:
            StepError: It cannot be told now: the service does not answer, or mails need its quota.
        """


class Publisher(Protocol):
    """Publishes what happened to releases."""

    def publish(self, *, events: Iterable[AuditEvent]) -> None:
        """Send CloudEvents, in order; the id of each is derived from release and number."""


class Letters(Protocol):
    """Writes mails."""

    def approval_request(
        self,
        *,
        release: Release,
        stage: str,
        evidence: Evidence,
        owed: Owed,
        url: str,
        code: str | None,
        now: datetime,
    ) -> Mail:
        """To one person who is asked: request, reminder or escalation.

        Args:
            release: As it is stored, with the ask in its stage.
            stage: The stage that is asked for.
            evidence: What the ask is about.
            owed: To whom, and why.
            url: The link to the decision page.
            code: What the person types on the page besides; None where they sign in.
            now: The time that is left is counted from.
        """

    def too_few_approvers(self, *, release: Release, stage: str, to: str) -> Mail:
        """To one owner: nobody can be asked at this stage, why, and what to do about it."""

    def release_ended(
        self, *, release: Release, decisions: Sequence[Decision], to: str, was_asked: bool
    ) -> Mail:
        """To one owner, or to one person who was asked: how a release ended, and why."""
