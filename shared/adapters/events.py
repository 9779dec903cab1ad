"""The `Publisher` port on an Event Grid topic."""

import logging
from collections.abc import Iterable
from itertools import batched
from typing import TYPE_CHECKING, Any

from shared.adapters.egress.clients import STAY, topic_client
from shared.adapters.failures import azure_stops_here
from shared.adapters.once import Once
from shared.domain.addresses import require_safe
from shared.domain.release import AuditEvent

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.eventgrid import EventGridPublisherClient

logger = logging.getLogger(__name__)

# The client (4.22) also offers the options of a call to each event, and warns of every one.
logging.getLogger("azure.eventgrid._legacy._generated._serialization").setLevel(logging.ERROR)

TYPE_PREFIX = "ModelGate.Release"

SOURCE = "/modelgate/releases"
"""The context that release ids are unique in: id and source together name an event."""

BATCH = 50
"""Events in one request. A request holds 1 MB (learn.microsoft.com/azure/event-grid/quotas-limits),
an event of a release seldom more than the 8 kB of a container's log."""

CALL_OPTIONS: dict[str, Any] = {
    # What cannot be sent now is sent later, from the store. Given to the client when it is made,
    # the client (4.22) would drop these and sleep for as long as a 429 says.
    "retry_total": 0,
    **STAY,
    "connection_timeout": 5,
    "read_timeout": 30,
}


class EventGridPublisher:
    """See `shared.ports.Publisher`."""

    def __init__(
        self,
        *,
        endpoint: str,
        key: str | None = None,
        credential: "TokenCredential | None" = None,
    ) -> None:
        """Nothing is called yet.

        Args:
            endpoint: The topic's address, with its path. Plain HTTP is taken on loopback alone.
            key: An access key of the topic; None uses the credential.
            credential: Of an identity that may send events.

        Raises:
            ValueError: The address is unsafe.
        """
        self._endpoint = require_safe(endpoint)
        self._key = key
        self._credential = credential
        self._client = Once(self._connect)

    def publish(self, *, events: Iterable[AuditEvent]) -> None:
        """Send CloudEvents, in order; the id of each is derived from release and number.

        Raises:
            StepError: The topic did not take a batch; those before it are published.
        """
        for batch in batched(events, BATCH, strict=False):
            with azure_stops_here("Event Grid topic"):
                self._client().send([cloud_event(event) for event in batch], **CALL_OPTIONS)
            logger.info(
                "release %s: events %d to %d are published",
                batch[0].release_id,
                batch[0].number,
                batch[-1].number,
            )

    def _connect(self) -> "EventGridPublisherClient":
        return topic_client(self._endpoint, key=self._key, credential=self._credential)


def cloud_event(event: AuditEvent) -> dict[str, Any]:
    """An audit event as subscribers get it, in CloudEvents 1.0."""
    subject = f"releases/{event.release_id}"
    return {
        "specversion": "1.0",
        "source": SOURCE,
        "type": f"{TYPE_PREFIX}.{event.type}",
        "id": f"{event.release_id}:{event.number}",
        "subject": f"{subject}/stages/{event.stage}" if event.stage else subject,
        "time": event.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "release_id": event.release_id,
            "number": event.number,
            "stage": event.stage,
            "actor": event.actor,
            "message": event.message,
            "details": event.details,
        },
    }
