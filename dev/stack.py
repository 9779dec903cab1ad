"""The whole service on this machine: emulators, Azurite and the function app, on loopback.

`python -m dev.stack --json` prints one line of JSON when everything answers, then runs until it is
interrupted. Started again on the same `--state-dir` it goes on where it was, on the same ports.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from dev.core_tools import start_func
from dev.emulators import azureml, eventgrid, identity, mailbox
from dev.functions import App, FunctionsError, start_dev_host
from dev.memory import HOST, Memory
from dev.storage import Account, Azurite, AzuriteError, Ports
from dev.storage_faults import behind_proxies

ROOT = Path(__file__).parents[1]
ACCOUNTS = {"function": "modelgate", "qa": "wkqa", "prod": "wkprod"}
SENDER_DOMAIN = "modelgate.example"
TOPIC = "releases"
PEOPLE = {"APPROVER": "approver@modelgate.example", "OWNER": "owner@modelgate.example"}
CLIENT_ID = "00000000-0000-0000-0000-00000000c11e"
ARM_TOKEN = "local"  # noqa: S105 - the emulator takes any


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    state_dir: Path | None = None
    """Kept; None takes a folder that goes when the stack ends."""

    pipelines: Path = ROOT / "pipelines"
    scoring: str = "process"
    provision_seconds: float = 10.0
    host: str = "dev"
    identity: bool = False
    """Whether the app gets its tokens for ARM from the emulated token service, as on Azure."""

    storage_faults: bool = False
    """Whether storage is reached through proxies that fail when told; it is slower then."""

    sign_in: bool = False
    """Whether App Service Authentication stands before the app, and the app believes it."""

    setting: tuple[tuple[str, str], ...] = ()
    """Names and values of application settings that are to differ from the stack's own."""


class Stack:
    """Everything that runs; an async context manager that gives the facts for callers."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._exits = AsyncExitStack()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Set when the function app's process ends by itself: why."""

    async def __aenter__(self) -> dict[str, Any]:
        try:
            return await self._start()
        except BaseException:
            await self._exits.aclose()
            raise

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def _start(self) -> dict[str, Any]:
        if self._options.scoring == "process":
            azureml.serving_python()
        folder = self._state_dir()
        memory = Memory.load(folder)
        ports = Ports(memory.port("blob"), memory.port("queue"), memory.port("table"))
        storage = Azurite(folder / "storage", list(ACCOUNTS.values()), ports=ports)
        await asyncio.to_thread(storage.start)
        self._exits.push_async_callback(asyncio.to_thread, storage.stop)
        accounts = {role: storage.accounts[name] for role, name in ACCOUNTS.items()}
        reached = accounts
        if self._options.storage_faults:
            reached = await behind_proxies(accounts, memory, self._exits)
        workspaces = _workspaces(reached)
        urls = await self._start_emulators(folder, memory, workspaces)
        port = memory.port("functions")
        urls["functions"] = f"http://{HOST}:{port}"
        memory.save()
        settings = _settings(self._options, memory, urls, reached, workspaces)
        settings |= dict(self._options.setting)
        start = start_func if self._options.host == "func" else start_dev_host
        app = App(ROOT, port, settings, folder, sign_in=self._options.sign_in)
        keys = await start(app, self._exits, self.ended)
        await _subscribe(urls, workspaces["qa"].arm_id, keys.event_grid)
        return {
            **urls,
            "storage": {role: account.connection_string for role, account in reached.items()},
            "workspaces": {role: workspace.arm_id for role, workspace in workspaces.items()},
            "function_key": keys.function,
            "state_dir": str(folder),
        }

    def _state_dir(self) -> Path:
        if self._options.state_dir is not None:
            folder = self._options.state_dir.resolve()
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        folder = Path(tempfile.mkdtemp(prefix="modelgate-"))
        self._exits.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    async def _start_emulators(
        self, folder: Path, memory: Memory, workspaces: Mapping[str, azureml.WorkspaceSpec]
    ) -> dict[str, str]:
        names = ("azureml", "mailbox", "eventgrid", "identity")
        urls = {name: f"http://{HOST}:{memory.port(name)}" for name in names}
        for name in names:
            (folder / name).mkdir(exist_ok=True)
        apps = {
            "mailbox": mailbox.create_app(
                mailbox.Settings(
                    access_key=memory.secret("mail"),
                    sender_domain=SENDER_DOMAIN,
                    state_dir=folder / "mailbox",
                )
            ),
            "eventgrid": eventgrid.create_app(
                eventgrid.Settings(
                    topics={TOPIC: memory.secret("topic")}, state_dir=folder / "eventgrid"
                )
            ),
            "identity": identity.create_app(
                identity.Settings(memory.secret("identity"), (CLIENT_ID,))
            ),
            "azureml": azureml.create_app(
                azureml.Settings(
                    workspaces=tuple(workspaces.values()),
                    state_dir=folder / "azureml",
                    provision_seconds=self._options.provision_seconds,
                    scoring="inline" if self._options.scoring == "inline" else "process",
                    event_sink=f"{urls['eventgrid']}/_emulator/system-topics/events",
                )
            ),
        }
        for name, app in apps.items():
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            self._exits.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, HOST, memory.values[f"{name}_port"]).start()
        return urls


def _workspaces(accounts: Mapping[str, Account]) -> dict[str, azureml.WorkspaceSpec]:
    return {
        role: azureml.WorkspaceSpec(
            subscription_id=f"00000000-0000-0000-0000-00000000000{number}",
            resource_group=f"rg-{role}",
            name=f"wk-{role}",
            location="westeurope",
            storage_account=accounts[role].name,
            storage_key=accounts[role].key,
            blob_endpoint=accounts[role].blob_endpoint,
            computes=("aks-diabetes",),
        )
        for number, role in enumerate(("qa", "prod"), start=1)
    }


def _settings(
    options: Options,
    memory: Memory,
    urls: Mapping[str, str],
    accounts: Mapping[str, Account],
    workspaces: Mapping[str, azureml.WorkspaceSpec],
) -> dict[str, str]:
    """The app's settings. They are all in which the local stack differs from Azure."""
    storage = accounts["function"].connection_string
    blob_service = accounts["qa"].blob_endpoint.removesuffix(accounts["qa"].name)
    settings = {
        "AzureWebJobsStorage": storage,
        "PYTHON_THREADPOOL_THREAD_COUNT": "24",
        "MODELGATE_TABLES": storage,
        "MODELGATE_MAIL": f"endpoint={urls['mailbox']}/;accesskey={memory.secret('mail')}",
        "MODELGATE_MAIL_SENDER": f"DoNotReply@{SENDER_DOMAIN}",
        # the mailbox takes as many as are sent, unless it is told otherwise
        "MODELGATE_MAIL_PER_MINUTE": "1000",
        "MODELGATE_MAIL_PER_HOUR": "1000",
        "MODELGATE_LINK_KEYS": memory.secret("link"),
        "MODELGATE_BASE_URL": urls["functions"],
        "MODELGATE_EVENTS_ENDPOINT": f"{urls['eventgrid']}/topics/{TOPIC}/api/events",
        "MODELGATE_EVENTS_KEY": memory.secret("topic"),
        "MODELGATE_ARM_URL": urls["azureml"],
        "MODELGATE_ARM_TOKEN": ARM_TOKEN,
        "MODELGATE_BLOB_URL": blob_service + "{account}",
        "MODELGATE_SCORING_URL": f"{urls['azureml']}/endpoints/",
        "MODELGATE_WORKSPACE_STORAGE": "datastore-key",
        "MODELGATE_PIPELINES": str(options.pipelines.resolve()),
        "MODELGATE_SWEEP_SCHEDULE": "0 * * * * *",
        **PEOPLE,
    }
    if options.identity:
        del settings["MODELGATE_ARM_TOKEN"]
        settings["AZURE_CLIENT_ID"] = CLIENT_ID
        settings["IDENTITY_ENDPOINT"] = f"{urls['identity']}{identity.PATH}"
        settings["IDENTITY_HEADER"] = memory.secret("identity")
    if options.sign_in:
        settings["MODELGATE_SIGN_IN"] = "app-service"
    for role, workspace in workspaces.items():
        settings[f"{role.upper()}_SUBSCRIPTION_ID"] = workspace.subscription_id
        settings[f"{role.upper()}_RESOURCE_GROUP"] = workspace.resource_group
        settings[f"{role.upper()}_WORKSPACE"] = workspace.name
    return settings


async def _subscribe(urls: Mapping[str, str], workspace: str, key: str) -> None:
    """Subscribe the app to the QA workspace; Event Grid shakes hands with it at once."""
    endpoint = f"{urls['functions']}/runtime/webhooks/eventgrid?functionName=model_registered"
    subscription = {
        "source": workspace,
        "endpoint": f"{endpoint}&code={key}" if key else endpoint,
        "included_event_types": ["Microsoft.MachineLearningServices.ModelRegistered"],
        "schema": "EventGridSchema",
        "max_events_per_batch": 1,
        "dead_letter": True,
    }
    address = f"{urls['eventgrid']}/_emulator/subscriptions/modelgate"
    async with ClientSession() as session, session.put(address, json=subscription) as answer:
        if answer.status >= 300:
            raise FunctionsError(f"Event Grid cannot subscribe the app: {await answer.text()}")


async def _run(options: Options, *, as_json: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    stack = Stack(options)
    async with stack as facts:
        print(json.dumps(facts) if as_json else _for_people(facts), flush=True)  # noqa: T201 - the result
        waiting: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        await asyncio.wait({waiting, stack.ended}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
    if stack.ended.done():
        sys.stderr.write(f"{stack.ended.result()}\n")
        return 1
    return 0


def _for_people(facts: Mapping[str, Any]) -> str:
    key = f"?code={facts['function_key']}" if facts["function_key"] else ""
    lines = [
        ("Service", f"{facts['functions']}/api/health"),
        ("Releases", f"{facts['functions']}/api/releases{key}"),
        ("Mailbox", facts["mailbox"]),
        ("Events", facts["eventgrid"]),
        ("Azure ML", facts["azureml"]),
        ("State and logs", facts["state_dir"]),
    ]
    return "\n".join(f"{name:<15} {value}" for name, value in lines) + "\nCtrl-C ends it."


def main() -> int:
    """Run the stack until it is interrupted; 1 where it does not start or breaks."""
    parser = argparse.ArgumentParser(prog="python -m dev.stack", description=__doc__)
    add = parser.add_argument
    add("--json", action="store_true", help="print the facts as one line of JSON")
    add("--state-dir", type=Path, help="keep everything here and go on from it")
    add("--pipelines", type=Path, default=ROOT / "pipelines", help="folder of pipeline files")
    add("--scoring", choices=("process", "inline"), default="process")
    add("--provision-seconds", type=float, default=10.0, help="how long a deployment takes")
    add("--host", choices=("dev", "func"), default="dev", help="func runs Core Tools")
    add("--storage-faults", action="store_true", help="let storage fail when told")
    add("--identity", action="store_true", help="let the app ask for its tokens, as on Azure")
    add("--sign-in", action="store_true", help="play App Service Authentication")
    add("--setting", action="append", default=[], metavar="NAME=VALUE", help="of the app")
    arguments = vars(parser.parse_args())
    as_json = arguments.pop("json")
    named = tuple(text.partition("=")[::2] for text in arguments.pop("setting"))
    try:
        return asyncio.run(_run(Options(**arguments, setting=named), as_json=as_json))
    except (AzuriteError, FunctionsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
