"""Event subscriptions: `PUT`, `GET` and `DELETE` under `/_emulator/subscriptions`."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from dev.emulators.eventgrid.exceptions import invalid_request
from dev.emulators.eventgrid.handshake import validate, without_query
from dev.emulators.eventgrid.models import DEFAULT_RETRY_SECONDS, State, Subscription
from dev.emulators.eventgrid.responses import SESSION, STATE
from dev.emulators.eventgrid.schemas import Schema

_NAME = re.compile(r"[A-Za-z0-9-]{3,64}")
_KNOWN = frozenset(Subscription.__dataclass_fields__) - {"name"}


async def put(request: web.Request) -> web.StreamResponse:
    """Adds or replaces a subscription once its endpoint passed the validation handshake."""
    state = request.app[STATE]
    wanted = await read_object(request)
    subscription = _parse(request.match_info["name"], wanted, state)
    await validate(request.app[SESSION], subscription)
    status = 200 if subscription.name in state.subscriptions else 201
    state.subscribe(subscription)
    return web.json_response(_as_json(subscription), status=status)


async def list_all(request: web.Request) -> web.StreamResponse:
    """Every subscription, its endpoint without the query."""
    return web.json_response([_as_json(s) for s in request.app[STATE].subscriptions.values()])


async def delete(request: web.Request) -> web.StreamResponse:
    """Removes a subscription; 204 also when there is none."""
    request.app[STATE].unsubscribe(request.match_info["name"])
    return web.Response(status=204)


async def read_object(request: web.Request) -> dict[str, Any]:
    """The request's JSON object.

    Raises:
        EventGridError: 400.
    """
    try:
        body = await request.json()
    except ValueError as error:
        raise invalid_request("The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise invalid_request("The body is not a JSON object.")
    return body


def _parse(name: str, wanted: Mapping[str, Any], state: State) -> Subscription:
    unknown = set(wanted) - _KNOWN
    if unknown:
        raise invalid_request(f"Unknown settings: {', '.join(sorted(unknown))}.")
    if not _NAME.fullmatch(name):
        raise invalid_request("A name has 3 to 64 letters, digits and hyphens.")
    if not str(wanted.get("endpoint", "")).startswith(("http://", "https://")):
        raise invalid_request("endpoint must be a web address.")
    if wanted.get("schema", Schema.EVENT_GRID) not in list(Schema):
        raise invalid_request(f"schema must be one of {', '.join(Schema)}.")
    types = wanted.get("included_event_types")
    return Subscription(
        name=name,
        source=_source(wanted.get("source"), state),
        endpoint=wanted["endpoint"],
        included_event_types=None if types is None else tuple(types),
        subject_begins_with=wanted.get("subject_begins_with") or "",
        schema=Schema(wanted.get("schema", Schema.EVENT_GRID)),
        max_events_per_batch=_between(wanted, "max_events_per_batch", 1, 5000, default=1),
        max_attempts=_between(wanted, "max_attempts", 1, 30, default=30),
        ttl_minutes=_between(wanted, "ttl_minutes", 1, 1440, default=1440),
        retry_seconds=_retry_seconds(wanted),
        dead_letter=bool(wanted.get("dead_letter", True)),
    )


def _source(source: object, state: State) -> str:
    if isinstance(source, str) and source.startswith("/"):
        return source
    if isinstance(source, str) and source in state.settings.topics:
        return state.topic_id(source)
    raise invalid_request("source must be a topic's ARM id or the name of a custom topic.")


def _between(wanted: Mapping[str, Any], name: str, least: int, most: int, default: int) -> int:
    value = wanted.get(name, default)
    if not isinstance(value, int) or not least <= value <= most:
        raise invalid_request(f"{name} must be between {least} and {most}.")
    return value


def _retry_seconds(wanted: Mapping[str, Any]) -> tuple[float, ...]:
    seconds = wanted.get("retry_seconds", DEFAULT_RETRY_SECONDS)
    if not seconds or not all(isinstance(s, int | float) and s >= 0 for s in seconds):
        raise invalid_request("retry_seconds must be an array of seconds.")
    return tuple(seconds)


def _as_json(subscription: Subscription) -> dict[str, Any]:
    return {**asdict(subscription), "endpoint": without_query(subscription.endpoint)}
