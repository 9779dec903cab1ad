"""One stack for all tests of a worker; what its logs hold is looked at when it has ended."""

from collections.abc import Iterator

import pytest

from tests.e2e import long_ones, scenarios
from tests.e2e.pipelines import write
from tests.e2e.secrets import secrets_of, told_in
from tests.e2e.stacks import Stack
from tests.e2e.starting import running


@pytest.fixture(scope="session")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack with a pipeline for each scenario."""
    folder = tmp_path_factory.mktemp("stack")
    pipelines = write(tmp_path_factory.mktemp("pipelines"), scenarios.PIPELINES)
    with running(folder, pipelines) as started:
        if any(item.get_closest_marker("slow") for item in request.session.items):
            long_ones.begin(started)
        yield started
        secrets = secrets_of(started)
    log = (folder / "functions.log").read_text(errors="replace")
    assert not told_in(log, secrets)
