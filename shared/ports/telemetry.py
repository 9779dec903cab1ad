"""What operators see of the service: one trace a release, and a few counts."""

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from shared.domain.release import ReleaseId


class Counter(StrEnum):
    """What is counted."""

    RELEASES = "modelgate.releases"
    """Releases that ended; by pipeline and outcome."""
    RETRIES = "modelgate.retries"
    """Steps that are tried again; by activity and Azure's code."""
    SWEEPS = "modelgate.sweeps"
    """Releases that the sweeper found work on; by what it did."""
    MAIL_FAILURES = "modelgate.mail.failures"
    """Mails that were refused; by kind of mail and code."""
    FILES_CHANGED = "modelgate.files.changed"
    """Models whose files were others just before the traffic; by pipeline and stage."""
    IGNORED = "modelgate.registrations.ignored"
    """Registrations that started nothing."""


class Timing(StrEnum):
    """What is timed, in seconds."""

    STAGE = "modelgate.stage.duration"
    """A stage, from its start to its end; by pipeline, stage and state."""
    WAIT = "modelgate.approval.wait"
    """How long people were waited for, from the mail to the gate's end; by pipeline and stage."""


class Telemetry(Protocol):
    """Where operators look. Attributes never hold a person, an id or a secret.

    Nothing here raises: a service that cannot tell what it does still does it.
    """

    def release(
        self, *, release_id: ReleaseId, doing: str, stage: str | None = None
    ) -> AbstractContextManager[None]:
        """A span of the release's trace: all that is done and logged inside carries its id.

        Args:
            release_id: Decides the trace, so that it stays the same whoever goes on, and when.
            doing: Names the span.
            stage: The stage that it is done for.
        """

    def count(self, counter: Counter, **attributes: str) -> None:
        """One more."""

    def time(self, timing: Timing, *, seconds: float, **attributes: str) -> None:
        """One more that took so long."""
