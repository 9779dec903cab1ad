"""The running side of releases, through the Durable client."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
from durabletask.client import OrchestrationStatus

from shared.domain.errors import technical
from shared.domain.release import ReleaseId

if TYPE_CHECKING:
    from azure.durable_functions import SyncDurableFunctionsClient

logger = logging.getLogger(__name__)

ACTIVE = frozenset(
    {
        OrchestrationStatus.PENDING,
        OrchestrationStatus.RUNNING,
        OrchestrationStatus.SUSPENDED,
        OrchestrationStatus.CONTINUED_AS_NEW,
    }
)


class DurableOrchestrations:
    """Starts and rings orchestrations. Their instance id is the release id."""

    def __init__(
        self, client: "SyncDurableFunctionsClient", *, orchestrator: str, news: str
    ) -> None:
        """Use the client of one invocation.

        Args:
            client: The Durable client that the binding brought.
            orchestrator: Name of the orchestrator of releases; its input is `{"release_id": …}`.
            news: Name of the event that says: look into the store.
        """
        self._client = client
        self._orchestrator = orchestrator
        self._news = news

    def start(self, *, release_id: ReleaseId) -> None:
        """Start the release's orchestration unless it is running."""
        with _quietly(release_id, grpc.StatusCode.ALREADY_EXISTS):
            self._client.schedule_new_orchestration(
                self._orchestrator, input={"release_id": release_id}, instance_id=release_id
            )

    def ring(self, *, release_id: ReleaseId) -> None:
        """Raise the event that says: look into the store.

        An unknown or finished instance has nobody to look; the sweeper looks after the release.
        """
        gone = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION)
        with _quietly(release_id, *gone):
            self._client.raise_orchestration_event(release_id, self._news, data={})

    def is_running(self, *, release_id: ReleaseId) -> bool:
        """Whether the release's orchestration is there and not ended."""
        with _quietly(release_id):
            state = self._client.get_orchestration_state(release_id, fetch_payloads=False)
            return state is not None and state.runtime_status in ACTIVE
        return False


@contextmanager
def _quietly(release_id: ReleaseId, *expected: grpc.StatusCode) -> Iterator[None]:
    """Pass over the codes that change nothing; others become a passing failure."""
    try:
        yield
    except grpc.RpcError as error:
        code = error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN
        if code not in expected:
            raise technical(
                "DurableUnavailable",
                f"The Durable engine does not answer for release {release_id} ({code.name}). "
                "The sweeper tries again within minutes.",
                retryable=True,
            ) from error
        logger.info("release %s: the engine says %s", release_id, code.name)
