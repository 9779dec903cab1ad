"""Publishing what the store says has happened."""

import logging
from dataclasses import replace

from shared.domain.errors import StepError
from shared.domain.release import Release
from shared.ports import ConflictError, Services, Stored

logger = logging.getLogger(__name__)


def is_published(services: Services, release: Release) -> bool:
    """Whether no event waits to be published."""
    return services.publisher is None or release.published_event >= release.last_event


def publish_news(services: Services, stored: Stored) -> Stored:
    """Publish the events that Event Grid has not taken yet; the release as it then stands.

    An event may be published twice (its id is then the same), and never gets lost: what cannot be
    sent now, the next activity of the release or the sweeper sends.
    """
    release = stored.release
    if services.publisher is None or is_published(services, release):
        return stored
    try:
        events = services.store.events(release_id=release.id, after=release.published_event)
        services.publisher.publish(events=events)
        published = replace(release, published_event=release.last_event)
        return services.store.save(stored=stored, release=published)
    except StepError as error:
        logger.warning("release %s: events wait to be published: %s", release.id, error)
    except ConflictError:
        logger.info("release %s: somebody else wrote while events were published", release.id)
    return stored
