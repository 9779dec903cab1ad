"""The Event Grid extension's webhook: handshake, both schemas, one invocation an event."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from dev.host.functions import EVENT_GRID, Function, Functions
from dev.host.protos import TypedData
from dev.host.worker import InvocationError, Worker

_DATE = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?"
)


class EventGridWebhook:
    """Handles `/runtime/webhooks/eventgrid?functionName=...`, its key already checked."""

    def __init__(self, worker: Worker, functions: Functions) -> None:
        self._worker = worker
        self._functions = functions

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request as `HttpRequestProcessor` of the extension does."""
        name = request.query.get("functionName", "")
        function = self._functions.find(EVENT_GRID, name)
        if function is None:
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        if request.method == "OPTIONS":
            return web.Response(headers={"Webhook-Allowed-Origin": "eventgrid.azure.net"})
        match request.headers.get("aeg-event-type", "").lower():
            case "subscriptionvalidation":
                return _validate(await request.read())
            case "notification":
                return await self._notify(function, await request.read())
            case "unsubscribe":
                return web.Response(status=202)
        return web.Response(status=400)

    async def _notify(self, function: Function, body: bytes) -> web.Response:
        try:
            events = _as_list(json.loads(body))
        except ValueError as error:
            return web.Response(status=500, text=str(error))
        calls = (self._invoke(function, event) for event in events)
        failures = [failure for failure in await asyncio.gather(*calls) if failure]
        if failures:
            return web.Response(status=500, text=failures[0])
        return web.Response(status=202)

    async def _invoke(self, function: Function, event: object) -> str | None:
        """Run the function with one event; the error's text if it fails."""
        data = TypedData(json=json.dumps(rewrite_dates(event)))
        try:
            await self._worker.invoke(function, data)
        except InvocationError as error:
            return f"Exception while executing function: Functions.{function.name} -> {error}"
        return None


def rewrite_dates(value: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Give every ISO time in a JSON value the form that Newtonsoft.Json writes.

    Newtonsoft parses strings that look like a time while it reads JSON, wherever they stand, and
    writes them anew: fractions lose trailing zeros, `Z` stays, an offset becomes the machine's
    local time, in Azure UTC (`+00:00`). A string that is no valid time stays as it is.
    """
    if isinstance(value, str):
        return _rewrite_date(value)
    if isinstance(value, list):
        return [rewrite_dates(item) for item in value]
    if isinstance(value, dict):
        return {key: rewrite_dates(item) for key, item in value.items()}
    return value


def _rewrite_date(text: str) -> str:
    match = _DATE.fullmatch(text)
    if match is None:
        return text
    seconds, fraction, zulu, sign, hours, minutes = match.groups()
    try:
        time = datetime.fromisoformat(seconds).replace(tzinfo=UTC)
        zone = "Z" if zulu else ""
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
            time, zone = time - offset if sign == "+" else time + offset, "+00:00"
    except (ValueError, OverflowError):
        return text
    digits = (fraction or "").rstrip("0")
    return f"{time:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (f".{digits}" if digits else "") + zone


def _validate(body: bytes) -> web.Response:
    try:
        event: Mapping[str, Any] = _as_list(json.loads(body))[0]
        code = event["data"]["validationCode"]
    except (ValueError, LookupError, TypeError) as error:
        return web.Response(status=500, text=str(error))
    return web.Response(text=json.dumps({"validationResponse": code}))


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 (any JSON)
    return value if isinstance(value, list) else [value]
