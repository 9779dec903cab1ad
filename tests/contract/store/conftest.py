"""Stores under the contract: the fake, the real one on Azurite, and on Azure where one is given.

On Azure: `MODELGATE_LIVE_TABLES` is a connection string, or a table endpoint to reach with the
developer's own sign-in. Every test uses its own release ids, pipelines and endpoints, so an account
that is in use is not disturbed; rows are left behind.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from azure.data.tables import TableServiceClient

from dev.storage import Account, Azurite
from shared.adapters.store import TableStore
from shared.ports import Store
from tests.fakes import MemoryStore

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

LIVE = os.environ.get("MODELGATE_LIVE_TABLES", "")


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with Azurite(tmp_path_factory.mktemp("azurite"), ["contract"]) as azurite:
        yield azurite.accounts["contract"]


@pytest.fixture
def tables(account: Account) -> TableStore:
    return TableStore(tables=account.connection_string)


@pytest.fixture
def service(account: Account) -> TableServiceClient:
    return TableServiceClient.from_connection_string(account.connection_string)


@pytest.fixture(
    params=[
        "memory",
        "azurite",
        pytest.param(
            "azure",
            marks=[
                pytest.mark.live,
                pytest.mark.skipif(not LIVE, reason="MODELGATE_LIVE_TABLES is not set"),
            ],
        ),
    ]
)
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "azurite":
        account: Account = request.getfixturevalue("account")
        return TableStore(tables=account.connection_string)
    return live_store()


def live_store() -> TableStore:
    return TableStore(tables=LIVE, credential=live_credential())


def live_credential() -> "TokenCredential | None":
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential() if LIVE.startswith("https://") else None
