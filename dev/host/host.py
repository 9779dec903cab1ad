"""Puts the host together: app, engine, pump, timers and HTTP server, from start to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import psutil
from aiohttp import web

from dev.host.control import Control
from dev.host.durable import DurablePump
from dev.host.engine import Engine, VersionFailure, VersionMatch
from dev.host.eventgrid import EventGridWebhook
from dev.host.frontend import FrontEnd
from dev.host.functions import Functions, parse_functions
from dev.host.keys import Keys
from dev.host.management import Management
from dev.host.payloads import client_binding
from dev.host.routes import RouteError
from dev.host.settings import (
    HostSettings,
    SettingsError,
    read_host_settings,
    read_local_settings,
)
from dev.host.signin import SignIn
from dev.host.timers import TimerError, Timers
from dev.host.web import make_application
from dev.host.worker import AppError, Worker

_PARENT_POLL_SECONDS = 0.5
_GRACE_SECONDS = 1.0
"""For requests that are under way when the host stops."""


class StartError(Exception):
    """The host cannot start; the message is for people."""


async def run(options: argparse.Namespace, out: TextIO) -> None:
    """Run until SIGINT, SIGTERM or the end of `options.parent`.

    Args:
        options: app, port, json, state_dir, parent and sign_in of the command line.
        out: Where to say that the host is ready.

    Raises:
        StartError: The app or its settings are not good, or the port is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with AsyncExitStack() as stack:
            host = await _start(options, stack)
            _announce(host, out, as_json=options.json)
            await _serve(host, stop, options.parent)
    except (AppError, OSError, RouteError, SettingsError, TimerError) as error:
        raise StartError(str(error)) from error


@dataclass(frozen=True)
class _Host:
    url: str
    keys: Keys
    functions: Functions
    pump: DurablePump
    timers: Timers


async def _start(options: argparse.Namespace, stack: AsyncExitStack) -> _Host:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", options.port)))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    keys = Keys.load(options.state_dir and options.state_dir.resolve())
    settings = _enter_app(options.app)
    worker = Worker(settings.function_timeout_seconds)
    functions = parse_functions(await worker.load(options.app), os.environ)
    timers = Timers(worker, functions, os.environ)

    engine = _engine(settings)
    address = engine.start()
    stack.push_async_callback(asyncio.to_thread, engine.stop)
    worker.durable_client = client_binding(settings, address, url, keys.durabletask_extension)
    pump = DurablePump(worker, functions, settings, address)

    webhooks = {
        "durabletask": Management(pump.stub, url, keys.durabletask_extension).handle,
        "eventgrid": EventGridWebhook(worker, functions).handle,
    }
    control = Control(worker, engine, timers).handle
    front_end = FrontEnd(SignIn() if options.sign_in else None)
    application = make_application(
        worker, functions, keys, settings.route_prefix, webhooks, control, front_end
    )
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_GRACE_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener).start()
    return _Host(url, keys, functions, pump, timers)


def _enter_app(app: Path) -> HostSettings:
    """Make the app's folder and settings this process's own, as a worker finds them in Azure."""
    os.chdir(app)
    for name, value in read_local_settings(app).items():
        os.environ.setdefault(name, value)
    return read_host_settings(app, os.environ)


def _engine(settings: HostSettings) -> Engine:
    try:
        return Engine(
            default_version=settings.default_version,
            version_match=VersionMatch(settings.version_match),
            version_failure=VersionFailure(settings.version_failure),
        )
    except ValueError as error:
        raise SettingsError(f"host.json: {error}") from error


def _announce(host: _Host, out: TextIO, *, as_json: bool) -> None:
    facts = {
        "url": host.url,
        "function_key": host.keys.function_key,
        "master_key": host.keys.master_key,
        "system_keys": {
            "durabletask_extension": host.keys.durabletask_extension,
            "eventgrid_extension": host.keys.eventgrid_extension,
        },
        "functions": host.functions.names,
    }
    print(json.dumps(facts) if as_json else json.dumps(facts, indent=2), file=out, flush=True)


async def _serve(host: _Host, stop: asyncio.Event, parent: int | None) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(host.pump.run()), group.create_task(host.timers.run())]
        if parent is not None:
            tasks.append(group.create_task(_stop_after(parent, stop)))
        await stop.wait()
        for task in tasks:
            task.cancel()


async def _stop_after(parent: int, stop: asyncio.Event) -> None:
    """Set `stop` when the parent has ended, though it may wait to be reaped."""
    try:
        process = psutil.Process(parent)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 (no event of ours)
            await asyncio.sleep(_PARENT_POLL_SECONDS)
    except psutil.NoSuchProcess:
        pass
    stop.set()
