"""The control prefix `/_emulator/`: what tests do to this host and nobody can do to Azure."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import asdict
from typing import Any, Protocol

from aiohttp import web

from dev.host.engine import Hang, HangingAs, VersionFailure, VersionMatch, VersionPolicy
from dev.host.timers import Timers
from dev.host.worker import Worker


class FaultyEngine(Protocol):
    """The faults of the engine; those with a `count` act on the next items of their kind."""

    def redeliver_activities(self, count: int, /) -> None:
        """Deliver finished activities a second time."""

    def redeliver_turns(self, count: int, /) -> None:
        """Deliver finished orchestrator turns a second time."""

    def redeliver_events(self, count: int, /) -> None:
        """Deliver external events a second time."""

    def lose_results(self, count: int, /) -> None:
        """Lose the results of activities."""

    def hang(self, hang: Hang, /) -> None:
        """Let instances stand still."""

    def release(self) -> None:
        """Let them go on."""

    def set_versions(self, policy: VersionPolicy | None, /) -> None:
        """Go by other version settings, or by host.json's again."""

    def reset(self) -> None:
        """Lose everything."""


class Control:
    """Handles `/_emulator/...`, from loopback only and without a key."""

    def __init__(self, worker: Worker, engine: FaultyEngine, timers: Timers) -> None:
        self._worker = worker
        self._engine = engine
        self._timers = timers

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104
            return web.Response(status=403)
        match (request.method, *request.path.strip("/").split("/")[1:]):
            case ("POST", "durable"):
                return self._set_faults(await request.text())
            case ("POST", "durable", "hang"):
                return self._hang(await request.text())
            case ("DELETE", "durable", "hang"):
                self._engine.release()
                return web.json_response({})
            case ("POST", "durable", "versions"):
                return self._set_versions(await request.text())
            case ("DELETE", "durable", "versions"):
                self._engine.set_versions(None)
                return web.json_response({})
            case ("POST", "durable", "drop"):
                self._engine.reset()
                return web.json_response({})
            case ("GET", "invocations"):
                counts = {name: asdict(count) for name, count in self._worker.counts.items()}
                return web.json_response(counts)
            case ("POST", "timers", name):
                return await self._fire(name)
        return web.Response(status=404)

    def _set_faults(self, body: str) -> web.Response:
        faults = {
            "redeliver_activities": self._engine.redeliver_activities,
            "redeliver_turns": self._engine.redeliver_turns,
            "redeliver_events": self._engine.redeliver_events,
            "lose_results": self._engine.lose_results,
        }
        try:
            wanted: dict[str, Any] = json.loads(body)
            counts = {name: int(count) for name, count in wanted.items()}
        except (ValueError, TypeError, AttributeError):
            return web.json_response({"error": "not an object of counts"}, status=400)
        unknown = sorted(set(counts) - set(faults))
        if unknown:
            return web.json_response({"error": f"unknown: {', '.join(unknown)}"}, status=400)
        for name, count in counts.items():
            faults[name](count)
        return web.json_response(counts)

    def _hang(self, body: str) -> web.Response:
        """``{"as": "pending", "instance": regex, "orchestrator": name}``; the last two may lack."""
        try:
            wanted: dict[str, Any] = json.loads(body)
            hang = Hang(
                HangingAs(wanted["as"]),
                re.compile(wanted.get("instance", ".*")),
                str(wanted.get("orchestrator", "")),
            )
        except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
            return web.json_response({"error": f"not a way to hang: {error!r}"}, status=400)
        self._engine.hang(hang)
        return web.json_response({})

    def _set_versions(self, body: str) -> web.Response:
        """The three version settings of host.json, with its names and defaults."""
        try:
            wanted: dict[str, Any] = json.loads(body)
            policy = VersionPolicy(
                wanted.get("defaultVersion"),
                VersionMatch(wanted.get("versionMatchStrategy", "CurrentOrOlder")),
                VersionFailure(wanted.get("versionFailureStrategy", "Reject")),
            )
        except (ValueError, AttributeError) as error:
            return web.json_response({"error": f"not version settings: {error!r}"}, status=400)
        self._engine.set_versions(policy)
        return web.json_response({})

    async def _fire(self, name: str) -> web.Response:
        try:
            error = await self._timers.fire(name)
        except KeyError:
            return web.json_response({"error": f"no timer function {name}"}, status=404)
        return web.json_response({"succeeded": error is None, "error": error})
