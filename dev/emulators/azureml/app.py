"""The emulator's web application."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from dev.emulators.azureml import arm, emulator
from dev.emulators.azureml.config import Settings
from dev.emulators.azureml.control_routes import add_control_routes
from dev.emulators.azureml.scoring import Scorer, add_scoring_routes, scorer_for

_LARGEST_REQUEST = 16 * 1024**2
"""Bytes; a scoring request is the largest that comes."""


def create_app(settings: Settings, *, scorer: Scorer | None = None) -> web.Application:
    """Build the emulator; starting and stopping the application does so with all its parts.

    Args:
        settings: What to emulate.
        scorer: What starts inference servers; by the settings when None.
    """
    if scorer is None:
        scorer = scorer_for(settings.scoring, root=settings.state_dir / "scoring")
    parts = emulator.build(settings, scorer)
    app = web.Application(client_max_size=_LARGEST_REQUEST)
    app[emulator.EMULATOR] = parts
    add_control_routes(app)
    add_scoring_routes(
        app, endpoint_lookup=parts.endpoint_route, fault_lookup=parts.control.take_fault
    )
    app.router.add_route("*", "/subscriptions/{tail:.*}", arm.handle)

    async def run(_: web.Application) -> AsyncIterator[None]:
        await emulator.start(parts)
        yield
        await emulator.stop(parts)

    app.cleanup_ctx.append(run)
    return app
