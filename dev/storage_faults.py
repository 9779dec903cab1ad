"""The stack's storage as it is reached where it is to fail when told: behind proxies."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

from aiohttp import web

from dev.emulators.storage import Faults, Service, create_app
from dev.memory import HOST, Memory
from dev.storage import Account, Ports


async def behind_proxies(
    accounts: Mapping[str, Account], memory: Memory, exits: AsyncExitStack
) -> dict[str, Account]:
    """The same accounts, at addresses whose `/_emulator/faults` takes faults.

    Args:
        accounts: Of one Azurite, by role.
        memory: Keeps the proxies' ports.
        exits: Closes when the proxies are to end.
    """
    direct = next(iter(accounts.values())).ports
    faults, ports = Faults(), {}
    for service in Service:
        upstream = f"http://{HOST}:{getattr(direct, service)}"
        runner = web.AppRunner(
            create_app(service, upstream, faults), access_log=None, shutdown_timeout=1.0
        )
        await runner.setup()
        exits.push_async_callback(runner.cleanup)
        ports[service.value] = memory.port(f"{service}_proxy")
        await web.TCPSite(runner, HOST, ports[service.value]).start()
    reached = Ports(**ports)
    return {role: replace(account, ports=reached) for role, account in accounts.items()}
