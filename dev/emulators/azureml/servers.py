"""The inference servers behind deployments: how they start, and which of them answers."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.emulators.azureml.blobs import AzureError, Blobs, make_folder, opened
from dev.emulators.azureml.deployments import request_timeout
from dev.emulators.azureml.exceptions import ArmError, user_error
from dev.emulators.azureml.references import find_asset, place_of
from dev.emulators.azureml.scoring import Scorer, ScoringServer, ScoringSpec, ScoringStartError
from dev.emulators.azureml.state import Deployment, Workspace
from dev.emulators.azureml.wire import Json

CRASHED = (
    "User container has crashed or terminated. Please see troubleshooting guide, available here: "
    "https://aka.ms/oe-tsg#error-resourcenotready"
)

type ServerKey = tuple[str, str, str]
"""Workspace (its ARM id in lower case), endpoint, deployment."""


class DeploymentFailedError(Exception):
    """A deployment that cannot answer.

    Attributes:
        code: Azure's word for it, such as ``ResourceNotReady``.
        message: What its operation says.
        server_log: What the container wrote.
        storage_log: What the storage initialiser wrote.
    """

    def __init__(
        self, code: str, message: str, server_log: str = "", storage_log: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.server_log = server_log
        self.storage_log = storage_log


@dataclass(frozen=True)
class Started:
    """A server that is up, and what its storage initialiser wrote."""

    server: ScoringServer
    folder: Path
    storage_log: str

    async def close(self) -> None:
        """Stop the server and remove its copy of model and code."""
        await self.server.stop()
        await _remove(self.folder)


class Fleet:
    """Starts servers for deployments and knows which one answers for each."""

    def __init__(self, scorer: Scorer, blobs: Mapping[str, Blobs], root: Path) -> None:
        self._scorer = scorer
        self._blobs = blobs
        self._root = root
        self._live: dict[ServerKey, Started] = {}

    async def start(
        self, workspace: Workspace, deployment: Deployment, body: Json, revision: int
    ) -> Started:
        """Fetch model and code as the storage initialiser does, then start a server.

        Raises:
            DeploymentFailedError: With the log, for anything that Azure would report by it.
        """
        key = f"{workspace.spec.name}-{deployment.endpoint}-{deployment.name}-{revision}"
        folder = self._root / re.sub(r"[^\w-]", "_", key)
        await _remove(folder)
        try:
            return await self._start_in(folder, workspace, body)
        except (ArmError, AzureError) as error:
            await _remove(folder)
            raise DeploymentFailedError("InternalServerError", str(error)) from error
        except BaseException:
            await _remove(folder)
            raise

    async def _start_in(self, folder: Path, workspace: Workspace, body: Json) -> Started:
        asked = body["properties"]
        model_type, model_log = await self._fetch_model(workspace, asked, folder / "model")
        code_log = await self._fetch_code(workspace, asked, folder / "code")
        configuration = asked["codeConfiguration"] or {}
        spec = ScoringSpec(
            deployment_key=folder.name,
            model_dir=folder / "model",
            model_type=model_type,
            code_dir=folder / "code" if configuration else None,
            scoring_script=configuration.get("scoringScript"),
            environment_variables=asked["environmentVariables"],
            request_timeout_seconds=request_timeout(body),
        )
        storage_log = model_log + code_log
        try:
            return Started(await self._scorer.start(spec), folder, storage_log)
        except ScoringStartError as error:
            raise DeploymentFailedError(
                "ResourceNotReady", CRASHED, error.logs, storage_log
            ) from error

    async def _fetch_model(
        self, workspace: Workspace, asked: Json, folder: Path
    ) -> tuple[str, str]:
        make_folder(folder)
        if not asked["model"]:
            return "custom_model", ""
        model = find_asset(workspace, "models", asked["model"])
        uri = model.properties["modelUri"]
        place = place_of(workspace, uri)
        blobs = opened(self._blobs, workspace.spec.arm_id.lower(), place) if place else None
        if place is None or blobs is None:
            message = f"The identity of the endpoint may not read {uri.partition('?')[0]}."
            raise DeploymentFailedError("BadArgument", message, storage_log=message)
        path = place.path
        count = await blobs.fetch(place.container, path, folder)
        log = f"Downloading model {model.name}:{model.version} from {path}: {count} blobs.\n"
        if not count:
            message = f"The artifacts of model {model.name}:{model.version} at {path} do not exist."
            raise DeploymentFailedError("ResourceNotFound", message, storage_log=log + message)
        model_type: str = model.properties["modelType"]
        if model_type == "mlflow_model" and not (folder / Path(path).name / "MLmodel").is_file():
            message = (
                f"Model {model.name}:{model.version} is of type mlflow_model, which must be a "
                f"folder that holds an MLmodel file. There is none at {path}."
            )
            raise DeploymentFailedError("BadArgument", message, storage_log=log + message)
        return model_type, log

    async def _fetch_code(self, workspace: Workspace, asked: Json, folder: Path) -> str:
        configuration = asked["codeConfiguration"]
        if not configuration:
            return ""
        code = find_asset(workspace, "codes", configuration["codeId"])
        uri = code.properties["codeUri"]
        blobs = self._blobs[workspace.spec.arm_id.lower()]
        container, path = blobs.locate(uri) or _own_place(workspace, uri)
        fetched = folder.with_name("code.fetched")
        make_folder(fetched)
        count = await blobs.fetch(container, path, fetched)
        inside = fetched / Path(path).name if path else fetched
        (inside if inside.is_dir() else fetched).rename(folder)
        shutil.rmtree(fetched, ignore_errors=True)
        log = f"Downloading code {code.name}:{code.version}: {count} blobs.\n"
        script = configuration["scoringScript"]
        if not (folder / script).is_file():
            message = f"The scoring script '{script}' is not in the code {code.name}."
            raise DeploymentFailedError("BadArgument", message, storage_log=log + message)
        return log

    async def replace(self, key: ServerKey, started: Started) -> None:
        """Let a server answer for a deployment, and stop the one before it."""
        before = self._live.get(key)
        self._live[key] = started
        if before is not None:
            await before.close()

    async def stop(self, key: ServerKey) -> None:
        """Stop the server of a deployment, if it has one."""
        started = self._live.pop(key, None)
        if started is not None:
            await started.close()

    def live(self, workspace: str, endpoint: str) -> dict[str, ScoringServer]:
        """An endpoint's servers by deployment name."""
        return {
            key[2]: started.server
            for key, started in self._live.items()
            if key[:2] == (workspace, endpoint)
        }

    def logs(self, key: ServerKey, tail: int) -> str:
        """The last lines of a deployment's server, empty where none runs."""
        started = self._live.get(key)
        return started.server.logs(tail) if started else ""

    async def stop_all(self) -> None:
        """Stop every server."""
        for key in list(self._live):
            await self.stop(key)

    async def close(self) -> None:
        """Stop every server and the scorer itself."""
        await self.stop_all()
        await self._scorer.close()


def _own_place(workspace: Workspace, uri: str) -> tuple[str, str]:
    """Container and path of code in one of the workspace's datastores."""
    place = place_of(workspace, uri)
    if place is None or place.account != workspace.spec.storage_account:
        raise user_error(f"The code's address '{uri}' is not in this workspace.")
    return place.container, place.path


async def _remove(folder: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
