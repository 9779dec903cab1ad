"""An engine, Microsoft's own client on it, and Microsoft's own worker with what a test needs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from durabletask.client import TaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

from dev.host.engine import Engine
from tests.host.engine.orchestrators import Value

type Serve = Callable[..., TaskHubGrpcWorker]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def client(engine: Engine) -> Iterator[TaskHubGrpcClient]:
    with TaskHubGrpcClient(host_address=engine.address) as client:
        yield client


@pytest.fixture
def serve(engine: Engine) -> Iterator[Serve]:
    """Starts a worker with the given orchestrators, activities and entities."""
    with ExitStack() as running:

        def start(
            *orchestrators: Value, activities: tuple[Any, ...] = (), entities: tuple[Any, ...] = ()
        ) -> TaskHubGrpcWorker:
            worker = TaskHubGrpcWorker(host_address=engine.address)
            for orchestrator in orchestrators:
                worker.add_orchestrator(orchestrator)
            for activity in activities:
                worker.add_activity(activity)
            for entity in entities:
                worker.add_entity(entity)
            worker.start()  # type: ignore[no-untyped-call]  # the SDK's
            running.callback(worker.stop)
            return worker

        yield start
