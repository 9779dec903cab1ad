"""One Azurite for the session, and for each test an emulator that is reached over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dev.emulators.azureml import Settings, WorkspaceSpec
from dev.storage import Account, Azurite
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with Azurite(tmp_path_factory.mktemp("azurite"), ("devqa", "devprod")) as storage:
        yield storage


@pytest.fixture
def specs(azurite: Azurite) -> tuple[WorkspaceSpec, ...]:
    unique = uuid.uuid4().hex[:8]
    return (
        _spec("qa", unique, azurite.accounts["devqa"], ()),
        replace(
            _spec("prod", unique, azurite.accounts["devprod"], ("cluster",)),
            resource_group="rg-prod",
        ),
        replace(
            _spec("id", unique, azurite.accounts["devqa"], ()),
            system_datastores_auth_mode="identity",
        ),
    )


def _spec(name: str, unique: str, account: Account, computes: tuple[str, ...]) -> WorkspaceSpec:
    return WorkspaceSpec(
        subscription_id=SUBSCRIPTION,
        resource_group="rg-qa",
        name=f"wk-{name}-{unique}",
        location="westeurope",
        storage_account=account.name,
        storage_key=account.key,
        blob_endpoint=account.blob_endpoint,
        computes=computes,
    )


@pytest.fixture
def identity(emulator: Running) -> Arm:
    return Arm(emulator.url, emulator.settings.workspaces[2])


@pytest.fixture
def settings(specs: tuple[WorkspaceSpec, ...], tmp_path: Path) -> Settings:
    return Settings(
        workspaces=specs,
        state_dir=tmp_path / "state",
        provision_seconds=0.2,
        scoring="inline",
        event_sink=None,
    )


@pytest.fixture
def emulator(settings: Settings) -> Iterator[Running]:
    with Running(settings) as running:
        yield running


@pytest.fixture
def qa(emulator: Running) -> Arm:
    return Arm(emulator.url, emulator.settings.workspaces[0])


@pytest.fixture
def prod(emulator: Running) -> Arm:
    return Arm(emulator.url, emulator.settings.workspaces[1])
