"""The engine speaks a protocol that durabletask keeps private: notice when it changes."""

import hashlib
import inspect

from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceServicer

from dev.host.engine.service import Service

PROTOCOL = "8a4d3ba16b7b58259eb89fc7eb48ef417a4269134ccb3dca2b24e9c5e5c506b7"
NOT_OF_THE_EXTENSION = {"SkipGracefulOrchestrationTerminations"}


def test_the_protocol_is_the_one_that_the_engine_was_written_for() -> None:
    found = hashlib.sha256(pb.DESCRIPTOR.serialized_pb).hexdigest()
    assert found == PROTOCOL, (
        "durabletask's protocol changed: compare the messages and calls of "
        "orchestrator_service.proto with dev/host/engine (new actions in turns.py, new fields in "
        f"model.py, new calls in service.py), then write {found} here."
    )


def test_every_call_of_the_protocol_is_answered() -> None:
    calls = {
        name
        for name, _ in inspect.getmembers(TaskHubSidecarServiceServicer, inspect.isfunction)
        if name[0].isupper()
    }
    inherited = {
        name
        for name in calls
        if getattr(Service, name) is getattr(TaskHubSidecarServiceServicer, name)
    }
    assert inherited == NOT_OF_THE_EXTENSION
