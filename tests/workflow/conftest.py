"""An engine with the service's orchestrators on it; pauses are short, generations small."""

from collections.abc import Iterator

import pytest
from durabletask.client import TaskHubGrpcClient

from dev.host.engine import Engine
from shared.workflow.orchestrators import watching
from tests.workflow.running import VERSION, RecordingWorker, Running


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    # half a second between looks and forty of them would make these tests take minutes
    monkeypatch.setattr(watching, "SHORTEST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(watching, "CALLS_PER_GENERATION", 3)
    engine = Engine(default_version=VERSION)
    engine.start()
    worker = RecordingWorker(engine.address)
    with TaskHubGrpcClient(host_address=engine.address) as client:
        running = Running(engine, client, worker)
        running.serve()
        yield running
        worker.stop()  # type: ignore[no-untyped-call]  # the SDK's
    engine.stop()
