"""Publishing what the store says has happened."""

import logging
from dataclasses import replace

from shared.domain.errors import StepError
from shared.ports import ConflictError, Services, Stored

logger = logging.getLogger(__name__)


def publish_news(services: Services, stored: Stored) -> bool:
    """Publish the events that Event Grid has not taken yet; whether none is left.

    An event may be published twice (its id is then the same), and never gets lost: what cannot be
    sent now, the next activity of the release or the sweeper sends.
    """
    release = stored.release
    if services.publisher is None or release.published_event >= release.last_event:
        return True
    try:
        events = services.store.events(release_id=release.id, after=release.published_event)
        services.publisher.publish(events=events)
        published = replace(release, published_event=release.last_event)
        services.store.save(stored=stored, release=published)
    except StepError as error:
        logger.warning("release %s: events wait to be published: %s", release.id, error)
        return False
    except ConflictError:
        return False
    return True
