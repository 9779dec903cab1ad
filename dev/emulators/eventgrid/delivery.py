"""Delivers events to subscriptions until they arrive or are given up.

At least once, each batch on its own, with the retries of
learn.microsoft.com/azure/event-grid/delivery-and-retry. Endpoints are treated as Azure Functions
are: 400, 403 and 413 are final, 401 is not.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import batched
from typing import Any

import aiohttp

from dev.emulators.eventgrid.handshake import ORIGIN, TIMEOUT
from dev.emulators.eventgrid.models import Delivery, State, Subscription, iso_time, utc_now
from dev.emulators.eventgrid.schemas import Event, Schema

SUCCESSES = range(200, 205)
FINAL_FAILURES = (400, 403, 413)


@dataclass(frozen=True)
class Outcome:
    """How an attempt went."""

    status: int | None
    """None when there was no answer."""

    name: str
    """As in a dead letter's `lastDeliveryOutcome`."""

    at: str = ""
    """When it began, ISO 8601 in UTC; empty where there was none."""


class Deliverer:
    """Runs one task for each delivery under way.

    Args:
        state: Where deliveries are noted.
        session: Sends the events; its connections must not be limited, or waiting for one would
            count as waiting for an answer.
    """

    def __init__(self, state: State, session: aiohttp.ClientSession) -> None:
        self._state = state
        self._session = session
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Delivery] = []
        self._events_to_hold = 0

    def resume(self) -> None:
        """Goes on with what was under way when the emulator last stopped."""
        for delivery in self._state.pending.values():
            self._start([delivery])

    def publish(self, source: str, events: Sequence[Event]) -> None:
        """Notes what a topic took and starts to deliver it to the subscriptions that want it."""
        self._state.publish(source, events)
        twice = min(len(events), self._state.duplicate_events)
        self._state.duplicate_events -= twice
        for subscription in self._state.subscriptions.values():
            if subscription.source.lower() == source.lower():
                for part in (events, events[:twice]):
                    self._deliver(subscription, [e for e in part if subscription.takes(e)])
        self._release_held(len(events))

    def hold(self, events: int) -> None:
        """Holds the next events back, then delivers them one by one, the last one first."""
        self._events_to_hold = events

    async def stop(self) -> None:
        """Ends all tasks; what has not arrived stays noted."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._held.clear()
        self._events_to_hold = 0

    def _deliver(self, subscription: Subscription, events: Sequence[Event]) -> None:
        now = time.time()
        for batch in batched(events, subscription.max_events_per_batch, strict=False):
            delivery = Delivery(subscription.name, batch, now, now)
            self._state.put_delivery(delivery)
            if self._events_to_hold:
                self._held.append(delivery)
            else:
                self._start([delivery])

    def _release_held(self, events: int) -> None:
        if not self._events_to_hold:
            return
        self._events_to_hold = max(0, self._events_to_hold - events)
        if not self._events_to_hold:
            self._start(self._held[::-1])
            self._held.clear()

    def _start(self, deliveries: Sequence[Delivery]) -> None:
        task = asyncio.create_task(self._run_in_turn(deliveries))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_in_turn(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            await self._run(delivery)

    async def _run(self, delivery: Delivery) -> None:
        """Attempts until the delivery ends."""
        last = Outcome(None, "NotAttempted")
        while True:
            await asyncio.sleep(delivery.next_attempt_at - time.time())
            subscription = self._state.subscriptions.get(delivery.subscription)
            if subscription is None:
                break
            if self._is_expired(delivery, subscription):
                self._give_up(delivery, subscription, "TimeToLiveExceeded", last)
                break
            last = await self._attempt(delivery, subscription)
            if last.status in SUCCESSES:
                break
            wait = subscription.wait_seconds(delivery.attempts + 1, last.status)
            wait *= self._state.retry_scale
            delivery = delivery.retried(time.time() + wait)
            reason = _final_reason(delivery, subscription, last)
            if reason:
                self._give_up(delivery, subscription, reason, last)
                break
            self._state.put_delivery(delivery)
        self._state.end_delivery(delivery)

    def _is_expired(self, delivery: Delivery, subscription: Subscription) -> bool:
        ttl_seconds = subscription.ttl_minutes * 60 * self._state.retry_scale
        return delivery.attempts > 0 and time.time() > delivery.published_at + ttl_seconds

    async def _attempt(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        at = utc_now()
        outcome = replace(await self._post(delivery, subscription), at=at)
        for event in delivery.events:
            self._state.add_attempt(
                {
                    "event_id": event.get("id"),
                    "subscription": subscription.name,
                    "attempt": delivery.attempts + 1,
                    "status": outcome.status,
                    "outcome": outcome.name,
                    "at": at,
                }
            )
        return outcome

    async def _post(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        bodies = [event.to(subscription.schema) for event in delivery.events]
        single = subscription.schema is Schema.CLOUD_EVENTS and (
            subscription.max_events_per_batch == 1
        )
        try:
            async with self._session.post(
                subscription.endpoint,
                data=json.dumps(bodies[0] if single else bodies),
                headers=_headers(delivery, subscription),
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as response:
                await response.read()
        except TimeoutError:
            return Outcome(None, "TimedOut")
        except aiohttp.ClientError:
            return Outcome(None, "ConnectionFailed")
        name = "Success" if response.status in SUCCESSES else _phrase(response.status)
        return Outcome(response.status, name)

    def _give_up(
        self, delivery: Delivery, subscription: Subscription, reason: str, last: Outcome
    ) -> None:
        if not subscription.dead_letter:
            return
        cloud = subscription.schema is Schema.CLOUD_EVENTS
        facts: dict[str, Any] = {
            "deadLetterReason": reason,
            "deliveryAttempts": delivery.attempts,
            "lastDeliveryOutcome": last.name,
            "lastHttpStatusCode": last.status,
            "publishTime": iso_time(delivery.published_at),
            "subscription": subscription.name,
        }
        if not cloud:  # Microsoft's example of a CloudEvent has none
            facts["lastDeliveryAttemptTime"] = last.at
        for event in delivery.events:
            named = {name.lower() if cloud else name: value for name, value in facts.items()}
            self._state.add_dead_letter({**event.to(subscription.schema), **named})


def _headers(delivery: Delivery, subscription: Subscription) -> dict[str, str]:
    headers = {
        "aeg-event-type": "Notification",
        "aeg-subscription-name": subscription.name.upper(),
        "aeg-delivery-count": str(delivery.attempts),
        "aeg-output-event-id": str(uuid.uuid4()),
    }
    if subscription.schema is Schema.EVENT_GRID:
        first = delivery.events[0]
        return {
            **headers,
            "aeg-data-version": str(first.get("dataVersion") or ""),
            "aeg-metadata-version": "1",
            "Content-Type": "application/json; charset=utf-8",
        }
    batch = "" if subscription.max_events_per_batch == 1 else "-batch"
    content_type = f"application/cloudevents{batch}+json; charset=utf-8"
    return {**headers, "Content-Type": content_type, "Origin": ORIGIN}


def _final_reason(delivery: Delivery, subscription: Subscription, last: Outcome) -> str | None:
    if last.status in FINAL_FAILURES:
        return f"UndeliverableDueToHttp{last.name}"
    if delivery.attempts >= subscription.max_attempts:
        return "MaxDeliveryAttemptsExceeded"
    return None


def _phrase(status: int) -> str:
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "RequestEntityTooLarge"  # Azure keeps the name that RFC 9110 replaced
    try:
        return HTTPStatus(status).phrase.title().replace(" ", "")
    except ValueError:
        return f"Http{status}"
