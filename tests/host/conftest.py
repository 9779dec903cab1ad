"""One host for each sample app, one that signs people in; shared by all tests of a session."""

from collections.abc import Iterator

import pytest

from tests.host.hosting import APPS, RunningHost, running_host

NEVER = "0 0 0 1 1 *"


@pytest.fixture(scope="session")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    log = tmp_path_factory.mktemp("basic") / "log"
    with running_host(APPS / "basic", log, environment={"NEVER": NEVER}) as host:
        yield host


@pytest.fixture(scope="session")
def signing_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    log = tmp_path_factory.mktemp("signing-in") / "log"
    environment = {"NEVER": NEVER}
    with running_host(APPS / "basic", log, "--sign-in", environment=environment) as host:
        yield host


@pytest.fixture(scope="session")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    log = tmp_path_factory.mktemp("durable") / "log"
    with running_host(APPS / "durable", log) as host:
        yield host
