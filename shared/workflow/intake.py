"""From a registration to a running release."""

import logging
from datetime import datetime

from shared.domain.errors import technical
from shared.domain.names import release_ids
from shared.domain.pipeline import Json, Pipeline
from shared.domain.registration import MalformedEventError, Registration, read_event, takers
from shared.domain.release import IgnoredEvent, ReleaseId
from shared.domain.trail import Change, begin
from shared.domain.untrusted import legible
from shared.ports import Counter, Orchestrations, Services

logger = logging.getLogger(__name__)


def take_event(
    services: Services,
    orchestrations: Orchestrations,
    *,
    event_id: str | None,
    type_: str | None,
    source: str | None,
    at: datetime | None,
    data: Json,
) -> list[ReleaseId]:
    """Start a release for every pipeline that takes the registered model; their ids.

    An event that starts nothing is recorded with the reason. It returns quietly even for a
    malformed event, since delivering that one again would not make it readable.

    Raises:
        StepError: The store does not answer; Event Grid delivers the event again.
    """
    try:
        registration = read_event(event_id=event_id, type_=type_, source=source, at=at, data=data)
    except MalformedEventError as error:
        # what the event says of itself may be anything, and has to fit into a row
        told_id, told_source = (legible(given or "") for given in (event_id, source))
        _ignore(services, told_id, told_source, None, str(error))
        return []
    taken, refusals = takers(services.pipelines.values(), registration)
    if not taken:
        reason = "; ".join(refusals) or "there are no pipelines"
        workspace = legible(registration.workspace)
        _ignore(services, registration.event_id, workspace, registration, reason)
    return [_start(services, orchestrations, pipeline, registration) for pipeline in taken]


def _start(
    services: Services,
    orchestrations: Orchestrations,
    pipeline: Pipeline,
    registration: Registration,
) -> ReleaseId:
    """Reserve the release in the store, then start it; a repeated event does neither twice."""
    for release_id in release_ids(pipeline.name, registration.model, 1):
        change = begin(
            pipeline,
            registration.model,
            at=services.clock.now(),
            release_id=release_id,
            details={"event_id": registration.event_id},
        )
        with services.telemetry.release(release_id=release_id, doing="take_event"):
            if _reserve(services, orchestrations, change, registration):
                return release_id
    raise technical("ReleaseIdTaken", f"Every id of release {release_id} is another version's.")


def _reserve(
    services: Services, orchestrations: Orchestrations, change: Change, registration: Registration
) -> bool:
    """Whether the release is there; another version's may have its id."""
    release = change.release
    if services.store.create(release=release, events=change.events):
        logger.info("release %s: reserved for event %s", release.id, registration.event_id)
    else:
        stored = services.store.get(release_id=release.id)
        if stored is not None and not stored.release.is_of(release.pipeline, release.model):
            return False
        logger.info("release %s: event %s came again", release.id, registration.event_id)
        if stored is not None and stored.release.is_over:
            return True
    orchestrations.start(release_id=release.id)
    return True


def _ignore(
    services: Services,
    event_id: str,
    workspace: str,
    registration: Registration | None,
    reason: str,
) -> None:
    logger.info("event %s ignored: %s", event_id, reason)
    services.telemetry.count(Counter.IGNORED)
    services.store.ignore(
        event=IgnoredEvent(
            event_id=event_id,
            at=services.clock.now(),
            workspace=workspace,
            model=registration.model if registration else None,
            reason=reason,
        )
    )
