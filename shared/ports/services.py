"""Everything together, with the time and the running side of releases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.pipeline import Pipeline
from shared.domain.release import (
    ReleaseId,
)
from shared.ports.access import Attempts, Links
from shared.ports.azureml import Artifacts, Endpoints, Models, Preflight
from shared.ports.messages import Letters, Mailer, Publisher
from shared.ports.store import Store
from shared.ports.telemetry import Telemetry


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Aware, in UTC."""


class Orchestrations(Protocol):
    """The running side of releases."""

    def start(self, *, release_id: ReleaseId) -> None:
        """Start the orchestration of a release unless it is running."""

    def ring(self, *, release_id: ReleaseId) -> None:
        """Tell the orchestration that the store has news; nothing is lost where none runs."""

    def is_running(self, *, release_id: ReleaseId) -> bool:
        """Whether an orchestration of this release is there and not ended."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that activities and views use."""

    pipelines: Mapping[str, Pipeline]
    """By name."""

    models: Models
    endpoints: Endpoints
    artifacts: Artifacts
    preflight: Preflight
    store: Store
    mailer: Mailer
    publisher: Publisher | None
    """None where no topic is set."""

    links: Links
    attempts: Attempts
    letters: Letters
    clock: Clock
    telemetry: Telemetry
    sign_in: bool = False
    """Whether App Service Authentication stands before the app, so that the headers in which it
    names who has signed in come from the platform and from nobody else."""
