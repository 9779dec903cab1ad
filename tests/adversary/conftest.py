"""One stack for all that the adversary tries, and what holds for all of it together."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.adversary.listening import Listener, as_proxy
from tests.adversary.pipelines import write
from tests.adversary.refusals import Refusals
from tests.adversary.registrant import Registrant
from tests.adversary.watching import Watch
from tests.e2e.stacks import Stack
from tests.e2e.starting import running

MOST_FILES = 300
SLOWEST_SECONDS = 5.0
"""Of a page, while two cores also run some forty models: `bench hostile` has the product's bar."""


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """The adversary's host."""
    with Listener() as listening:
        yield listening


@pytest.fixture(scope="session")
def stack(listener: Listener, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose process reaches what lies beyond this machine through the listener alone."""
    folder = tmp_path_factory.mktemp("stack")
    pipelines = write(tmp_path_factory.mktemp("pipelines"))
    with ExitStack() as exits:
        with as_proxy(listener):
            limit = ("--setting", f"MODELGATE_MOST_FILES={MOST_FILES}")
            started = exits.enter_context(running(folder, pipelines, *limit, provision_seconds=0.5))
        with Watch(started) as watch:
            yield started
        assert listener.seen == [], "the app sent something to a host that is not ours"
        assert not re.search(r"^Traceback", (folder / "functions.log").read_text(), re.MULTILINE)
        assert watch.failures == []
        assert watch.worst_seconds < SLOWEST_SECONDS


@pytest.fixture(scope="session")
def mallory(stack: Stack) -> Registrant:
    """The test registrant."""
    return Registrant(stack)


@pytest.fixture(scope="session")
def refusals(stack: Stack) -> Refusals:
    """Looks at how releases end."""
    return Refusals(stack)
