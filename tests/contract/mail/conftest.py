"""The mailbox emulator, and Azurite for what instances share."""

from collections.abc import Iterator

import pytest

from dev.emulators.mailbox import Settings, create_app
from dev.storage import Account, Azurite
from tests.contract.mail.support import ACCESS_KEY
from tests.contract.serving import serving


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with Azurite(tmp_path_factory.mktemp("azurite"), ["mail"]) as azurite:
        yield azurite.accounts["mail"]


@pytest.fixture
def mailbox() -> Iterator[str]:
    with serving(create_app(Settings(ACCESS_KEY, "modelgate.example"))) as address:
        yield address
