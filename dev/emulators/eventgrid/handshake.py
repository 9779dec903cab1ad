"""Asks an endpoint whether it wants events, before any is sent.

Event Grid schema: a validation event whose code must come back
(learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema). CloudEvents:
an OPTIONS request as in the HTTP webhook specification, section 4. Validation by hand through a
`validationUrl` is left out.
"""

import json
import uuid

import aiohttp

from dev.emulators.eventgrid.exceptions import validation_failed
from dev.emulators.eventgrid.models import Subscription, utc_now
from dev.emulators.eventgrid.schemas import Schema

ORIGIN = "eventgrid.azure.net"
TIMEOUT = aiohttp.ClientTimeout(total=30)


async def validate(session: aiohttp.ClientSession, subscription: Subscription) -> None:
    """Returns when the endpoint passed.

    Raises:
        EventGridError: 400, with what the endpoint did instead.
    """
    try:
        if subscription.schema is Schema.CLOUD_EVENTS:
            reason = await _ask_options(session, subscription)
        else:
            reason = await _ask_validation_event(session, subscription)
    except TimeoutError:
        reason = "It did not answer within 30 seconds."
    except aiohttp.ClientError as error:
        reason = f"It could not be reached ({type(error).__name__})."
    if reason:
        raise validation_failed(without_query(subscription.endpoint), reason)


def without_query(url: str) -> str:
    """An endpoint as it may be shown: its query can hold a function key."""
    return url.partition("?")[0]


async def _ask_validation_event(session: aiohttp.ClientSession, asked: Subscription) -> str | None:
    code = str(uuid.uuid4())
    event = {
        "id": str(uuid.uuid4()),
        "topic": asked.source,
        "subject": "",
        "data": {"validationCode": code},
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": utc_now(),
        "metadataVersion": "1",
        "dataVersion": "2",
    }
    headers = {
        "aeg-event-type": "SubscriptionValidation",
        "aeg-subscription-name": asked.name.upper(),
        "aeg-delivery-count": "0",
        "aeg-data-version": "2",
        "aeg-metadata-version": "1",
    }
    async with session.post(
        asked.endpoint, json=[event], headers=headers, timeout=TIMEOUT, allow_redirects=False
    ) as response:
        body = await response.text(errors="replace")
        if response.status != 200:
            return f"It answered {response.status} to the validation event; 200 is expected."
    return None if _echoes(body, code) else "Its answer does not hold the validation code."


def _echoes(body: str, code: str) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("validationResponse") == code


async def _ask_options(session: aiohttp.ClientSession, asked: Subscription) -> str | None:
    headers = {"WebHook-Request-Origin": ORIGIN}
    async with session.options(
        asked.endpoint, headers=headers, timeout=TIMEOUT, allow_redirects=False
    ) as response:
        allowed = response.headers.get("WebHook-Allowed-Origin")
        if response.status == 200 and allowed in (ORIGIN, "*"):
            return None
        return f"It answered {response.status} to OPTIONS, allowing the origin {allowed!r}."
