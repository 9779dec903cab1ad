"""Telling the engine that the store has news."""

import logging
from collections.abc import Callable

from shared.domain.release import ReleaseId
from shared.ports import Orchestrations, Services

logger = logging.getLogger(__name__)


def start(services: Services, orchestrations: Orchestrations, release_id: ReleaseId) -> None:
    """Start the orchestration of a release that the store has."""
    with services.telemetry.release(release_id=release_id, doing="start_release"):
        _try(orchestrations.start, release_id)


def ring(orchestrations: Orchestrations, release_id: ReleaseId) -> None:
    """Ring the orchestration of a release that has changed in the store."""
    _try(orchestrations.ring, release_id)


def _try(call: Callable[..., None], release_id: ReleaseId) -> None:
    """The change is written already: whoever made it is answered that it is.

    What the engine does not hear of now, the sweeper tells it.
    """
    try:
        call(release_id=release_id)
    except Exception:
        logger.exception("release %s: the engine was not reached; the sweeper will", release_id)
