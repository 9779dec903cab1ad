"""Fakes of every port: in memory, simple, and held to the same contract tests as the adapters."""

from tests.fakes.artifacts import FakeArtifacts
from tests.fakes.endpoints import FakeEndpoints
from tests.fakes.failures import Faults
from tests.fakes.messages import (
    FakeAttempts,
    FakeLetters,
    FakeLinks,
    FakeMailer,
    FakePublisher,
)
from tests.fakes.models import FakeModels, container_of
from tests.fakes.preflight import FakePreflight
from tests.fakes.running import FakeClock, FakeOrchestrations
from tests.fakes.store import MemoryStore
from tests.fakes.world import World

__all__ = [
    "FakeArtifacts",
    "FakeAttempts",
    "FakeClock",
    "FakeEndpoints",
    "FakeLetters",
    "FakeLinks",
    "FakeMailer",
    "FakeModels",
    "FakeOrchestrations",
    "FakePreflight",
    "FakePublisher",
    "Faults",
    "MemoryStore",
    "World",
    "container_of",
]
