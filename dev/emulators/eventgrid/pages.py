"""The page for people: every event that was published, newest first."""

import json
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dev.emulators.eventgrid.responses import STATE

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
)
_NEWEST = 500


async def events(request: web.Request) -> web.StreamResponse:
    """`GET /`: id, type, subject, time, data of each event, and how its deliveries went."""
    state = request.app[STATE]
    attempts: dict[str, list[str]] = {}
    for attempt in state.attempts:
        status = attempt["status"] or "no answer"
        words = f"{attempt['subscription']}: {attempt['outcome']} ({status})"
        attempts.setdefault(attempt["event_id"], []).append(words)
    html = _TEMPLATES.get_template("events.html").render(
        published=state.published[: -_NEWEST - 1 : -1],
        total=len(state.published),
        attempts=attempts,
        pretty=lambda data: json.dumps(data, indent=2, ensure_ascii=False),
    )
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=html, content_type="text/html", charset="utf-8", headers=headers)
