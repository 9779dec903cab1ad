"""Chooses real Azure where its settings are given, else the emulators."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.emulators.azureml import Settings, WorkspaceSpec
from dev.storage import Account, Azurite
from tests.contract.azureml.world import LIVE, Emulated, World
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with Azurite(tmp_path_factory.mktemp("azurite"), ("devqa", "devprod")) as storage:
        yield storage


def _spec(name: str, group: str, account: Account, *computes: str) -> WorkspaceSpec:
    return WorkspaceSpec(
        subscription_id=SUBSCRIPTION,
        resource_group=group,
        name=name,
        location="westeurope",
        storage_account=account.name,
        storage_key=account.key,
        blob_endpoint=account.blob_endpoint,
        computes=computes,
    )


@pytest.fixture
def unique() -> str:
    return uuid.uuid4().hex[:8]


@pytest.fixture
def emulated(azurite: Azurite, tmp_path: Path, unique: str) -> Iterator[Emulated]:
    qa, prod = azurite.accounts["devqa"], azurite.accounts["devprod"]
    settings = Settings(
        workspaces=(
            _spec(f"wk-qa-{unique}", "rg-qa", qa),
            _spec(f"wk-prod-{unique}", "rg-prod", prod, "cluster"),
        ),
        state_dir=tmp_path / "state",
        provision_seconds=0.4,
        scoring="inline",
        event_sink=None,
    )
    blob_url = qa.blob_endpoint.removesuffix("devqa") + "{account}"
    with Running(settings) as running:
        world = World.emulated(running, blob_url, unique)
        yield Emulated(world, running, Arm(running.url, settings.workspaces[0]))


@pytest.fixture
def world(request: pytest.FixtureRequest, unique: str) -> Iterator[World]:
    if LIVE + "SUBSCRIPTION" not in os.environ:
        emulated: Emulated = request.getfixturevalue("emulated")
        yield emulated.world
        return
    live = World.live(unique)
    yield live
    live.delete_endpoint()
